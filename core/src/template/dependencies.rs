//! Who waits for whom: names become numbers, and every mistake in them is told.

use super::node::{Node, Position, excerpt};
use super::problem::ProblemCode;
use super::report::Report;
use crate::graph::Graph;
use std::collections::{HashMap, HashSet};

/// One mention of a step by another.
struct Mention<'n> {
    name: &'n str,
    at: Position,
    path: String,
}

/// The graph of `steps`, in which node *i* is the step at index *i*. Mistakes are reported, and left out of the graph.
pub(super) fn resolve(root: &Node, steps: &[Node], report: &mut Report) -> Graph {
    let index_of = index_by_name(steps, report);
    let named_steps = root.get("named_steps").map(Node::items);
    let listed: Option<HashSet<&str>> =
        named_steps.map(|items| items.iter().filter_map(Node::as_text).collect());
    let is_listed = |name: &str| listed.as_ref().is_none_or(|listed| listed.contains(name));

    let mut parents = vec![Vec::new(); steps.len()];
    for (index, step) in steps.iter().enumerate() {
        let own = step.get("name").and_then(Node::as_text).unwrap_or("");
        if let Some(node) = step.get("name").filter(|_| !is_listed(own)) {
            let message = format!(
                "Step template name '{}' is not in the named_steps list",
                excerpt(own)
            );
            let path = format!("/step_templates/{index}/name");
            report
                .add(ProblemCode::NotInNamedSteps, node.at, path, message)
                .offending(own);
        }
        for mention in mentions(step, index) {
            if !is_listed(mention.name) {
                let message = format!(
                    "Dependency step '{}' is not in the named_steps list",
                    excerpt(mention.name)
                );
                report
                    .add(ProblemCode::NotInNamedSteps, mention.at, &mention.path, message)
                    .offending(mention.name);
            }
            match index_of.get(mention.name) {
                Some(parent) if *parent == index => {
                    let message = format!("step '{}' depends on itself", excerpt(own));
                    report
                        .add(ProblemCode::SelfDependency, mention.at, mention.path, message)
                        .offending(own);
                }
                Some(parent) => parents[index].push(*parent),
                None => unknown(own, &mention, steps, report),
            }
        }
    }
    let graph = Graph::from_parents(parents);
    report_cycles(&graph, steps, report);
    graph
}

fn index_by_name<'n>(steps: &'n [Node], report: &mut Report) -> HashMap<&'n str, usize> {
    let mut index_of: HashMap<&str, usize> = HashMap::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let Some(node) = step.get("name") else { continue };
        let Some(name) = node.as_text() else { continue };
        let Some(first) = index_of.get(name) else {
            index_of.insert(name, index);
            continue;
        };
        let place = match steps[*first].at.line {
            0 => format!("step {}", first + 1),
            line => format!("line {line}"),
        };
        let message = format!(
            "a step named '{}' stands already in {place}; names are unique",
            excerpt(name)
        );
        let path = format!("/step_templates/{index}/name");
        report
            .add(ProblemCode::DuplicateStep, node.at, path, message)
            .offending(name);
    }
    index_of
}

/// What a step waits for, by `depends_on_step` and `depends_on_steps`.
fn mentions(step: &Node, index: usize) -> impl Iterator<Item = Mention<'_>> {
    let path = move |rest: String| format!("/step_templates/{index}/{rest}");
    let one = step.get("depends_on_step").and_then(move |node| {
        Some(Mention {
            name: node.as_text()?,
            at: node.at,
            path: path("depends_on_step".to_owned()),
        })
    });
    let many = step
        .get("depends_on_steps")
        .map_or(&[][..], Node::items)
        .iter()
        .enumerate();
    one.into_iter().chain(many.filter_map(move |(position, node)| {
        let path = path(format!("depends_on_steps/{position}"));
        Some(Mention {
            name: node.as_text()?,
            at: node.at,
            path,
        })
    }))
}

fn unknown(own: &str, mention: &Mention<'_>, steps: &[Node], report: &mut Report) {
    let names = steps
        .iter()
        .filter_map(|step| step.get("name")?.as_text())
        .filter(|name| *name != own);
    let suggestion = report.closest(mention.name, names).map(str::to_owned);
    let message = format!(
        "step '{}' depends on '{}', which does not exist",
        excerpt(own),
        excerpt(mention.name)
    );
    report
        .add(ProblemCode::UnknownDependency, mention.at, &mention.path, message)
        .offending(mention.name)
        .suggest(suggestion);
}

fn report_cycles(graph: &Graph, steps: &[Node], report: &mut Report) {
    let name_of = |index: usize| steps[index].get("name").and_then(Node::as_text).unwrap_or("?");
    for cycle in graph.cycles() {
        let Some(first) = cycle.nodes.first().copied() else {
            continue;
        };
        let at = steps[first].get("name").map_or(steps[first].at, |name| name.at);
        let message = format!(
            "steps wait for each other in a cycle: {}",
            cycle.describe(name_of)
        );
        report
            .add(
                ProblemCode::Cycle,
                at,
                format!("/step_templates/{first}"),
                message,
            )
            .offending(name_of(first));
    }
}
