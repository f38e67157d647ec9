//! `tasker template graph`.

use super::sources;
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::Path;
use tasker_core::graph::{Direction, Drawing};
use tasker_core::template::CompiledTemplate;

/// Draw the steps of a template and what they wait for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template graph order.yaml                               as text
  tasker template graph ecommerce.process_order@1.2.0            one that is registered
  tasker template graph order.yaml --format mermaid > order.mmd
  tasker template graph order.yaml --format dot | dot -Tsvg > order.svg
  tasker template graph process_order --format json | jq .critical_path")]
pub(crate) struct Arguments {
    /// A file, or a registered template: [NAMESPACE.]NAME[@VERSION].
    #[arg(value_name = "FILE|NAME")]
    source: String,
    /// How to draw it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Which way the arrows run, in Mermaid and DOT.
    #[arg(long, value_name = "WAY", default_value = "down")]
    direction: Way,
}

/// How to draw a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal.
    Text,
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// For programs: steps, edges, levels, critical path.
    Json,
}

/// Which way arrows run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// From the top down.
    Down,
    /// From left to right.
    Right,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let template = find(&arguments.source, global).await?;
    let format = if printer.json {
        Format::Json
    } else {
        arguments.format
    };
    match format {
        Format::Text => printer.text(&render::template_text(&template, &printer.out)),
        Format::Mermaid => printer.raw(&draw(&template, arguments.direction, |drawing| {
            drawing.to_mermaid()
        })),
        Format::Dot => printer.raw(&draw(&template, arguments.direction, |drawing| drawing.to_dot())),
        Format::Json => printer.document(&document(&template)),
    }
    Ok(ExitStatus::Ok)
}

/// A file if there is one of that name, else what is registered under it.
async fn find(source: &str, global: &GlobalOptions) -> Result<CompiledTemplate, Failure> {
    let path = Path::new(source);
    if source == "-" || path.is_file() {
        let mut good = sources::all_good(vec![sources::check_file(path)?])?;
        return good
            .pop()
            .ok_or_else(|| Failure::failed("The file holds no template."));
    }
    let looks_like_file =
        path.extension().is_some_and(|end| end == "yaml" || end == "yml") || source.contains('/');
    if looks_like_file {
        return Err(Failure::not_found(format!("There is no file {source}.")));
    }
    let (name, version) = source
        .split_once('@')
        .map_or((source, None), |(name, version)| (name, Some(version)));
    let (namespace, name) = name.split_once('.').unwrap_or(("default", name));
    let session = Session::new(global)?;
    Ok(session.client.template(namespace, name, version).await?)
}

fn draw(template: &CompiledTemplate, way: Way, to_text: impl Fn(&Drawing<'_>) -> String) -> String {
    let graph = template.graph();
    let names: Vec<&str> = template.steps.iter().map(|step| step.name.as_str()).collect();
    let direction = match way {
        Way::Down => Direction::Down,
        Way::Right => Direction::Right,
    };
    to_text(&Drawing {
        graph: &graph,
        names: &names,
        states: &[],
        direction,
    })
}

fn document(template: &CompiledTemplate) -> Value {
    let graph = template.graph();
    let shape = graph.shape().ok();
    let name_of = |index: &usize| template.steps.get(*index).map(|step| step.name.clone());
    let steps: Vec<Value> = template
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            json!({
                "step_no": step.step_no,
                "name": step.name,
                "level": shape.as_ref().and_then(|shape| shape.levels.get(index)),
                "parents": step.parents,
                "dependents": step.dependents,
            })
        })
        .collect();
    let longest = graph
        .critical_path(|_| 1.0)
        .map(|path| path.nodes)
        .unwrap_or_default();
    json!({
        "namespace": template.namespace,
        "name": template.name,
        "version": template.version,
        "steps": steps,
        "depth": shape.as_ref().map(tasker_core::graph::Shape::depth),
        "width": shape.as_ref().map(|shape| shape.width),
        "critical_path": longest.iter().filter_map(name_of).collect::<Vec<String>>(),
    })
}
