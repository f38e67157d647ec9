//! `wait`: looks until a task or a step is in one of some states, and tells what is there when it is not.

use super::Run;
use crate::scenario::Wait;
use crate::workers::Workers;
use anyhow::{Result, bail};
use std::time::Duration;
use tasker_core::model::{State, StepSelector, TaskId};
use tokio::time::{Instant, sleep};

/// The pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Run<'_> {
    pub(super) async fn wait(&self, wait: &Wait, workers: &Workers) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs_f64(wait.within_seconds);
        for id in self.ids(&wait.task)?.to_vec() {
            self.wait_for_one(id, wait, deadline, workers).await?;
        }
        Ok(())
    }

    async fn wait_for_one(
        &self,
        id: TaskId,
        wait: &Wait,
        deadline: Instant,
        workers: &Workers,
    ) -> Result<()> {
        loop {
            let (seen, last_look) = (self.state_of(id, wait).await, Instant::now() >= deadline);
            match seen {
                Ok(state) if wait.until.contains(&state) => {
                    self.journal.say(&format!(
                        "  {} of {id} is {state}",
                        wait.step.as_deref().unwrap_or("task")
                    ));
                    return Ok(());
                }
                Ok(state) if has_ended(state) => {
                    bail!(
                        "{} is {state} and stays so; waited for {}",
                        subject(wait),
                        states(&wait.until)
                    );
                }
                Ok(state) if last_look => {
                    let picture = self.picture(id).await;
                    let died = workers
                        .unexpected_death(&|_| true)
                        .map_or_else(String::new, |death| format!("; {death}"));
                    bail!(
                        "{} is {state} after {} s; waited for {}; {picture}{died}",
                        subject(wait),
                        wait.within_seconds,
                        states(&wait.until)
                    );
                }
                // A database that restarts is away for a while.
                Err(error) if !error.retry || last_look => bail!("{}: {}", error.kind, error.message),
                _ => sleep(LOOK_AGAIN).await,
            }
        }
    }

    async fn state_of(&self, id: TaskId, wait: &Wait) -> tasker_core::Result<State> {
        match &wait.step {
            Some(step) => self
                .client
                .step(id, &StepSelector::parse(step))
                .await
                .map(|step| step.status),
            None => self.client.task(id).await.map(|task| task.status),
        }
    }

    /// The task and its steps in a few words.
    async fn picture(&self, id: TaskId) -> String {
        let (task, steps) = (self.client.task(id).await, self.client.steps(id).await);
        let (Ok(task), Ok(steps)) = (task, steps) else {
            return "the task cannot be read".to_owned();
        };
        let steps = steps
            .iter()
            .map(|step| format!("{} {} (attempts {})", step.name, step.status, step.attempts));
        let steps: Vec<String> = steps.take(20).collect();
        format!("the task is {}, its steps: {}", task.status, steps.join(", "))
    }

    /// Everything that is known of every task of the scenario, into the log.
    pub(super) async fn describe_everything(&self) {
        for (alias, ids) in &self.tasks {
            for id in ids {
                let task = self.client.task(*id).await;
                let steps = self.client.steps(*id).await;
                let transitions = self.client.transitions(*id, None).await;
                self.journal.say(&format!(
                    "{alias} = {id}\n{task:#?}\n{steps:#?}\n{transitions:#?}"
                ));
            }
        }
    }
}

/// States that only an operator changes; the scenario's only operator is waiting.
fn has_ended(state: State) -> bool {
    matches!(
        state,
        State::Complete | State::Cancelled | State::ResolvedManually
    )
}

fn subject(wait: &Wait) -> String {
    match &wait.step {
        Some(step) => format!("{}.{step}", wait.task),
        None => wait.task.clone(),
    }
}

fn states(until: &[State]) -> String {
    until
        .iter()
        .map(|state| state.as_str())
        .collect::<Vec<_>>()
        .join(" or ")
}
