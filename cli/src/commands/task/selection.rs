//! What several verbs have in common: who asks, which step, JSON on the command line, how a task's end counts.

use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use chrono::Utc;
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::Path;
use tasker_core::Client;
use tasker_core::model::{Operator, State, Step, StepSelector, Task, TaskId};

/// Who does it, and why; kept in the audit trail.
#[derive(Debug, Clone, Args)]
pub(crate) struct OperatorArguments {
    /// Who does it; kept in the audit trail. The user's name when left out.
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Why; kept in the audit trail.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl From<&OperatorArguments> for Operator {
    fn from(arguments: &OperatorArguments) -> Self {
        Operator {
            by: who(arguments.by.as_ref()),
            reason: arguments.reason.clone(),
            from: None,
        }
    }
}

/// Who does it: whoever is named, or the user of this machine.
pub(crate) fn who(named: Option<&String>) -> Option<String> {
    let user = || std::env::var("USER").ok().filter(|name| !name.is_empty());
    named.cloned().or_else(user)
}

/// A task, or one step of it.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    pub(crate) task: TaskId,
    /// Only this step, by name or number.
    #[arg(long, value_name = "NAME|NO")]
    pub(crate) step: Option<String>,
}

impl Target {
    pub(crate) fn selector(&self) -> Option<StepSelector> {
        self.step.as_deref().map(StepSelector::parse)
    }
}

/// Reads JSON that was given as an argument.
pub(crate) fn json_argument(option: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("{option} is not JSON: {error}."))
            .next(format!("quote it for the shell: {option} '{{\"order_id\": 7}}'"))
    })
}

/// The context from an argument or a file (`-`: standard input); a JSON object.
pub(crate) fn context_of(text: Option<&str>, file: Option<&Path>) -> Result<Map<String, Value>, Failure> {
    let (option, text) = match (text, file) {
        (Some(text), _) => ("--context", text.to_owned()),
        (None, Some(path)) => ("--context-file", read(path)?),
        (None, None) => return Ok(Map::new()),
    };
    match json_argument(option, &text)? {
        Value::Object(context) => Ok(context),
        other => Err(Failure::usage(format!(
            "{option} must be a JSON object such as {{\"order_id\": 7}}, not {}.",
            kind_of(&other)
        ))),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin().lock())
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|error| Failure::usage(format!("{} cannot be read: {error}.", path.display())))
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// How the end of a task counts for the caller.
pub(crate) const fn status_of(state: State) -> ExitStatus {
    match state {
        State::Complete | State::ResolvedManually => ExitStatus::Ok,
        State::Pending | State::InProgress | State::Error | State::Cancelled => ExitStatus::Failed,
    }
}

/// The answer of an operator verb: the task as it is now.
pub(crate) async fn show_task(
    client: &Client,
    task: &Task,
    what: &str,
    printer: &Printer,
) -> Result<(), Failure> {
    let steps = client.steps(task.task_id).await?;
    printer.answer(&json!({"task": task, "steps": steps}), |look| {
        format!(
            "{} {what}\n{}",
            look.good("✔"),
            render::task(task, &steps, Utc::now(), look)
        )
    });
    Ok(())
}

/// The answer of an operator verb on a step: the step as it is now.
pub(crate) fn show_step(step: &Step, what: &str, printer: &Printer) {
    printer.answer(&json!({"step": step}), |look| {
        let waiting = step.next_retry_at.is_some();
        let state = look.state(step.status, waiting, step.status.as_str());
        format!(
            "{} step {} {what}; it is {state} now",
            look.good("✔"),
            look.bold(&step.name)
        )
    });
}

/// The answer of `--dry-run`: which steps would move, and where to.
pub(crate) fn show_forecast(task: &Task, steps: &[&Step], to: State, printer: &Printer) {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    printer.answer(
        &json!({"dry_run": true, "task_id": task.task_id, "steps": names, "to": to}),
        |look| match names.as_slice() {
            [] => format!("{} no step would change", look.dim("=")),
            names => format!(
                "would become {}: {}",
                look.state(to, false, to.as_str()),
                names.join(", ")
            ),
        },
    );
}

/// The refusal that the engine would give for a step.
pub(crate) fn illegal(step: &Step, to: State) -> Failure {
    Failure::conflict(format!(
        "Step {} is {}; from there it cannot become {to}.",
        step.name, step.status
    ))
}
