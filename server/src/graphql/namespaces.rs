//! Namespaces, and handlers as steps name them, with what is paused.

use super::gate::{allowed, gate, may, times};
use super::scalars::{Long, Time};
use crate::page;
use crate::problem::Refusal;
use async_graphql::{Context, Object, Result, SimpleObject};
use tasker_core::Client;
use tasker_core::model::{self, HandlerUse, NamePage};

/// Namespaces and handlers.
#[derive(Debug, Default)]
pub(super) struct Namespaces;

#[Object]
impl Namespaces {
    /// The namespaces, by name, with what is paused in them. Takes tasker.handler:index.
    #[graphql(complexity = "times(names(first), child_complexity)")]
    async fn namespaces(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only names that contain this text.")] containing: Option<String>,
        #[graphql(desc = "How many, 1 to 1,000; 100 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this name.")] after: Option<String>,
    ) -> Result<Option<Vec<Namespace>>> {
        allowed(context, may("tasker.handler", "index")).await?;
        let asked = name_page(containing, first, after)?;
        let found = Box::pin(context.data_unchecked::<Client>().list_namespaces(&asked)).await?;
        gate(context).count(found.len())?;
        Ok(Some(found.into_iter().map(Namespace::from).collect()))
    }

    /// The handlers that steps name, by name, with who has them and what waits for them. Takes tasker.handler:index.
    #[graphql(complexity = "times(names(first), child_complexity)")]
    async fn step_handlers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only names that contain this text.")] containing: Option<String>,
        #[graphql(desc = "How many, 1 to 1,000; 100 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this name.")] after: Option<String>,
    ) -> Result<Option<Vec<StepHandler>>> {
        allowed(context, may("tasker.handler", "index")).await?;
        let asked = name_page(containing, first, after)?;
        let found = Box::pin(context.data_unchecked::<Client>().list_handlers(&asked)).await?;
        gate(context).count(found.len())?;
        Ok(Some(found.into_iter().map(StepHandler::from).collect()))
    }
}

/// How many there are unless told otherwise, and at most.
const NAMES: u32 = 100;
const MOST: u32 = 1000;

fn name_page(
    containing: Option<String>,
    first: Option<i32>,
    after: Option<String>,
) -> Result<NamePage, Refusal> {
    Ok(NamePage {
        containing,
        after,
        limit: page::size(first.map(i64::from), MOST)?.unwrap_or(NAMES),
    })
}

/// How many names a page of so many may have, for what it costs.
pub(super) fn names(first: Option<i32>) -> usize {
    let first = first.map_or(NAMES, |first| first.clamp(1, i32::MAX).unsigned_abs());
    first.min(MOST) as usize
}

/// A namespace.
#[derive(Debug, SimpleObject)]
struct Namespace {
    /// Its name.
    name: String,
    /// For people.
    description: Option<String>,
    /// How many names have a template in it.
    named_task_count: Long,
    /// The pause of all of it.
    pause: Option<Pause>,
    /// The pauses of single names in it.
    paused_tasks: Vec<Pause>,
}

impl From<model::Namespace> for Namespace {
    fn from(one: model::Namespace) -> Self {
        Self {
            name: one.name,
            description: one.description,
            named_task_count: Long(one.named_tasks),
            pause: one.pause.map(Pause::from),
            paused_tasks: one.paused_tasks.into_iter().map(Pause::from).collect(),
        }
    }
}

/// A handler, as steps name it.
#[derive(Debug, SimpleObject)]
struct StepHandler {
    /// Its name.
    name: String,
    /// The named tasks with steps of it: `namespace.name`.
    named_tasks: Vec<String>,
    /// How many live workers have it.
    live_workers: Long,
    /// How many of its steps could be claimed now, were nothing paused; up to 1,000 of each lane are counted.
    waiting: Long,
    /// Its pause.
    pause: Option<Pause>,
}

impl From<HandlerUse> for StepHandler {
    fn from(one: HandlerUse) -> Self {
        Self {
            name: one.handler,
            named_tasks: one.named_tasks,
            live_workers: Long(one.live_workers),
            waiting: Long(one.waiting),
            pause: one.pause.map(Pause::from),
        }
    }
}

/// That nothing more is claimed of something.
#[derive(Debug, SimpleObject)]
struct Pause {
    /// What is paused: task, named_task, namespace or handler.
    scope: String,
    /// The name of that: `namespace.name` for a named task.
    name: Option<String>,
    /// Since when.
    since: Time,
    /// By whom.
    by: Option<String>,
    /// Why.
    reason: Option<String>,
}

impl From<model::Pause> for Pause {
    fn from(pause: model::Pause) -> Self {
        Self {
            scope: pause.scope,
            name: pause.name,
            since: pause.since.into(),
            by: pause.by,
            reason: pause.reason,
        }
    }
}
