//! `tasker step …`: everything one does with the steps of a task.

pub(crate) mod filter;
mod list;
mod operate;
pub(crate) mod show;
mod update;

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::{Args, Subcommand};
use tasker_core::model::TaskId;

/// List steps, and put right what went wrong in one.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker step list 0198c0de-0000-7000-8000-000000000000 --status error
  tasker step list --handler shop.process_order.charge_payment --failed-for-good
  tasker step show 0198c0de-0000-7000-8000-000000000000 charge_payment --trail
  tasker step retry 0198c0de-0000-7000-8000-000000000000 charge_payment --by anna --reason 'gateway is back'"
)]
pub(crate) enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Retry(operate::RetryArguments),
    Cancel(operate::CancelArguments),
    Resolve(operate::ResolveArguments),
    Update(update::Arguments),
}

/// One step of a task.
#[derive(Debug, Clone, Args)]
struct Named {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    /// The step, by name or number.
    #[arg(value_name = "STEP")]
    step: String,
}

pub(crate) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    match command {
        Command::List(arguments) => list::run(arguments, global, printer).await,
        Command::Show(arguments) => show::run(&arguments, global, printer).await,
        Command::Retry(arguments) => operate::retry(arguments, global, printer).await,
        Command::Cancel(arguments) => operate::cancel(arguments, global, printer).await,
        Command::Resolve(arguments) => operate::resolve(arguments, global, printer).await,
        Command::Update(arguments) => update::run(&arguments, global, printer).await,
    }
}
