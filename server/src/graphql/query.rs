//! The ancestor's queries.

use super::annotation::AnnotationType;
use super::gate::{allowed, gate, may, times};
use super::scalars::{step_text, task_id, task_text};
use super::step::{self, WorkflowStep};
use super::task::{self, Task};
use crate::page::{self, LIMIT, MOST};
use async_graphql::{Context, ID, Object, Result};
use serde_json::Value;
use tasker_core::model::{AnnotationFilter, StepSelector, TaskFilter, TaskSearch, TaskSort};
use tasker_core::{Client, Error};

/// Tasks and steps.
#[derive(Debug, Default)]
pub(super) struct Queries;

#[Object]
impl Queries {
    /// Tasks, in some order; by `created_at` where there is no order by `sortBy`. Takes tasker.task:index.
    #[graphql(complexity = "times(page(limit), child_complexity)")]
    async fn tasks(
        &self,
        context: &Context<'_>,
        #[graphql(default_with = "Some(LIMIT as i32)")] limit: Option<i32>,
        #[graphql(default_with = "Some(0)")] offset: Option<i32>,
        #[graphql(default_with = "some(\"requested_at\")")] sort_by: Option<String>,
        #[graphql(default_with = "some(\"desc\")")] sort_order: Option<String>,
    ) -> Result<Option<Vec<Task>>> {
        allowed(context, may("tasker.task", "index")).await?;
        Box::pin(list(
            context,
            TaskFilter::default(),
            limit,
            offset,
            sort_by,
            sort_order,
        ))
        .await
    }

    /// Tasks in a state. Takes tasker.task:index.
    #[graphql(complexity = "times(page(limit), child_complexity)")]
    async fn tasks_by_status(
        &self,
        context: &Context<'_>,
        status: String,
        #[graphql(default_with = "Some(LIMIT as i32)")] limit: Option<i32>,
        #[graphql(default_with = "Some(0)")] offset: Option<i32>,
        #[graphql(default_with = "some(\"requested_at\")")] sort_by: Option<String>,
        #[graphql(default_with = "some(\"desc\")")] sort_order: Option<String>,
    ) -> Result<Option<Vec<Task>>> {
        allowed(context, may("tasker.task", "index")).await?;
        let filter = TaskFilter {
            status: vec![status.parse()?],
            ..TaskFilter::default()
        };
        Box::pin(list(context, filter, limit, offset, sort_by, sort_order)).await
    }

    /// Tasks with an annotation of a type that has a value (JSON, or a text) under a key. Takes tasker.task:index.
    #[allow(clippy::too_many_arguments)]
    #[graphql(complexity = "times(page(limit), child_complexity)")]
    async fn tasks_by_annotation(
        &self,
        context: &Context<'_>,
        annotation_type: String,
        annotation_key: String,
        annotation_value: String,
        #[graphql(default_with = "Some(LIMIT as i32)")] limit: Option<i32>,
        #[graphql(default_with = "Some(0)")] offset: Option<i32>,
        #[graphql(default_with = "some(\"requested_at\")")] sort_by: Option<String>,
        #[graphql(default_with = "some(\"desc\")")] sort_order: Option<String>,
    ) -> Result<Option<Vec<Task>>> {
        allowed(context, may("tasker.task", "index")).await?;
        let filter = TaskFilter {
            annotation: Some(AnnotationFilter {
                annotation_type: Some(annotation_type),
                key: Some(annotation_key),
                value: Some(text_or_json(annotation_value)),
            }),
            ..TaskFilter::default()
        };
        Box::pin(list(context, filter, limit, offset, sort_by, sort_order)).await
    }

    /// A task. Takes tasker.task:show.
    async fn task(&self, context: &Context<'_>, task_id: ID) -> Result<Option<Task>> {
        allowed(context, may("tasker.task", "show").about(task_text(&task_id))).await?;
        let client = context.data_unchecked::<Client>();
        let found = Box::pin(client.task(self::task_id(&task_id)?)).await?;
        Ok(Some(task::task(gate(context), found)?))
    }

    /// A step of a task, by its number or its name. Takes tasker.workflow_step:show.
    async fn step(&self, context: &Context<'_>, task_id: ID, step_id: ID) -> Result<Option<WorkflowStep>> {
        let question = may("tasker.workflow_step", "show")
            .about(step_text(&step_id))
            .within(task_text(&task_id));
        allowed(context, question).await?;
        let step = StepSelector::parse(&step_id);
        Ok(Some(
            Box::pin(step::find(context, self::task_id(&task_id)?, &step)).await?,
        ))
    }

    /// Every kind of annotation, by name. Takes no permission, as the ancestor's does not.
    async fn annotation_types(&self, context: &Context<'_>) -> Result<Option<Vec<AnnotationType>>> {
        let found = Box::pin(context.data_unchecked::<Client>().annotation_types()).await?;
        gate(context).count(found.len())?;
        Ok(Some(found.into_iter().map(AnnotationType).collect()))
    }
}

/// How many members a page of so many may have, for what it costs.
pub(super) fn page(limit: Option<i32>) -> usize {
    let limit = limit.unwrap_or(LIMIT as i32);
    usize::try_from(limit).unwrap_or(1).clamp(1, MOST as usize)
}

/// A default that is a text.
#[allow(clippy::unnecessary_wraps)]
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// JSON, or else a text.
pub(super) fn text_or_json(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// The order of a list. What it cannot be in order of is `created_at`, as the ancestor has it.
pub(super) fn order(sort_by: Option<String>, sort_order: Option<String>) -> Result<(TaskSort, bool), Error> {
    let ascending = match sort_order.as_deref() {
        Some("asc" | "ASC") => true,
        None | Some("desc" | "DESC") => false,
        Some(sort_order) => {
            return Err(Error::invalid_argument(format!(
                "sortOrder is asc or desc, not '{sort_order}'"
            )));
        }
    };
    let mut column = String::new();
    for letter in sort_by.iter().flat_map(|name| name.chars()) {
        if letter.is_ascii_uppercase() {
            column.push('_');
        }
        column.push(letter.to_ascii_lowercase());
    }
    Ok((column.parse().unwrap_or(TaskSort::CreatedAt), ascending))
}

async fn list(
    context: &Context<'_>,
    filter: TaskFilter,
    limit: Option<i32>,
    offset: Option<i32>,
    sort_by: Option<String>,
    sort_order: Option<String>,
) -> Result<Option<Vec<Task>>> {
    let (sort, ascending) = order(sort_by.or_else(|| some("requested_at")), sort_order)?;
    let offset = offset.unwrap_or(0);
    let offset = u32::try_from(offset)
        .map_err(|_| Error::invalid_argument(format!("offset is 0 or more, not {offset}")))?;
    let search = TaskSearch {
        filter,
        sort,
        ascending,
        after: None,
        offset,
        limit: page::size(limit.map(i64::from), MOST)?.unwrap_or(LIMIT),
        count_up_to: 0,
    };
    let (found, _) = context.data_unchecked::<Client>().search_tasks(&search).await?;
    Ok(Some(task::tasks(gate(context), found)?))
}
