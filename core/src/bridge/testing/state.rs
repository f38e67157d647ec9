//! What the driver knows between its commands: the clock, the worker that it pretends to be, faults, what has run.

use super::fault::Fault;
use super::report::{Execution, TestReport};
use crate::bridge::port::Port;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Settings, StepNo, TaskId};
use crate::store::{Foreign, Prepared, SchemaName, StepDefinition, WorkerRow, only_value, sqlstate};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// SQLSTATE of a savepoint outside of a transaction.
const NO_TRANSACTION: &str = "25P01";
const SAVEPOINT: &str = "tasker_test";

#[derive(Debug)]
pub(super) struct State {
    pub(super) sql: Foreign,
    pub(super) settings: Settings,
    /// The `backoff` block of the settings as JSON text.
    pub(super) backoff: String,
    handlers: BTreeSet<String>,
    now: Option<DateTime<Utc>>,
    worker: Option<i64>,
    definitions: HashMap<i32, Arc<StepDefinition>>,
    pub(super) faults: Vec<Fault>,
    /// Names of steps that a fault may speak of.
    pub(super) known_steps: BTreeSet<String>,
    pub(super) executions: Vec<(TaskId, Execution)>,
}

/// What of the state a rollback takes back.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    now: Option<DateTime<Utc>>,
    worker: Option<i64>,
    executions: usize,
}

/// A step of which something may be claimed.
#[derive(Debug, Deserialize)]
struct DueStep {
    ready_at: DateTime<Utc>,
    paused: bool,
}

impl State {
    pub(super) fn new(schema: SchemaName, settings: Settings) -> Result<Self> {
        let backoff = serde_json::to_string(&settings.backoff)
            .map_err(|error| Error::internal("the settings do not serialize").with_source(error))?;
        Ok(Self {
            sql: Foreign::new(schema),
            settings,
            backoff,
            handlers: BTreeSet::new(),
            now: None,
            worker: None,
            definitions: HashMap::new(),
            faults: Vec::new(),
            known_steps: BTreeSet::new(),
            executions: Vec::new(),
        })
    }

    /// The worker is one boot with its handlers: with other handlers it is another.
    pub(super) fn set_handlers(&mut self, names: Vec<String>) {
        self.handlers = names.into_iter().collect();
        self.worker = None;
    }

    pub(super) fn handlers(&self) -> &BTreeSet<String> {
        &self.handlers
    }

    /// Begins: the connection must be in a transaction, because the clock and everything else lives in it.
    pub(super) async fn open(&mut self, port: &Port) -> Result<DateTime<Utc>> {
        let rows = self.all_or_nothing(port, self.sql.clock()).await.map_err(|error| {
            if sqlstate(&error) == Some(NO_TRANSACTION) {
                Error::invalid_argument(
                    "the connection is not in a transaction: begin one, give the test the connection, and roll back at \
                     the end",
                )
                .with_source(error)
            } else {
                error
            }
        })?;
        let row = rows
            .first()
            .ok_or_else(|| Error::internal("the clock gave no row"))?;
        let now: DateTime<Utc> = serde_json::from_value(only_value(row)?)
            .map_err(|error| Error::internal("the clock gave no time").with_source(error))?;
        self.set_clock(port, now).await?;
        Ok(now)
    }

    pub(super) fn now(&self) -> Result<DateTime<Utc>> {
        self.now
            .ok_or_else(|| Error::invalid_argument("the test has not begun: its first command is `open`"))
    }

    pub(super) async fn set_clock(&mut self, port: &Port, now: DateTime<Utc>) -> Result<()> {
        let text = now.to_rfc3339_opts(SecondsFormat::Micros, true);
        port.execute(self.sql.set_clock(&text)).await?;
        self.now = Some(now);
        Ok(())
    }

