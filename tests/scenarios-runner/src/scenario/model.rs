//! A scenario as data. The JSON Schema has been passed before: what is lenient here has been refused there.

use crate::script::HandlerEntry;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tasker_core::model::Settings;

use super::{meaning, shape, yaml};

/// Reads one scenario from its text; `path` is where it stands.
///
/// # Errors
/// Every problem found, one a line.
pub fn parse(source: &str, path: &Path) -> Result<Scenario> {
    let json = yaml::to_json(source)?;
    let problems = shape::problems(&json)?;
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let mut scenario: Scenario = serde_json::from_value(json).context("the scenario does not read")?;
    scenario.path = path.to_owned();
    scenario.settings = serde_json::from_value(scenario.config.clone()).context("config")?;
    scenario.settings.validate().context("config")?;
    let problems = meaning::problems(&scenario);
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(scenario)
}

/// One scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Always 1.
    pub format: u32,
    /// Unique among all scenarios of a run.
    pub name: String,
    /// What it tells, for people.
    pub story: String,
    /// Capabilities that the runtime must have.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Registered first, in order.
    pub templates: Vec<Value>,
    /// Step, or `template.step` → what its executions do.
    #[serde(default)]
    pub handlers: BTreeMap<String, Vec<HandlerEntry>>,
    /// Engine settings as they stand in the file.
    #[serde(default = "empty_map")]
    pub config: Value,
    /// Environment variables of the processes that load templates and run handlers.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The workers that run from the start.
    #[serde(default)]
    pub workers: Workers,
    /// What is done, in order.
    pub actions: Vec<Action>,
    /// What is true when the last action is done.
    #[serde(default)]
    pub expect: Expect,
    /// Where the file is.
    #[serde(skip)]
    pub path: PathBuf,
    /// `config`, read.
    #[serde(skip)]
    pub settings: Settings,
}

impl Scenario {
    /// Every template in the file: those registered first and those of `register_template` actions.
    pub fn all_templates(&self) -> impl Iterator<Item = &Value> {
        self.templates
            .iter()
            .chain(self.actions.iter().filter_map(|action| match action {
                Action::RegisterTemplate(register) => Some(&register.template),
                _ => None,
            }))
    }

    /// Whether an action restarts the database, so that the scenario needs a server of its own.
    pub fn restarts_database(&self) -> bool {
        self.actions
            .iter()
            .any(|action| matches!(action, Action::RestartDatabase(_)))
    }

    /// What a runtime needs for this scenario: what it says in `requires`, and what its verbs and expectations imply.
    pub fn needs(&self) -> Vec<&str> {
        let mut needs: Vec<&str> = self.requires.iter().map(String::as_str).collect();
        let mut imply = |used: bool, capability: &'static str| {
            if used && !needs.contains(&capability) {
                needs.push(capability);
            }
        };
        imply(self.expect.events.is_some(), "events");
        let mut paths = self.actions.iter().filter_map(|action| match action {
            Action::Http(request) => Some(request.path.as_str()),
            _ => None,
        });
        imply(paths.clone().next().is_some(), "http");
        imply(paths.any(|path| path.starts_with("/graphql")), "graphql");
        imply(self.restarts_database(), "database_restart");
        needs
    }
}

fn empty_map() -> Value {
    Value::Object(Map::new())
}

/// How many worker processes run from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Workers {
    /// So many.
    Count(usize),
    /// So many, with so many slots each.
    Shape {
        /// 1 when left out.
        count: Option<usize>,
        /// The runtime's own default when left out.
        concurrency: Option<usize>,
    },
}

impl Default for Workers {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Workers {
    /// Processes of each language.
    pub fn count(self) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Shape { count, .. } => count.unwrap_or(1),
        }
    }

    /// Slots of each process.
    pub fn concurrency(self) -> Option<usize> {
        match self {
            Self::Count(_) => None,
            Self::Shape { concurrency, .. } => concurrency,
        }
    }
}

/// One action: exactly one verb.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Registers a template, or is refused.
    RegisterTemplate(RegisterTemplate),
    /// Creates a task.
    CreateTask(CreateTask),
    /// Creates several alike, in one transaction.
    CreateTasks(CreateTask),
    /// Waits for a state of a task or a step.
    Wait(Wait),
    /// Waits so many milliseconds.
    WaitMs(u64),
    /// Cancels a task or a step.
    Cancel(Operate),
    /// Retries a task or a step.
    Retry(Operate),
    /// Resolves a task or a step by hand.
    Resolve(Operate),
    /// Pauses.
    Pause(Pause),
    /// Resumes.
    Resume(Pause),
    /// Changes a step.
    UpdateStep(UpdateStep),
    /// Starts more worker processes.
    StartWorkers(StartWorkers),
    /// Stops all worker processes.
    StopWorkers(StopWorkers),
    /// Restarts the database server.
    RestartDatabase(RestartDatabase),
    /// Runs a statement.
    Sql(Sql),
    /// Makes an HTTP request.
    Http(Http),
}

