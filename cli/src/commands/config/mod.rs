//! `tasker config …`.

mod show;

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Subcommand;

/// See how this process is configured, and by what.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker config show
  tasker config show --changed
  TASKER_CONFIG=/etc/shop/tasker.yaml tasker config show execution"
)]
pub(crate) enum Command {
    Show(show::Arguments),
}

pub(crate) fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    match command {
        Command::Show(arguments) => show::run(&arguments, global, printer),
    }
}
