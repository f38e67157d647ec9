//! What operators do to a task, a step, or a scope.

use super::{Selector, Verb, answer};
use crate::engine::Client;
use crate::error::{Error, Result};
use crate::model::{Operator, PauseScope, StepUpdate, TaskId, TaskUpdate};
use serde::Deserialize;
use serde_json::{Map, Value};

pub(super) async fn operate_on_task(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OnTask {
        task_id: TaskId,
        by: Option<String>,
        reason: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Update {
        task_id: TaskId,
        by: Option<String>,
        reason: Option<String>,
        tags: Option<Vec<String>>,
        priority: Option<i16>,
    }
    if verb.name == "update_task" {
        let Update {
            task_id,
            by,
            reason,
            tags,
            priority,
        } = verb.read()?;
        let operator = Operator {
            by,
            ..Operator::default()
        };
        let update = TaskUpdate {
            reason,
            tags,
            priority,
        };
        return answer(&client.update_task(task_id, &update, &operator).await?);
    }
    let OnTask { task_id, by, reason } = verb.read()?;
    let operator = Operator {
        by,
        reason,
        from: None,
    };
    answer(&match verb.name {
        "cancel_task" => client.cancel_task(task_id, &operator).await?,
        "retry_task" => client.retry_task(task_id, &operator).await?,
        _ => client.resolve_task(task_id, &operator).await?,
    })
}

pub(super) async fn annotate_task(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Annotate {
        task_id: TaskId,
        annotation_type: String,
        annotation: Value,
        by: Option<String>,
        reason: Option<String>,
    }
    let Annotate {
        task_id,
        annotation_type,
        annotation,
        by,
        reason,
    } = verb.read()?;
    let operator = Operator {
        by,
        reason,
        from: None,
    };
    answer(
        &client
            .annotate_task(task_id, &annotation_type, &annotation, &operator)
            .await?,
    )
}

/// `on_step!(Name { field: type })`: the arguments of a verb on a step, which are whose step it is, who asks and why, and
/// those of its own.
macro_rules! on_step {
    ($name:ident { $($field:ident: $type:ty),* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            task_id: TaskId,
            step: Selector,
            by: Option<String>,
            reason: Option<String>,
            $(#[serde(default)] $field: $type,)*
        }

        impl $name {
            fn operator(&self) -> Operator {
                Operator { by: self.by.clone(), reason: self.reason.clone(), from: None }
            }
        }
    };
}
on_step!(CancelStep {});
on_step!(RetryStep { reset_attempts: bool });
on_step!(ResolveStep { results: Value });
on_step!(UpdateStep { retry_limit: Option<i32>, inputs: Option<Map<String, Value>> });

pub(super) async fn operate_on_step(client: &Client, verb: &Verb<'_>) -> Result<String> {
    answer(&match verb.name {
        "cancel_step" => {
            let of: CancelStep = verb.read()?;
            let operator = of.operator();
            client.cancel_step(of.task_id, &of.step.into(), &operator).await?
        }
        "retry_step" => {
            let of: RetryStep = verb.read()?;
            let operator = of.operator();
            client
                .retry_step(of.task_id, &of.step.into(), of.reset_attempts, &operator)
                .await?
        }
        "resolve_step" => {
            let of: ResolveStep = verb.read()?;
            let operator = of.operator();
            client
                .resolve_step(of.task_id, &of.step.into(), of.results, &operator)
                .await?
        }
        _ => {
            let of: UpdateStep = verb.read()?;
            let operator = of.operator();
            let update = StepUpdate {
                retry_limit: of.retry_limit,
                inputs: of.inputs,
            };
            client
                .update_step(of.task_id, &of.step.into(), &update, &operator)
                .await?
        }
    })
}

pub(super) async fn pause(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Pause {
        task_id: Option<TaskId>,
        namespace: Option<String>,
        name: Option<String>,
        handler: Option<String>,
        by: Option<String>,
        reason: Option<String>,
    }
    let pause: Pause = verb.read()?;
    let scope = match (pause.task_id, pause.namespace, pause.name, pause.handler) {
        (Some(task_id), None, None, None) => PauseScope::Task(task_id),
        (None, Some(namespace), Some(name), None) => PauseScope::NamedTask { namespace, name },
        (None, Some(namespace), None, None) => PauseScope::Namespace(namespace),
        (None, None, None, Some(handler)) => PauseScope::Handler(handler),
        _ => {
            return Err(Error::invalid_argument(format!(
                "{}: give 'task_id', or 'namespace', or 'namespace' and 'name', or 'handler'",
                verb.name
            )));
        }
    };
    let operator = Operator {
        by: pause.by,
        reason: pause.reason,
        from: None,
    };
    if verb.name == "pause" {
        client.pause(&scope, &operator).await?;
    } else {
        client.resume(&scope, &operator).await?;
    }
    answer(&Value::Null)
}
