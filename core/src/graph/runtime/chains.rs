//! How far failures reach, and what to do about them.

use super::paths::plural;
use super::{View, count, percentage, reach, rounded};
use crate::model::analysis::{
    ErrorChain, ErrorChains, Rating, Recovery, RecoveryStrategy, RetryAnalysis, StepSnapshot,
};
use std::cmp::Reverse;

/// How many failures are told: each comes with everything that it reaches.
const SHOWN: usize = 50;
/// How many of them are to be seen to first.
const FIRST: usize = 3;

/// What the failed steps say.
pub(super) fn error_chains(view: &View<'_>) -> ErrorChains {
    let mut failed: Vec<(i64, usize)> = (0..view.steps().len())
        .filter(|node| view.steps()[*node].failed())
        .map(|node| (impact(view, node), node))
        .collect();
    failed.sort_by_key(|(impact, node)| (Reverse(*impact), *node));
    let chains: Vec<ErrorChain> = failed
        .iter()
        .take(SHOWN)
        .map(|(impact, node)| chain(view, *impact, *node))
        .collect();
    ErrorChains {
        total_error_steps: failed.len(),
        total_steps: view.steps().len(),
        error_percentage: percentage(failed.len(), view.steps().len()),
        total_blocked_by_errors: failed.iter().map(|(_, node)| view.reach[*node].blocked).sum(),
        most_critical_error: chains.first().cloned(),
        recovery_priority: chains
            .iter()
            .take(FIRST)
            .map(|chain| priority(view, chain))
            .collect(),
        error_chains: chains,
        task_health: view.snapshot.health_status.clone(),
    }
}

fn impact(view: &View<'_>, node: usize) -> i64 {
    let (step, reach) = (&view.steps()[node], view.reach[node]);
    let (weights, penalties) = (&view.weights.impact_multipliers, &view.weights.penalty_constants);
    let exhausted = if step.exhausted() {
        penalties.exhausted_retry
    } else {
        0.0
    };
    rounded(
        count(reach.blocked) * weights.blocked_weight
            + count(reach.downstream) * weights.downstream_weight
            + exhausted
            + f64::from(step.attempts) * penalties.retry_instability,
    )
}

fn chain(view: &View<'_>, total_impact: i64, node: usize) -> ErrorChain {
    let (step, reach) = (&view.steps()[node], view.reach[node]);
    let downstream = reach::downstream(&view.graph, &view.shape.order, node);
    ErrorChain {
        error_step_id: step.workflow_step_id,
        error_step_name: step.name.clone(),
        error_attempts: step.attempts,
        retry_limit: step.retry_limit,
        retry_analysis: RetryAnalysis {
            exhausted: step.exhausted(),
            remaining_attempts: remaining(step),
            in_backoff: step.in_backoff(view.snapshot.taken_at),
            next_retry_at: step.next_retry_at,
            retryable: step.retry_eligible,
        },
        downstream_steps: view.numbers(&downstream),
        blocked_downstream_steps: reach.blocked,
        total_downstream_steps: reach.downstream,
        total_impact,
        recovery_strategies: strategies(view, step),
    }
}

fn remaining(step: &StepSnapshot) -> i32 {
    (step.retry_limit - step.attempts).max(0)
}

fn strategies(view: &View<'_>, step: &StepSnapshot) -> Vec<RecoveryStrategy> {
    let strategy = |strategy: &str, priority, description: String| RecoveryStrategy {
        strategy: strategy.to_owned(),
        priority,
        description,
    };
    if step.exhausted() {
        let manual = "Nothing is left of its attempts: retry or resolve the step once the cause is gone";
        let more = "A higher retry_limit and a retry let it go on, if the cause passes";
        return vec![
            strategy("Manual Resolution", Rating::High, manual.to_owned()),
            strategy("Increase Retry Limit", Rating::Medium, more.to_owned()),
        ];
    }
    let one = match step.next_retry_at {
        Some(at) if step.in_backoff(view.snapshot.taken_at) => strategy(
            "Wait for Backoff",
            Rating::Low,
            format!("It is tried again by itself at {}", at.to_rfc3339()),
        ),
        _ if step.retry_eligible => strategy(
            "Monitor Retries",
            Rating::Medium,
            format!("It is tried again; attempts left: {}", remaining(step)),
        ),
        _ => strategy(
            "Investigate Root Cause",
            Rating::High,
            "Its failure says that trying again is of no use".to_owned(),
        ),
    };
    vec![one]
}

fn priority(view: &View<'_>, chain: &ErrorChain) -> Recovery {
    Recovery {
        step_name: chain.error_step_name.clone(),
        priority_level: view.severity(chain.total_impact),
        reason: format!("Blocks {} after it", plural(chain.blocked_downstream_steps)),
        recommended_action: chain
            .recovery_strategies
            .first()
            .map_or_else(String::new, |first| first.strategy.clone()),
    }
}
