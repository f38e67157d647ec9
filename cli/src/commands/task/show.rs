//! `tasker task show`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;
use tasker_core::model::{StepSelector, TaskId};

/// Show a task: its facts, its steps with attempts, failures and next retries.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task show 0198c0de-0000-7000-8000-000000000000
  tasker task show 0198c0de-0000-7000-8000-000000000000 --trail                        every move of the task
  tasker task show 0198c0de-0000-7000-8000-000000000000 --step charge_payment --trail
  tasker task show 0198c0de-0000-7000-8000-000000000000 --json | jq '.steps[].results'")]
pub(crate) struct Arguments {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    /// Show one step in full, by name or number.
    #[arg(long, value_name = "NAME|NO")]
    step: Option<String>,
    /// Show the audit trail, too.
    #[arg(long)]
    trail: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let client = &session.client;
    let id = arguments.task;
    let selector = arguments.step.as_deref().map(StepSelector::parse);
    let moves = if arguments.trail {
        Some(client.transitions(id, selector.as_ref()).await?)
    } else {
        None
    };
    if let Some(selector) = &selector {
        let step = client.step(id, selector).await?;
        printer.answer(&json!({"step": step, "transitions": moves}), |look| {
            let trail = moves.as_deref().map(|moves| render::trail("Trail", moves, look));
            joined(render::step(&step, Utc::now(), look), trail)
        });
        return Ok(ExitStatus::Ok);
    }
    let task = client.task(id).await?;
    let steps = client.steps(id).await?;
    printer.answer(
        &json!({"task": task, "steps": steps, "transitions": moves}),
        |look| {
            let trail = moves.as_deref().map(|moves| render::trail("Trail", moves, look));
            joined(render::task(&task, &steps, Utc::now(), look), trail)
        },
    );
    Ok(ExitStatus::Ok)
}

fn joined(text: String, trail: Option<String>) -> String {
    trail.map_or(text.clone(), |trail| format!("{text}\n\n{trail}"))
}
