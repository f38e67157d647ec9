//! `tasker task annotate`.

use super::selection::{OperatorArguments, json_argument};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use clap::Args;
use serde_json::json;
use tasker_core::model::{Operator, TaskId};

/// Note something on a task, to find it by; without an annotation, show what was noted.
///
/// Each call adds an annotation. Its type is made at its first use.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task annotate 0198c0de-0000-7000-8000-000000000000 shipment '{\"carrier\": \"DHL\"}'
  tasker task annotate 0198c0de-0000-7000-8000-000000000000              what was noted on it")]
pub(crate) struct Arguments {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    /// What kind of thing it says: up to 64 characters.
    #[arg(value_name = "TYPE", requires = "annotation")]
    annotation_type: Option<String>,
    /// What it says, in JSON.
    #[arg(value_name = "JSON")]
    annotation: Option<String>,
    #[command(flatten)]
    operator: OperatorArguments,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let client = &session.client;
    if let (Some(annotation_type), Some(text)) = (&arguments.annotation_type, &arguments.annotation) {
        let annotation = json_argument("<JSON>", text)?;
        let noted = client
            .annotate_task(
                arguments.task,
                annotation_type,
                &annotation,
                &Operator::from(&arguments.operator),
            )
            .await?;
        printer.answer(&noted, |look| {
            render::annotations(std::slice::from_ref(&noted), look)
        });
        return Ok(ExitStatus::Ok);
    }
    let found = client.list_annotations(arguments.task).await?;
    printer.answer(&json!({ "annotations": found }), |look| {
        render::annotations(&found, look)
    });
    Ok(ExitStatus::Ok)
}
