//! cancel: a task or a step is given up.

use super::Client;
use super::client::operate;
use crate::error::Result;
use crate::model::{Operator, Step, StepSelector, Task, TaskId};

impl Client {
    /// Cancels a task and its open steps. Running handlers are told; their late outcomes are refused. Cancelling what is
    /// cancelled changes nothing.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn cancel_task(&self, id: TaskId, operator: &Operator) -> Result<Task> {
        operate!(self, operator, |store, connection| store
            .cancel_task(connection, id, operator))?;
        self.wake_for_task(id).await;
        self.task(id).await
    }

    /// Cancels a step that has not ended well.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`, `DatabaseUnavailable`.
    pub async fn cancel_step(&self, id: TaskId, step: &StepSelector, operator: &Operator) -> Result<Step> {
        let number = self.step_number(id, step).await?;
        operate!(self, operator, |store, connection| store
            .cancel_step(connection, id, number, operator))?;
        self.wake_for_task(id).await;
        self.step(id, &StepSelector::Number(number)).await
    }
}
