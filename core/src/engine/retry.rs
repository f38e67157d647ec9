//! retry: what failed runs again.

use super::Client;
use super::client::operate;
use crate::error::Result;
use crate::model::{Operator, Step, StepSelector, Task, TaskId};

impl Client {
    /// Retries every step of a task that failed for good.
    ///
    /// # Errors
    /// `NotFound`; `IllegalTransition` when nothing of it failed for good (naming what was cancelled, if that blocks it).
    pub async fn retry_task(&self, id: TaskId, operator: &Operator) -> Result<Task> {
        operate!(self, operator, |store, connection| store
            .retry_task(connection, id, operator))?;
        self.wake();
        self.task(id).await
    }

    /// Retries a failed step now: at least one more attempt, the whole budget with `reset_attempts`.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`, `DatabaseUnavailable`.
    pub async fn retry_step(
        &self,
        id: TaskId,
        step: &StepSelector,
        reset_attempts: bool,
        operator: &Operator,
    ) -> Result<Step> {
        let number = self.step_number(id, step).await?;
        operate!(self, operator, |store, connection| store.retry_step(
            connection,
            id,
            number,
            reset_attempts,
            operator
        ))?;
        self.wake();
        self.step(id, &StepSelector::Number(number)).await
    }
}
