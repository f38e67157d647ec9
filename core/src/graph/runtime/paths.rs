//! The ways from a root to a leaf that matter most.

use super::{View, percentage};
use crate::graph::Graph;
use crate::model::State;
use crate::model::analysis::{CriticalPaths, PathBottleneck, StepSnapshot, TaskPath};

/// How many paths are told.
const SHOWN: usize = 5;
/// Beyond this not every reader of JSON tells one number from the next.
const COUNTED: u64 = 1 << 53;

/// A way from a node to a leaf: how critical it is, and how it goes on.
#[derive(Debug, Clone, Copy)]
struct Way {
    weight: f64,
    /// The next node, and which of its ways; none at a leaf.
    next: Option<(usize, usize)>,
}

/// What the ways through the graph say.
pub(super) fn critical(view: &View<'_>) -> CriticalPaths {
    let weights: Vec<f64> = view.steps().iter().map(|step| weight(view, step)).collect();
    CriticalPaths {
        total_paths: how_many(&view.graph, &view.shape.order),
        longest_path_length: view.shape.depth(),
        paths: heaviest(&view.graph, &view.shape.order, &weights)
            .into_iter()
            .map(|(weight, nodes)| describe(view, weight, &nodes))
            .collect(),
        root_nodes: view.numbers(&view.shape.roots),
        leaf_nodes: view.numbers(&view.shape.sinks),
    }
}

/// The heaviest ways from a root to a leaf, at most five, the heaviest first; of equally heavy ones that over smaller nodes.
///
/// The weight of a way is the sum over its nodes, so that the best ways from a node are the best ones from its dependents, each
/// one node longer. Each edge offers five ways to a list of five: nothing grows with the number of ways.
fn heaviest(graph: &Graph, order: &[usize], weights: &[f64]) -> Vec<(f64, Vec<usize>)> {
    let mut best: Vec<Vec<Way>> = vec![Vec::new(); graph.len()];
    for &node in order.iter().rev() {
        let mut ways = Vec::with_capacity(SHOWN + 1);
        for &dependent in graph.dependents(node) {
            offer(&mut ways, dependent, &best[dependent]);
        }
        if ways.is_empty() {
            ways.push(Way {
                weight: 0.0,
                next: None,
            });
        }
        for way in &mut ways {
            way.weight += weights[node];
        }
        best[node] = ways;
    }
    let mut told = Vec::with_capacity(SHOWN + 1);
    for root in graph.roots() {
        offer(&mut told, root, &best[root]);
    }
    told.into_iter()
        .map(|way| (way.weight, nodes_of(way, &best)))
        .collect()
}

/// Puts the ways that begin at `node` among the best. Nodes are offered ascending, and so come equal ways.
fn offer(among: &mut Vec<Way>, node: usize, ways: &[Way]) {
    for (number, way) in ways.iter().enumerate() {
        let place = among.partition_point(|other| other.weight.total_cmp(&way.weight).is_ge());
        if place >= SHOWN {
            return;
        }
        among.insert(
            place,
            Way {
                weight: way.weight,
                next: Some((node, number)),
            },
        );
        among.truncate(SHOWN);
    }
}

fn nodes_of(way: Way, best: &[Vec<Way>]) -> Vec<usize> {
    let mut nodes = Vec::new();
    let mut next = way.next;
    while let Some((node, number)) = next {
        nodes.push(node);
        next = best[node][number].next;
    }
    nodes
}

/// How many ways lead from a root to a leaf; none where they are more than is counted.
fn how_many(graph: &Graph, order: &[usize]) -> Option<u64> {
    let add = |sum: u64, more: u64| sum.saturating_add(more).min(COUNTED + 1);
    let mut ways = vec![1_u64; graph.len()];
    for &node in order {
        if !graph.parents(node).is_empty() {
            ways[node] = graph
                .parents(node)
                .iter()
                .fold(0, |sum, parent| add(sum, ways[*parent]));
        }
    }
    let total = graph
        .sinks()
        .into_iter()
        .fold(0, |sum, sink| add(sum, ways[sink]));
    (total <= COUNTED).then_some(total)
}

