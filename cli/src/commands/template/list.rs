//! `tasker template list`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;

/// List what is registered; the latest version of each name is the one a request without a version gets.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template list
  tasker template list --namespace ecommerce
  tasker template list --json | jq '.templates[].full_name'")]
pub(crate) struct Arguments {
    /// Only of this namespace.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let tasks = session.client.named_tasks(arguments.namespace.as_deref()).await?;
    printer.answer(&json!({"templates": tasks}), |look| {
        render::named_tasks(&tasks, Utc::now(), look)
    });
    Ok(ExitStatus::Ok)
}
