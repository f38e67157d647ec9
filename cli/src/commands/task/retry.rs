//! `tasker task retry`.

use super::selection::{OperatorArguments, Target, illegal, show_forecast, show_step, show_task};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::Session;
use clap::Args;
use tasker_core::Client;
use tasker_core::model::{Operator, State};

/// Try again: every failed step of a task, or one step.
///
/// A step whose attempts are used up is granted one more; --reset-attempts gives the whole number back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task retry 0198c0de-0000-7000-8000-000000000000 --by anna --reason 'gateway is back'
  tasker task retry 0198c0de-0000-7000-8000-000000000000 --step charge_payment --reset-attempts
  tasker task retry 0198c0de-0000-7000-8000-000000000000 --dry-run")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Count the attempts of the step from the beginning.
    #[arg(long, requires = "step")]
    pub(crate) reset_attempts: bool,
    #[command(flatten)]
    pub(crate) operator: OperatorArguments,
    /// Only say which steps would be tried again.
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
            let reset = arguments.reset_attempts;
            let step = client
                .retry_step(arguments.target.task, &step, reset, &operator)
                .await?;
            show_step(&step, "will be tried again", printer);
        }
        None => {
            let task = client.retry_task(arguments.target.task, &operator).await?;
            show_task(client, &task, "will be tried again", printer).await?;
        }
    }
    Ok(ExitStatus::Ok)
}

async fn forecast(client: &Client, target: &Target, printer: &Printer) -> Result<ExitStatus, Failure> {
    let task = client.task(target.task).await?;
    let steps = match target.selector() {
        Some(selector) => {
            let step = client.step(target.task, &selector).await?;
            if !step.status.step_may_become(State::Pending) || step.status == State::InProgress {
                return Err(illegal(&step, State::Pending));
            }
            vec![step]
        }
        None => client.steps(target.task).await?,
    };
    let failed: Vec<_> = steps.iter().filter(|step| step.status == State::Error).collect();
    show_forecast(&task, &failed, State::Pending, printer);
    Ok(ExitStatus::Ok)
}
