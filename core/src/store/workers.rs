//! Workers and what they need to know about steps.

use super::{StepKey, Store};
use crate::error::{Error, Result};
use crate::model::{StepNo, TaskId};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};

/// A worker as it registers.
#[derive(Debug, Clone)]
pub struct WorkerRow {
    /// For people.
    pub name: String,
    /// Where it runs.
    pub host: String,
    /// Its process.
    pub process_id: i32,
    /// Its language.
    pub runtime: String,
    /// The version of the library, or of the application.
    pub version: Option<String>,
    /// What it can run.
    pub handlers: Vec<String>,
    /// How many handlers at once.
    pub concurrency: i32,
    /// Its lease, in seconds.
    pub lease_seconds: f64,
}

/// A step of a plan: what a worker has to know to run it. Never changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "JsonDefinition")]
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
    /// How long an attempt may take, in seconds.
    pub timeout_seconds: Option<f64>,
    /// The handler's configuration, `${…}` unfilled.
    pub config: Option<Value>,
    /// The namespace of the task.
    pub namespace: String,
    /// The name of the task.
    pub task_name: String,
    /// The version of the task.
    pub version: String,
    /// The schema of the task's context.
    pub schema: Option<Value>,
    /// The plan.
    pub plan_id: i32,
}

/// A step of a plan as JSON.
#[derive(Deserialize)]
struct JsonDefinition {
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
}

impl TryFrom<JsonDefinition> for StepDefinition {
    type Error = serde_json::Error;

    fn try_from(row: JsonDefinition) -> std::result::Result<Self, Self::Error> {
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
        Ok(Self {
            step_template_id: row.step_template_id,
            step_no: row.step_no,
            name: row.step_name,
            handler: row.handler,
            parents: row.parents.into_iter().zip(row.parent_names).collect(),
            timeout_seconds: row.timeout_seconds,
            config: json(row.config)?,
            namespace: row.namespace,
            task_name: row.task_name,
            version: row.version,
            schema: json(row.schema)?,
            plan_id: row.plan_id,
        })
    }
}

impl Store {
    /// Registers a worker. Returns its id, never used before.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn register_worker(&self, connection: &mut PgConnection, worker: &WorkerRow) -> Result<i64> {
        Ok(self
            .query_scalar(&self.statements().register_worker)
            .bind(&worker.name)
            .bind(&worker.host)
            .bind(worker.process_id)
            .bind(&worker.runtime)
            .bind(&worker.version)
            .bind(&worker.handlers)
            .bind(worker.concurrency)
            .bind(worker.lease_seconds)
            .fetch_one(connection)
            .await?)
    }

    /// Says that a worker lives. False: it was stopped, or taken for dead.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn heartbeat(
        &self,
        connection: &mut PgConnection,
        worker_id: i64,
        polled: bool,
        oldest_running: Option<&Value>,
    ) -> Result<bool> {
        Ok(self
            .query_scalar(&self.statements().heartbeat)
            .bind(worker_id)
            .bind(polled)
            .bind(oldest_running.map(Value::to_string))
            .fetch_one(connection)
            .await?)
    }

    /// The worker claims no more.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn drain_worker(&self, connection: &mut PgConnection, worker_id: i64) -> Result<()> {
        self.query(&self.statements().drain_worker)
            .bind(worker_id)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// The worker is gone.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn stop_worker(&self, connection: &mut PgConnection, worker_id: i64) -> Result<()> {
        self.query(&self.statements().stop_worker)
            .bind(worker_id)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Takes everything back from workers whose heartbeat is older than their lease.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn reap_workers(
        &self,
        connection: &mut PgConnection,
        reaper_id: i64,
        max_worker_losses: i32,
        backoff: &str,
    ) -> Result<Vec<(i64, StepKey, String)>> {
        let rows = self
            .query(&self.statements().reap_workers)
            .bind(reaper_id)
            .bind(max_worker_losses)
            .bind(backoff)
            .bind(None::<Vec<i64>>)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                let key = StepKey {
                    task_id: row.try_get(1)?,
                    step_no: row.try_get(2)?,
                    claim_no: 0,
                };
                Ok((row.try_get(0)?, key, row.try_get(3)?))
            })
            .collect()
    }

    /// Wakes workers that said they are idle. Call it after the commit.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn notify_idle(&self, connection: &mut PgConnection, payload: &str) -> Result<bool> {
        Ok(self
            .query_scalar(&self.statements().notify_idle)
            .bind(payload)
            .fetch_one(connection)
            .await?)
    }

    /// Tells every worker that listens.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn notify_all(&self, connection: &mut PgConnection, payload: &str) -> Result<()> {
        self.query(&self.statements().notify_all)
            .bind(payload)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// The definitions of steps.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn step_definitions(
        &self,
        connection: &mut PgConnection,
        ids: &[i32],
    ) -> Result<Vec<StepDefinition>> {
        let rows = self
            .query(&self.statements().step_definitions)
            .bind(ids)
            .fetch_all(connection)
            .await?;
        rows.iter().map(decode).collect()
    }

    /// Notes that the context of a task made by raw SQL has been validated; `context` with the defaults filled in.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn mark_validated(
        &self,
        connection: &mut PgConnection,
        task_id: TaskId,
        context: Option<&str>,
    ) -> Result<()> {
        self.query(&self.statements().mark_validated)
            .bind(task_id)
            .bind(context)
            .execute(connection)
            .await?;
        Ok(())
    }
}

fn decode(row: &PgRow) -> Result<StepDefinition> {
    let json = |text: Option<String>| {
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| Error::internal("a stored template is not JSON").with_source(error))
    };
    let numbers: Vec<StepNo> = row.try_get(4)?;
    let names: Vec<String> = row.try_get(11)?;
    Ok(StepDefinition {
        step_template_id: row.try_get(0)?,
        step_no: row.try_get(1)?,
        name: row.try_get(2)?,
        handler: row.try_get(3)?,
        parents: numbers.into_iter().zip(names).collect(),
        timeout_seconds: row.try_get(5)?,
        config: json(row.try_get(6)?)?,
        namespace: row.try_get(7)?,
        task_name: row.try_get(8)?,
        version: row.try_get(9)?,
        schema: json(row.try_get(10)?)?,
        plan_id: row.try_get(12)?,
    })
}
