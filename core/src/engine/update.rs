//! update: limits, inputs, labels.

use super::Client;
use super::client::{operate, transact};
use super::read::no_task;
use crate::error::Result;
use crate::model::{Annotation, Operator, Step, StepNo, StepSelector, StepUpdate, Task, TaskId, TaskUpdate};
use crate::store::Store;
use sqlx::PgConnection;

/// A task with everything that belongs to it, as it was read at once.
#[derive(Debug, Clone)]
pub struct WholeTask {
    /// The task.
    pub task: Task,
    /// Its steps, by number.
    pub steps: Vec<Step>,
    /// What was noted on it, oldest first.
    pub annotations: Vec<Annotation>,
}

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
        update.check_bounds(self.settings().execution.max_context_bytes)?;
        let number = self.step_number(id, step).await?;
        operate!(self, operator, |store, connection| store
            .update_step(connection, id, number, update, operator))?;
        self.wake();
        self.step(id, &StepSelector::Number(number)).await
    }

    /// As [`Client::update_step`], but only if the step still is what `expected` says, which looks at it while nobody can
    /// change it. None, and nothing changed, where it is not.
    ///
    /// # Errors
    /// As [`Client::update_step`]; `Timeout` where somebody else holds the task.
    pub async fn update_step_if(
        &self,
        id: TaskId,
        step: &StepSelector,
        update: &StepUpdate,
        operator: &Operator,
        expected: &(dyn Fn(&Step) -> bool + Sync),
    ) -> Result<Option<Step>> {
        update.check_bounds(self.settings().execution.max_context_bytes)?;
        operator.check_bounds()?;
        let number = self.step_number(id, step).await?;
        let done = transact!(self, |store, connection| async {
            let held = hold(store, connection, id, operator).await?;
            if !step_of(&held, number).is_some_and(expected) {
                return Ok(false);
            }
            store
                .update_step(connection, id, number, update, operator)
                .await?;
            Ok(true)
        })?;
        if !done {
            return Ok(None);
        }
        self.wake();
        self.step(id, &StepSelector::Number(number)).await.map(Some)
    }

    /// Changes the reason, the tags, or the priority of a task. The reason of the operator is why they are changed.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`, `DatabaseUnavailable`.
    pub async fn update_task(&self, id: TaskId, update: &TaskUpdate, operator: &Operator) -> Result<Task> {
        update.check_bounds()?;
        operate!(self, operator, |store, connection| store
            .update_task(connection, id, update, operator))?;
        self.task(id).await
    }

    /// As [`Client::update_task`], but only if the task still is what `expected` says, which looks at it while nobody can
    /// change it. None, and nothing changed, where it is not.
    ///
    /// # Errors
    /// As [`Client::update_task`]; `Timeout` where somebody else holds the task.
    pub async fn update_task_if(
        &self,
        id: TaskId,
        update: &TaskUpdate,
        operator: &Operator,
        expected: &(dyn Fn(&WholeTask) -> bool + Sync),
    ) -> Result<Option<Task>> {
        update.check_bounds()?;
        operator.check_bounds()?;
        let done = transact!(self, |store, connection| async {
            let held = hold(store, connection, id, operator).await?;
            if !expected(&held) {
                return Ok(false);
            }
            store.update_task(connection, id, update, operator).await?;
            Ok(true)
        })?;
        if !done {
            return Ok(None);
        }
        self.task(id).await.map(Some)
    }
}

/// Reads a task that stays as it is until the transaction ends.
async fn hold(
    store: &Store,
    connection: &mut PgConnection,
    id: TaskId,
    operator: &Operator,
) -> Result<WholeTask> {
    if let Some(from) = &operator.from {
        store.set_origin(connection, from).await?;
    }
    store.hold_task(connection, id).await?;
    let task = store.tasks(connection, &[id]).await?.into_iter().next();
    Ok(WholeTask {
        task: task.ok_or_else(|| no_task(id))?,
        steps: store.steps(connection, &[id]).await?,
        annotations: store.list_annotations(connection, &[id]).await?,
    })
}

fn step_of(held: &WholeTask, number: StepNo) -> Option<&Step> {
    held.steps.iter().find(|step| step.workflow_step_id == number)
}
