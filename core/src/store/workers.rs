//! Workers: their rows, their heartbeats, what they hold.

use super::{StepKey, Store};
use crate::error::Result;
use crate::model::TaskId;
use serde_json::Value;
use sqlx::{PgConnection, Row};

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
