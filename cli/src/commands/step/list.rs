//! `tasker step list`.

use super::filter::StepSelection;
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
use tasker_core::model::{StepNo, StepSearch, TaskId};

/// List steps: of one task in the order of its template, or of all tasks, newest tasks first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker step list 0198c0de-0000-7000-8000-000000000000
  tasker step list 0198c0de-0000-7000-8000-000000000000 --status error,in_progress
  tasker step list --handler shop.process_order.charge_payment --failed-for-good --since 1d
  tasker step list --namespace shop --task-name process_order --error-code step_timeout
  tasker step list --limit 100 --after 0198c0de-0000-7000-8000-000000000000/3      the next page
  tasker step list --status error --json | jq -r '.steps[] | \"\\(.task_id) \\(.name)\"'")]
pub(crate) struct Arguments {
    /// The id of a task; all tasks when left out.
    #[arg(value_name = "TASK")]
    task: Option<TaskId>,
    #[command(flatten)]
    selection: StepSelection,
    /// Only what comes after this step, as TASK/NO, or NO in the task that is named: the next page.
    #[arg(long, value_name = "STEP")]
    after: Option<String>,
    #[command(flatten)]
    limit: Limit,
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let now = Utc::now();
    let search = StepSearch {
        task: arguments.task,
        after: arguments
            .after
            .as_deref()
            .map(|text| cursor(text, arguments.task))
            .transpose()?,
        limit: arguments.limit.limit,
        ..arguments.selection.read(now)?
    };
    let session = Session::new(global)?;
    let steps = session.client.find_steps(&search).await?;
    if let (Some(task), true) = (arguments.task, steps.is_empty()) {
        // No step matches, or there is no such task.
        session.client.task(task).await?;
    }
    let next = arguments.limit.next(&steps, |found| match arguments.task {
        Some(_) => found.step.workflow_step_id.to_string(),
        None => format!("{}/{}", found.step.task_id, found.step.workflow_step_id),
    });
    printer.answer(&json!({"steps": steps, "next": next}), |look| {
        match arguments.task {
            Some(_) => {
                let steps: Vec<_> = steps.iter().map(|found| found.step.clone()).collect();
                render::step_list(&steps, now, look)
            }
            None => render::found_steps(&steps, now, look),
        }
    });
    tell_next(next.as_deref(), printer);
    Ok(ExitStatus::Ok)
}

/// `TASK/NO`, or `NO` where the task is named.
fn cursor(text: &str, task: Option<TaskId>) -> Result<(TaskId, StepNo), Failure> {
    let read = match (text.split_once('/'), task) {
        (Some((task, number)), _) => task.parse().ok().zip(number.parse().ok()),
        (None, Some(task)) => text.parse().ok().map(|number| (task, number)),
        (None, None) => None,
    };
    read.ok_or_else(|| {
        Failure::usage(format!("--after does not understand '{text}'.")).next(
            "give what the page before ended with: TASK/NO, or the number of the step where a task is named",
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // Tests may panic: that is how they fail.
    use super::*;

    #[test]
    fn a_cursor_is_a_task_and_a_number_or_a_number_where_the_task_is_named() {
        let task: TaskId = "0198c0de-0000-7000-8000-000000000000".parse().unwrap();
        assert_eq!(cursor(&format!("{task}/3"), None).unwrap(), (task, 3));
        assert_eq!(cursor("3", Some(task)).unwrap(), (task, 3));
        for (text, named) in [("3", None), ("x", Some(task)), ("3/4", None), ("", None)] {
            assert!(
                cursor(text, named).unwrap_err().next.unwrap().contains("TASK/NO"),
                "{text}"
            );
        }
    }
}
