//! Where a task stands in its graph: what is known of it, by which weights to judge, and what comes out.

mod answer;
mod parts;
mod snapshot;
mod weights;

pub use answer::{
    DependencyAnalysis, DependencyGraph, ExecutionSummary, GraphEdge, GraphNode, OverallHealth,
};
pub use parts::{
    Bottleneck, BottleneckType, Bottlenecks, CriticalPaths, ErrorChain, ErrorChains, LevelParallelism,
    OverallImpact, Parallelism, PathBottleneck, Rating, Recovery, RecoveryStrategy, RetryAnalysis, TaskPath,
};
pub use snapshot::{StepSnapshot, TaskSnapshot};
pub use weights::{
    AnalysisWeights, DurationEstimates, ImpactMultipliers, PenaltyConstants, SeverityMultipliers,
    SeverityThresholds,
};
