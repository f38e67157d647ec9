//! What tasks and steps look like from outside: the JSON of REST, the command line and every binding.

use super::{State, StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A task, with the columns of `get_task_execution_context`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// The named task that it is an instance of.
    pub name: String,
    /// The namespace of the named task.
    pub namespace: String,
    /// The version of the named task.
    pub version: String,
    /// `namespace.name@version`.
    pub full_name: String,
    /// The id of the named task.
    pub named_task_id: i32,
    /// Its state.
    pub status: State,
    /// Whether it is `complete` or `resolved_manually`.
    pub complete: bool,
    /// Who asked for it.
    pub initiator: String,
    /// The system that asked for it.
    pub source_system: String,
    /// Why.
    pub reason: String,
    /// Labels.
    pub tags: Vec<String>,
    /// Steps that were left out.
    pub bypass_steps: Vec<String>,
    /// Its input.
    pub context: Value,
    /// 0 (first) to 9 (last), where the request gave one.
    pub priority: Option<i16>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When its first step was claimed.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// Whether it is paused, by itself or by its namespace, named task or handlers.
    pub paused: bool,
    /// Since when it is paused by itself.
    pub paused_at: Option<DateTime<Utc>>,
    /// Number of steps.
    pub total_steps: i64,
    /// Steps that wait.
    pub pending_steps: i64,
    /// Steps that run.
    pub in_progress_steps: i64,
    /// Steps that are complete or resolved.
    pub completed_steps: i64,
    /// Steps that failed, for good or until the next attempt.
    pub failed_steps: i64,
    /// Steps that could be claimed now.
    pub ready_steps: i64,
    /// `has_ready_steps`, `processing`, `blocked_by_failures`, `all_complete` or `waiting_for_dependencies`.
    pub execution_status: String,
    /// What the engine or an operator does next.
    pub recommended_action: String,
    /// 0 to 100, two decimals.
    pub completion_percentage: f64,
    /// `healthy`, `recovering`, `blocked` or `unknown`.
    pub health_status: String,
}

/// A step of a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step {
    /// Its task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// Its number inside the task, from 1.
    pub workflow_step_id: StepNo,
    /// Its name.
    pub name: String,
    /// The id of its named step.
    pub named_step_id: i32,
    /// The handler that runs it.
    pub handler: String,
    /// Its state.
    pub status: State,
    /// Attempts so far, the running one included.
    pub attempts: i32,
    /// How many attempts there may be.
    pub retry_limit: i32,
    /// Whether a task request may leave it out.
    pub skippable: bool,
    /// Whether it may be tried more than once.
    pub retryable: bool,
    /// Whether it is complete or resolved.
    pub processed: bool,
    /// When that was.
    pub processed_at: Option<DateTime<Utc>>,
    /// Whether it is being executed.
    pub in_process: bool,
    /// The wait that the handler asked for last, in seconds.
    pub backoff_request_seconds: Option<f64>,
    /// When the last attempt was claimed.
    pub last_attempted_at: Option<DateTime<Utc>>,
    /// When a failed step may be claimed again; none where it will not be tried again.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// Its own input where an operator gave one; else the context of the task.
    pub inputs: Value,
    /// What it returned, or its last failure.
    pub results: Value,
    /// Steps that wait for it.
    pub children_ids: Vec<StepNo>,
    /// Steps that it waits for.
    pub parents_ids: Vec<StepNo>,
    /// Steps with the same parents.
    pub siblings_ids: Vec<StepNo>,
    /// The fence of the last claim.
    pub claim_no: i32,
    /// How many processes died while they held it.
    pub worker_losses: i32,
    /// Whether it would be claimed if it were not paused.
    pub paused: bool,
    /// 0 (first) to 9 (last).
    pub priority: i16,
}

/// One row of `get_step_readiness_status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// The number of the step.
    pub workflow_step_id: StepNo,
    /// Its task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// The id of its named step.
    pub named_step_id: i32,
    /// Its name.
    pub name: String,
    /// Its state.
    pub current_state: State,
    /// Whether every parent is complete or resolved.
    pub dependencies_satisfied: bool,
    /// Whether it will be tried (again).
    pub retry_eligible: bool,
    /// Whether a worker that has its handler would claim it now.
    pub ready_for_execution: bool,
    /// When the last attempt failed.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// The instant from which it may be claimed again.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// Number of parents.
    pub total_parents: i32,
    /// Parents that are complete or resolved.
    pub completed_parents: i32,
    /// Attempts so far.
    pub attempts: i32,
    /// How many there may be.
    pub retry_limit: i32,
    /// The wait that the handler asked for last, in seconds.
    pub backoff_request_seconds: Option<f64>,
    /// When the last attempt was claimed.
    pub last_attempted_at: Option<DateTime<Utc>>,
}

