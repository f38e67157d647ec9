//! resolve: an operator declares something done.

use super::Client;
use super::client::operate;
use crate::error::Result;
use crate::model::{Operator, Step, StepSelector, Task, TaskId};
use serde_json::Value;

impl Client {
    /// Declares a failed task done; its open steps are cancelled.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`, `DatabaseUnavailable`.
    pub async fn resolve_task(&self, id: TaskId, operator: &Operator) -> Result<Task> {
        operate!(self, operator, |store, connection| store
            .resolve_task(connection, id, operator))?;
        self.wake_for_task(id).await;
        self.task(id).await
    }

    /// Declares a step done, with the results that its dependents will read. They go on at once.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`, `DatabaseUnavailable`.
    pub async fn resolve_step(
        &self,
        id: TaskId,
        step: &StepSelector,
        results: Value,
        operator: &Operator,
    ) -> Result<Step> {
        let number = self.step_number(id, step).await?;
        operate!(self, operator, |store, connection| store
            .resolve_step(connection, id, number, &results, operator))?;
        self.wake();
        self.step(id, &StepSelector::Number(number)).await
    }
}
