//! `tasker task cancel`.

use super::selection::{OperatorArguments, Target, illegal, show_forecast, show_step, show_task};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::Session;
use clap::Args;
use tasker_core::Client;
use tasker_core::model::{Operator, State};

/// Give up a task, or one step of it.
///
/// Cancelling a task cancels its open steps; handlers that run are told, and what they still report is refused.
/// Cancelling what is cancelled changes nothing and succeeds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task cancel 0198c0de-0000-7000-8000-000000000000 --by anna --reason 'customer withdrew'
  tasker task cancel 0198c0de-0000-7000-8000-000000000000 --step send_receipt
  tasker task cancel 0198c0de-0000-7000-8000-000000000000 --dry-run")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) operator: OperatorArguments,
    /// Only say which steps would be cancelled.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let client = &session.client;
    if arguments.dry_run {
        return forecast(client, &arguments.target, printer).await;
    }
    let operator = Operator::from(&arguments.operator);
    match arguments.target.selector() {
        Some(step) => {
            let step = client
                .cancel_step(arguments.target.task, &step, &operator)
                .await?;
            show_step(&step, "cancelled", printer);
        }
        None => {
            let task = client.cancel_task(arguments.target.task, &operator).await?;
            show_task(client, &task, "cancelled", printer).await?;
        }
    }
    Ok(ExitStatus::Ok)
}

async fn forecast(client: &Client, target: &Target, printer: &Printer) -> Result<ExitStatus, Failure> {
    let task = client.task(target.task).await?;
    if let Some(selector) = target.selector() {
        let step = client.step(target.task, &selector).await?;
        if step.status != State::Cancelled && !step.status.step_may_become(State::Cancelled) {
            return Err(illegal(&step, State::Cancelled));
        }
        let moved = if step.status == State::Cancelled {
            vec![]
        } else {
            vec![&step]
        };
        show_forecast(&task, &moved, State::Cancelled, printer);
        return Ok(ExitStatus::Ok);
    }
    if task.status != State::Cancelled && !task.status.task_may_become(State::Cancelled) {
        return Err(Failure::conflict(format!(
            "Task {} is {}; it cannot be cancelled.",
            task.task_id, task.status
        )));
    }
    let steps = client.steps(target.task).await?;
    // A step that failed for good stays as it is; one that waits for its next attempt is open.
    let open: Vec<_> = steps
        .iter()
        .filter(|step| match step.status {
            State::Pending | State::InProgress => true,
            State::Error => step.next_retry_at.is_some(),
            State::Complete | State::Cancelled | State::ResolvedManually => false,
        })
        .collect();
    show_forecast(&task, &open, State::Cancelled, printer);
    Ok(ExitStatus::Ok)
}
