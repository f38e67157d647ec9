//! What a client can do, by name, over JSON: a language that can make one call can make all of them.
//!
//! A verb has the name of the method of [`Client`]; its arguments are the members of one JSON object, named as the fields and
//! parameters of that method. [`VERBS`] has all of them.

mod bulk;
mod lists;
mod operate;
mod read;
mod templates;

use crate::engine::Client;
use crate::error::{Error, Result};
use crate::model::{DoctorLimits, StepNo, StepSelector, TaskId, TaskRequest};
use crate::values::check_json;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

pub(super) use templates::{Registration, compile};

/// Every verb, sorted.
pub const VERBS: &[&str] = &[
    "annotate_task",
    "cancel_step",
    "cancel_task",
    "count_steps",
    "count_tasks",
    "create_task",
    "create_tasks",
    "database",
    "database_identity",
    "dependency_analysis",
    "doctor",
    "find_steps",
    "list_annotations",
    "list_handlers",
    "list_namespaces",
    "list_steps",
    "list_tasks",
    "list_workers",
    "migrate",
    "named_tasks",
    "operate_on_steps",
    "operate_on_tasks",
    "operator_actions",
    "pause",
    "readiness",
    "register_template",
    "resolve_step",
    "resolve_task",
    "resume",
    "retry_step",
    "retry_task",
    "schema_version",
    "settings",
    "step",
    "steps",
    "task",
    "task_state",
    "template",
    "template_contents",
    "transitions",
    "update_step",
    "update_task",
    "wait",
    "wait_state",
    "why",
];

/// Runs a verb: `arguments` is the text of a JSON object, and so is the answer the text of a JSON value.
///
/// # Errors
/// `InvalidArgument` for an unknown verb, for arguments that it does not have, and for values that cannot be stored, with
/// their place; besides what the method of the client says.
pub async fn call(client: &Client, verb: &str, arguments: &str) -> Result<String> {
    let verb = Verb {
        name: verb,
        arguments,
    };
    match verb.name {
        "create_task" => answer(&client.create_task(&verb.read::<TaskRequest>()?).await?),
        "create_tasks" => answer(&client.create_tasks(&verb.read::<Requests>()?.tasks).await?),
        "task" => answer(&client.task(verb.read::<OfTask>()?.task_id).await?),
        "task_state" => answer(&client.task_state(verb.read::<OfTask>()?.task_id).await?),
        "steps" => answer(&client.steps(verb.read::<OfTask>()?.task_id).await?),
        "readiness" => answer(&client.readiness(verb.read::<OfTask>()?.task_id).await?),
        "annotate_task" => operate::annotate_task(client, &verb).await,
        "list_annotations" => answer(&client.list_annotations(verb.read::<OfTask>()?.task_id).await?),
        "operator_actions" => answer(&client.operator_actions(verb.read::<OfTask>()?.task_id).await?),
        "step" | "transitions" | "why" => read::read_step(client, &verb).await,
        "dependency_analysis" => read::dependency_analysis(client, &verb).await,
        "wait" | "wait_state" => read::wait(client, &verb).await,
        "list_tasks" | "list_steps" | "list_workers" | "list_namespaces" | "list_handlers" => {
            lists::list(client, &verb).await
        }
        "named_tasks" | "template" | "template_contents" | "register_template" => {
            templates::templates(client, &verb).await
        }
        "cancel_task" | "retry_task" | "resolve_task" | "update_task" => {
            operate::operate_on_task(client, &verb).await
        }
        "cancel_step" | "retry_step" | "resolve_step" | "update_step" => {
            operate::operate_on_step(client, &verb).await
        }
        "pause" | "resume" => operate::pause(client, &verb).await,
        "count_tasks" | "operate_on_tasks" | "count_steps" | "find_steps" | "operate_on_steps" => {
            bulk::bulk(client, &verb).await
        }
        "migrate" | "schema_version" | "database" | "database_identity" | "settings" | "doctor" => {
            about(client, &verb).await
        }
        unknown => Err(no_such_verb(unknown)),
    }
}

/// A verb as it was asked for.
struct Verb<'v> {
    name: &'v str,
    arguments: &'v str,
}

impl Verb<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let text = check_json(self.arguments.as_bytes(), usize::MAX)
            .map_err(|problem| Error::invalid_argument(format!("{}: {problem}", self.name)))?;
        serde_json::from_str(text)
            .map_err(|error| Error::invalid_argument(format!("{}: {error}", self.name)).with_source(error))
    }
}

fn answer(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("an answer cannot be written as JSON").with_source(error))
}

fn no_such_verb(name: &str) -> Error {
    let nearest = VERBS
        .iter()
        .min_by_key(|verb| strsim::levenshtein(verb, name))
        .unwrap_or(&"");
    Error::invalid_argument(format!("there is no verb '{name}'; is it '{nearest}'?"))
        .with_details(json!({ "verbs": VERBS }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requests {
    tasks: Vec<TaskRequest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTask {
    task_id: TaskId,
}

/// What concerns the engine, not a task.
async fn about(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    let Nothing {} = verb.read()?;
    match verb.name {
        "migrate" => answer(&client.migrate().await?),
        "schema_version" => answer(&client.schema_version().await?),
        "database" => answer(&client.database_url().await?),
        "database_identity" => answer(&client.database_identity().await?),
        "settings" => answer(client.settings()),
        _ => answer(&client.doctor(&DoctorLimits::default()).await),
    }
}

/// A step by its number, or by its name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Selector {
    Number(StepNo),
    Name(String),
}

impl From<Selector> for StepSelector {
    fn from(selector: Selector) -> Self {
        match selector {
            Selector::Number(number) => StepSelector::Number(number),
            Selector::Name(name) => StepSelector::Name(name),
        }
    }
}
