//! `tasker template list`.

use crate::args::GlobalOptions;
use crate::commands::listing::{Limit, tell_next};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;
use tasker_core::model::NamedTask;

/// List what is registered; the latest version of each name is the one a request without a version gets.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template list
  tasker template list --namespace ecommerce --latest
  tasker template list --limit 100 --after ecommerce.process_order@1.0.0    the next page
  tasker template list --json | jq '.templates[].full_name'")]
pub(crate) struct Arguments {
    /// Only of this namespace.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Only of this name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only the latest version of each name.
    #[arg(long)]
    latest: bool,
    /// Only after this one, as namespace.name@version: the next page.
    #[arg(long, value_name = "TEMPLATE")]
    after: Option<String>,
    #[command(flatten)]
    limit: Limit,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let tasks = session.client.named_tasks(arguments.namespace.as_deref()).await?;
    let mut tasks: Vec<NamedTask> = tasks
        .into_iter()
        .filter(|task| arguments.name.as_ref().is_none_or(|name| *name == task.name))
        .filter(|task| task.latest || !arguments.latest)
        .collect();
    if let Some(cursor) = &arguments.after {
        let at = tasks
            .iter()
            .position(|task| task.full_name == *cursor)
            .ok_or_else(|| {
                Failure::usage(format!("--after {cursor} is not in this list."))
                    .next("give the last one of the page before, with the same filters")
            })?;
        tasks.drain(..=at);
    }
    tasks.truncate(arguments.limit.limit as usize);
    let next = arguments.limit.next(&tasks, |task| task.full_name.clone());
    printer.answer(&json!({"templates": tasks, "next": next}), |look| {
        render::named_tasks(&tasks, Utc::now(), look)
    });
    tell_next(next.as_deref(), printer);
    Ok(ExitStatus::Ok)
}
