//! What a task in the archive is made of: the parts in the order in which `tasker.archive_tasks` gives them, and for tables
//! the columns of each. A test holds the list to the tables of the database.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text; ids and states too.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A floating-point number of 64 bits.
    Number,
    /// True or false.
    Boolean,
    /// An instant, in microseconds of UTC.
    Instant,
    /// Any JSON, as text; lists too.
    Json,
}

use ColumnKind::{Boolean, Instant, Integer, Json, Number, Text};

/// Where a later version's columns go, as a JSON object.
#[cfg(feature = "parquet")]
pub(super) const OTHER: &str = "other";

/// The key of each part of a task, and its columns. The first part is the task itself.
pub const ARCHIVE_COLUMNS: [(&str, &[(&str, ColumnKind)]); 6] = [
    (
        "task",
        &[
            ("task_id", Text),
            ("namespace", Text),
            ("name", Text),
            ("version", Text),
            ("named_task_id", Integer),
            ("plan_id", Integer),
            ("total_steps", Integer),
            ("priority", Integer),
            ("created_at", Instant),
            ("requested_at", Instant),
            ("created_xid", Integer),
            ("state", Text),
            ("open_sinks", Integer),
            ("seq", Integer),
            ("irregular", Boolean),
            ("unvalidated", Boolean),
            ("started_at", Instant),
            ("completed_at", Instant),
            ("paused_at", Instant),
            ("paused_by", Text),
            ("paused_reason", Text),
            ("initiator", Text),
            ("source_system", Text),
            ("reason", Text),
            ("tags", Json),
            ("bypass_steps", Json),
            ("context", Json),
            ("tenant", Text),
            ("queue", Text),
            ("root_task_id", Text),
            ("parent_task_id", Text),
            ("parent_step_no", Integer),
            ("deadline_at", Instant),
            ("traceparent", Text),
            ("request_digest", Text),
            ("operator_actions", Json),
        ],
    ),
    (
        "steps",
        &[
            ("name", Text),
            ("handler", Text),
            ("step_no", Integer),
            ("step_template_id", Integer),
            ("retry_limit", Integer),
            ("parent_count", Integer),
            ("dependents", Json),
            ("lane_id", Integer),
            ("state", Text),
            ("open_parents", Integer),
            ("claim_no", Integer),
            ("attempts", Integer),
            ("worker_losses", Integer),
            ("seq", Integer),
            ("worker_id", Integer),
            ("ready_at", Instant),
            ("held_at", Instant),
            ("last_attempted_at", Instant),
            ("ended_at", Instant),
            ("backoff_request_seconds", Number),
            ("inputs", Json),
            ("results", Json),
            ("kind", Text),
            ("map_key", Text),
            ("map_index", Integer),
            ("origin_step_no", Integer),
            ("wait_name", Text),
            ("wait_until", Instant),
            ("limit_key", Text),
            ("compensates_step_no", Integer),
            ("checkpoint", Json),
        ],
    ),
    (
        "step_transitions",
        &[
            ("step_no", Integer),
            ("seq", Integer),
            ("from_state", Text),
            ("to_state", Text),
            ("attempt", Integer),
            ("xid", Integer),
            ("created_at", Instant),
            ("worker_id", Integer),
            ("metadata", Json),
        ],
    ),
    (
        "task_transitions",
        &[
            ("seq", Integer),
            ("from_state", Text),
            ("to_state", Text),
            ("xid", Integer),
            ("created_at", Instant),
            ("metadata", Json),
        ],
    ),
    (
        "annotations",
        &[
            ("annotation_type", Text),
            ("task_annotation_id", Integer),
            ("annotation_type_id", Integer),
            ("annotation", Json),
            ("created_at", Instant),
            ("updated_at", Instant),
        ],
    ),
    (
        "search_attributes",
        &[
            ("name", Text),
            ("text_value", Text),
            ("number_value", Json),
            ("time_value", Instant),
        ],
    ),
];
