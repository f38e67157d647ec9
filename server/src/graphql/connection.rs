//! Lists by cursor.

use super::catalogue::{Worker, worker_filter};
use super::filter::TaskFilterInput;
use super::gate::{allowed, gate, may, times};
use super::listing::{Listing, Page, Window};
use super::named::NamedTask;
use super::query::{order, page, some};
use super::scalars::{task_id, task_text};
use super::step::{self, WorkflowStep};
use super::task::{self, Task};
use super::why::Transition;
use crate::page::COUNTED;
use crate::rest::trail;
use async_graphql::{Context, ID, Object, Result};
use std::collections::HashMap;
use tasker_core::model::{TaskFilter, TaskSearch, Total, TotalRelation};
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
    ) -> Result<Option<Listing<Task>>> {
        allowed(context, may("tasker.task", "index")).await?;
        let window = Window::of(first, after, last, before)?;
        let (sort, ascending) = order(sort_by, sort_order)?;
        let search = TaskSearch {
            filter: filter.map_or_else(|| Ok(TaskFilter::default()), TaskFilterInput::read)?,
            sort,
            ascending: ascending != window.backwards,
            after: window.place.as_deref().map(str::parse).transpose()?,
            offset: 0,
            limit: window.size,
            count_up_to: if context.look_ahead().field("totalCount").exists()
                || context.look_ahead().field("totalRelation").exists()
            {
                COUNTED
            } else {
                0
            },
        };
        let client = context.data_unchecked::<Client>();
        let (found, told) = Box::pin(client.search_tasks(&search)).await?;
        let tasks = task::tasks(gate(context), found)?;
        let (more, entered) = (told.next.is_some(), search.after.is_some());
        let cursors = told.cursors.iter().map(ToString::to_string);
        let mut page = Page {
            found: cursors.zip(tasks).collect(),
            before: if window.backwards { more } else { entered },
            after: if window.backwards { entered } else { more },
            total: told.total,
        };
        if window.backwards {
            page.found.reverse();
        }
        Ok(Some(page.show(Some)))
    }

    /// The steps of a task, by number and by cursor: `first` with `after`, or `last` with `before`; 20 unless given, at most 100.
    /// Takes tasker.workflow_step:index.
    #[graphql(complexity = "times(page(first.or(last)), child_complexity)")]
    async fn steps_connection(
        &self,
        context: &Context<'_>,
        task_id: ID,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Listing<WorkflowStep>>> {
        allowed(
            context,
            may("tasker.workflow_step", "index").within(task_text(&task_id)),
        )
        .await?;
        let window = Window::of(first, after, last, before)?;
        let id = self::task_id(&task_id)?;
        let client = context.data_unchecked::<Client>();
        let mut steps = step::by_task(Box::pin(client.steps(id)).await?);
        let page = window.page_of(steps.remove(&id).unwrap_or_default(), |step| {
            step.model().workflow_step_id.to_string()
        })?;
        gate(context).count(page.found.len())?;
        Ok(Some(page.show(Some)))
    }

    /// Everything that happened to a task and its steps, in order of time and by cursor: `first` with `after`, or `last` with
    /// `before`; 20 unless given, at most 100. Takes tasker.task:show.
    #[graphql(complexity = "times(page(first.or(last)), child_complexity)")]
    async fn timeline_connection(
        &self,
        context: &Context<'_>,
        task_id: ID,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Listing<Transition>>> {
        allowed(context, may("tasker.task", "show").about(task_text(&task_id))).await?;
        let window = Window::of(first, after, last, before)?;
        let client = context.data_unchecked::<Client>();
        let found = Box::pin(trail::moves(client, self::task_id(&task_id)?)).await?;
        let page = window.page_of(found, trail::place)?;
        gate(context).count(page.found.len())?;
        Ok(Some(page.show(|one| Some(one.into()))))
    }

    /// Every version that is registered, of one namespace or of all, by cursor: `first` with `after`, or `last` with `before`;
    /// 20 unless given, at most 100. Takes tasker.template:index; what is in them takes tasker.template:show.
    #[graphql(complexity = "times(page(first.or(last)), child_complexity)")]
    async fn templates_connection(
        &self,
        context: &Context<'_>,
        namespace: Option<String>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Listing<NamedTask>>> {
        allowed(context, may("tasker.template", "index")).await?;
        let window = Window::of(first, after, last, before)?;
        let client = context.data_unchecked::<Client>();
        let listed = Box::pin(client.named_tasks(namespace.as_deref())).await?;
        let page = window.page_of(listed, |one| one.named_task_id.to_string())?;
        gate(context).count(page.found.len())?;
        let ids: Vec<i32> = page.items().map(|one| one.named_task_id).collect();
        let records = Box::pin(client.named_task_records(&ids)).await?;
        let named = NamedTask::list(records).into_iter();
        let mut named: HashMap<i32, NamedTask> = named.map(|one| (one.id_of(), one)).collect();
        Ok(Some(page.show(|one| named.remove(&one.named_task_id))))
    }

    /// The workers, by id and by cursor: `first` with `after`; 20 unless given, at most 100. Those that live, and those that were
    /// lost. Takes tasker.worker:index.
    #[graphql(complexity = "times(page(first), child_complexity)")]
    async fn workers_connection(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only with this health: alive, hangs, draining, lost, stopped, dead.")]
        health: Option<Vec<String>>,
        #[graphql(desc = "Only those that have this handler.")] handler: Option<String>,
        #[graphql(default_with = "Some(false)", desc = "Also those that ended.")] ended: Option<bool>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<Listing<Worker>>> {
        allowed(context, may("tasker.worker", "index")).await?;
        let window = Window::of(first, after, None, None)?;
        let after = window.place.as_deref().map(|cursor| {
            cursor.parse().map_err(|_| {
                Error::invalid_argument(format!(
                    "after: '{cursor}' is no cursor of workers: give one back as it was given"
                ))
            })
        });
        let mut filter = worker_filter(health, handler, ended)?;
        filter.after = after.transpose()?;
        filter.limit = window.size;
        let listed = Box::pin(context.data_unchecked::<Client>().page_of_workers(&filter)).await?;
        gate(context).count(listed.found.len())?;
        let is_counted = filter.after.is_none() || !listed.found.is_empty();
        let found = listed.found.into_iter();
        let page = Page {
            found: found.map(|one| (one.worker_id.to_string(), one)).collect(),
            before: filter.after.is_some(),
            after: listed.more,
            total: is_counted.then_some(Total {
                total: listed.total,
                total_relation: TotalRelation::Exact,
            }),
        };
        Ok(Some(page.show(|one| Some(one.into()))))
    }
}
