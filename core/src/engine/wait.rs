//! wait: until a task is in one of some states.

use super::Client;
use super::wake::Wake;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{State, Task, TaskId};
use std::time::Duration;
use tokio::{
    sync::broadcast::Receiver,
    time::{Instant, timeout_at},
};

const FIRST_LOOK: Duration = Duration::from_millis(2);
const SLOWEST_LOOK: Duration = Duration::from_millis(250);

impl Client {
    /// Waits until a task is in one of the states, and returns it.
    ///
    /// Looks more and more rarely, up to four times a second; a task that a worker of this client completes is seen at
    /// once.
    ///
    /// # Errors
    /// `Timeout` after `within`, saying what the task does instead; `NotFound`, `DatabaseUnavailable`. `Forbidden` where the
    /// database user may create tasks but not read them: [`Client::wait_state`] is for those.
    pub async fn wait(&self, id: TaskId, until: &[State], within: Duration) -> Result<Task> {
        self.wait_state(id, until, within).await?;
        self.task(id).await
    }

    /// As [`Client::wait`], but returns the state only. Without a statement where a worker of this client completes the
    /// task in time: it says so once the commit has been answered.
    ///
    /// # Errors
    /// As [`Client::wait`].
    pub async fn wait_state(&self, id: TaskId, until: &[State], within: Duration) -> Result<State> {
        let deadline = Instant::now() + within;
        let mut wake_ups = self.wake_ups();
        let mut pause = FIRST_LOOK;
        if self.has_worker() && ended(&mut wake_ups, id, until, deadline.min(Instant::now() + pause)).await {
            return Ok(State::Complete);
        }
        loop {
            let state = self.task_state(id).await?;
            if until.contains(&state) {
                return Ok(state);
            }
            if Instant::now() >= deadline {
                return Err(self.not_in_time(id, state, until, within).await?);
            }
            if ended(&mut wake_ups, id, until, deadline.min(Instant::now() + pause)).await {
                return Ok(State::Complete);
            }
            pause = (pause * 2).min(SLOWEST_LOOK);
        }
    }

    async fn not_in_time(
        &self,
        id: TaskId,
        state: State,
        until: &[State],
        within: Duration,
    ) -> Result<Error> {
        let wanted = until
            .iter()
            .map(|state| state.as_str())
            .collect::<Vec<_>>()
            .join(" or ");
        let instead = match self.task(id).await {
            Ok(task) => format!(
                "{} ({}, {} of {} steps done)",
                task.status, task.execution_status, task.completed_steps, task.total_steps
            ),
            // Who may only create still learns the state.
            Err(error) if error.kind == ErrorKind::Forbidden => state.to_string(),
            Err(error) => return Err(error),
        };
        Ok(Error::new(
            ErrorKind::Timeout,
            format!("task {id} is not {wanted} after {within:?}: it is {instead}"),
        ))
    }
}

/// Whether a worker of this process completes the task before `then`, where that is waited for.
async fn ended(wake_ups: &mut Receiver<Wake>, id: TaskId, until: &[State], then: Instant) -> bool {
    let ended = async {
        while let Ok(wake) = wake_ups.recv().await {
            if wake == Wake::Ended(id) && until.contains(&State::Complete) {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    timeout_at(then, ended).await.is_ok()
}
