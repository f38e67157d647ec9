//! `tasker namespace …`.

use crate::args::GlobalOptions;
use crate::commands::listing::{Limit, tell_next};
use crate::commands::task::pause::set_paused;
use crate::commands::task::selection::OperatorArguments;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::{Args, Subcommand};
use serde_json::json;
use tasker_core::model::{NamePage, PauseScope};

/// See the namespaces, pause them, go on.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker namespace list
  tasker namespace pause shop --by anna --reason 'stock count'
  tasker namespace resume shop"
)]
pub(crate) enum Command {
    List(ListArguments),
    Pause(PauseArguments),
    Resume(ResumeArguments),
}

/// List namespaces by name, with what is paused in them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker namespace list
  tasker namespace list --containing shop
  tasker namespace list --limit 100 --after shop    the next page")]
pub(crate) struct ListArguments {
    /// Only those whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    containing: Option<String>,
    /// Only after this name: the next page.
    #[arg(long, value_name = "NAME")]
    after: Option<String>,
    #[command(flatten)]
    limit: Limit,
}

/// Claim nothing more in a namespace; what runs goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker namespace pause shop --by anna --reason 'stock count'")]
pub(crate) struct PauseArguments {
    /// The name of the namespace.
    #[arg(value_name = "NAMESPACE")]
    namespace: String,
    #[command(flatten)]
    operator: OperatorArguments,
}

/// Go on in a namespace that was paused; its names, tasks and handlers that are paused by themselves stay so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker namespace resume shop --by anna")]
pub(crate) struct ResumeArguments {
    /// The name of the namespace.
    #[arg(value_name = "NAMESPACE")]
    namespace: String,
    #[command(flatten)]
    operator: OperatorArguments,
}

pub(crate) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let (name, operator, paused) = match command {
        Command::List(arguments) => return list(arguments, global, printer).await,
        Command::Pause(arguments) => (arguments.namespace, arguments.operator, true),
        Command::Resume(arguments) => (arguments.namespace, arguments.operator, false),
    };
    let words = format!("namespace {name}");
    set_paused(
        &PauseScope::Namespace(name),
        &words,
        paused,
        &operator,
        global,
        printer,
    )
    .await
}

async fn list(
    arguments: ListArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let page = NamePage {
        containing: arguments.containing,
        after: arguments.after,
        limit: arguments.limit.limit,
    };
    let session = Session::new(global)?;
    let namespaces = session.client.list_namespaces(&page).await?;
    let next = arguments.limit.next(&namespaces, |one| one.name.clone());
    printer.answer(&json!({"namespaces": namespaces, "next": next}), |look| {
        render::namespaces(&namespaces, Utc::now(), look)
    });
    tell_next(next.as_deref(), printer);
    Ok(ExitStatus::Ok)
}
