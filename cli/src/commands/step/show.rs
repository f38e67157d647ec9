//! `tasker step show`.

use super::Named;
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;
use tasker_core::model::StepSelector;

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
    let step = session.client.step(id, &selector).await?;
    let moves = if arguments.trail {
        Some(session.client.transitions(id, Some(&selector)).await?)
    } else {
        None
    };
    printer.answer(&json!({"step": step, "transitions": moves}), |look| {
        let text = render::step(&step, Utc::now(), look);
        match &moves {
            Some(moves) => format!("{text}\n\n{}", render::trail("Trail", moves, look)),
            None => text,
        }
    });
    Ok(ExitStatus::Ok)
}
