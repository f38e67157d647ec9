//! What the graph verbs have in common: how to draw, and drawing it.

use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Boxes};
use clap::{Args, ValueEnum};
use serde_json::Value;
use tasker_core::graph::{Direction, Drawing, Graph};
use tasker_core::model::State;

/// How to draw.
#[derive(Debug, Clone, Args)]
pub(crate) struct DrawingArguments {
    /// How to draw it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Which way the arrows run in Mermaid, DOT and SVG; down when left out, in SVG whatever fits better.
    #[arg(long, value_name = "WAY")]
    direction: Option<Way>,
    /// Draw boxes and lines of text in ASCII.
    #[arg(long)]
    ascii: bool,
}

/// How to draw a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Boxes and lines for the terminal; a list where they do not fit.
    Text,
    /// A list by level for the terminal.
    List,
    /// A picture for browsers and documents, self-contained.
    Svg,
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

/// A graph with what is written on it.
pub(crate) struct Drawn<'a> {
    /// The graph.
    pub(crate) graph: &'a Graph,
    /// The names of the steps.
    pub(crate) names: Vec<&'a str>,
    /// The states of the steps of a task; empty for a template.
    pub(crate) states: Vec<Option<State>>,
    /// What stands over the picture.
    pub(crate) title: String,
}

impl Drawn<'_> {
    /// Writes the picture: `list` is the form for where boxes do not fit, `document` the one for programs.
    pub(crate) fn write(
        &self,
        arguments: &DrawingArguments,
        printer: &Printer,
        list: impl FnOnce() -> String,
        boxes: impl FnOnce(Boxes) -> Option<String>,
        document: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        let drawing = Drawing {
            graph: self.graph,
            names: &self.names,
            states: &self.states,
            direction: match arguments.direction {
                None | Some(Way::Down) => Direction::Down,
                Some(Way::Right) => Direction::Right,
            },
        };
        let format = if printer.json {
            Format::Json
        } else {
            arguments.format
        };
        match format {
            Format::Text => match boxes(Boxes {
                ascii: arguments.ascii,
            }) {
                Some(picture) => printer.text(&picture),
                None => {
                    printer.text(&list());
                    let advice = "The picture does not fit here; the steps are listed by level. --format svg draws it.";
                    printer.note(&printer.err.dim(advice));
                }
            },
            Format::List => printer.text(&list()),
            Format::Svg => {
                let svg = match arguments.direction {
                    None => drawing.to_svg_that_fits(&self.title),
                    Some(_) => drawing.to_svg(&self.title),
                };
                printer.raw(&svg.map_err(|cycle| self.circle(&cycle))?);
            }
            Format::Mermaid => printer.raw(&drawing.to_mermaid()),
            Format::Dot => printer.raw(&drawing.to_dot()),
            Format::Json => printer.document(&document()),
        }
        Ok(())
    }

    /// Compiled templates have no circles; what else says so is damaged.
    fn circle(&self, cycle: &tasker_core::graph::Cycle) -> Failure {
        let name = |node: usize| self.names.get(node).copied().unwrap_or_default();
        Failure::failed(format!(
            "The steps wait for each other: {}.",
            cycle.describe(name)
        ))
    }
}

/// The lengths and levels of a graph, for programs.
pub(crate) fn shape_of(graph: &Graph, names: &[&str]) -> Value {
    let shape = graph.shape().ok();
    let longest = graph
        .critical_path(|_| 1.0)
        .map(|path| path.nodes)
        .unwrap_or_default();
    serde_json::json!({
        "levels": shape.as_ref().map(|shape| &shape.levels),
        "depth": shape.as_ref().map(tasker_core::graph::Shape::depth),
        "width": shape.as_ref().map(|shape| shape.width),
        "critical_path": longest.iter().filter_map(|node| names.get(*node)).collect::<Vec<_>>(),
    })
}

/// The picture in boxes, for either graph verb.
pub(crate) fn boxes(drawn: &Drawn<'_>, waiting: &[bool], how: Boxes, look: &render::Look) -> Option<String> {
    render::boxes(drawn.graph, &drawn.names, &drawn.states, waiting, how, look)
}
