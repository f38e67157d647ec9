//! `tasker template graph`.

use super::sources;
use crate::args::GlobalOptions;
use crate::commands::drawing::{self, DrawingArguments, Drawn};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use clap::Args;
use serde_json::{Value, json};
use tasker_core::graph::Graph;
use tasker_core::template::CompiledTemplate;

/// Draw the steps of a template and what they wait for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template graph order.yaml                               boxes and lines
  tasker template graph ecommerce.process_order@1.2.0            one that is registered
  tasker template graph order.yaml --format svg > order.svg      for light and dark pages, nothing to load
  tasker template graph order.yaml --format mermaid > order.mmd
  tasker template graph order.yaml --format dot | dot -Tsvg > order.svg
  tasker template graph process_order --format json | jq .critical_path")]
pub(crate) struct Arguments {
    /// A file, or a registered template: [NAMESPACE.]NAME[@VERSION].
    #[arg(value_name = "FILE|NAME")]
    source: String,
    #[command(flatten)]
    drawing: DrawingArguments,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let template = sources::find(&arguments.source, global).await?;
    let graph = template.graph();
    let drawn = Drawn {
        graph: &graph,
        names: template.steps.iter().map(|step| step.name.as_str()).collect(),
        states: Vec::new(),
        title: render::full_name(&template),
    };
    drawn.write(
        &arguments.drawing,
        printer,
        || render::template_text(&template, &printer.out),
        |how| {
            let picture = drawing::boxes(&drawn, &[], how, &printer.out)?;
            Some(render::template_picture(&template, &picture, &printer.out))
        },
        || document(&template, &graph, &drawn.names),
    )?;
    Ok(ExitStatus::Ok)
}

fn document(template: &CompiledTemplate, graph: &Graph, names: &[&str]) -> Value {
    let shape = drawing::shape_of(graph, names);
    let steps: Vec<Value> = template
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            json!({
                "step_no": step.step_no,
                "name": step.name,
                "level": shape["levels"][index],
                "parents": step.parents,
                "dependents": step.dependents,
            })
        })
        .collect();
    json!({
        "namespace": template.namespace,
        "name": template.name,
        "version": template.version,
        "steps": steps,
        "depth": shape["depth"],
        "width": shape["width"],
        "critical_path": shape["critical_path"],
    })
}
