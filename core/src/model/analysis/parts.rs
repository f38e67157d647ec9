//! The parts of the analysis of a task's graph.

use crate::model::{State, StepNo};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// How bad, or how good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Rating {
    /// More than high.
    Critical,
    /// Much.
    High,
    /// Some.
    Medium,
    /// Little.
    Low,
}

/// The ways from a root to a leaf.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CriticalPaths {
    /// How many ways there are; none where they are more than 2⁵³.
    pub total_paths: Option<u64>,
    /// How many steps the longest one has.
    pub longest_path_length: usize,
    /// The five most critical ones, the most critical first.
    pub paths: Vec<TaskPath>,
    /// The steps that wait for nothing.
    pub root_nodes: Vec<StepNo>,
    /// The steps that nothing waits for.
    pub leaf_nodes: Vec<StepNo>,
}

/// A way from a root to a leaf.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskPath {
    /// The numbers of its steps, from the root on.
    pub path: Vec<StepNo>,
    /// How many they are.
    pub length: usize,
    /// Their names.
    pub step_names: Vec<String>,
    /// How many of them are done.
    pub completed_steps: usize,
    /// How many of them wait for a step that is not done.
    pub blocked_steps: usize,
    /// How many of them failed.
    pub error_steps: usize,
    /// How many of them failed when they were tried.
    pub retry_steps: usize,
    /// How many of them would be claimed now.
    pub ready_steps: usize,
    /// Seconds, by the estimates: nothing was measured.
    pub estimated_duration: f64,
    /// Those of its steps that failed or wait, the worst first.
    pub bottlenecks: Vec<PathBottleneck>,
    /// How critical it is.
    pub criticality_score: f64,
    /// Percentage of its steps that are done.
    pub completion_percentage: f64,
}

/// A step that holds up a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PathBottleneck {
    /// The number of the step.
    pub step_id: StepNo,
    /// Its name.
    pub step_name: String,
    /// Why it does not go on.
    pub reason: String,
    /// How bad it is: higher is worse.
    pub severity: i32,
    /// What it holds up.
    pub impact: String,
}

/// What could run side by side: the steps of one level wait for nothing of each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parallelism {
    /// How many steps there are.
    pub total_steps: usize,
    /// How many levels.
    pub total_levels: usize,
    /// How many steps the widest level has.
    pub max_parallel_steps: usize,
    /// How many steps would be claimed now.
    pub current_parallel_opportunities: usize,
    /// How many steps wait for one that is not done.
    pub blocked_parallel_opportunities: usize,
    /// Percentage of the steps that are done.
    pub overall_completion: f64,
    /// The levels, from the roots on.
    pub levels: Vec<LevelParallelism>,
    /// Percentage of the levels in which more than one step is ready.
    pub parallelism_efficiency: f64,
}

/// The steps that are equally far from the roots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LevelParallelism {
    /// How far, from 0.
    pub level: usize,
    /// How many they are.
    pub total_steps: usize,
    /// How many of them would be claimed now.
    pub ready_steps: usize,
    /// How many of them wait for a step that is not done.
    pub blocked_steps: usize,
    /// How many of them failed.
    pub error_steps: usize,
    /// How many of them are done.
    pub completed_steps: usize,
    /// Their names.
    pub step_names: Vec<String>,
    /// `High` where more than one is ready, `Medium` where one is.
    pub parallelism_potential: Rating,
    /// `High` where more than half of them are blocked.
    pub bottleneck_risk: Rating,
}

/// How far failures reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorChains {
    /// How many steps failed, for good or until their next attempt.
    pub total_error_steps: usize,
    /// How many steps there are.
    pub total_steps: usize,
    /// Percentage of them that failed.
    pub error_percentage: f64,
    /// How many steps failures block; one that two block counts twice.
    pub total_blocked_by_errors: usize,
    /// The one that reaches farthest.
    pub most_critical_error: Option<ErrorChain>,
    /// The failures that reach farthest, at most 50, the worst first.
    pub error_chains: Vec<ErrorChain>,
    /// Which to see to first: at most three.
    pub recovery_priority: Vec<Recovery>,
    /// `healthy`, `recovering`, `blocked` or `unknown`.
    pub task_health: String,
}

