//! `tasker template …`: files of workflows, and what is registered of them.

mod diff;
mod graph;
mod list;
mod register;
mod show;
mod sources;
mod validate;

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Subcommand;

/// Check, register, list, compare and draw workflow templates.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker template validate workflows/            every problem of every file, with line and column
  tasker template register workflows/order.yaml
  tasker template list
  tasker template show ecommerce.process_order
  tasker template diff ecommerce.process_order 1.0.0 order.yaml
  tasker template graph order.yaml --format mermaid"
)]
pub(crate) enum Command {
    Validate(validate::Arguments),
    Register(register::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    Diff(diff::Arguments),
    Graph(graph::Arguments),
}

pub(crate) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    match command {
        Command::Validate(arguments) => validate::run(&arguments, printer),
        Command::Register(arguments) => register::run(&arguments, global, printer).await,
        Command::List(arguments) => list::run(&arguments, global, printer).await,
        Command::Show(arguments) => show::run(&arguments, global, printer).await,
        Command::Diff(arguments) => diff::run(&arguments, global, printer).await,
        Command::Graph(arguments) => graph::run(&arguments, global, printer).await,
    }
}
