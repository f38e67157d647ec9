//! `tasker task show`.

use crate::args::GlobalOptions;
use crate::commands::step::show as step;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Trail};
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
    if let Some(selector) = &selector {
        return step::show(client, id, selector, arguments.trail, printer).await;
    }
    let task = client.task(id).await?;
    let steps = client.steps(id).await?;
    let trail = match arguments.trail {
        false => None,
        true => Some(Trail {
            transitions: client.transitions(id, None).await?,
            actions: client.operator_actions(id).await?,
        }),
    };
    let moves = trail.as_ref().map(|trail| &trail.transitions);
    let actions = trail.as_ref().map(|trail| &trail.actions);
    printer.answer(
        &json!({"task": task, "steps": steps, "transitions": moves, "actions": actions}),
        |look| {
            render::with_trail(
                render::task(&task, &steps, Utc::now(), look),
                trail.as_ref(),
                look,
            )
        },
    );
    Ok(ExitStatus::Ok)
}