/// A failure and what it reaches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorChain {
    /// The number of the step that failed.
    pub error_step_id: StepNo,
    /// Its name.
    pub error_step_name: String,
    /// Attempts so far.
    pub error_attempts: i32,
    /// How many there may be.
    pub retry_limit: i32,
    /// What is left of them.
    pub retry_analysis: RetryAnalysis,
    /// The steps that wait for it, directly or not, parents first.
    pub downstream_steps: Vec<StepNo>,
    /// How many of those are blocked.
    pub blocked_downstream_steps: usize,
    /// How many those are.
    pub total_downstream_steps: usize,
    /// How much that is.
    pub total_impact: i64,
    /// What can be done.
    pub recovery_strategies: Vec<RecoveryStrategy>,
}

/// What is left of the attempts of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetryAnalysis {
    /// Whether nothing is.
    pub exhausted: bool,
    /// How many are.
    pub remaining_attempts: i32,
    /// Whether the next one is due later.
    pub in_backoff: bool,
    /// From when it may be claimed again.
    pub next_retry_at: Option<DateTime<Utc>>,
    /// Whether it is tried again by itself.
    pub retryable: bool,
}

/// What can be done about a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryStrategy {
    /// `Manual Resolution`, `Increase Retry Limit`, `Wait for Backoff`, `Monitor Retries` or `Investigate Root Cause`.
    pub strategy: String,
    /// How urgent it is.
    pub priority: Rating,
    /// What it means.
    pub description: String,
}

/// A failure to see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recovery {
    /// The name of the step.
    pub step_name: String,
    /// How urgent it is.
    pub priority_level: Rating,
    /// What it holds up.
    pub reason: String,
    /// The first of its strategies.
    pub recommended_action: String,
}

/// What holds up most.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bottlenecks {
    /// How many steps hold up others.
    pub total_bottlenecks: usize,
    /// How many of those are `Critical`.
    pub critical_bottlenecks: usize,
    /// How many steps they block; one that two block counts twice.
    pub total_blocked_steps: usize,
    /// The ten worst, the worst first.
    pub bottlenecks: Vec<Bottleneck>,
    /// `healthy`, `recovering`, `blocked` or `unknown`.
    pub task_health: String,
    /// Percentage of the steps that are done.
    pub task_completion: f64,
    /// Percentage of the steps that failed.
    pub failed_steps_ratio: f64,
    /// All of them together.
    pub overall_impact: OverallImpact,
}

/// A step that holds up others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bottleneck {
    /// Its number.
    pub step_id: StepNo,
    /// Its name.
    pub step_name: String,
    /// Its state.
    pub current_state: State,
    /// Attempts so far.
    pub attempts: i32,
    /// How many there may be.
    pub retry_limit: i32,
    /// Whether every parent is complete or resolved.
    pub dependencies_satisfied: bool,
    /// How many steps wait for it, directly or not.
    pub downstream_steps_count: usize,
    /// How many of those are blocked.
    pub blocked_downstream_count: usize,
    /// How much that is.
    pub impact_score: i64,
    /// The same in a word.
    pub severity: Rating,
    /// What kind it is.
    pub bottleneck_type: BottleneckType,
    /// What to do.
    pub resolution_strategy: String,
    /// When it may be over, as far as that is known.
    pub estimated_resolution_time: String,
}

/// Why a step holds up others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BottleneckType {
    /// It failed and is not tried again.
    #[serde(rename = "Permanent Failure")]
    PermanentFailure,
    /// It failed and is tried again.
    #[serde(rename = "Active Error")]
    ActiveError,
    /// A step before it is not done.
    #[serde(rename = "Dependency Block")]
    DependencyBlock,
    /// It has been tried before.
    #[serde(rename = "Retry Exhaustion")]
    RetryExhaustion,
    /// It is not tried again should it fail.
    #[serde(rename = "Non-Retryable")]
    NonRetryable,
}

/// How much the bottlenecks hold up together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OverallImpact {
    /// Three critical ones, or more than half of the steps failed.
    Severe,
    /// A critical one, or three high ones.
    High,
    /// A high one, or five of any kind.
    Medium,
    /// Fewer.
    Low,
    /// There are none.
    None,
}
