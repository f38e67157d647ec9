//! `tasker task …`: everything one does with tasks.

mod annotate;
pub(crate) mod cancel;
mod create;
pub(crate) mod filter;
mod graph;
mod list;
pub(crate) mod pause;
pub(crate) mod resolve;
pub(crate) mod retry;
pub(crate) mod selection;
mod show;
mod update;
mod watch;

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Subcommand;

/// Create tasks, follow them, and put right what went wrong.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker task create process_order --context '{\"order_id\": 7}' --wait
  tasker task list --status error --since 2h
  tasker task show 0198c0de-0000-7000-8000-000000000000
  tasker task retry 0198c0de-0000-7000-8000-000000000000 --by anna --reason 'gateway is back'"
)]
pub(crate) enum Command {
    Create(Box<create::Arguments>),
    List(list::Arguments),
    Show(show::Arguments),
    Graph(graph::Arguments),
    Watch(watch::Arguments),
    Cancel(cancel::Arguments),
    Retry(retry::Arguments),
    Resolve(resolve::Arguments),
    Pause(pause::PauseArguments),
    Resume(pause::ResumeArguments),
    Update(update::Arguments),
    Annotate(annotate::Arguments),
}

pub(crate) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    match command {
        Command::Create(arguments) => create::run(*arguments, global, printer).await,
        Command::List(arguments) => list::run(arguments, global, printer).await,
        Command::Show(arguments) => show::run(&arguments, global, printer).await,
        Command::Graph(arguments) => graph::run(&arguments, global, printer).await,
        Command::Watch(arguments) => watch::run(&arguments, global, printer).await,
        Command::Cancel(arguments) => cancel::run(&arguments, global, printer).await,
        Command::Retry(arguments) => retry::run(&arguments, global, printer).await,
        Command::Resolve(arguments) => resolve::run(&arguments, global, printer).await,
        Command::Pause(arguments) => pause::pause(&arguments, global, printer).await,
        Command::Resume(arguments) => pause::resume(&arguments, global, printer).await,
        Command::Update(arguments) => update::run(&arguments, global, printer).await,
        Command::Annotate(arguments) => annotate::run(&arguments, global, printer).await,
    }
}
