//! The analysis in some numbers, and what to do.

use super::View;
use super::bottlenecks::{Found, how_many};
use super::paths::plural;
use crate::model::analysis::{
    CriticalPaths, ErrorChains, ExecutionSummary, OverallHealth, Parallelism, Rating,
};

pub(super) fn summarize(
    view: &View<'_>,
    paths: &CriticalPaths,
    parallelism: &Parallelism,
    chains: &ErrorChains,
    found: &[Found],
) -> ExecutionSummary {
    let critical = how_many(found, Rating::Critical);
    let overall_health = if critical > 0 || chains.total_error_steps > 0 {
        OverallHealth::Critical
    } else if how_many(found, Rating::High) > 0 {
        OverallHealth::Warning
    } else {
        OverallHealth::Healthy
    };
    ExecutionSummary {
        total_steps: view.steps().len(),
        total_dependencies: view.graph.edge_count(),
        dependency_levels: view.shape.depth(),
        longest_path_length: paths.longest_path_length,
        critical_bottlenecks_count: critical,
        error_chains_count: chains.total_error_steps,
        parallelism_efficiency: parallelism.parallelism_efficiency,
        overall_health,
        recommendations: recommendations(view, parallelism, chains, found),
    }
}

/// Failures first, then what waits most, then what could go on.
fn recommendations(
    view: &View<'_>,
    parallelism: &Parallelism,
    chains: &ErrorChains,
    found: &[Found],
) -> Vec<String> {
    let mut told: Vec<String> = chains
        .recovery_priority
        .iter()
        .map(|one| format!("{}: '{}'. {}", one.recommended_action, one.step_name, one.reason))
        .collect();
    let worst = found.first().filter(|worst| worst.severity == Rating::Critical);
    if let Some(worst) = worst.filter(|_| chains.total_error_steps == 0) {
        told.push(format!(
            "See that '{}' can run: {} wait for it",
            view.name(worst.node),
            plural(view.reach[worst.node].downstream)
        ));
    }
    let ready = parallelism.current_parallel_opportunities;
    if ready > 0 {
        told.push(format!(
            "See that workers have the handlers of what is ready: {}",
            plural(ready)
        ));
    }
    told
}
