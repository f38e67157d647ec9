//! A graph in boxes and lines, painted: the picture is the core's, the colours are those of the states.

use super::{Look, glyph};
use tasker_core::graph::{Direction, Drawing, Graph, Span, TerminalOptions};
use tasker_core::model::State;

/// How boxes are drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Boxes {
    /// In ASCII only.
    pub(crate) ascii: bool,
}

/// The picture, or none where it does not fit. With states each name has its glyph; `waiting` says which failed steps
/// will be tried again.
pub(crate) fn boxes(
    graph: &Graph,
    names: &[&str],
    states: &[Option<State>],
    waiting: &[bool],
    how: Boxes,
    look: &Look,
) -> Option<String> {
    let state = |node: usize| states.get(node).copied().flatten();
    let waits = |node: usize| waiting.get(node).copied().unwrap_or(false);
    let labels: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(node, name)| match state(node) {
            None => (*name).to_owned(),
            // The glyphs are not ASCII; the word is.
            Some(state) if how.ascii => format!("{name}: {state}"),
            Some(state) => format!("{} {name}", glyph(state, waits(node))),
        })
        .collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let drawing = Drawing {
        graph,
        names: &labels,
        states: &[],
        direction: Direction::Down,
    };
    let options = TerminalOptions {
        width: look.width,
        ascii: how.ascii,
    };
    // A graph with a circle has no picture; the caller's list says what there is.
    let rows = drawing.to_terminal(options).ok().flatten()?;
    let paint = |span: &Span| match (span.node, span.node.and_then(state)) {
        (None, _) => look.dim(&span.text),
        (Some(_), None) => span.text.clone(),
        (Some(node), Some(state)) => look.state(state, waits(node), &span.text),
    };
    let lines: Vec<String> = rows.iter().map(|row| row.iter().map(paint).collect()).collect();
    Some(lines.join("\n"))
}