    pub(super) async fn advance(&mut self, port: &Port, seconds: f64) -> Result<DateTime<Utc>> {
        let moved = std::time::Duration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|by| TimeDelta::from_std(by).ok())
            .and_then(|by| self.now.map(|now| now.checked_add_signed(by)))
            .ok_or_else(|| {
                Error::invalid_argument(format!(
                    "the clock of a test that has begun moves forward by some seconds, and not by {seconds}"
                ))
            })?
            .ok_or_else(|| {
                Error::invalid_argument(format!("{seconds} seconds lead beyond the end of time"))
            })?;
        self.set_clock(port, moved).await?;
        Ok(moved)
    }

    /// The worker that the driver pretends to be: a row that nobody else sees, in this transaction only.
    pub(super) async fn worker(&mut self, port: &Port) -> Result<i64> {
        if let Some(worker) = self.worker {
            return Ok(worker);
        }
        let row = WorkerRow {
            name: "a test".to_owned(),
            host: "test".to_owned(),
            process_id: i32::try_from(std::process::id()).unwrap_or_default(),
            runtime: "test".to_owned(),
            version: None,
            handlers: self.handlers.iter().cloned().collect(),
            concurrency: 1,
            lease_seconds: self.settings.execution.lease_seconds,
        };
        let rows = port.execute(self.sql.register_worker(&row)).await?;
        let id = rows
            .first()
            .map(|row| only_value(row))
            .transpose()?
            .and_then(|id| id.as_i64())
            .ok_or_else(|| Error::internal("a worker was registered without an id"))?;
        self.worker = Some(id);
        Ok(id)
    }

    /// The process dies. When its lease is over, another one finds it dead and takes its steps back.
    pub(super) async fn die(&mut self, port: &Port) -> Result<()> {
        let Some(dead) = self.worker.take() else {
            return Ok(());
        };
        self.advance(port, self.settings.execution.lease_seconds + 1.0)
            .await?;
        let other = self.worker(port).await?;
        let losses = self.settings.execution.max_worker_losses;
        port.execute(self.sql.reap(other, &[dead], losses, &self.backoff))
            .await?;
        Ok(())
    }

    /// What has to be known to run a step. Never changes, so it is read once.
    pub(super) async fn definition(&mut self, port: &Port, id: i32) -> Result<Arc<StepDefinition>> {
        if let Some(known) = self.definitions.get(&id) {
            return Ok(Arc::clone(known));
        }
        let rows = port.execute(self.sql.step_definitions(&[id])).await?;
        let definition: Arc<StepDefinition> = Arc::new(
            parse_rows(&rows)?
                .into_iter()
                .next()
                .ok_or_else(|| Error::internal(format!("step template {id} is not in the catalogue")))?,
        );
        self.definitions.insert(id, Arc::clone(&definition));
        Ok(definition)
    }

    /// The steps of a task; `NotFound` where there is no such task.
    pub(super) async fn steps(&self, port: &Port, task_id: TaskId) -> Result<Vec<crate::model::Step>> {
        let rows = port.execute(self.sql.steps(task_id)).await?;
        if rows.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("the transaction of the test sees no task {task_id}"),
            ));
        }
        rows.iter().map(|row| parse_text(&only_value(row)?)).collect()
    }

    /// The number of a step.
    pub(super) async fn step_number(&self, port: &Port, task_id: TaskId, name: &str) -> Result<StepNo> {
        let steps = self.steps(port, task_id).await?;
        steps
            .iter()
            .find(|step| step.name == name)
            .map(|step| step.workflow_step_id)
            .ok_or_else(|| {
                let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
                Error::new(
                    ErrorKind::NotFound,
                    format!(
                        "task {task_id} has no step '{name}'; its steps are {}",
                        names.join(", ")
                    ),
                )
            })
    }

    /// When something of a task is ready, now or later; paused steps are not.
    pub(super) async fn next_due(&self, port: &Port, task_id: TaskId) -> Result<Option<DateTime<Utc>>> {
        let rows = port.execute(self.sql.due_steps(task_id)).await?;
        let due: Vec<DueStep> = parse_rows(&rows)?;
        Ok(due
            .into_iter()
            .filter(|step| !step.paused)
            .map(|step| step.ready_at)
            .min())
    }

    pub(super) async fn report(&self, port: &Port, task_id: TaskId) -> Result<TestReport> {
        let steps = self.steps(port, task_id).await?;
        let rows = port.execute(self.sql.task(task_id)).await?;
        let task = rows
            .first()
            .ok_or_else(|| Error::internal("a task with steps has no row"))?;
        Ok(TestReport {
            task: parse_text(&only_value(task)?)?,
            steps,
            executions: self
                .executions
                .iter()
                .filter(|(task, _)| *task == task_id)
                .map(|(_, execution)| execution.clone())
                .collect(),
            now: self.now()?,
            next_due_at: self.next_due(port, task_id).await?,
        })
    }

    /// Executes one statement so that the transaction goes on if it is refused.
    pub(super) async fn all_or_nothing(&self, port: &Port, statement: Prepared) -> Result<Vec<String>> {
        port.execute(Prepared::savepoint(SAVEPOINT)).await?;
        let answer = port.execute(statement).await;
        if answer.is_err() {
            port.execute(Prepared::rollback_to(SAVEPOINT)).await?;
        }
        port.execute(Prepared::release(SAVEPOINT)).await?;
        answer
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            now: self.now,
            worker: self.worker,
            executions: self.executions.len(),
        }
    }

    /// After the transaction was rolled back to where `mark` was taken.
    pub(super) fn return_to(&mut self, mark: &Mark) {
        self.now = mark.now;
        self.worker = mark.worker;
        self.executions.truncate(mark.executions);
    }
}

/// Rows that are JSON objects.
pub(super) fn parse_rows<T: DeserializeOwned>(rows: &[String]) -> Result<Vec<T>> {
    rows.iter()
        .map(|row| {
            serde_json::from_str(row).map_err(|error| {
                Error::internal(format!("a row is not of the expected shape: {error}")).with_source(error)
            })
        })
        .collect()
}

/// A value that is JSON text.
fn parse_text<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T> {
    serde_json::from_str(value.as_str().unwrap_or_default()).map_err(|error| {
        Error::internal(format!("a row is not of the expected shape: {error}")).with_source(error)
    })
}
