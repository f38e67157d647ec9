//! Why a task or a step does not go on: what `tasker.why` answers.

use super::{State, StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What keeps a task or a step from going on. Names are stable; more may come.
///
/// In order of liveliness: a task answers with the first of its steps' reasons, and what waits for several steps names
/// the one with the last. What waits for other steps, and what has ended, stand at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhyReason {
    /// It runs.
    Running,
    /// It runs, and is past its deadline.
    Stuck,
    /// The worker that holds it has not been heard of for longer than its lease; another takes the step back.
    WorkerLost,
    /// It is claimed as soon as a worker has room.
    Ready,
    /// It has one attempt left or lost a worker: it is claimed only into a free slot, so that claimed means started.
    WaitsForSlot,
    /// Its worker died several times: it is claimed only by a process that does nothing else.
    WaitsAlone,
    /// Its next attempt is due later.
    Backoff,
    /// Live workers have its handler, but their own code has stopped asking for work.
    WorkerHangs,
    /// No live worker has its handler.
    NoWorker,
    /// The task, its name, its namespace or the handler is paused.
    Paused,
    /// Nothing would ever claim it: a defect of Tasker.
    Stranded,
    /// It was cancelled.
    Cancelled,
    /// It failed as often as it may.
    Exhausted,
    /// It failed, and its failure says that trying again is of no use.
    PermanentFailure,
    /// Too many worker processes died while they held it.
    Quarantined,
    /// A step before it has not ended and still can.
    Dependency,
    /// A step before it was cancelled.
    CancelledUpstream,
    /// A step before it failed for good.
    FailedUpstream,
    /// It has ended.
    Finished,
}

impl WhyReason {
    /// Every reason, in order.
    pub const ALL: [WhyReason; 19] = {
        use WhyReason::*;
        [
            Running,
            Stuck,
            WorkerLost,
            Ready,
            WaitsForSlot,
            WaitsAlone,
            Backoff,
            WorkerHangs,
            NoWorker,
            Paused,
            Stranded,
            Cancelled,
            Exhausted,
            PermanentFailure,
            Quarantined,
            Dependency,
            CancelledUpstream,
            FailedUpstream,
            Finished,
        ]
    };

    /// The name, as SQL and JSON have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            WhyReason::Running => "running",
            WhyReason::Stuck => "stuck",
            WhyReason::WorkerLost => "worker_lost",
            WhyReason::Ready => "ready",
            WhyReason::WaitsForSlot => "waits_for_slot",
            WhyReason::WaitsAlone => "waits_alone",
            WhyReason::Backoff => "backoff",
            WhyReason::WorkerHangs => "worker_hangs",
            WhyReason::NoWorker => "no_worker",
            WhyReason::Paused => "paused",
            WhyReason::Stranded => "stranded",
            WhyReason::Cancelled => "cancelled",
            WhyReason::Exhausted => "exhausted",
            WhyReason::PermanentFailure => "permanent_failure",
            WhyReason::Quarantined => "quarantined",
            WhyReason::Dependency => "dependency",
            WhyReason::CancelledUpstream => "cancelled_upstream",
            WhyReason::FailedUpstream => "failed_upstream",
            WhyReason::Finished => "finished",
        }
    }

    /// The reason in words that follow the name of a task or a step.
    pub const fn words(self) -> &'static str {
        match self {
            WhyReason::Running => "runs",
            WhyReason::Stuck => "runs past its deadline",
            WhyReason::WorkerLost => {
                "is held by a worker that has not been heard of for longer than its lease"
            }
            WhyReason::Ready => "is ready and waits for a worker with room",
            WhyReason::WaitsForSlot => "is ready and waits for a slot in which it can start at once",
            WhyReason::WaitsAlone => "is ready and waits for a worker that does nothing else",
            WhyReason::Backoff => "waits for its next attempt",
            WhyReason::WorkerHangs => {
                "is ready, but the workers with its handler have stopped asking for work"
            }
            WhyReason::NoWorker => "is ready, but no live worker has its handler",
            WhyReason::Paused => "is paused",
            WhyReason::Stranded => "would never be claimed by anybody",
            WhyReason::Cancelled => "was cancelled",
            WhyReason::Exhausted => "has failed as often as it may",
            WhyReason::PermanentFailure => "failed, and said that trying again is of no use",
            WhyReason::Quarantined => "is quarantined: too many worker processes died while they held it",
            WhyReason::Dependency => "waits for another step",
            WhyReason::CancelledUpstream => "cannot run: a step before it was cancelled",
            WhyReason::FailedUpstream => "cannot run: a step before it failed for good",
            WhyReason::Finished => "has ended",
        }
    }

    /// Whether a claim takes the step now.
    pub const fn is_claimable(self) -> bool {
        matches!(
            self,
            WhyReason::Ready | WhyReason::WaitsForSlot | WhyReason::WaitsAlone
        )
    }

    /// Whether the reason lies with the task or step itself, not with what it waits for.
    pub const fn is_own(self) -> bool {
        !matches!(
            self,
            WhyReason::Dependency
                | WhyReason::CancelledUpstream
                | WhyReason::FailedUpstream
                | WhyReason::Finished
        )
    }
}

