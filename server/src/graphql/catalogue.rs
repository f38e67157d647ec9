//! Templates and workers.

use super::gate::{allowed, gate, may, times};
use super::named::NamedTask;
use super::query::some;
use super::scalars::{Long, Time};
use crate::auth::worker_text;
use crate::page;
use crate::problem::Refusal;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use serde_json::{Value, json};
use std::collections::HashMap;
use tasker_core::model::{self, NamedTaskRecord, WorkerFilter, WorkerHealth};
use tasker_core::{Client, Error, ErrorKind};

/// Templates and workers.
#[derive(Debug, Default)]
pub(super) struct Catalogue;

#[Object]
impl Catalogue {
    /// Every version that is registered, of one namespace or of all. Takes tasker.template:index; what is in them takes
    /// tasker.template:show.
    #[graphql(complexity = "times(50, child_complexity)")]
    async fn templates(
        &self,
        context: &Context<'_>,
        namespace: Option<String>,
    ) -> Result<Option<Vec<NamedTask>>> {
        allowed(context, may("tasker.template", "index")).await?;
        let client = context.data_unchecked::<Client>();
        let listed = Box::pin(client.named_tasks(namespace.as_deref())).await?;
        gate(context).count(listed.len())?;
        let ids: Vec<i32> = listed.iter().map(|one| one.named_task_id).collect();
        let found = Box::pin(client.named_task_records(&ids)).await?;
        let mut found: HashMap<i32, NamedTaskRecord> =
            found.into_iter().map(|one| (one.named_task_id, one)).collect();
        let found = ids.iter().filter_map(|id| found.remove(id));
        Ok(Some(NamedTask::list(found.collect())))
    }

    /// A template; the latest version unless one is given. Takes tasker.template:show.
    async fn template(
        &self,
        context: &Context<'_>,
        #[graphql(default_with = "some(\"default\")")] namespace: Option<String>,
        name: String,
        version: Option<String>,
    ) -> Result<Option<NamedTask>> {
        let namespace = namespace.unwrap_or_else(|| "default".to_owned());
        let question = may("tasker.template", "show").about(&name).within(&namespace);
        allowed(context, question).await?;
        let client = context.data_unchecked::<Client>();
        let template = Box::pin(client.template(&namespace, &name, version.as_deref())).await?;
        let listed = Box::pin(client.named_tasks(Some(&namespace))).await?;
        let id = listed
            .iter()
            .find(|one| one.name == template.name && one.version == template.version)
            .map(|one| one.named_task_id);
        let found = Box::pin(client.named_task_records(id.as_slice())).await?.pop();
        Ok(found.map(NamedTask::from))
    }

    /// The workers, by id: those that live, and those that were lost. Takes tasker.worker:index.
    #[graphql(complexity = "times(first.unwrap_or(100).clamp(1, 1000) as usize, child_complexity)")]
    async fn workers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only with this health: alive, hangs, draining, lost, stopped, dead.")]
        health: Option<Vec<String>>,
        #[graphql(desc = "Only those that have this handler.")] handler: Option<String>,
        #[graphql(default_with = "Some(false)", desc = "Also those that ended.")] ended: Option<bool>,
        #[graphql(desc = "How many, 1 to 1,000; 100 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this id.")] after: Option<Long>,
    ) -> Result<Option<Vec<Worker>>> {
        allowed(context, may("tasker.worker", "index")).await?;
        let mut filter = worker_filter(health, handler, ended)?;
        filter.after = after.map(|id| id.0);
        filter.limit = page::size(first.map(i64::from), 1000)?.unwrap_or(100);
        let found = Box::pin(context.data_unchecked::<Client>().list_workers(&filter)).await?;
        gate(context).count(found.len())?;
        Ok(Some(found.into_iter().map(Worker::from).collect()))
    }

    /// A worker. Takes tasker.worker:index.
    async fn worker(&self, context: &Context<'_>, worker_id: ID) -> Result<Option<Worker>> {
        allowed(
            context,
            may("tasker.worker", "index").about(worker_text(&worker_id)),
        )
        .await?;
        let nothing = || {
            Refusal::new(
                ErrorKind::NotFound,
                format!("there is no worker '{}'", worker_id.as_str()),
            )
        };
        let filter = WorkerFilter {
            worker_id: Some(worker_id.parse().map_err(|_| nothing())?),
            ended: true,
            ..WorkerFilter::default()
        };
        let found = Box::pin(context.data_unchecked::<Client>().list_workers(&filter)).await?;
        Ok(Some(
            found.into_iter().next().map(Worker::from).ok_or_else(nothing)?,
        ))
    }
}

/// Which workers: all of these, from the first.
///
/// # Errors
/// `InvalidArgument` where there is no such health.
pub(super) fn worker_filter(
    health: Option<Vec<String>>,
    handler: Option<String>,
    ended: Option<bool>,
) -> Result<WorkerFilter, Error> {
    let health = health.unwrap_or_default();
    Ok(WorkerFilter {
        health: health
            .iter()
            .map(|text| worker_health(text))
            .collect::<Result<_, _>>()?,
        handler,
        ended: ended.unwrap_or(false),
        ..WorkerFilter::default()
    })
}

fn worker_health(text: &str) -> Result<WorkerHealth, Error> {
    let found = WorkerHealth::ALL.into_iter().find(|one| one.as_str() == text);
    found.ok_or_else(|| {
        let known = WorkerHealth::ALL.map(WorkerHealth::as_str).join(", ");
        Error::invalid_argument(format!("'{text}' is no health of a worker; they are {known}"))
    })
}

/// A worker: one boot of one process.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Worker {
    /// Its id, never used again.
    worker_id: ID,
    /// Its name.
    name: String,
    /// Where it runs.
    host: String,
    /// Its process.
    process_id: i32,
    /// The language of its handlers.
    runtime: String,
    /// Its version.
    version: Option<String>,
    /// What it can run.
    handlers: Vec<String>,
    /// How many handlers at once.
    concurrency: i32,
    /// How long it may be silent before it counts as dead, in seconds.
    lease_seconds: f64,
    /// How it is: alive, hangs, draining, lost, stopped or dead.
    health: String,
    /// Whether it waits for work.
    idle: bool,
    /// How many steps it holds.
    held: Long,
    /// When it began.
    started_at: Time,
    /// When it was heard of last.
    heartbeat_at: Time,
    /// When its own code asked for work last.
    last_polled_at: Option<Time>,
    /// When it ended.
    stopped_at: Option<Time>,
    /// What had run in it for longest at the last heartbeat.
    oldest_running: Option<Value>,
    /// Whether that is past its deadline: it does not come back.
    stuck: bool,
}

impl From<model::Worker> for Worker {
    fn from(worker: model::Worker) -> Self {
        Self {
            worker_id: worker.worker_id.into(),
            name: worker.name,
            host: worker.host,
            process_id: worker.process_id,
            runtime: worker.runtime,
            version: worker.version,
            handlers: worker.handlers,
            concurrency: worker.concurrency,
            lease_seconds: worker.lease_seconds,
            health: worker.health.to_string(),
            idle: worker.idle,
            held: Long(worker.held),
            started_at: worker.started_at.into(),
            heartbeat_at: worker.heartbeat_at.into(),
            last_polled_at: worker.last_polled_at.map(Time),
            stopped_at: worker.stopped_at.map(Time),
            oldest_running: worker.oldest_running.map(|running| json!(running)),
            stuck: worker.stuck,
        }
    }
}
