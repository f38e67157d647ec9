//! What the analysis of a task's graph says, as a whole.

use super::{Bottlenecks, CriticalPaths, ErrorChains, Parallelism};
use crate::model::{StepNo, TaskId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where a task stands in its graph: what lies on its critical paths, what could run side by side, how far failures reach, and
/// what holds up most.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DependencyAnalysis {
    /// The task.
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    pub task_id: TaskId,
    /// The graph itself.
    pub dependency_graph: DependencyGraph,
    /// The ways from a root to a leaf that matter most.
    pub critical_paths: CriticalPaths,
    /// What could run side by side.
    pub parallelism_opportunities: Parallelism,
    /// How far failures reach.
    pub error_chains: ErrorChains,
    /// What holds up most.
    pub bottlenecks: Bottlenecks,
    /// When the task was looked at, by the clock of the database.
    pub analysis_timestamp: DateTime<Utc>,
    /// All of that in some numbers.
    pub task_execution_summary: ExecutionSummary,
}

/// Which step waits for which.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DependencyGraph {
    /// The steps, by number.
    pub nodes: Vec<GraphNode>,
    /// Which waits for which, by number.
    pub edges: Vec<GraphEdge>,
    /// For each step the steps that wait for it.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Vec<i32>>))]
    pub adjacency_list: BTreeMap<StepNo, Vec<StepNo>>,
    /// For each step the steps that it waits for.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Vec<i32>>))]
    pub reverse_adjacency_list: BTreeMap<StepNo, Vec<StepNo>>,
    /// For each step the length of the longest way to it; 0 for roots.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, usize>))]
    pub dependency_levels: BTreeMap<StepNo, usize>,
}

/// A step in the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GraphNode {
    /// Its number.
    pub id: StepNo,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: usize,
}

/// `to` waits for `from`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GraphEdge {
    /// The number of the parent.
    pub from: StepNo,
    /// The number of the step that waits.
    pub to: StepNo,
    /// The name of the parent.
    pub from_name: String,
    /// The name of the step that waits.
    pub to_name: String,
}

/// The analysis in some numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExecutionSummary {
    /// How many steps there are.
    pub total_steps: usize,
    /// How many times a step waits for another.
    pub total_dependencies: usize,
    /// How many levels the graph has.
    pub dependency_levels: usize,
    /// How many steps the longest path has.
    pub longest_path_length: usize,
    /// How many bottlenecks are `Critical`.
    pub critical_bottlenecks_count: usize,
    /// How many steps have failed, for good or until their next attempt.
    pub error_chains_count: usize,
    /// Percentage of the levels in which more than one step is ready.
    pub parallelism_efficiency: f64,
    /// `critical` with a critical bottleneck or a failed step, `warning` with a bottleneck that is `High`.
    pub overall_health: OverallHealth,
    /// What to do, most urgent first.
    pub recommendations: Vec<String>,
}

/// How a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverallHealth {
    /// A step failed, or a bottleneck is critical.
    Critical,
    /// A bottleneck is high.
    Warning,
    /// Neither.
    Healthy,
}
