//! Claims and flushes: the hot path.

use super::Store;
use crate::error::Result;
use crate::model::{StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{PgConnection, Row, postgres::PgRow};

/// A step and the claim on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepKey {
    /// The task.
    pub task_id: TaskId,
    /// The step.
    pub step_no: StepNo,
    /// The claim: the fence.
    pub claim_no: i32,
}

/// What a row of a claim or a flush says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlushStatus {
    /// A step is yours.
    Claimed,
    /// The one step claimed must run with nothing beside it.
    Alone,
    /// A step waits for a process that does nothing else.
    AloneWaiting,
    /// Steps that must start at once wait, and there was no slot for them.
    SlotWaiting,
    /// All room was used; `step_no` is the priority of the last step taken.
    More,
    /// There is nothing to claim before `ready_at`.
    NextDue,
    /// The task is complete.
    Ended,
    /// The answer to a request: `step_no` its place from 1, `claim_no` 1 if it made the task, `attempt` 1 if what it
    /// duplicates was pruned.
    Created,
    /// The outcome was recorded before: a success.
    AlreadyRecorded,
    /// The claim is no longer held.
    AttemptLost,
    /// Somebody else's transaction is in the way; send it again.
    Busy,
    /// `step_no` steps became ready for others.
    Readied,
}

/// A row of a claim or a flush.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "JsonRow")]
pub struct FlushRow {
    /// What it says.
    pub status: FlushStatus,
    /// The step it is about; for [`FlushStatus::Readied`] only `step_no` counts.
    pub key: StepKey,
    /// The attempt, from 1.
    pub attempt: i32,
    /// The definition of the step.
    pub step_template_id: i32,
    /// Its lane.
    pub lane_id: i32,
    /// The batch it was claimed in.
    pub batch: i64,
    /// Since when it was ready.
    pub ready_at: Option<DateTime<Utc>>,
    /// Whether its task's context has yet to be validated.
    pub unvalidated: bool,
    /// The task's context as JSON text, where it came along.
    pub context: Option<String>,
    /// The step's own inputs as JSON text, where it has some.
    pub inputs: Option<String>,
    /// `{"step_no": results}` of parents, where they came along.
    pub dependencies: Option<String>,
}

/// Arguments of a claim.
#[derive(Debug, Clone, Default)]
pub struct ClaimArguments {
    /// The worker.
    pub worker_id: i64,
    /// How many steps at the most.
    pub room: i32,
    /// How many of those may be such that must start at once.
    pub slots: i32,
    /// Whether the process does nothing at all.
    pub alone: bool,
    /// Lanes with a watermark.
    pub lanes: Vec<i32>,
    /// The watermarks.
    pub marks: Vec<DateTime<Utc>>,
    /// Only steps of these tasks.
    pub task_ids: Option<Vec<TaskId>>,
    /// Whether the worker is idle if nothing comes of it; none: says nothing about it.
    pub idle: Option<bool>,
    /// From which instant lanes without a watermark are looked at; none: from the beginning.
    pub since: Option<DateTime<Utc>>,
    /// Only steps that became ready up to this instant; none: up to the present.
    pub until: Option<DateTime<Utc>>,
}

/// Arguments of a flush of completions.
#[derive(Debug, Clone, Default)]
pub struct FlushArguments {
    /// The steps.
    pub keys: Vec<StepKey>,
    /// Their results as JSON text.
    pub results: Vec<String>,
    /// How many steps may be claimed in return.
    pub room: i32,
    /// How many of those may be such that must start at once.
    pub slots: i32,
    /// No step of a higher priority number is claimed in return.
    pub priority: i32,
    /// Whether to wait for locks, rather than to answer `busy`.
    pub wait: bool,
    /// Claim batches of which every step has been reported.
    pub done: Vec<i64>,
}

/// Arguments of a flush of failures.
#[derive(Debug, Clone, Default)]
pub struct FailureBatch {
    /// The steps.
    pub keys: Vec<StepKey>,
    /// The failures as JSON text: `{error, error_class, error_code, backtrace, retryable, details}`.
    pub failures: Vec<String>,
    /// When to come back, in seconds.
    pub retry_afters: Vec<Option<f64>>,
    /// The `backoff` block of the settings as JSON text.
    pub backoff: String,
    /// Whether to wait for locks, rather than to answer `busy`.
    pub wait: bool,
    /// From the settings.
    pub max_worker_losses: i32,
    /// Claim batches of which every step has been reported.
    pub done: Vec<i64>,
}

