//! Who may call what: the truth about the three roles that `tasker migrate --roles` makes.

/// A role that a database user is given for what it does with Tasker. None of them may write to a table: every change of
/// state is a function that runs with the rights of the schema's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Creates tasks and learns the state of one whose id it knows.
    Enqueue,
    /// Runs steps: what `Enqueue` may, a worker's calls, upkeep, reading.
    Work,
    /// Looks and steps in: what `Enqueue` may, the operator's verbs, upkeep, reading. Not a worker's calls.
    Operate,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 3] = [Role::Enqueue, Role::Work, Role::Operate];

    /// Its name without the prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Enqueue => "enqueue",
            Role::Work => "work",
            Role::Operate => "operate",
        }
    }

    /// Whether it may read every table and view of the schema.
    pub const fn reads(self) -> bool {
        match self {
            Role::Enqueue => false,
            Role::Work | Role::Operate => true,
        }
    }
}

const EVERYBODY: &[Role] = &[Role::Enqueue, Role::Work, Role::Operate];
const READERS: &[Role] = &[Role::Work, Role::Operate];
const WORKERS: &[Role] = &[Role::Work];
const OPERATORS: &[Role] = &[Role::Operate];

/// Which roles may call which functions. What is not here only the owner may call. A test holds the list to the statements
/// of the core and to the functions that run with the owner's rights.
pub const GRANTS: &[(&[Role], &[&str])] = &[
    (
        EVERYBODY,
        &[
            "create_task",
            "create_tasks",
            "database_identity",
            "find_plan",
            "notify_idle",
            "task_state",
            // These need no rights on anything.
            "backoff_seconds",
            "channel",
            "clock",
            "scaled",
            "search_attribute",
            "tag_keys",
            "uuid_at",
            "uuid_v7",
            "uuid_v7_time",
        ],
    ),
    // Whoever brings handlers or templates registers them; upkeep has no leader: any worker does it, and `tasker prune`.
    (
        READERS,
        &[
            "add_trail_partitions",
            "annotate_task",
            "annotation_type",
            "api_key_used",
            "archive_tasks",
            "begin_maintenance",
            "calculate_dependency_levels",
            "count_prunable",
            "delete_archived",
            "drop_trail_partitions",
            "end_maintenance",
            "get_analytics_metrics_v01",
            "get_slowest_steps_v01",
            "get_slowest_tasks_v01",
            "get_step_readiness_status",
            "get_step_readiness_status_batch",
            "get_system_health_counts_v01",
            "get_task_execution_context",
            "get_task_execution_contexts_batch",
            "held_steps",
            "prune_leftovers",
            "prune_tasks",
            "register_template",
            "trail_partitions",
            "why",
        ],
    ),
    (
        WORKERS,
        &[
            "claim_steps",
            "complete_step",
            "complete_steps",
            "create_and_claim",
            "drain_worker",
            "fail_step",
            "fail_steps",
            "heartbeat",
            "mark_validated",
            "reap_workers",
            "register_worker",
            "release_steps",
            "stop_worker",
        ],
    ),
    (
        OPERATORS,
        &[
            "cancel_step",
            "cancel_task",
            "hold_task",
            "operate_on_steps",
            "operate_on_tasks",
            "pause",
            "pause_task",
            "refuse_unknown_scope",
            "resolve_step",
            "resolve_task",
            "resume",
            "resume_task",
            "retry_step",
            "retry_task",
            "update_step",
            "update_task",
        ],
    ),
];

/// The roles that may call a function; none where only the owner may.
pub fn roles_of(function: &str) -> &'static [Role] {
    GRANTS
        .iter()
        .find(|(_, functions)| functions.contains(&function))
        .map_or(&[], |(roles, _)| roles)
}
