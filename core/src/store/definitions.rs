//! What workers need to know about the steps of plans.

use super::Store;
use crate::error::{Error, Result};
use crate::model::StepNo;
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::{collections::HashMap, sync::Arc};

/// What all steps of a plan have in common. Never changes.
#[derive(Debug)]
pub struct PlanDefinition {
    /// Its id.
    pub plan_id: i32,
    /// The namespace of the task.
    pub namespace: String,
    /// The name of the task.
    pub task_name: String,
    /// The version of the task.
    pub version: String,
    /// The schema of the task's context.
    pub schema: Option<Value>,
    /// How many steps there are.
    pub step_count: i32,
}

/// A step of a plan: what a worker has to know to run it. Never changes.
#[derive(Debug, Clone)]
pub struct StepDefinition {
    /// Its id.
    pub step_template_id: i32,
    /// Its number.
    pub step_no: StepNo,
    /// Its name.
    pub name: String,
    /// Its handler.
    pub handler: String,
    /// Its parents: number and name.
    pub parents: Vec<(StepNo, String)>,
    /// The first of the steps that wait for it; none for a sink.
    pub first_dependent: Option<StepNo>,
    /// How long an attempt may take, in seconds.
    pub timeout_seconds: Option<f64>,
    /// The handler's configuration, `${…}` unfilled.
    pub config: Option<Value>,
    /// The plan.
    pub plan: Arc<PlanDefinition>,
}

/// Which definitions to read.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// These.
    Ids(&'a [i32]),
    /// The next `limit` of a plan, by number, that are for one of these handlers.
    Ahead {
        /// The plan.
        plan_id: i32,
        /// Only steps after this one.
        after: StepNo,
        /// Only steps for one of these.
        handlers: &'a [String],
        /// At most so many.
        limit: i32,
    },
}

impl Store {
    /// The definitions of steps.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn step_definitions(
        &self,
        connection: &mut PgConnection,
        wanted: Wanted<'_>,
    ) -> Result<Vec<StepDefinition>> {
        let (ids, plan_id, after, handlers, limit) = match wanted {
            Wanted::Ids(ids) => (Some(ids), None, None, None, None),
            Wanted::Ahead {
                plan_id,
                after,
                handlers,
                limit,
            } => (None, Some(plan_id), Some(after), Some(handlers), Some(limit)),
        };
        let rows = self
            .query(&self.statements().step_definitions)
            .bind(ids)
            .bind(plan_id)
            .bind(after)
            .bind(handlers)
            .bind(limit)
            .fetch_all(connection)
            .await?;
        // The one row of each plan that has its schema may be any.
        let mut plans = HashMap::new();
        for row in &rows {
            let schema: Option<String> = row.try_get(10)?;
            let plan_id: i32 = row.try_get(12)?;
            if schema.is_some() || !plans.contains_key(&plan_id) {
                plans.insert(plan_id, Arc::new(plan(row, schema)?));
            }
        }
        rows.iter().map(|row| step(row, &plans)).collect()
    }
}

fn plan(row: &PgRow, schema: Option<String>) -> Result<PlanDefinition> {
    Ok(PlanDefinition {
        plan_id: row.try_get(12)?,
        namespace: row.try_get(7)?,
        task_name: row.try_get(8)?,
        version: row.try_get(9)?,
        schema: json(schema)?,
        step_count: row.try_get(13)?,
    })
}

fn step(row: &PgRow, plans: &HashMap<i32, Arc<PlanDefinition>>) -> Result<StepDefinition> {
    let numbers: Vec<StepNo> = row.try_get(4)?;
    let names: Vec<String> = row.try_get(11)?;
    let plan_id: i32 = row.try_get(12)?;
    let plan = plans
        .get(&plan_id)
        .ok_or_else(|| Error::internal(format!("plan {plan_id} was not read with its steps")))?;
    Ok(StepDefinition {
        step_template_id: row.try_get(0)?,
        step_no: row.try_get(1)?,
        name: row.try_get(2)?,
        handler: row.try_get(3)?,
        parents: numbers.into_iter().zip(names).collect(),
        first_dependent: row.try_get(14)?,
        timeout_seconds: row.try_get(5)?,
        config: json(row.try_get(6)?)?,
        plan: Arc::clone(plan),
    })
}

fn json(text: Option<String>) -> Result<Option<Value>> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Error::internal("a stored template is not JSON").with_source(error))
}
