//! The named statements: one file each in `sql/`, loaded once into the caller's schema.

use super::SchemaName;
use sqlx::AssertSqlSafe;
use std::sync::Arc;

macro_rules! statements {
    ($($name:ident),*; $($foreign:ident),* $(,)?) => {
        /// Every statement, by the name of its file.
        #[derive(Debug)]
        pub struct Statements {
            $(pub(crate) $name: Statement,)*
        }

        impl Statements {
            /// Every statement as its file has it: name and text.
            pub const FILES: &'static [(&'static str, &'static str)] =
                &[
                    $((stringify!($name), include_str!(concat!("sql/", stringify!($name), ".sql"))),)*
                    $((stringify!($foreign), include_str!(concat!("sql/", stringify!($foreign), ".sql"))),)*
                ];

            /// Loads every statement for a schema.
            pub fn load(schema: &SchemaName) -> Self {
                Self { $($name: Statement::load(schema, include_str!(concat!("sql/", stringify!($name), ".sql"))),)* }
            }
        }
    };
}

statements! {
    add_trail_partitions, annotate_task, annotation_types, api_key_used, archive_tasks, begin_maintenance, cancel_step, cancel_task,
    claim_steps, close_functions, complete_step, complete_steps, count_prunable, count_steps, create_and_claim, create_api_key,
    create_tasks, database_identity, delete_archived, doctor_clock, doctor_handlers, doctor_indexes, doctor_maintenance,
    doctor_notify, doctor_partitions, doctor_pauses, doctor_schema, doctor_server, doctor_slots, doctor_snapshots, doctor_steps,
    doctor_tables, doctor_upkeep, doctor_version, drain_worker, drop_trail_partitions, end_maintenance, fail_steps, find_api_key,
    find_plan, find_step, find_steps, heartbeat, held_steps, hold_task, known_roles, list_annotations, list_api_keys, list_handlers,
    list_namespaces, list_steps, list_workers, mark_validated, measure_server, measure_work, missing_grants, named_step_records,
    named_task_ids, named_task_records, named_tasks, notify_all, notify_idle, object_maps, operate_on_steps, operate_on_tasks,
    operator_actions, pause, pause_task, prune_leftovers, prune_tasks, readiness, reap_workers, register_template, register_worker, release_steps,
    remember_roles, resolve_step, resolve_task, resume, resume_task, retry_step, retry_task, revoke_api_key, role_rights,
    search_attributes, searchable_paths, set_origin, step_definitions, step_results, step_transitions, steps, stop_worker,
    system_health, task_contexts, task_records, task_snapshot, task_state, task_transitions, tasks, template, template_contents,
    update_step, update_task, why;
    // Run on connections that are not ours only: see `Foreign`.
    clock, due_steps, find_plan_here, set_clock,
}

/// The text of a statement in the caller's schema.
#[derive(Debug, Clone)]
pub(crate) struct Statement(Arc<str>);

impl Statement {
    fn load(schema: &SchemaName, text: &str) -> Self {
        Self(schema.apply(text).into())
    }

    /// The text, for sqlx. It comes from our own files; the only thing put into it is the checked name of the schema.
    pub(crate) fn sql(&self) -> AssertSqlSafe<Arc<str>> {
        AssertSqlSafe(Arc::clone(&self.0))
    }
}
