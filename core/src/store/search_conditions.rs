//! The conditions of a search for tasks: what each filter says, in the words that have an index (migration 28).

use super::search_context::{Narrowed, Wanted};
use super::{SchemaName, Store};
use crate::model::{AnnotationFilter, State, TaskFilter};
use serde_json::{Value, json};
use sqlx::{Postgres, QueryBuilder};

/// What the indexes have of a text.
const INDEXED: usize = 128;
/// What a task has that was not told.
const UNKNOWN: &str = "unknown";

type Query = QueryBuilder<Postgres>;

impl Store {
    /// Appends `from tasker.tasks t where …`.
    pub(super) fn conditions(&self, query: &mut Query, filter: &TaskFilter, narrowed: &Narrowed) {
        let schema = &self.options().schema;
        query.push(schema.apply("from tasker.tasks t where true"));
        match narrowed.names.as_deref() {
            None => {}
            Some([one]) => {
                query.push(" and t.named_task_id = ").push_bind(*one);
            }
            Some(several) => {
                query
                    .push(" and t.named_task_id = any (")
                    .push_bind(several.to_vec())
                    .push(")");
            }
        }
        push_states(query, schema, &filter.status);
        self.push_times(query, filter);
        push_text(query, "initiator", filter.initiator.as_deref());
        push_text(query, "source_system", filter.source_system.as_deref());
        if !filter.tags.is_empty() {
            query
                .push(schema.apply(" and t.tags <> '{}' and tasker.tag_keys(t.tags) @> tasker.tag_keys("))
                .push_bind(filter.tags.clone())
                .push(")");
            if filter.tags.iter().any(|tag| is_cut(tag)) {
                query.push(" and t.tags @> ").push_bind(filter.tags.clone());
            }
        }
        match filter.paused {
            Some(true) => drop(query.push(" and t.paused_at is not null")),
            Some(false) => drop(query.push(" and t.paused_at is null")),
            None => {}
        }
        if !filter.context.is_empty() {
            self.push_context(query, filter, &narrowed.wanted);
        }
        if let Some(code) = &filter.error_code {
            self.push_error_code(query, code);
        }
        if let Some(after) = filter.after {
            query.push(" and t.task_id < ").push_bind(after);
        }
        if let Some(annotation) = &filter.annotation {
            self.push_annotation(query, annotation);
        }
    }

    /// The id of a task is at most a day off from when it was created: so it bounds the part of the history to look at.
    fn push_times(&self, query: &mut Query, filter: &TaskFilter) {
        let schema = &self.options().schema;
        if let Some(since) = filter.since {
            query.push(" and t.created_at >= ").push_bind(since);
            query.push(schema.apply(" and t.task_id >= tasker.uuid_at("));
            query.push_bind(since).push(" - interval '25 hours')");
        }
        if let Some(before) = filter.created_before {
            query.push(" and t.created_at < ").push_bind(before);
            query.push(schema.apply(" and t.task_id < tasker.uuid_at("));
            query.push_bind(before).push(" + interval '25 hours')");
        }
        if let Some(since) = filter.completed_since {
            query.push(" and t.completed_at >= ").push_bind(since);
        }
        if let Some(before) = filter.completed_before {
            query.push(" and t.completed_at < ").push_bind(before);
        }
    }

    fn push_context(&self, query: &mut Query, filter: &TaskFilter, wanted: &[Wanted]) {
        let schema = &self.options().schema;
        for one in wanted {
            query
                .push(schema.apply(
                    " and t.task_id in (select a.task_id from tasker.task_search_attributes a where a.name = ",
                ))
                .push_bind(one.path.clone());
            match &one.number {
                Some(number) => {
                    query.push(" and a.number_value = ").push_bind(number.clone());
                    query.push("::numeric)");
                }
                None => {
                    query.push(" and a.text_value = ").push_bind(one.text.clone());
                    query.push(")");
                }
            }
        }
        // What was found by the beginning of a text is compared as a whole.
        query
            .push(" and t.context @> ")
            .push_bind(Value::Object(filter.context.clone()));
    }

    /// Steps have no index for this: their trail has one. Where the trail of a task may have been dropped, because nobody can
    /// retry it any more, its steps are looked at. `limit` keeps the planner from joining all steps there are.
    fn push_error_code(&self, query: &mut Query, code: &str) {
        let schema = &self.options().schema;
        query
            .push(schema.apply(
                " and t.task_id in (select r.task_id from tasker.workflow_step_transitions r \
                 where r.to_state = 'error' and r.metadata ->> 'error_code' is not null \
                 and left(r.metadata ->> 'error_code', 128) = ",
            ))
            .push_bind(beginning(code));
        query
            .push(schema.apply(
                " union all select i.task_id from tasker.tasks i \
                 where i.irregular and i.state in ('cancelled', 'resolved_manually')) \
                 and (select true from tasker.workflow_steps s where s.task_id = t.task_id and s.state = 'error' \
                 and s.results ->> 'error_code' = ",
            ))
            .push_bind(code.to_owned())
            .push(" limit 1)");
    }

    fn push_annotation(&self, query: &mut Query, annotation: &AnnotationFilter) {
        let schema = &self.options().schema;
        query.push(
            schema.apply(" and t.task_id in (select a.task_id from tasker.task_annotations a where true"),
        );
        if let Some(name) = &annotation.annotation_type {
            query
                .push(schema.apply(
                    " and a.annotation_type_id = (select y.annotation_type_id from tasker.annotation_types y where y.name = ",
                ))
                .push_bind(name.clone())
                .push(")");
        }
        match (&annotation.key, &annotation.value) {
            (Some(key), Some(value)) => {
                query
                    .push(" and a.annotation @> ")
                    .push_bind(json!({ key: value }));
            }
            (Some(key), None) => {
                query.push(" and a.annotation ? ").push_bind(key.clone());
            }
            (None, Some(value)) => {
                // The first has an index, the second is what is meant.
                query.push(" and a.annotation @> ").push_bind(value.clone());
                query.push(" and a.annotation = ").push_bind(value.clone());
            }
            (None, None) => {}
        }
        query.push(")");
    }
}

/// The state has no index, since it changes twice in the life of every task: what is said besides has one.
fn push_states(query: &mut Query, schema: &SchemaName, states: &[State]) {
    if states.is_empty() {
        return;
    }
    let is_open = |state: &State| matches!(state, State::Pending | State::InProgress);
    if states.iter().all(is_open) {
        query.push(" and t.completed_at is null");
    } else if states
        .iter()
        .all(|state| !is_open(state) && *state != State::Complete)
    {
        query.push(" and t.irregular");
    } else if !states.contains(&State::Complete) {
        query.push(" and (t.irregular or t.completed_at is null)");
    }
    let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    query
        .push(" and t.state = any (")
        .push_bind(names)
        .push(schema.apply("::text[]::tasker.state[])"));
}

fn push_text(query: &mut Query, column: &'static str, text: Option<&str>) {
    let Some(text) = text else { return };
    if text == UNKNOWN || is_cut(text) {
        query
            .push(" and t.")
            .push(column)
            .push(" = ")
            .push_bind(text.to_owned());
    }
    if text != UNKNOWN {
        query
            .push(" and t.")
            .push(column)
            .push(" <> 'unknown' and left(t.")
            .push(column);
        query.push(", 128) = ").push_bind(beginning(text));
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(INDEXED).collect()
}

fn is_cut(text: &str) -> bool {
    text.chars().nth(INDEXED).is_some()
}
