//! `tasker worker …`: which processes execute steps, and how they are.

mod list;
mod show;
mod top;

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Subcommand;

/// See the processes that execute steps.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker worker list
  tasker worker show 12
  tasker worker top"
)]
pub(crate) enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Top(top::Arguments),
}

pub(crate) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    match command {
        Command::List(arguments) => list::run(arguments, global, printer).await,
        Command::Show(arguments) => show::run(&arguments, global, printer).await,
        Command::Top(arguments) => top::run(&arguments, global, printer).await,
    }
}
