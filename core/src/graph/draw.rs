//! Pictures of a graph: what is drawn, and the languages that others draw from, Mermaid and DOT.

use super::Graph;
use crate::model::State;
use std::fmt::Write;

/// Which way the arrows of a picture run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// From the top down.
    #[default]
    Down,
    /// From left to right.
    Right,
}

impl Direction {
    const fn mermaid(self) -> &'static str {
        match self {
            Direction::Down => "TD",
            Direction::Right => "LR",
        }
    }

    const fn dot(self) -> &'static str {
        match self {
            Direction::Down => "TB",
            Direction::Right => "LR",
        }
    }
}

/// A graph with what is written on its nodes.
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The names of the nodes, by their number; a node without one shows its number.
    pub names: &'a [&'a str],
    /// The states of the nodes, by their number, for a task; empty for a template.
    pub states: &'a [Option<State>],
    /// Which way the arrows run.
    pub direction: Direction,
}

/// The colour in which a state is drawn: a fill that black text can be read on.
const fn colour(state: State) -> &'static str {
    match state {
        State::Pending => "#eceff1",
        State::InProgress => "#bbdefb",
        State::Complete => "#c8e6c9",
        State::Error => "#ffcdd2",
        State::Cancelled => "#cfcfcf",
        State::ResolvedManually => "#dcedc8",
    }
}

impl Drawing<'_> {
    /// The picture as a Mermaid flowchart. Nodes are called `s1`, `s2`, … after their `step_no`.
    pub fn to_mermaid(&self) -> String {
        let mut out = format!("flowchart {}\n", self.direction.mermaid());
        for node in 0..self.graph.len() {
            let _ = writeln!(out, "  s{}[\"{}\"]", node + 1, mermaid_text(&self.label(node)));
        }
        for (parent, dependent) in self.edges() {
            let _ = writeln!(out, "  s{} --> s{}", parent + 1, dependent + 1);
        }
        for state in State::ALL {
            let members: Vec<String> = (0..self.graph.len())
                .filter(|node| self.state(*node) == Some(state))
                .map(|node| format!("s{}", node + 1))
                .collect();
            if !members.is_empty() {
                let _ = writeln!(
                    out,
                    "  classDef {state} fill:{},stroke:#455a64,color:#000",
                    colour(state)
                );
                let _ = writeln!(out, "  class {} {state}", members.join(","));
            }
        }
        out
    }

    /// The picture in the language of Graphviz.
    pub fn to_dot(&self) -> String {
        let mut out = format!(
            "digraph workflow {{\n  rankdir={};\n  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\"];\n",
            self.direction.dot()
        );
        for node in 0..self.graph.len() {
            let label = dot_text(&self.label(node));
            let _ = match self.state(node) {
                None => writeln!(out, "  s{} [label=\"{label}\"];", node + 1),
                Some(state) => writeln!(
                    out,
                    "  s{} [label=\"{label}\\n{state}\", fillcolor=\"{}\"];",
                    node + 1,
                    colour(state)
                ),
            };
        }
        for (parent, dependent) in self.edges() {
            let _ = writeln!(out, "  s{} -> s{};", parent + 1, dependent + 1);
        }
        out.push_str("}\n");
        out
    }

    pub(super) fn label(&self, node: usize) -> String {
        self.names
            .get(node)
            .map_or_else(|| (node + 1).to_string(), |name| (*name).to_owned())
    }

    pub(super) fn state(&self, node: usize) -> Option<State> {
        self.states.get(node).copied().flatten()
    }

    fn edges(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.graph.len()).flat_map(|parent| {
            self.graph
                .dependents(parent)
                .iter()
                .map(move |dependent| (parent, *dependent))
        })
    }
}

/// Inside the quotes of a Mermaid label everything that is markup somewhere is written as an entity.
fn mermaid_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push_str("#96;"),
            '\\' => out.push_str("#92;"),
            _ if character.is_control() => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

fn dot_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            _ if character.is_control() => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}
