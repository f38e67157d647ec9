//! `tasker task list`.

use super::filter::Selection;
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
use tasker_core::model::{TaskFilter, TaskId};

/// List tasks, newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task list
  tasker task list --status error,cancelled --since 2h
  tasker task list --namespace ecommerce --name process_order --tag urgent
  tasker task list --error-code gateway_unavailable --created-before 1d
  tasker task list --limit 100 --after 0198c0de-0000-7000-8000-000000000000    the next page
  tasker task list --json | jq -r '.tasks[].task_id'")]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Only older than this task: the next page.
    #[arg(long, value_name = "TASK")]
    after: Option<TaskId>,
    #[command(flatten)]
    limit: Limit,
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let now = Utc::now();
    let filter = TaskFilter {
        after: arguments.after,
        limit: arguments.limit.limit,
        ..arguments.selection.read(now)?
    };
    let session = Session::new(global)?;
    let tasks = session.client.list_tasks(&filter).await?;
    let next = arguments.limit.next(&tasks, |task| task.task_id.to_string());
    printer.answer(&json!({"tasks": tasks, "next": next}), |look| {
        render::task_list(&tasks, now, look)
    });
    tell_next(next.as_deref(), printer);
    Ok(ExitStatus::Ok)
}
