//! Lists, and the filters of tasks and steps.

use super::{Verb, answer};
use crate::engine::Client;
use crate::error::Result;
use crate::model::{
    AnnotationFilter, NamePage, State, StepFilter, StepNo, TaskFilter, TaskId, WorkerFilter, WorkerHealth,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many a list gives unless told otherwise.
const LIST_LIMIT: u32 = 50;

pub(super) async fn list(client: &Client, verb: &Verb<'_>) -> Result<String> {
    match verb.name {
        "list_tasks" => answer(&client.list_tasks(&verb.read::<Tasks>()?.into()).await?),
        "list_steps" => {
            let steps: Steps = verb.read()?;
            let filter = StepFilter {
                status: steps.status,
                handler: steps.handler,
                error_code: steps.error_code,
                after: steps.after,
                limit: steps.limit.unwrap_or(LIST_LIMIT),
            };
            answer(&client.list_steps(steps.task_id, &filter).await?)
        }
        "list_workers" => answer(&client.list_workers(&verb.read::<Workers>()?.into()).await?),
        name => {
            let names: Names = verb.read()?;
            let page = NamePage {
                containing: names.containing,
                after: names.after,
                limit: names.limit.unwrap_or(LIST_LIMIT),
            };
            if name == "list_namespaces" {
                answer(&client.list_namespaces(&page).await?)
            } else {
                answer(&client.list_handlers(&page).await?)
            }
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tasks {
    namespace: Option<String>,
    name: Option<String>,
    version: Option<String>,
    status: Vec<State>,
    tags: Vec<String>,
    since: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
    paused: Option<bool>,
    error_code: Option<String>,
    initiator: Option<String>,
    source_system: Option<String>,
    annotation: Option<AnnotationFilter>,
    completed_since: Option<DateTime<Utc>>,
    completed_before: Option<DateTime<Utc>>,
    context: Map<String, Value>,
    after: Option<TaskId>,
    limit: Option<u32>,
}

impl From<Tasks> for TaskFilter {
    fn from(tasks: Tasks) -> Self {
        Self {
            namespace: tasks.namespace,
            name: tasks.name,
            version: tasks.version,
            status: tasks.status,
            tags: tasks.tags,
            since: tasks.since,
            created_before: tasks.created_before,
            paused: tasks.paused,
            error_code: tasks.error_code,
            initiator: tasks.initiator,
            source_system: tasks.source_system,
            annotation: tasks.annotation,
            completed_since: tasks.completed_since,
            completed_before: tasks.completed_before,
            context: tasks.context,
            after: tasks.after,
            limit: tasks.limit.unwrap_or(LIST_LIMIT),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    task_id: TaskId,
    #[serde(default)]
    status: Vec<State>,
    handler: Option<String>,
    error_code: Option<String>,
    after: Option<StepNo>,
    limit: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Workers {
    worker_id: Option<i64>,
    health: Vec<WorkerHealth>,
    handler: Option<String>,
    ended: bool,
    after: Option<i64>,
    limit: Option<u32>,
}

impl From<Workers> for WorkerFilter {
    fn from(workers: Workers) -> Self {
        Self {
            worker_id: workers.worker_id,
            health: workers.health,
            handler: workers.handler,
            ended: workers.ended,
            after: workers.after,
            limit: workers.limit.unwrap_or(LIST_LIMIT),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Names {
    containing: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}