/// Why a task (no step number) or a step does not go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Why {
    /// The task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// The step; none in the answer for the whole task.
    pub step_no: Option<StepNo>,
    /// The name of the step, or of the named task.
    pub name: String,
    /// The handler of the step.
    pub handler: Option<String>,
    /// The state of the step or of the task.
    pub state: State,
    /// The reason.
    pub reason: WhyReason,
    /// Since when: the attempt's start, the instant from which it was ready, the pause, the failure.
    pub since: Option<DateTime<Utc>>,
    /// From when it may be claimed (a pause may stand in between); for `worker_lost`, taken back. None where that
    /// depends on something else.
    pub next_at: Option<DateTime<Utc>>,
    /// For a step: of all steps before it the one that has to move first, directly before it or not. For a task: its
    /// liveliest step.
    pub blocked_by_step_no: Option<StepNo>,
    /// The name of that step.
    pub blocked_by: Option<String>,
    /// Why that step does not go on.
    pub blocked_by_reason: Option<WhyReason>,
    /// Attempts so far, the running one included.
    pub attempts: Option<i32>,
    /// How many there may be.
    pub retry_limit: Option<i32>,
    /// What else is known.
    #[serde(default)]
    pub detail: WhyDetail,
}

/// What else is known about a reason; empty members are left out of the JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyDetail {
    /// `running`, `stuck`, `worker_lost`: who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WhyWorker>,
    /// `running`, `stuck`: when the attempt has to have ended, counted from its claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_at: Option<DateTime<Utc>>,
    /// `paused`: every pause that covers it, oldest first; all of them have to end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// Failed steps: the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<WhyFailure>,
    /// `worker_hangs`: the workers that have the handler.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hanging: Vec<HangingWorker>,
    /// Where one claimable step was asked for: how many of its lane come first, counted up to 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead: Option<i64>,
    /// `cancelled`: by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<WhyOperator>,
    /// For a task: how many of its steps have which reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<WhyReason, i64>,
}

/// The worker that holds a step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyWorker {
    /// Its id.
    pub worker_id: i64,
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub host: String,
    /// Its process.
    pub process_id: i32,
    /// When it was heard of last.
    pub heartbeat_at: DateTime<Utc>,
}

/// What somebody paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// `task`, `named_task`, `namespace` or `handler`.
    pub scope: String,
    /// The name of that: `namespace.name` for a named task; none for a task.
    #[serde(default)]
    pub name: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// By whom.
    #[serde(default)]
    pub by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The last failure of a step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyFailure {
    /// The message.
    #[serde(default)]
    pub error: Option<String>,
    /// The code.
    #[serde(default)]
    pub error_code: Option<String>,
    /// The class of the exception.
    #[serde(default)]
    pub error_class: Option<String>,
}

/// A worker whose process beats while its own code has stopped asking for work.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HangingWorker {
    /// Its id.
    pub worker_id: i64,
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub host: String,
    /// Its process.
    pub process_id: i32,
    /// When its code asked for work last.
    #[serde(default)]
    pub last_polled_at: Option<DateTime<Utc>>,
    /// What has run in it for longest.
    #[serde(default)]
    pub oldest_running: Option<OldestRunning>,
}

/// What has run in a worker for longest, as its last heartbeat said.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OldestRunning {
    /// The handler.
    pub handler: String,
    /// The task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// The step.
    pub step_no: StepNo,
    /// For how long, in seconds.
    pub seconds: f64,
}

/// Who did something, and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyOperator {
    /// What was done.
    #[serde(default)]
    pub verb: Option<String>,
    /// By whom.
    #[serde(default)]
    pub by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

impl std::fmt::Display for WhyReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
