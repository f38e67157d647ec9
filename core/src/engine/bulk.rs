//! Operator verbs on every task or step that a filter lets through, batch by batch.

use super::Client;
use super::client::{call, operate};
use crate::error::Result;
use crate::model::{
    BulkOutcome, BulkVerb, FoundStep, Operator, StepNo, StepOutcome, StepSearch, StepVerb, Task, TaskFilter,
    TaskId,
};
use std::collections::BTreeSet;

impl Client {
    /// How many tasks a filter lets through; counting ends at `most`.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn count_tasks(&self, filter: &TaskFilter, most: i64) -> Result<i64> {
        call!(self, |store, connection| store
            .count_tasks(connection, filter, most))
    }

    /// The next batch of a bulk verb: the verb on at most `filter.limit` tasks, newest first, in one transaction. The
    /// answer has an outcome a task; it is empty when there are no more. Set `filter.after` to [`BulkOutcome::cursor`]
    /// of one batch for the next one.
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `Timeout`.
    pub async fn operate_in_bulk(
        &self,
        verb: BulkVerb,
        filter: &TaskFilter,
        operator: &Operator,
    ) -> Result<Vec<BulkOutcome>> {
        let ids: Vec<TaskId> = call!(self, |store, connection| store.list_tasks(connection, filter))?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = operate!(self, operator, |store, connection| store
            .operate_on_tasks(connection, verb, &ids, operator))?;
        match verb {
            BulkVerb::Retry | BulkVerb::Resume => self.wake(),
            BulkVerb::Cancel | BulkVerb::Resolve | BulkVerb::Pause => {
                for done in outcomes.iter().filter(|outcome| outcome.is_done()) {
                    self.wake_for_task(done.task_id).await;
                }
            }
        }
        Ok(outcomes)
    }

    /// A few of the tasks that a filter lets through, newest first: what a bulk verb would begin with.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn sample_tasks(&self, filter: &TaskFilter, count: u32) -> Result<Vec<Task>> {
        let filter = TaskFilter {
            limit: count,
            ..filter.clone()
        };
        self.list_tasks(&filter).await
    }

    /// How many steps a search lets through; counting ends at `most`.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn count_steps(&self, search: &StepSearch, most: i64) -> Result<i64> {
        search.check_bounds()?;
        call!(self, |store, connection| store
            .count_steps(connection, search, most))
    }

    /// Steps of all tasks, newest tasks first, steps by number; without inputs and results.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn find_steps(&self, search: &StepSearch) -> Result<Vec<FoundStep>> {
        search.check_bounds()?;
        call!(self, |store, connection| store.find_steps(connection, search))
    }

    /// The next batch of a bulk verb on steps: the verb on at most `search.limit` steps, newest tasks first, in one
    /// transaction. The answer has an outcome a step; it is empty when there are no more. Set `search.after` to
    /// [`StepSearch::cursor`] of one batch for the next one.
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `Timeout`; `InvalidArgument` for a retry limit out of range.
    pub async fn operate_on_steps(
        &self,
        verb: &StepVerb,
        search: &StepSearch,
        operator: &Operator,
    ) -> Result<Vec<StepOutcome>> {
        let found = self.find_steps(search).await?;
        let steps: Vec<(TaskId, StepNo)> = found
            .iter()
            .map(|found| (found.step.task_id, found.step.workflow_step_id))
            .collect();
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = operate!(self, operator, |store, connection| store
            .operate_on_steps(connection, verb, &steps, operator))?;
        match verb {
            StepVerb::Retry { .. } | StepVerb::Resolve { .. } | StepVerb::Update { .. } => self.wake(),
            StepVerb::Cancel => {
                let done = outcomes.iter().filter(|outcome| outcome.is_done());
                let tasks: BTreeSet<TaskId> = done.map(|outcome| outcome.task_id).collect();
                for task in tasks {
                    self.wake_for_task(task).await;
                }
            }
        }
        Ok(outcomes)
    }
}
