//! What workers need to know about the steps of plans.

use super::Store;
use crate::error::{Error, Result};
use crate::metrics::Work;
use crate::model::StepNo;
use serde::Deserialize;
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

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
    /// Where a worker counts what becomes of its steps; empty where no worker has it.
    pub work: OnceLock<Arc<Work>>,
}

/// A step of a plan: what a worker has to know to run it. Never changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "DefinitionRow")]
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
        let rows: Vec<DefinitionRow> = rows.iter().map(decode).collect::<Result<_>>()?;
        // The one row of each plan that has its schema may be any.
        let mut plans: HashMap<i32, Arc<PlanDefinition>> = HashMap::new();
        for row in &rows {
            if row.schema.is_some() || !plans.contains_key(&row.plan_id) {
                plans.insert(row.plan_id, Arc::new(row.plan().map_err(not_json)?));
            }
        }
        rows.into_iter()
            .map(|row| {
                let plan = plans.get(&row.plan_id).map(Arc::clone);
                let plan = plan.ok_or_else(|| Error::internal("the plan of a step was not read with it"))?;
                row.step(plan).map_err(not_json)
            })
            .collect()
    }
}

/// A row of the statement.
#[derive(Debug, Deserialize)]
struct DefinitionRow {
    step_template_id: i32,
    step_no: StepNo,
    step_name: String,
    handler: String,
    parents: Vec<StepNo>,
    timeout_seconds: Option<f64>,
    config: Option<String>,
    namespace: String,
    task_name: String,
    version: String,
    schema: Option<String>,
    parent_names: Vec<String>,
    plan_id: i32,
    step_count: i32,
    first_dependent: Option<StepNo>,
}

impl DefinitionRow {
    fn plan(&self) -> serde_json::Result<PlanDefinition> {
        Ok(PlanDefinition {
            plan_id: self.plan_id,
            namespace: self.namespace.clone(),
            task_name: self.task_name.clone(),
            version: self.version.clone(),
            schema: json(self.schema.as_deref())?,
            step_count: self.step_count,
            work: OnceLock::new(),
        })
    }

    fn step(self, plan: Arc<PlanDefinition>) -> serde_json::Result<StepDefinition> {
        Ok(StepDefinition {
            step_template_id: self.step_template_id,
            step_no: self.step_no,
            name: self.step_name,
            handler: self.handler,
            parents: self.parents.into_iter().zip(self.parent_names).collect(),
            first_dependent: self.first_dependent,
            timeout_seconds: self.timeout_seconds,
            config: json(self.config.as_deref())?,
            plan,
        })
    }
}

/// One row as JSON, as it comes over a connection that is not ours.
impl TryFrom<DefinitionRow> for StepDefinition {
    type Error = serde_json::Error;

    fn try_from(row: DefinitionRow) -> std::result::Result<Self, Self::Error> {
        let plan = Arc::new(row.plan()?);
        row.step(plan)
    }
}

fn decode(row: &PgRow) -> Result<DefinitionRow> {
    Ok(DefinitionRow {
        step_template_id: row.try_get(0)?,
        step_no: row.try_get(1)?,
        step_name: row.try_get(2)?,
        handler: row.try_get(3)?,
        parents: row.try_get(4)?,
        timeout_seconds: row.try_get(5)?,
        config: row.try_get(6)?,
        namespace: row.try_get(7)?,
        task_name: row.try_get(8)?,
        version: row.try_get(9)?,
        schema: row.try_get(10)?,
        parent_names: row.try_get(11)?,
        plan_id: row.try_get(12)?,
        step_count: row.try_get(13)?,
        first_dependent: row.try_get(14)?,
    })
}

fn json(text: Option<&str>) -> serde_json::Result<Option<Value>> {
    text.map(serde_json::from_str).transpose()
}

fn not_json(error: serde_json::Error) -> Error {
    Error::internal("a stored template is not JSON").with_source(error)
}
