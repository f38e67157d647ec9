//! What the lists answer beside tasks, and what they can be narrowed to.

use super::{OldestRunning, Pause, State, StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Which steps of a task to list, by number.
#[derive(Debug, Clone, Default)]
pub struct StepFilter {
    /// Only in these states; all when empty.
    pub status: Vec<State>,
    /// Only of this handler.
    pub handler: Option<String>,
    /// Only those whose last failure has this code.
    pub error_code: Option<String>,
    /// Only steps with a number above this one: the cursor.
    pub after: Option<StepNo>,
    /// At most this many; 20 when zero, capped at 1,000.
    pub limit: u32,
}

/// A step in a list: without its inputs and results.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepSummary {
    /// Its task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// Its number inside the task, from 1.
    pub workflow_step_id: StepNo,
    /// Its name.
    pub name: String,
    /// The handler that runs it.
    pub handler: String,
    /// Its state.
    pub status: State,
    /// Attempts so far, the running one included.
    pub attempts: i32,
    /// How many attempts there may be.
    pub retry_limit: i32,
    /// When the last attempt was claimed.
    pub last_attempted_at: Option<DateTime<Utc>>,
    /// When the last attempt ended, or the step was resolved or cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// When a failed step may be claimed again; none where it will not be tried again.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// The message of the last failure, where the step is in `error`.
    pub error: Option<String>,
    /// Its code.
    pub error_code: Option<String>,
}

/// Which workers to list, by id.
#[derive(Debug, Clone, Default)]
pub struct WorkerFilter {
    /// Only this one.
    pub worker_id: Option<i64>,
    /// Only with this health; all when empty.
    pub health: Vec<WorkerHealth>,
    /// Only those that have this handler.
    pub handler: Option<String>,
    /// Also those that ended.
    pub ended: bool,
    /// Only workers with an id above this one: the cursor.
    pub after: Option<i64>,
    /// At most this many; 20 when zero, capped at 1,000.
    pub limit: u32,
}

/// How a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WorkerHealth {
    /// It lives and asks for work.
    Alive,
    /// Its process lives; its own code has stopped asking for work.
    Hangs,
    /// It claims no more and lets what runs end.
    Draining,
    /// It has not been heard of for longer than its lease; another worker takes its steps back.
    Lost,
    /// It has handed everything back and ended.
    Stopped,
    /// It was taken for dead.
    Dead,
}

impl WorkerHealth {
    /// Every health.
    pub const ALL: [WorkerHealth; 6] = [
        WorkerHealth::Alive,
        WorkerHealth::Hangs,
        WorkerHealth::Draining,
        WorkerHealth::Lost,
        WorkerHealth::Stopped,
        WorkerHealth::Dead,
    ];

    /// The name, as JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            WorkerHealth::Alive => "alive",
            WorkerHealth::Hangs => "hangs",
            WorkerHealth::Draining => "draining",
            WorkerHealth::Lost => "lost",
            WorkerHealth::Stopped => "stopped",
            WorkerHealth::Dead => "dead",
        }
    }
}

impl std::fmt::Display for WorkerHealth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A worker: one boot of one process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Worker {
    /// Its id, never used again.
    pub worker_id: i64,
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub host: String,
    /// Its process.
    pub process_id: i32,
    /// The language of its handlers.
    pub runtime: String,
    /// Its version.
    pub version: Option<String>,
    /// What it can run.
    pub handlers: Vec<String>,
    /// How many handlers at once.
    pub concurrency: i32,
    /// How long it may be silent before it counts as dead, in seconds.
    pub lease_seconds: f64,
    /// How it is.
    pub health: WorkerHealth,
    /// Whether it waits for work.
    pub idle: bool,
    /// How many steps it holds: running, or in its buffer.
    pub held: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it was heard of last.
    pub heartbeat_at: DateTime<Utc>,
    /// When its own code asked for work last.
    pub last_polled_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub stopped_at: Option<DateTime<Utc>>,
    /// What had run in it for longest at the last heartbeat.
    pub oldest_running: Option<OldestRunning>,
    /// Whether that is past its deadline: it does not come back.
    pub stuck: bool,
}

/// A namespace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// How many names have a template in it.
    pub named_tasks: i64,
    /// The pause of the whole namespace.
    pub pause: Option<Pause>,
    /// The pauses of single names in it.
    pub paused_tasks: Vec<Pause>,
}

/// A handler, as templates name it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandlerUse {
    /// Its name.
    pub handler: String,
    /// The named tasks with steps of it: `namespace.name`.
    pub named_tasks: Vec<String>,
    /// How many live workers have it.
    pub live_workers: i64,
    /// How many of its steps could be claimed now, were nothing paused; up to 1,000 of each lane are counted.
    pub waiting: i64,
    /// Its pause.
    pub pause: Option<Pause>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// What it has.
    pub found: Vec<T>,
    /// How many the whole list has; not known, and 0, where nothing of it stands behind the cursor.
    pub total: u64,
    /// Whether more follow.
    pub more: bool,
}

/// A part of a list that is in order of names.
#[derive(Debug, Clone, Default)]
pub struct NamePage {
    /// Only what contains this text.
    pub containing: Option<String>,
    /// Only names after this one: the cursor.
    pub after: Option<String>,
    /// At most this many; 20 when zero, capped at 1,000.
    pub limit: u32,
}
