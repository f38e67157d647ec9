//! `tasker handler …`.

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

/// See the handlers that templates name, who has them and what waits for them; pause them, go on.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker handler list
  tasker handler pause shop.process_order.charge_payment --by anna --reason 'gateway is down'
  tasker handler resume shop.process_order.charge_payment"
)]
pub(crate) enum Command {
    List(ListArguments),
    Pause(PauseArguments),
    Resume(ResumeArguments),
}

/// List handlers by name: the workers that have each, and how many of its steps could be claimed now.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker handler list
  tasker handler list --containing payment
  tasker handler list --limit 100 --after shop.process_order.charge_payment    the next page
  tasker handler list --json | jq '.handlers[] | select(.live_workers == 0)'")]
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

/// Claim no more steps of a handler, in any namespace; what runs goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker handler pause shop.process_order.charge_payment --by anna --reason 'gateway is down'")]
pub(crate) struct PauseArguments {
    /// The name of the handler.
    #[arg(value_name = "HANDLER")]
    handler: String,
    #[command(flatten)]
    operator: OperatorArguments,
}

/// Go on with a handler that was paused; what is paused for another reason stays so.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker handler resume shop.process_order.charge_payment --reason 'gateway is back'")]
pub(crate) struct ResumeArguments {
    /// The name of the handler.
    #[arg(value_name = "HANDLER")]
    handler: String,
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
        Command::Pause(arguments) => (arguments.handler, arguments.operator, true),
        Command::Resume(arguments) => (arguments.handler, arguments.operator, false),
    };
    let words = format!("handler {name}");
    set_paused(
        &PauseScope::Handler(name),
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
    let handlers = session.client.list_handlers(&page).await?;
    let next = arguments.limit.next(&handlers, |one| one.handler.clone());
    printer.answer(&json!({"handlers": handlers, "next": next}), |look| {
        render::handlers(&handlers, Utc::now(), look)
    });
    tell_next(next.as_deref(), printer);
    Ok(ExitStatus::Ok)
}
