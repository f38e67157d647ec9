//! `tasker step list`.

use crate::args::GlobalOptions;
use crate::commands::listing::{Limit, states, tell_next};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;
use tasker_core::model::{StepFilter, StepNo, TaskId};

/// List the steps of a task, in the order of the template.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker step list 0198c0de-0000-7000-8000-000000000000
  tasker step list 0198c0de-0000-7000-8000-000000000000 --status error,in_progress
  tasker step list 0198c0de-0000-7000-8000-000000000000 --error-code step_timeout
  tasker step list 0198c0de-0000-7000-8000-000000000000 --limit 100 --after 100    the next page
  tasker step list 0198c0de-0000-7000-8000-000000000000 --json | jq -r '.steps[].name'")]
pub(crate) struct Arguments {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    /// Only in these states, separated by commas: pending, in_progress, complete, error, cancelled, resolved_manually.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    status: Vec<String>,
    /// Only of this handler.
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// Only those whose last failure has this code.
    #[arg(long, value_name = "CODE")]
    error_code: Option<String>,
    /// Only after the step with this number: the next page.
    #[arg(long, value_name = "NO")]
    after: Option<StepNo>,
    #[command(flatten)]
    limit: Limit,
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let filter = StepFilter {
        status: states(&arguments.status)?,
        handler: arguments.handler,
        error_code: arguments.error_code,
        after: arguments.after,
        limit: arguments.limit.limit,
    };
    let session = Session::new(global)?;
    let steps = session.client.list_steps(arguments.task, &filter).await?;
    let next = arguments
        .limit
        .next(&steps, |step| step.workflow_step_id.to_string());
    printer.answer(&json!({"steps": steps, "next": next}), |look| {
        render::step_list(&steps, Utc::now(), look)
    });
    tell_next(next.as_deref(), printer);
    Ok(ExitStatus::Ok)
}
