//! wait: until a task is in one of some states.

use super::Client;
use super::client::call;
use super::read::no_task;
use super::wake::Wake;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{State, Task, TaskId};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

const FIRST_LOOK: Duration = Duration::from_millis(2);
const SLOWEST_LOOK: Duration = Duration::from_millis(250);

impl Client {
    /// Waits until a task is in one of the states, and returns it.
    ///
    /// Looks more and more rarely, up to four times a second; a task that a worker of this client completes is seen at
    /// once.
    ///
    /// # Errors
    /// `Timeout` after `within`, saying what the task does instead; `NotFound`, `DatabaseUnavailable`.
    pub async fn wait(&self, id: TaskId, until: &[State], within: Duration) -> Result<Task> {
        let deadline = Instant::now() + within;
        let mut wake_ups = self.wake_ups();
        let mut pause = FIRST_LOOK;
        loop {
            let state = call!(self, |store, connection| store.task_state(connection, id))?.ok_or_else(|| no_task(id))?;
            if until.contains(&state) {
                return self.task(id).await;
            }
            let now = Instant::now();
            if now >= deadline {
                let task = self.task(id).await?;
                let wanted = until.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(" or ");
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!(
                        "task {id} is not {wanted} after {within:?}: it is {} ({}, {} of {} steps done)",
                        task.status, task.execution_status, task.completed_steps, task.total_steps
                    ),
                ));
            }
            let until_then = deadline.min(now + pause);
            let ended = async {
                while let Ok(wake) = wake_ups.recv().await {
                    if wake == Wake::Ended(id) {
                        return;
                    }
                }
                std::future::pending::<()>().await;
            };
            if timeout_at(until_then, ended).await.is_err() {
                pause = (pause * 2).min(SLOWEST_LOOK);
            }
        }
    }
}
