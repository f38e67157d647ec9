//! `tasker why`.

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

/// Say why a task, or a step of it, does not go on, and what to do.
///
/// Names the reason, since when, the next instant at which it may run, and for what waits for other steps the one that
/// has to move first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker why 0198c0de-0000-7000-8000-000000000000                     every cause in the task
  tasker why 0198c0de-0000-7000-8000-000000000000 send_receipt        one step, by name or number
  tasker why 0198c0de-0000-7000-8000-000000000000 --json | jq -r '.why[0].reason'

Reasons:
  running             it runs
  stuck               it runs past its deadline
  worker_lost         its worker has not been heard of; another takes the step back
  ready               it waits for a worker with room
  waits_for_slot      it waits for a slot in which it can start at once (one attempt left, or a worker was lost)
  waits_alone         it waits for a worker that does nothing else (several workers died with it)
  backoff             its next attempt is due later
  worker_hangs        the workers with its handler have stopped asking for work
  no_worker           no live worker has its handler
  paused              the task, its name, its namespace or the handler is paused
  stranded            nothing would ever claim it: a defect of Tasker
  cancelled           it was cancelled
  exhausted           it failed as often as it may
  permanent_failure   it failed, and said that trying again is of no use
  quarantined         too many worker processes died while they held it
  dependency          a step before it has not ended
  cancelled_upstream  a step before it was cancelled
  failed_upstream     a step before it failed for good
  finished            it has ended")]
pub(crate) struct Arguments {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    /// Only this step, by name or number.
    #[arg(value_name = "STEP")]
    step: Option<String>,
}

pub(crate) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let selector = arguments.step.as_deref().map(StepSelector::parse);
    let rows = session.client.why(arguments.task, selector.as_ref()).await?;
    printer.answer(&json!({"why": rows}), |look| render::why(&rows, Utc::now(), look));
    Ok(ExitStatus::Ok)
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use tasker_core::model::WhyReason;

    #[test]
    fn the_help_explains_every_reason() {
        let help = Arguments::augment_args(clap::Command::new("why"))
            .render_long_help()
            .to_string();
        for reason in WhyReason::ALL {
            assert!(help.contains(&format!("\n  {reason} ")), "{reason} is missing");
        }
    }
}
