//! Lists of tasks by cursor, as Relay has them.

use super::gate::{allowed, gate, may, times};
use super::inputs::object;
use super::query::{order, page, some, text_or_json};
use super::scalars::{Long, Time};
use super::task::{self, Task};
use crate::page::{COUNTED, LIMIT};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use serde_json::Value;
use tasker_core::model::{AnnotationFilter, TaskFilter, TaskSearch, Total, TotalRelation};
use tasker_core::{Client, Error};

/// Lists by cursor.
#[derive(Debug, Default)]
pub(super) struct Connections;

#[Object]
impl Connections {
    /// Tasks that a filter lets through, by cursor: `first` with `after`, or `last` with `before`; 20 unless given, at most 100.
    /// Takes tasker.task:index.
    #[allow(clippy::too_many_arguments)]
    #[graphql(complexity = "times(page(first.or(last)), child_complexity)")]
    async fn tasks_connection(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<TaskFilterInput>,
        #[graphql(default_with = "some(\"created_at\")")] sort_by: Option<String>,
        #[graphql(default_with = "some(\"desc\")")] sort_order: Option<String>,
    ) -> Result<Option<TaskConnection>> {
        allowed(context, may("tasker.task", "index")).await?;
        let backwards = last.is_some() || before.is_some();
        if backwards && (first.is_some() || after.is_some()) {
            Err(Error::invalid_argument(
                "give first and after, or last and before, not both",
            ))?;
        }
        let (sort, ascending) = order(sort_by, sort_order)?;
        let place = if backwards { before } else { after };
        let size = page(first.or(last));
        let search = TaskSearch {
            filter: filter.map_or_else(|| Ok(TaskFilter::default()), TaskFilterInput::read)?,
            sort,
            ascending: ascending != backwards,
            after: place.as_deref().map(str::parse).transpose()?,
            offset: 0,
            limit: u32::try_from(size).unwrap_or(LIMIT),
            count_up_to: if context.look_ahead().field("totalCount").exists()
                || context.look_ahead().field("totalRelation").exists()
            {
                COUNTED
            } else {
                0
            },
        };
        let (found, page) = context.data_unchecked::<Client>().search_tasks(&search).await?;
        let tasks = task::tasks(gate(context), found)?;
        let cursors = page.cursors.iter().map(ToString::to_string);
        let mut edges: Vec<TaskEdge> = cursors
            .zip(tasks)
            .map(|(cursor, node)| TaskEdge { cursor, node })
            .collect();
        let (more, entered) = (page.next.is_some(), search.after.is_some());
        if backwards {
            edges.reverse();
        }
        Ok(Some(TaskConnection {
            page_info: PageInfo {
                has_next_page: if backwards { entered } else { more },
                has_previous_page: if backwards { more } else { entered },
                start_cursor: edges.first().map(|edge| edge.cursor.clone()),
                end_cursor: edges.last().map(|edge| edge.cursor.clone()),
            },
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            total_count: page
                .total
                .map(|total| Long(i64::try_from(total.total).unwrap_or(i64::MAX))),
            total_relation: page.total.map(relation),
        }))
    }
}

fn relation(total: Total) -> &'static str {
    match total.total_relation {
        TotalRelation::Exact => "exact",
        TotalRelation::AtLeast => "at_least",
    }
}

/// A page of tasks.
#[derive(Debug, SimpleObject)]
struct TaskConnection {
    /// The tasks, each with its place.
    edges: Vec<TaskEdge>,
    /// The tasks.
    nodes: Vec<Task>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many there are, as far as they were counted.
    total_count: Option<Long>,
    /// Whether there are so many (exact), or at least so many (at_least).
    total_relation: Option<&'static str>,
}

/// A task at its place.
#[derive(Debug, SimpleObject)]
struct TaskEdge {
    /// The place: for `after` and `before`, with the same filter and order.
    cursor: String,
    /// The task.
    node: Task,
}

/// Where a page stands.
#[derive(Debug, SimpleObject)]
struct PageInfo {
    /// Whether there is one after it.
    has_next_page: bool,
    /// Whether there is one before it.
    has_previous_page: bool,
    /// The place of its first task.
    start_cursor: Option<String>,
    /// The place of its last.
    end_cursor: Option<String>,
}

/// Which tasks; all of it has to be so.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "TaskFilter")]
struct TaskFilterInput {
    /// Only of this namespace.
    namespace: Option<String>,
    /// Only of this name.
    name: Option<String>,
    /// Only of this version.
    version: Option<String>,
    /// Only in these states.
    status: Option<Vec<String>>,
    /// Only with all of these tags.
    tags: Option<Vec<String>>,
    /// Only asked for by this one.
    initiator: Option<String>,
    /// Only asked for by this system.
    source_system: Option<String>,
    /// Only created at or after.
    created_since: Option<Time>,
    /// Only created before.
    created_before: Option<Time>,
    /// Only ended at or after.
    completed_since: Option<Time>,
    /// Only ended before.
    completed_before: Option<Time>,
    /// Only those that are paused by themselves, or only those that are not.
    paused: Option<bool>,
    /// Only with a failed step of which the last failure has this code.
    error_code: Option<String>,
    /// Only with an annotation of this type.
    annotation_type: Option<String>,
    /// Only with an annotation that has this key.
    annotation_key: Option<String>,
    /// Only with an annotation that has this value (JSON, or a text) under `annotationKey`.
    annotation_value: Option<String>,
    /// Only where the context has these values. Needs `name`, and `createdSince` or `createdBefore`: contexts have no index.
    context: Option<Value>,
}

impl TaskFilterInput {
    fn read(self) -> Result<TaskFilter, Error> {
        let context = object("filter.context", self.context)?;
        let bounded = self.name.is_some() && (self.created_since.is_some() || self.created_before.is_some());
        if !context.is_empty() && !bounded {
            return Err(Error::invalid_argument(
                "filter.context: give `name`, and `createdSince` or `createdBefore`, besides: contexts have no index",
            ));
        }
        let annotation = AnnotationFilter {
            annotation_type: self.annotation_type,
            key: self.annotation_key,
            value: self.annotation_value.map(text_or_json),
        };
        let states = self.status.unwrap_or_default();
        Ok(TaskFilter {
            namespace: self.namespace,
            name: self.name,
            version: self.version,
            status: states
                .iter()
                .map(|state| state.parse())
                .collect::<Result<_, _>>()?,
            tags: self.tags.unwrap_or_default(),
            since: self.created_since.map(|time| time.0),
            created_before: self.created_before.map(|time| time.0),
            paused: self.paused,
            error_code: self.error_code,
            initiator: self.initiator,
            source_system: self.source_system,
            annotation: (annotation != AnnotationFilter::default()).then_some(annotation),
            completed_since: self.completed_since.map(|time| time.0),
            completed_before: self.completed_before.map(|time| time.0),
            context,
            after: None,
            limit: 0,
        })
    }
}