/// One move of a task or a step, from the audit trail.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transition {
    /// Its task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// Its step; none for the task itself.
    pub workflow_step_id: Option<StepNo>,
    /// Counts from 0 (the initial `pending`).
    pub sort_key: i32,
    /// The state before; none for the first.
    pub from_state: Option<State>,
    /// The state after.
    pub to_state: State,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who, why, and what else was known (failure results, attempt, worker).
    pub metadata: Value,
}

/// What an operator did where no state moved: a changed limit, inputs, labels, a pause, an annotation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorAction {
    /// Its id; later ones have higher ones.
    pub action_id: i64,
    /// The task; none where it was done to a namespace, a named task or a handler that the task belongs to.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<uuid::Uuid>))]
    pub task_id: Option<TaskId>,
    /// The step; none for the task itself.
    pub workflow_step_id: Option<StepNo>,
    /// The namespace that it was done to.
    pub namespace: Option<String>,
    /// The named task of that namespace.
    pub name: Option<String>,
    /// The handler that it was done to.
    pub handler: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// `verb`, `by`, `reason`, `from`, as in a transition; `changed` has each value that is another now, `from` and `to`.
    pub metadata: Value,
}

/// What an application notes on a task, to find it by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Annotation {
    /// Its id.
    pub task_annotation_id: i64,
    /// Its task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// What kind of thing it says: 1 to 64 characters.
    pub annotation_type: String,
    /// What it says: any JSON but null.
    pub annotation: Value,
    /// When it was noted.
    pub created_at: DateTime<Utc>,
}

/// How many tasks and steps are in which state, and how many connections are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SystemHealth {
    /// All tasks.
    pub total_tasks: i64,
    /// Tasks of which nothing has run.
    pub pending_tasks: i64,
    /// Tasks that run.
    pub in_progress_tasks: i64,
    /// Tasks that are done.
    pub complete_tasks: i64,
    /// Tasks in which nothing can go on.
    pub error_tasks: i64,
    /// Tasks that were given up.
    pub cancelled_tasks: i64,
    /// All steps.
    pub total_steps: i64,
    /// Steps that wait.
    pub pending_steps: i64,
    /// Steps that run.
    pub in_progress_steps: i64,
    /// Steps that are done.
    pub complete_steps: i64,
    /// Steps that failed, for good or until the next attempt.
    pub error_steps: i64,
    /// Failed steps that will be tried again.
    pub retryable_error_steps: i64,
    /// Failed steps that will not.
    pub exhausted_retry_steps: i64,
    /// Failed steps whose next attempt is due later.
    pub in_backoff_steps: i64,
    /// Sessions of this database that do something now.
    pub active_connections: i64,
    /// How many sessions the server takes.
    pub max_connections: i64,
}

/// What `create_task` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Created {
    /// The task, new or found.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// Whether this request created it.
    pub created: bool,
    /// Whether the task that the request duplicates has been pruned since.
    pub pruned: bool,
}

/// A registered named task.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedTask {
    /// Its id.
    pub named_task_id: i32,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `namespace.name@version`.
    pub full_name: String,
    /// For people.
    pub description: Option<String>,
    /// SHA-256 of its content before `${…}` is filled, hexadecimal.
    pub digest: String,
    /// Number of steps.
    pub step_count: i64,
    /// Whether it is the latest version of its name.
    pub latest: bool,
    /// When this content was registered.
    pub registered_at: DateTime<Utc>,
}

/// A content that stands, or once stood, under a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateContent {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `namespace.name@version`.
    pub full_name: String,
    /// SHA-256 of the content before `${…}` is filled, hexadecimal.
    pub digest: String,
    /// Number of steps.
    pub step_count: i64,
    /// When it was registered last.
    pub registered_at: DateTime<Utc>,
    /// When other content took its place; none for the content that new tasks are made from.
    pub replaced_at: Option<DateTime<Utc>>,
}

/// What registering a template did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Registered {
    /// The version is new.
    New,
    /// The same content was registered already.
    Unchanged,
    /// Other content stood under this version; new tasks use this one.
    Replaced,
    /// This content was replaced before and does not come back unless forced.
    Superseded,
}

impl Registered {
    /// What of it whoever registered may not have meant.
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Registered::New | Registered::Unchanged => None,
            Registered::Replaced => Some(
                "other content stood under this version and was replaced: new tasks use the new one, tasks that exist keep theirs; \
                 a change deserves a version of its own",
            ),
            Registered::Superseded => {
                Some("not registered: this content was replaced before, and comes back by force only")
            }
        }
    }
}
