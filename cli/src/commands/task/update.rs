//! `tasker task update`.

use super::selection::{show_task, who};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::Session;
use clap::Args;
use tasker_core::model::{Operator, TaskId, TaskUpdate};

/// Change the priority, the labels or the reason of a task.
///
/// A new priority counts for the steps that have not started and for those that wait for a retry.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task update 0198c0de-0000-7000-8000-000000000000 --priority 0
  tasker task update 0198c0de-0000-7000-8000-000000000000 --tag urgent --tag vip    these labels and no others
  tasker task update 0198c0de-0000-7000-8000-000000000000 --no-tags")]
pub(crate) struct Arguments {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    /// 0 (first) to 9 (last).
    #[arg(long, value_name = "0-9", value_parser = clap::value_parser!(i16).range(0..=9))]
    priority: Option<i16>,
    /// A label, instead of those that the task has; may be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Take all labels away.
    #[arg(long, conflicts_with = "tags")]
    no_tags: bool,
    /// Why the task was asked for.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who changes it; kept beside the audit trail. The user's name when left out.
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let tags = (arguments.no_tags || !arguments.tags.is_empty()).then(|| arguments.tags.clone());
    if arguments.priority.is_none() && tags.is_none() && arguments.reason.is_none() {
        return Err(
            Failure::usage("Nothing is to be changed.").next("give --priority, --tag, --no-tags or --reason")
        );
    }
    let update = TaskUpdate {
        reason: arguments.reason.clone(),
        tags,
        priority: arguments.priority,
    };
    let operator = Operator {
        by: who(arguments.by.as_ref()),
        ..Operator::default()
    };
    let session = Session::new(global)?;
    let task = session
        .client
        .update_task(arguments.task, &update, &operator)
        .await?;
    show_task(&session.client, &task, "updated", printer).await?;
    Ok(ExitStatus::Ok)
}
