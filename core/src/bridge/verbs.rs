//! What a client can do, by name, over JSON: a language that can make one call can make all of them.
//!
//! A verb has the name of the method of [`Client`]; its arguments are the members of one JSON object, named as the fields and
//! parameters of that method. [`VERBS`] has all of them.

use crate::engine::Client;
use crate::error::{Error, Result};
use crate::model::{
    DoctorLimits, NamePage, Operator, PauseScope, State, StepFilter, StepNo, StepSelector, StepUpdate,
    TaskFilter, TaskId, TaskRequest, TaskUpdate, WorkerFilter, WorkerHealth,
};
use crate::template::{CompiledTemplate, ParseOptions, Template};
use crate::values::check_json;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Every verb, sorted.
pub const VERBS: &[&str] = &[
    "cancel_step",
    "cancel_task",
    "create_task",
    "create_tasks",
    "database",
    "doctor",
    "list_handlers",
    "list_namespaces",
    "list_steps",
    "list_tasks",
    "list_workers",
    "migrate",
    "named_tasks",
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
/// How many a list gives unless told otherwise.
const LIST_LIMIT: u32 = 50;
/// How long to wait for a task unless told otherwise, in seconds.
const WAIT_SECONDS: f64 = 60.0;

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
        "step" | "transitions" | "why" => read_step(client, &verb).await,
        "wait" | "wait_state" => wait(client, &verb).await,
        "list_tasks" | "list_steps" | "list_workers" | "list_namespaces" | "list_handlers" => {
            list(client, &verb).await
        }
        "named_tasks" | "template" | "template_contents" | "register_template" => {
            templates(client, &verb).await
        }
        "cancel_task" | "retry_task" | "resolve_task" | "update_task" => operate_on_task(client, &verb).await,
        "cancel_step" | "retry_step" | "resolve_step" | "update_step" => operate_on_step(client, &verb).await,
        "pause" | "resume" => pause(client, &verb).await,
        "migrate" | "schema_version" | "database" | "settings" | "doctor" => about(client, &verb).await,
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

async fn read_step(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OfStep {
        task_id: TaskId,
        step: Option<Selector>,
    }
    let OfStep { task_id, step } = verb.read()?;
    let step = step.map(StepSelector::from);
    match (verb.name, &step) {
        ("transitions", step) => answer(&client.transitions(task_id, step.as_ref()).await?),
        ("why", step) => answer(&client.why(task_id, step.as_ref()).await?),
        (_, Some(step)) => answer(&client.step(task_id, step).await?),
        (_, None) => Err(Error::invalid_argument(
            "step: 'step' is missing: the name of a step, or its number",
        )),
    }
}

async fn wait(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wait {
        task_id: TaskId,
        until: Option<Vec<State>>,
        within_seconds: Option<f64>,
    }
    let wait: Wait = verb.read()?;
    let until = wait.until.unwrap_or_else(|| State::ENDS.to_vec());
    let seconds = wait.within_seconds.unwrap_or(WAIT_SECONDS);
    let within = Duration::try_from_secs_f64(seconds).map_err(|_| {
        Error::invalid_argument(format!(
            "{}: within_seconds is a number of seconds from 0 up, not {seconds}",
            verb.name
        ))
    })?;
    if verb.name == "wait" {
        answer(&client.wait(wait.task_id, &until, within).await?)
    } else {
        answer(&client.wait_state(wait.task_id, &until, within).await?)
    }
}

async fn list(client: &Client, verb: &Verb<'_>) -> Result<String> {
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
struct Tasks {
    namespace: Option<String>,
    name: Option<String>,
    version: Option<String>,
    status: Vec<State>,
    tags: Vec<String>,
    since: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
    paused: Option<bool>,
    error_code: Option<String>,
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

async fn templates(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        namespace: String,
        name: String,
        version: Option<String>,
    }
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct InNamespace {
        namespace: Option<String>,
    }
    match verb.name {
        "named_tasks" => {
            let of: InNamespace = verb.read()?;
            answer(&client.named_tasks(of.namespace.as_deref()).await?)
        }
        "template" => {
            let of: Named = verb.read()?;
            let template = client
                .template(&of.namespace, &of.name, of.version.as_deref())
                .await?;
            answer(&template)
        }
        "template_contents" => {
            let of: Named = verb.read()?;
            answer(&client.template_contents(&of.namespace, &of.name).await?)
        }
        _ => register(client, verb.read()?).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// YAML, or
    yaml: Option<String>,
    /// the same as JSON.
    template: Option<Value>,
    /// What messages call the source.
    file: Option<String>,
    /// The section of `environments`; `TASKER_ENV` when left out.
    environment: Option<String>,
    #[serde(default)]
    force: bool,
}

async fn register(client: &Client, registration: Registration) -> Result<String> {
    let force = registration.force;
    let compiled = compile(registration)?;
    let registered = client.register_template(&compiled, force).await?;
    answer(&json!({
        "namespace": compiled.namespace,
        "name": compiled.name,
        "version": compiled.version,
        "registered": registered,
    }))
}

/// Compiles a template as this process's environment has it.
fn compile(registration: Registration) -> Result<CompiledTemplate> {
    let variables = |name: &str| std::env::var(name).ok();
    let options = ParseOptions {
        file: registration.file,
        environment: registration.environment.or_else(|| variables("TASKER_ENV")),
        variables: &variables,
    };
    match (registration.yaml, registration.template) {
        (Some(text), None) => Ok(Template::parse(&text, &options)?),
        (None, Some(value)) => Ok(Template::from_json(&value, &options)?),
        _ => Err(Error::invalid_argument(
            "register_template: give either 'yaml', a text, or 'template', the same as an object",
        )),
    }
}

async fn operate_on_task(client: &Client, verb: &Verb<'_>) -> Result<String> {
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
        let operator = Operator { by, reason: None };
        let update = TaskUpdate {
            reason,
            tags,
            priority,
        };
        return answer(&client.update_task(task_id, &update, &operator).await?);
    }
    let OnTask { task_id, by, reason } = verb.read()?;
    let operator = Operator { by, reason };
    answer(&match verb.name {
        "cancel_task" => client.cancel_task(task_id, &operator).await?,
        "retry_task" => client.retry_task(task_id, &operator).await?,
        _ => client.resolve_task(task_id, &operator).await?,
    })
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
                Operator { by: self.by.clone(), reason: self.reason.clone() }
            }
        }
    };
}
on_step!(CancelStep {});
on_step!(RetryStep { reset_attempts: bool });
on_step!(ResolveStep { results: Value });
on_step!(UpdateStep { retry_limit: Option<i32>, inputs: Option<Map<String, Value>> });

async fn operate_on_step(client: &Client, verb: &Verb<'_>) -> Result<String> {
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

async fn pause(client: &Client, verb: &Verb<'_>) -> Result<String> {
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
    };
    if verb.name == "pause" {
        client.pause(&scope, &operator).await?;
    } else {
        client.resume(&scope, &operator).await?;
    }
    answer(&Value::Null)
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