/// A row of a claim or a flush as JSON.
#[derive(Deserialize)]
struct JsonRow {
    status: FlushStatus,
    task_id: Option<TaskId>,
    step_no: Option<StepNo>,
    claim_no: Option<i32>,
    attempt: Option<i32>,
    step_template_id: Option<i32>,
    lane_id: Option<i32>,
    batch: Option<i64>,
    ready_at: Option<DateTime<Utc>>,
    unvalidated: Option<bool>,
    context: Option<String>,
    inputs: Option<String>,
    dependencies: Option<String>,
}

impl From<JsonRow> for FlushRow {
    fn from(row: JsonRow) -> Self {
        Self {
            status: row.status,
            key: StepKey {
                task_id: row.task_id.unwrap_or_default(),
                step_no: row.step_no.unwrap_or_default(),
                claim_no: row.claim_no.unwrap_or_default(),
            },
            attempt: row.attempt.unwrap_or_default(),
            step_template_id: row.step_template_id.unwrap_or_default(),
            lane_id: row.lane_id.unwrap_or_default(),
            batch: row.batch.unwrap_or_default(),
            ready_at: row.ready_at,
            unvalidated: row.unvalidated.unwrap_or_default(),
            context: row.context,
            inputs: row.inputs,
            dependencies: row.dependencies,
        }
    }
}

struct Columns {
    task_ids: Vec<TaskId>,
    step_nos: Vec<StepNo>,
    claim_nos: Vec<i32>,
}

fn columns(keys: &[StepKey]) -> Columns {
    Columns {
        task_ids: keys.iter().map(|key| key.task_id).collect(),
        step_nos: keys.iter().map(|key| key.step_no).collect(),
        claim_nos: keys.iter().map(|key| key.claim_no).collect(),
    }
}

impl Store {
    /// Claims ready steps for a worker.
    ///
    /// # Errors
    /// [`super::WORKER_NOT_ALIVE`] as SQLSTATE where the worker was stopped or taken for dead.
    pub async fn claim(
        &self,
        connection: &mut PgConnection,
        arguments: &ClaimArguments,
    ) -> Result<Vec<FlushRow>> {
        let rows = self
            .query(&self.statements().claim_steps)
            .bind(arguments.worker_id)
            .bind(arguments.room)
            .bind(arguments.slots)
            .bind(arguments.alone)
            .bind(&arguments.lanes)
            .bind(&arguments.marks)
            .bind(arguments.task_ids.as_ref())
            .bind(arguments.idle)
            .bind(arguments.since)
            .bind(arguments.until)
            .fetch_all(connection)
            .await?;
        rows.iter().map(decode).collect()
    }

    /// Records completions, and claims what they readied.
    ///
    /// # Errors
    /// As [`Store::claim`].
    pub async fn complete(
        &self,
        connection: &mut PgConnection,
        worker_id: Option<i64>,
        flush: &FlushArguments,
    ) -> Result<Vec<FlushRow>> {
        let columns = columns(&flush.keys);
        let rows = self
            .query(&self.statements().complete_steps)
            .bind(worker_id)
            .bind(columns.task_ids)
            .bind(columns.step_nos)
            .bind(columns.claim_nos)
            .bind(&flush.results)
            .bind(flush.room)
            .bind(flush.slots)
            .bind(flush.priority)
            .bind(flush.wait)
            .bind(if flush.done.is_empty() {
                None
            } else {
                Some(&flush.done)
            })
            .fetch_all(connection)
            .await?;
        rows.iter().map(decode).collect()
    }

    /// Completes one step in the transaction of the caller's connection, claiming nothing and telling nobody.
    ///
    /// # Errors
    /// [`super::ATTEMPT_LOST`] as SQLSTATE where the claim is no longer held.
    pub async fn complete_in(
        &self,
        connection: &mut PgConnection,
        key: &StepKey,
        results: &str,
    ) -> Result<()> {
        self.query(&self.statements().complete_step)
            .bind(key.task_id)
            .bind(key.step_no)
            .bind(key.claim_no)
            .bind(results)
            .execute(connection)
            .await
            .map_err(|error| self.explain(error.into()))?;
        Ok(())
    }

