//! The bulk verbs: what a filter lets through, how much that is, and a verb on many in one transaction.

use super::Store;
use super::lists::page_size;
use super::read::rows;
use crate::error::Result;
use crate::model::{
    BulkOutcome, BulkVerb, FoundStep, Operator, State, StepNo, StepOutcome, StepSearch, StepVerb, TaskId,
};
use serde_json::Value;
use sqlx::{PgConnection, Row};

/// The parameters `$1` to `$15` of a search, in the order of the statements that share them.
macro_rules! bind_search {
    ($query:expr, $search:expr) => {{
        let search: &StepSearch = $search;
        let states: Vec<&str> = search.status.iter().map(|state: &State| state.as_str()).collect();
        $query
            .bind(&search.namespace)
            .bind(&search.task_name)
            .bind(&search.version)
            .bind(&search.tags)
            .bind(search.since)
            .bind(search.created_before)
            .bind(search.task)
            .bind(&search.names)
            .bind(&search.handler)
            .bind(states)
            .bind(&search.error_code)
            .bind(search.waiting)
            .bind(search.of_open_tasks)
            .bind(search.after.map(|(task, _)| task))
            .bind(search.after.map(|(_, step)| step))
    }};
}

impl Store {
    /// Steps of all tasks that a search lets through, newest tasks first.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn find_steps(
        &self,
        connection: &mut PgConnection,
        search: &StepSearch,
    ) -> Result<Vec<FoundStep>> {
        rows(
            bind_search!(self.query_scalar(&self.statements().find_steps), search)
                .bind(page_size(search.limit))
                .fetch_all(connection)
                .await?,
        )
    }

    /// How many steps a search lets through, its cursor counted in; at most `most`.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn count_steps(
        &self,
        connection: &mut PgConnection,
        search: &StepSearch,
        most: i64,
    ) -> Result<i64> {
        Ok(
            bind_search!(self.query_scalar(&self.statements().count_steps), search)
                .bind(most)
                .fetch_one(connection)
                .await?,
        )
    }

    /// A verb on many tasks, in one transaction.
    ///
    /// # Errors
    /// What PostgreSQL says; what is refused for one task is in its outcome.
    pub async fn operate_on_tasks(
        &self,
        connection: &mut PgConnection,
        verb: BulkVerb,
        ids: &[TaskId],
        operator: &Operator,
    ) -> Result<Vec<BulkOutcome>> {
        let rows = self
            .query(&self.statements().operate_on_tasks)
            .bind(verb.as_str())
            .bind(ids)
            .bind(&operator.by)
            .bind(&operator.reason)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                let done = row.try_get::<String, _>(1)? == "done";
                let message: Option<String> = row.try_get(2)?;
                Ok(BulkOutcome {
                    task_id: row.try_get(0)?,
                    refusal: (!done).then(|| message.unwrap_or_default()),
                })
            })
            .collect()
    }

    /// A verb on many steps, in one transaction.
    ///
    /// # Errors
    /// `InvalidArgument`, or what PostgreSQL says; what is refused for one step is in its outcome.
    pub async fn operate_on_steps(
        &self,
        connection: &mut PgConnection,
        verb: &StepVerb,
        steps: &[(TaskId, StepNo)],
        operator: &Operator,
    ) -> Result<Vec<StepOutcome>> {
        let (tasks, numbers): (Vec<TaskId>, Vec<StepNo>) = steps.iter().copied().unzip();
        let no_results = Value::Object(serde_json::Map::new());
        let (reset_attempts, results, retry_limit) = match verb {
            StepVerb::Cancel => (false, &no_results, None),
            StepVerb::Retry { reset_attempts } => (*reset_attempts, &no_results, None),
            StepVerb::Resolve { results } => (false, results, None),
            StepVerb::Update { retry_limit } => (false, &no_results, Some(*retry_limit)),
        };
        let rows = self
            .query(&self.statements().operate_on_steps)
            .bind(verb.as_str())
            .bind(tasks)
            .bind(numbers)
            .bind(&operator.by)
            .bind(&operator.reason)
            .bind(reset_attempts)
            .bind(results.to_string())
            .bind(retry_limit)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                let done = row.try_get::<String, _>(2)? == "done";
                let message: Option<String> = row.try_get(3)?;
                Ok(StepOutcome {
                    task_id: row.try_get(0)?,
                    workflow_step_id: row.try_get(1)?,
                    refusal: (!done).then(|| message.unwrap_or_default()),
                })
            })
            .collect()
    }
}
