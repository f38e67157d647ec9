//! Reading tasks, steps and the trail. Rows come as JSON, so that SQL, REST and every language have one shape.

use super::Store;
use crate::error::{Error, Result};
use crate::model::analysis::TaskSnapshot;
use crate::model::{
    Annotation, OperatorAction, Readiness, State, Step, StepNo, SystemHealth, Task, TaskId, Transition, Why,
};
use crate::values::from_json;
use serde::de::DeserializeOwned;
use sqlx::{PgConnection, Row};
use std::collections::HashMap;

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    from_json(text).map_err(|error| Error::internal(format!("a row is not of the expected shape: {error}")))
}

pub(super) fn rows<T: DeserializeOwned>(texts: Vec<String>) -> Result<Vec<T>> {
    texts.iter().map(|text| parse(text)).collect()
}

impl Store {
    /// Tasks by id, newest first; unknown ids are left out.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn tasks(&self, connection: &mut PgConnection, ids: &[TaskId]) -> Result<Vec<Task>> {
        rows(
            self.query_scalar(&self.statements().tasks)
                .bind(ids)
                .fetch_all(connection)
                .await?,
        )
    }

    /// The state of a task; none where there is no such task.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn task_state(&self, connection: &mut PgConnection, id: TaskId) -> Result<Option<State>> {
        let state: Option<String> = self
            .query_scalar(&self.statements().task_state)
            .bind(id)
            .fetch_one(connection)
            .await?;
        state.map(|state| state.parse()).transpose()
    }

    /// The steps of tasks, by number.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn steps(&self, connection: &mut PgConnection, task_ids: &[TaskId]) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = rows(
            self.query_scalar(&self.statements().steps)
                .bind(task_ids)
                .fetch_all(connection)
                .await?,
        )?;
        for of_one in steps.chunk_by_mut(|one, next| one.task_id == next.task_id) {
            fill_siblings(of_one);
        }
        Ok(steps)
    }

    /// What happened to all steps of a task, by step.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn step_transitions(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
    ) -> Result<Vec<Transition>> {
        rows(
            self.query_scalar(&self.statements().step_transitions)
                .bind(task_id)
                .bind(None::<StepNo>)
                .fetch_all(connection)
                .await?,
        )
    }

    /// How many tasks and steps are in which state.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn system_health(&self, connection: &mut PgConnection) -> Result<SystemHealth> {
        let text: String = self
            .query_scalar(&self.statements().system_health)
            .fetch_one(connection)
            .await?;
        parse(&text)
    }

    /// What was noted on tasks, oldest first.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn list_annotations(
        &self,
        connection: &mut PgConnection,
        task_ids: &[TaskId],
    ) -> Result<Vec<Annotation>> {
        rows(
            self.query_scalar(&self.statements().list_annotations)
                .bind(task_ids)
                .fetch_all(connection)
                .await?,
        )
    }

    /// The number of a step by its name.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn find_step(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
        name: &str,
    ) -> Result<Option<StepNo>> {
        Ok(self
            .query_scalar(&self.statements().find_step)
            .bind(task_id)
            .bind(name)
            .fetch_optional(connection)
            .await?)
    }

    /// The trail of a task, or of one of its steps.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn transitions(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
        step_no: Option<StepNo>,
    ) -> Result<Vec<Transition>> {
        rows(match step_no {
            None => {
                self.query_scalar(&self.statements().task_transitions)
                    .bind(task_id)
                    .fetch_all(connection)
                    .await?
            }
            Some(step_no) => {
                self.query_scalar(&self.statements().step_transitions)
                    .bind(task_id)
                    .bind(step_no)
                    .fetch_all(connection)
                    .await?
            }
        })
    }

    /// What operators did to a task, its steps, and what it belongs to, where no state moved; oldest first.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn operator_actions(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
    ) -> Result<Vec<OperatorAction>> {
        rows(
            self.query_scalar(&self.statements().operator_actions)
                .bind(task_id)
                .fetch_all(connection)
                .await?,
        )
    }

    /// The readiness of every step of a task.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn readiness(&self, connection: &mut PgConnection, task_id: TaskId) -> Result<Vec<Readiness>> {
        rows(
            self.query_scalar(&self.statements().readiness)
                .bind(task_id)
                .fetch_all(connection)
                .await?,
        )
    }

    /// A task as the analysis of its graph takes it; none where there is no such task.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn task_snapshot(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
    ) -> Result<Option<TaskSnapshot>> {
        let text: Option<String> = self
            .query_scalar(&self.statements().task_snapshot)
            .bind(task_id)
            .fetch_optional(connection)
            .await?;
        text.as_deref().map(parse).transpose()
    }

    /// Why a task (first) and its steps, or one of them, do not go on.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn why(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
        step_no: Option<StepNo>,
    ) -> Result<Vec<Why>> {
        rows(
            self.query_scalar(&self.statements().why)
                .bind(task_id)
                .bind(step_no)
                .fetch_all(connection)
                .await?,
        )
    }

    /// The results of the steps of a task that ended well, by step name, as JSON text.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn step_results(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
    ) -> Result<HashMap<String, String>> {
        let rows = self
            .query(&self.statements().step_results)
            .bind(task_id)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.try_get(0)?,
                    row.try_get::<Option<String>, _>(1)?
                        .unwrap_or_else(|| "{}".to_owned()),
                ))
            })
            .collect()
    }

    /// The contexts of tasks, as JSON text.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn contexts(
        &self,
        connection: &mut PgConnection,
        task_ids: &[TaskId],
    ) -> Result<HashMap<TaskId, String>> {
        let rows = self
            .query(&self.statements().task_contexts)
            .bind(task_ids)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect()
    }
}

/// Steps with the very same parents are siblings; roots have none.
fn fill_siblings(steps: &mut [Step]) {
    let mut groups: HashMap<Vec<StepNo>, Vec<StepNo>> = HashMap::new();
    for step in steps.iter().filter(|step| !step.parents_ids.is_empty()) {
        groups
            .entry(step.parents_ids.clone())
            .or_default()
            .push(step.workflow_step_id);
    }
    for step in steps {
        if let Some(group) = groups.get(&step.parents_ids) {
            step.siblings_ids = group
                .iter()
                .copied()
                .filter(|number| *number != step.workflow_step_id)
                .collect();
        }
    }
}
