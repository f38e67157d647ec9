//! `tasker task graph`.

use crate::args::GlobalOptions;
use crate::commands::drawing::{self, DrawingArguments, Drawn};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Flow};
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashMap;
use tasker_core::graph::Graph;
use tasker_core::model::{Step, StepNo, Task, TaskId};

/// Draw the steps of a task, with their states.
///
/// The graph is the one that the task was created with, whatever happened to its template since.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task graph 0198c0de-0000-7000-8000-000000000000
  tasker task graph 0198c0de-0000-7000-8000-000000000000 --format svg > task.svg
  tasker task graph 0198c0de-0000-7000-8000-000000000000 --format mermaid
  tasker task graph 0198c0de-0000-7000-8000-000000000000 --json | jq '.steps[] | select(.status == \"error\")'")]
pub(crate) struct Arguments {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    #[command(flatten)]
    drawing: DrawingArguments,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let task = session.client.task(arguments.task).await?;
    let steps = session.client.steps(arguments.task).await?;
    let graph = graph_of(&steps);
    let drawn = Drawn {
        graph: &graph,
        names: steps.iter().map(|step| step.name.as_str()).collect(),
        states: steps.iter().map(|step| Some(step.status)).collect(),
        title: format!("{} ({})", task.full_name, task.status),
    };
    let waiting: Vec<bool> = steps.iter().map(|step| step.next_retry_at.is_some()).collect();
    let now = Utc::now();
    let headed = |picture: &str| format!("{}\n\n{picture}", render::status_line(&task, now, &printer.out));
    drawn.write(
        &arguments.drawing,
        printer,
        || headed(&render::flow(&steps, Flow { now, lines: None }, &printer.out).join("\n")),
        |how| Some(headed(&drawing::boxes(&drawn, &waiting, how, &printer.out)?)),
        || document(&task, &steps, &graph, &drawn.names),
    )?;
    Ok(ExitStatus::Ok)
}

fn graph_of(steps: &[Step]) -> Graph {
    let index: HashMap<StepNo, usize> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| (step.workflow_step_id, index))
        .collect();
    let parents = |step: &Step| {
        step.parents_ids
            .iter()
            .filter_map(|parent| index.get(parent).copied())
            .collect()
    };
    Graph::from_parents(steps.iter().map(parents).collect())
}

fn document(task: &Task, steps: &[Step], graph: &Graph, names: &[&str]) -> Value {
    let shape = drawing::shape_of(graph, names);
    let steps: Vec<Value> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            json!({
                "step_no": step.workflow_step_id,
                "name": step.name,
                "status": step.status,
                "attempts": step.attempts,
                "next_retry_at": step.next_retry_at,
                "level": shape["levels"][index],
                "parents": step.parents_ids,
            })
        })
        .collect();
    json!({
        "task_id": task.task_id,
        "full_name": task.full_name,
        "status": task.status,
        "steps": steps,
        "depth": shape["depth"],
        "width": shape["width"],
        "critical_path": shape["critical_path"],
    })
}
