//! update: limits, inputs, labels.

use super::Client;
use super::client::{call, operate};
use crate::error::Result;
use crate::model::{Operator, Step, StepSelector, StepUpdate, Task, TaskId, TaskUpdate};

impl Client {
    /// Changes the retry limit or the inputs of a step that has not ended. Raising the limit of an exhausted step makes
    /// it eligible again by itself.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`, `IllegalTransition`, `DatabaseUnavailable`.
    pub async fn update_step(
        &self,
        id: TaskId,
        step: &StepSelector,
        update: &StepUpdate,
        operator: &Operator,
    ) -> Result<Step> {
        let number = self.step_number(id, step).await?;
        operate!(self, operator, |store, connection| store
            .update_step(connection, id, number, update, operator))?;
        self.wake();
        self.step(id, &StepSelector::Number(number)).await
    }

    /// Changes the reason, the tags, or the priority of a task.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`, `DatabaseUnavailable`.
    pub async fn update_task(&self, id: TaskId, update: &TaskUpdate, _operator: &Operator) -> Result<Task> {
        call!(self, |store, connection| store
            .update_task(connection, id, update))?;
        self.task(id).await
    }
}
