//! why: what keeps a task or a step from going on.

use super::Client;
use super::client::call;
use crate::error::Result;
use crate::model::{StepSelector, TaskId, Why};

impl Client {
    /// Why a task or one of its steps does not go on: the reason, since when, from when it may be claimed, and the step
    /// that has to move first. Without a step the task's own answer comes first, then one for each step, by number. What
    /// has ended answers that it has.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn why(&self, id: TaskId, step: Option<&StepSelector>) -> Result<Vec<Why>> {
        let number = match step {
            None => None,
            Some(step) => Some(self.step_number(id, step).await?),
        };
        call!(self, |store, connection| store.why(connection, id, number))
    }
}
