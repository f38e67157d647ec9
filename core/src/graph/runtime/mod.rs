//! Where a task stands in its graph: the ancestor's `RuntimeGraphAnalyzer`, by its rules and weights.

mod bottlenecks;
mod chains;
mod levels;
mod paths;
mod reach;
mod summary;

use super::{Graph, Shape};
use crate::error::{Error, Result};
use crate::model::StepNo;
use crate::model::analysis::{
    AnalysisWeights, DependencyAnalysis, DependencyGraph, GraphEdge, GraphNode, Rating, StepSnapshot,
    TaskSnapshot,
};
use reach::Reach;
use std::collections::{BTreeMap, HashMap};

/// What the graph of a task says about where it stands.
///
/// The work is bounded by the graph, not by its paths. No path is walked to find the most critical ones: the five best are kept
/// for each step, which costs 25 comparisons an edge at the most. How far each step reaches is counted for 256 steps at a time,
/// which costs edges × steps ÷ 256 operations, and memory that grows with the steps.
///
/// # Errors
/// `InvalidArgument` where the steps wait for each other.
pub fn analyze(snapshot: &TaskSnapshot, weights: &AnalysisWeights) -> Result<DependencyAnalysis> {
    let view = View::new(snapshot, weights)?;
    let critical_paths = paths::critical(&view);
    let parallelism_opportunities = levels::parallelism(&view);
    let error_chains = chains::error_chains(&view);
    let found = bottlenecks::find(&view);
    let task_execution_summary = summary::summarize(
        &view,
        &critical_paths,
        &parallelism_opportunities,
        &error_chains,
        &found,
    );
    Ok(DependencyAnalysis {
        task_id: snapshot.task_id,
        dependency_graph: view.describe(),
        critical_paths,
        parallelism_opportunities,
        error_chains,
        bottlenecks: bottlenecks::told(&view, found),
        analysis_timestamp: snapshot.taken_at,
        task_execution_summary,
    })
}

/// A task as the parts of the analysis see it. Nodes are places in `steps`.
struct View<'s> {
    snapshot: &'s TaskSnapshot,
    weights: &'s AnalysisWeights,
    graph: Graph,
    shape: Shape,
    reach: Vec<Reach>,
}

impl<'s> View<'s> {
    fn new(snapshot: &'s TaskSnapshot, weights: &'s AnalysisWeights) -> Result<Self> {
        let steps = &snapshot.steps;
        let places: HashMap<StepNo, usize> = steps
            .iter()
            .enumerate()
            .map(|(place, step)| (step.workflow_step_id, place))
            .collect();
        let place_of = |number: &StepNo| places.get(number).copied();
        let graph = Graph::from_dependents(
            steps
                .iter()
                .map(|step| step.children_ids.iter().filter_map(place_of).collect())
                .collect(),
        );
        let shape = graph.shape().map_err(|cycle| {
            let name = |node: usize| steps.get(node).map_or("", |step| step.name.as_str());
            Error::invalid_argument(format!(
                "the steps of task {} wait for each other: {}",
                snapshot.task_id,
                cycle.describe(name)
            ))
        })?;
        let reach = reach::of_each(&graph, &shape.order, |node| steps[node].blocked());
        Ok(Self {
            snapshot,
            weights,
            graph,
            shape,
            reach,
        })
    }

    fn steps(&self) -> &'s [StepSnapshot] {
        &self.snapshot.steps
    }

    fn number(&self, node: usize) -> StepNo {
        self.snapshot.steps[node].workflow_step_id
    }

    fn numbers(&self, nodes: &[usize]) -> Vec<StepNo> {
        nodes.iter().map(|node| self.number(*node)).collect()
    }

    fn name(&self, node: usize) -> String {
        self.snapshot.steps[node].name.clone()
    }

    /// How many steps failed, for good or until their next attempt.
    fn failed(&self) -> usize {
        self.steps().iter().filter(|step| step.failed()).count()
    }

    fn severity(&self, impact: i64) -> Rating {
        let thresholds = &self.weights.severity_thresholds;
        let impact = float(impact);
        if impact >= thresholds.critical {
            Rating::Critical
        } else if impact >= thresholds.high {
            Rating::High
        } else if impact >= thresholds.medium {
            Rating::Medium
        } else {
            Rating::Low
        }
    }

    fn describe(&self) -> DependencyGraph {
        let nodes = 0..self.graph.len();
        let lists = |of: fn(&Graph, usize) -> &[usize]| -> BTreeMap<StepNo, Vec<StepNo>> {
            nodes
                .clone()
                .map(|node| (self.number(node), self.numbers(of(&self.graph, node))))
                .collect()
        };
        let edge = |from: usize, to: usize| GraphEdge {
            from: self.number(from),
            to: self.number(to),
            from_name: self.name(from),
            to_name: self.name(to),
        };
        DependencyGraph {
            nodes: nodes
                .clone()
                .map(|node| GraphNode {
                    id: self.number(node),
                    name: self.name(node),
                    level: self.shape.levels[node],
                })
                .collect(),
            edges: nodes
                .clone()
                .flat_map(|from| self.graph.dependents(from).iter().map(move |to| edge(from, *to)))
                .collect(),
            adjacency_list: lists(Graph::dependents),
            reverse_adjacency_list: lists(Graph::parents),
            dependency_levels: nodes
                .map(|node| (self.number(node), self.shape.levels[node]))
                .collect(),
        }
    }
}

/// `part` of `whole` in percent, with one decimal; 0 of nothing.
fn percentage(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (count(part) * 1000.0 / count(whole)).round() / 10.0
}

/// A count for reckoning: exact up to 2⁵³.
#[allow(clippy::cast_precision_loss)] // No task has as many steps.
fn count(number: usize) -> f64 {
    number as f64
}

#[allow(clippy::cast_precision_loss)] // For comparing with a threshold.
fn float(impact: i64) -> f64 {
    impact as f64
}

/// Halves are rounded away from zero. What no integer holds becomes the nearest that there is.
#[allow(clippy::cast_possible_truncation)]
fn rounded(impact: f64) -> i64 {
    impact.round() as i64
}
