//! `tasker step show`.

use super::Named;
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Trail};
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;
use tasker_core::Client;
use tasker_core::model::{StepSelector, TaskId};

/// Show a step in full: attempts, inputs, results or the last failure.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker step show 0198c0de-0000-7000-8000-000000000000 charge_payment
  tasker step show 0198c0de-0000-7000-8000-000000000000 3 --trail            every attempt and move
  tasker step show 0198c0de-0000-7000-8000-000000000000 3 --json | jq .step.results")]
pub(crate) struct Arguments {
    #[command(flatten)]
    named: Named,
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
    let (id, selector) = (arguments.named.task, StepSelector::parse(&arguments.named.step));
    show(&session.client, id, &selector, arguments.trail, printer).await
}

/// Shows a step in full.
pub(crate) async fn show(
    client: &Client,
    id: TaskId,
    selector: &StepSelector,
    with_trail: bool,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let step = client.step(id, selector).await?;
    let trail = match with_trail {
        false => None,
        true => {
            let mut actions = client.operator_actions(id).await?;
            actions.retain(|one| one.workflow_step_id == Some(step.workflow_step_id));
            Some(Trail {
                transitions: client.transitions(id, Some(selector)).await?,
                actions,
            })
        }
    };
    let moves = trail.as_ref().map(|trail| &trail.transitions);
    let actions = trail.as_ref().map(|trail| &trail.actions);
    printer.answer(
        &json!({"step": step, "transitions": moves, "actions": actions}),
        |look| render::with_trail(render::step(&step, Utc::now(), look), trail.as_ref(), look),
    );
    Ok(ExitStatus::Ok)
}