/// A request over HTTP, and what its answer has to be.
#[derive(Debug, Clone, Deserialize)]
pub struct Http {
    /// GET, POST, PUT, PATCH or DELETE.
    pub method: String,
    /// Below the mount point, with its query; `{t}` is the id of task `t`.
    pub path: String,
    /// Besides the type of the body, which is JSON unless given.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// JSON; or a text, where the type of the body is another.
    #[serde(default, deserialize_with = "present")]
    pub body: Option<Value>,
    /// The status: a number, or its bounds.
    #[serde(default)]
    pub status: Option<Value>,
    /// What the answer has to have.
    #[serde(default, deserialize_with = "present")]
    pub json: Option<Value>,
}

/// What is there is there, also as `null`.
fn present<'de, D: serde::Deserializer<'de>>(value: D) -> std::result::Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Texts that a refusal must contain.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ErrorTexts {
    /// One; empty for any refusal.
    One(String),
    /// Each of these.
    All(Vec<String>),
}

impl ErrorTexts {
    /// The texts.
    pub fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::All(texts) => texts,
        }
    }
}

/// `register_template`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterTemplate {
    /// The template.
    pub template: Value,
    /// The refusal that is expected.
    pub error: Option<ErrorTexts>,
}

/// `create_task` and `create_tasks`.
#[derive(Debug, Clone, Deserialize)]
pub struct CreateTask {
    /// The name for what is made.
    #[serde(rename = "as")]
    pub alias: Option<String>,
    /// How many (`create_tasks`).
    pub count: Option<usize>,
    /// The refusal that is expected.
    pub error: Option<ErrorTexts>,
    /// Whether the answer must be a task that was there before.
    pub duplicate: Option<bool>,
    /// The fields of the task request.
    #[serde(flatten)]
    pub request: Map<String, Value>,
}

/// `wait`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// Which task.
    pub task: String,
    /// Which step of it; the task itself when left out.
    pub step: Option<String>,
    /// Any of these states.
    pub until: Vec<tasker_core::model::State>,
    /// Seconds.
    pub within_seconds: f64,
}

/// `cancel`, `retry` and `resolve`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operate {
    /// Which task.
    pub task: String,
    /// Which step of it; the task itself when left out.
    pub step: Option<String>,
    /// `retry`: gives the whole budget back.
    #[serde(default)]
    pub reset_attempts: bool,
    /// `resolve`: the results to store.
    pub results: Option<Value>,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The refusal that is expected.
    pub error: Option<ErrorTexts>,
}

/// `pause` and `resume`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// A task.
    pub task: Option<String>,
    /// A step of it.
    pub step: Option<String>,
    /// A namespace, or with `name` a named task.
    pub namespace: Option<String>,
    /// A named task.
    pub name: Option<String>,
    /// A handler.
    pub handler: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The refusal that is expected.
    pub error: Option<ErrorTexts>,
}

/// `update_step`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateStep {
    /// Which task.
    pub task: String,
    /// Which step.
    pub step: String,
    /// The number of attempts in total.
    pub retry_limit: Option<i64>,
    /// The step's own input.
    pub inputs: Option<Map<String, Value>>,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The refusal that is expected.
    pub error: Option<ErrorTexts>,
}

/// `start_workers`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartWorkers {
    /// Processes of each language; 1 when left out.
    pub count: Option<usize>,
    /// Slots of each process.
    pub concurrency: Option<usize>,
}

/// How workers are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StopSignal {
    /// They drain.
    Term,
    /// They are dead at once.
    Kill,
}

/// `stop_workers`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopWorkers {
    /// How.
    pub signal: StopSignal,
}

/// `restart_database`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RestartDatabase {
    /// `fast` or `immediate`.
    pub mode: String,
}

/// `sql`, as an action and as an expectation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// The statement; `{t}` is the id of task `t`.
    pub query: String,
    /// What it must return, in order: column → value maps.
    pub rows: Option<Vec<Value>>,
}

/// What must be true at the end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// Fields of tasks.
    pub tasks: BTreeMap<String, Value>,
    /// Fields of steps.
    pub steps: BTreeMap<String, Value>,
    /// Stored contexts.
    pub task_context: BTreeMap<String, Value>,
    /// States that a task or a step went through.
    pub transitions: BTreeMap<String, Vec<String>>,
    /// Rows of `get_step_readiness_status`.
    pub readiness: BTreeMap<String, Value>,
    /// Rows of `get_task_execution_context`.
    pub context_row: BTreeMap<String, Value>,
    /// Number of executions.
    pub calls: BTreeMap<String, Value>,
    /// Steps that no execution was started of.
    pub not_called: Vec<String>,
    /// `a < b`: every end of a before every start of b.
    pub order: Vec<String>,
    /// Executions that overlapped in time.
    pub overlap: Vec<[String; 2]>,
    /// Executions that did not overlap in time.
    pub no_overlap: Vec<[String; 2]>,
    /// Time between the end of an execution and the start of the next.
    pub gaps: BTreeMap<String, BTreeMap<String, Gap>>,
    /// Number of events published.
    pub events: Option<BTreeMap<String, Value>>,
    /// Rows of statements.
    pub sql: Vec<Sql>,
}

/// A time between two executions, in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// At least.
    pub min_seconds: Option<f64>,
    /// At most.
    pub max_seconds: Option<f64>,
}