/// What a step adds to how critical a path is.
fn weight(view: &View<'_>, step: &StepSnapshot) -> f64 {
    let impact = &view.weights.impact_multipliers;
    let health = if view.snapshot.health_status == "healthy" {
        1.0
    } else {
        1.5
    };
    let mut weight = impact.path_length_weight + 2.0 * seconds(view, step) / 60.0;
    if step.done() {
        weight -= impact.completed_penalty;
    }
    if step.blocked() {
        weight += impact.blocked_penalty * health;
    }
    if step.failed() {
        weight += impact.error_penalty * health;
    }
    if retried(step) {
        weight += impact.retry_penalty;
    }
    weight
}

fn seconds(view: &View<'_>, step: &StepSnapshot) -> f64 {
    let estimates = &view.weights.duration_estimates;
    let failed = if step.failed() {
        estimates.error_penalty_seconds
    } else {
        0.0
    };
    estimates.base_step_seconds + failed + f64::from(step.attempts) * estimates.retry_penalty_seconds
}

fn retried(step: &StepSnapshot) -> bool {
    step.failed() && step.attempts > 0
}

/// What is left of a task that is nearly done is less critical.
fn score(view: &View<'_>, weight: f64) -> f64 {
    (weight * (1.0 - 0.3 * view.snapshot.completion_percentage / 100.0)).max(0.0)
}

fn describe(view: &View<'_>, weight: f64, nodes: &[usize]) -> TaskPath {
    let steps: Vec<&StepSnapshot> = nodes.iter().map(|node| &view.steps()[*node]).collect();
    let how_many = |is: fn(&StepSnapshot) -> bool| steps.iter().filter(|step| is(step)).count();
    let completed = how_many(StepSnapshot::done);
    TaskPath {
        path: view.numbers(nodes),
        length: nodes.len(),
        step_names: nodes.iter().map(|node| view.name(*node)).collect(),
        completed_steps: completed,
        blocked_steps: how_many(StepSnapshot::blocked),
        error_steps: how_many(StepSnapshot::failed),
        retry_steps: how_many(retried),
        ready_steps: how_many(|step| step.ready_for_execution),
        estimated_duration: steps.iter().map(|step| seconds(view, step)).sum(),
        bottlenecks: bottlenecks(view, &steps),
        criticality_score: score(view, weight),
        completion_percentage: percentage(completed, nodes.len()),
    }
}

fn bottlenecks(view: &View<'_>, steps: &[&StepSnapshot]) -> Vec<PathBottleneck> {
    let mut found: Vec<PathBottleneck> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.blocked() || step.failed())
        .map(|(place, step)| PathBottleneck {
            step_id: step.workflow_step_id,
            step_name: step.name.clone(),
            reason: reason(view, step),
            severity: severity(step),
            impact: format!(
                "Holds up {} after it on this path",
                plural(steps.len() - place - 1)
            ),
        })
        .collect();
    found.sort_by_key(|bottleneck| std::cmp::Reverse(bottleneck.severity));
    found
}

/// `1 step`, `2 steps`.
pub(super) fn plural(steps: usize) -> String {
    if steps == 1 {
        "1 step".to_owned()
    } else {
        format!("{steps} steps")
    }
}

fn severity(step: &StepSnapshot) -> i32 {
    let given = |holds: bool, severity: i32| if holds { severity } else { 0 };
    given(step.failed(), 10)
        + step.attempts.saturating_mul(5)
        + given(step.exhausted(), 20)
        + given(step.blocked(), 5)
}

fn reason(view: &View<'_>, step: &StepSnapshot) -> String {
    let reason = match step.current_state {
        _ if step.ready_for_execution => "Ready to run",
        State::Pending | State::Error if !step.dependencies_satisfied => "A step before it is not done",
        State::Pending | State::Error if step.in_backoff(view.snapshot.taken_at) => {
            "Waits for its next attempt"
        }
        State::Pending | State::Error if !step.retry_eligible => "Failed for good",
        State::Pending | State::Error => "Paused",
        state => return format!("Is {state}"),
    };
    reason.to_owned()
}