    /// Records failures.
    ///
    /// # Errors
    /// As [`Store::claim`].
    pub async fn fail(
        &self,
        connection: &mut PgConnection,
        worker_id: Option<i64>,
        batch: &FailureBatch,
    ) -> Result<Vec<FlushRow>> {
        let columns = columns(&batch.keys);
        let rows = self
            .query(&self.statements().fail_steps)
            .bind(worker_id)
            .bind(columns.task_ids)
            .bind(columns.step_nos)
            .bind(columns.claim_nos)
            .bind(&batch.failures)
            .bind(&batch.retry_afters)
            .bind(&batch.backoff)
            .bind(batch.wait)
            .bind(batch.max_worker_losses)
            .bind(if batch.done.is_empty() {
                None
            } else {
                Some(&batch.done)
            })
            .fetch_all(connection)
            .await?;
        rows.iter().map(decode).collect()
    }

    /// Creates a task and claims its roots for a worker of this process, in one commit.
    ///
    /// # Errors
    /// Those of `tasker.create_tasks`.
    pub async fn create_and_claim(
        &self,
        connection: &mut PgConnection,
        request: &str,
        worker_id: i64,
        room: i32,
        slots: i32,
    ) -> Result<Vec<FlushRow>> {
        let rows = self
            .query(&self.statements().create_and_claim)
            .bind(request)
            .bind(worker_id)
            .bind(room)
            .bind(slots)
            .fetch_all(connection)
            .await?;
        rows.iter().map(decode).collect()
    }

    /// Hands back steps that were never started. Returns how many were.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn release(
        &self,
        connection: &mut PgConnection,
        worker_id: i64,
        keys: &[StepKey],
    ) -> Result<i32> {
        let columns = columns(keys);
        Ok(self
            .query_scalar(&self.statements().release_steps)
            .bind(worker_id)
            .bind(columns.task_ids)
            .bind(columns.step_nos)
            .bind(columns.claim_nos)
            .fetch_one(connection)
            .await?)
    }

    /// What the database says a worker holds.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn held(&self, connection: &mut PgConnection, worker_id: i64) -> Result<Vec<StepKey>> {
        let rows = self
            .query(&self.statements().held_steps)
            .bind(worker_id)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(StepKey {
                    task_id: row.try_get(0)?,
                    step_no: row.try_get(1)?,
                    claim_no: row.try_get(2)?,
                })
            })
            .collect()
    }
}

fn decode(row: &PgRow) -> Result<FlushRow> {
    let status = match row.try_get::<&str, _>(0)? {
        "claimed" => FlushStatus::Claimed,
        "alone" => FlushStatus::Alone,
        "slot_waiting" => FlushStatus::SlotWaiting,
        "more" => FlushStatus::More,
        "next_due" => FlushStatus::NextDue,
        "ended" => FlushStatus::Ended,
        "created" => FlushStatus::Created,
        "alone_waiting" => FlushStatus::AloneWaiting,
        "already_recorded" => FlushStatus::AlreadyRecorded,
        "attempt_lost" => FlushStatus::AttemptLost,
        "busy" => FlushStatus::Busy,
        "readied" => FlushStatus::Readied,
        other => {
            return Err(crate::Error::internal(format!(
                "the database answered the unknown status '{other}'"
            )));
        }
    };
    Ok(FlushRow {
        status,
        key: StepKey {
            task_id: row.try_get::<Option<TaskId>, _>(1)?.unwrap_or_default(),
            step_no: row.try_get::<Option<i32>, _>(2)?.unwrap_or_default(),
            claim_no: row.try_get::<Option<i32>, _>(3)?.unwrap_or_default(),
        },
        attempt: row.try_get::<Option<i32>, _>(4)?.unwrap_or_default(),
        step_template_id: row.try_get::<Option<i32>, _>(5)?.unwrap_or_default(),
        lane_id: row.try_get::<Option<i32>, _>(6)?.unwrap_or_default(),
        batch: row.try_get::<Option<i64>, _>(7)?.unwrap_or_default(),
        ready_at: row.try_get(8)?,
        unvalidated: row.try_get::<Option<bool>, _>(9)?.unwrap_or_default(),
        context: row.try_get(10)?,
        inputs: row.try_get(11)?,
        dependencies: row.try_get(12)?,
    })
}
