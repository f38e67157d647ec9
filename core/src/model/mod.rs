//! The data of the engine: states, requests, outcomes, settings, what a task and a step look like from outside.
//!
//! Pure: no SQL, no runtime, no clock.

pub mod analysis;
mod api_key;
mod auth_settings;
mod bounds;
mod bulk;
mod database_settings;
mod doctor;
mod finding;
mod lists;
mod measurements;
mod operate;
mod outcome;
mod records;
mod request;
mod retention;
mod search;
mod settings;
mod state;
mod view;
mod why;

pub use analysis::{AnalysisWeights, DependencyAnalysis};
pub use api_key::{ApiKey, NewApiKey};
pub use auth_settings::{AuthSettings, JWT_ALGORITHMS};
pub use bounds::{MAX_NAMED, MAX_REASON, MAX_TAG, MAX_TAGS, MAX_TRACEPARENT, MAX_TTL_SECONDS};
pub use bulk::{BulkOutcome, BulkVerb, FoundStep, StepOutcome, StepSearch, StepVerb};
pub use database_settings::{DatabaseSettings, PoolerSetting};
pub use doctor::{Check, CheckId, CheckSection, CheckStatus, DoctorLimits, DoctorReport};
pub use finding::Finding;
pub use lists::{
    HandlerUse, Listed, NamePage, Namespace, StepFilter, StepSummary, Worker, WorkerFilter, WorkerHealth,
};
pub use measurements::{
    Measurements, ReadyCount, ServerMeasurements, StepCount, TableMeasurements, TaskCount, WorkMeasurements,
    WorkerCount,
};
pub use operate::{Operator, PauseScope, StepSelector, StepUpdate, TaskFilter, TaskUpdate};
pub use outcome::{ErrorCode, Failure, Outcome, OutcomeKind};
pub use records::{
    AnnotationType, DependentSystem, DependentSystemObjectMap, NamedStepRecord, NamedTaskRecord,
    NamedTaskStepRecord, StepRecord, TaskRecord,
};
pub use request::{OnDuplicate, TaskRequest};
pub use retention::{ArchiveFormat, OldPartition, Prunable, PrunedBatch, RetentionRule, RetentionSettings};
pub use search::{AnnotationFilter, Found, TaskCursor, TaskSearch, TaskSort, Total, TotalRelation};
pub use settings::{BackoffSettings, EngineSettings, ExecutionSettings, IdentityStrategy, Settings};
pub use state::{STEP_TRANSITIONS, State, TASK_TRANSITIONS};
pub use view::{
    Annotation, Created, NamedTask, OperatorAction, Readiness, Registered, Step, SystemHealth, Task,
    TemplateContent, Transition,
};
pub use why::{
    HangingWorker, OldestRunning, Pause, Why, WhyDetail, WhyFailure, WhyOperator, WhyReason, WhyWorker,
};

/// The id of a task: a UUIDv7, made by the client.
pub type TaskId = uuid::Uuid;
/// The number of a step inside its task, from 1, in template order.
pub type StepNo = i32;
