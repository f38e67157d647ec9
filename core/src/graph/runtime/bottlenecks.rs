//! The steps that hold up most. Where steps failed, it is those; else what waits or has been tried before.

use super::{View, count, percentage, rounded};
use crate::model::State;
use crate::model::analysis::{Bottleneck, BottleneckType, Bottlenecks, OverallImpact, Rating, StepSnapshot};
use std::cmp::Reverse;

/// How many are told.
const SHOWN: usize = 10;

/// A step that holds up others: how much, and in a word.
pub(super) struct Found {
    pub(super) node: usize,
    impact: i64,
    pub(super) severity: Rating,
}

/// All of them, the worst first.
pub(super) fn find(view: &View<'_>) -> Vec<Found> {
    let any_failed = view.failed() > 0;
    let holds_up = |step: &StepSnapshot| {
        if any_failed {
            step.failed()
        } else {
            open(step) && (!step.dependencies_satisfied || step.attempts >= 2 || !step.retry_eligible)
        }
    };
    let mut found: Vec<Found> = (0..view.steps().len())
        .filter(|node| holds_up(&view.steps()[*node]))
        .map(|node| {
            let impact = impact(view, node);
            Found {
                node,
                impact,
                severity: view.severity(impact),
            }
        })
        .collect();
    found.sort_by_key(|one| (Reverse(one.impact), one.node));
    found
}

/// What has ended holds up nothing that could still be helped.
fn open(step: &StepSnapshot) -> bool {
    matches!(step.current_state, State::Pending | State::InProgress)
}

/// How many of them are that bad.
pub(super) fn how_many(found: &[Found], severity: Rating) -> usize {
    found.iter().filter(|one| one.severity == severity).count()
}

fn impact(view: &View<'_>, node: usize) -> i64 {
    let (step, reach) = (&view.steps()[node], view.reach[node]);
    let (weights, penalties) = (&view.weights.impact_multipliers, &view.weights.penalty_constants);
    let base =
        count(reach.downstream) * weights.downstream_weight + count(reach.blocked) * weights.blocked_weight;
    let mut penalty = f64::from(step.attempts) * penalties.retry_instability;
    if !step.retry_eligible {
        penalty += penalties.non_retryable;
    }
    if step.exhausted() {
        penalty += penalties.exhausted_retry;
    }
    rounded(base * multiplier(view, step) + penalty)
}

fn multiplier(view: &View<'_>, step: &StepSnapshot) -> f64 {
    let multipliers = &view.weights.severity_multipliers;
    match step.current_state {
        State::Error if step.exhausted() => multipliers.error_state + multipliers.exhausted_retry_bonus,
        State::Error => multipliers.error_state,
        State::Pending if !step.dependencies_satisfied => multipliers.dependency_issue,
        _ => 1.0,
    }
}

/// What is told of them.
pub(super) fn told(view: &View<'_>, found: Vec<Found>) -> Bottlenecks {
    Bottlenecks {
        total_bottlenecks: found.len(),
        critical_bottlenecks: how_many(&found, Rating::Critical),
        total_blocked_steps: found.iter().map(|one| view.reach[one.node].blocked).sum(),
        task_health: view.snapshot.health_status.clone(),
        task_completion: view.snapshot.completion_percentage,
        failed_steps_ratio: percentage(view.failed(), view.steps().len()),
        overall_impact: overall(view, &found),
        bottlenecks: found
            .into_iter()
            .take(SHOWN)
            .map(|one| describe(view, &one))
            .collect(),
    }
}

fn overall(view: &View<'_>, found: &[Found]) -> OverallImpact {
    let (critical, high) = (how_many(found, Rating::Critical), how_many(found, Rating::High));
    if found.is_empty() {
        OverallImpact::None
    } else if critical >= 3 || view.failed() * 2 > view.steps().len() {
        OverallImpact::Severe
    } else if critical >= 1 || high >= 3 {
        OverallImpact::High
    } else if high >= 1 || found.len() >= 5 {
        OverallImpact::Medium
    } else {
        OverallImpact::Low
    }
}

fn describe(view: &View<'_>, found: &Found) -> Bottleneck {
    let (step, reach) = (&view.steps()[found.node], view.reach[found.node]);
    let bottleneck_type = kind(step);
    Bottleneck {
        step_id: step.workflow_step_id,
        step_name: step.name.clone(),
        current_state: step.current_state,
        attempts: step.attempts,
        retry_limit: step.retry_limit,
        dependencies_satisfied: step.dependencies_satisfied,
        downstream_steps_count: reach.downstream,
        blocked_downstream_count: reach.blocked,
        impact_score: found.impact,
        severity: found.severity,
        bottleneck_type,
        resolution_strategy: resolution(bottleneck_type).to_owned(),
        estimated_resolution_time: time(view, step),
    }
}

fn kind(step: &StepSnapshot) -> BottleneckType {
    if step.failed_for_good() {
        BottleneckType::PermanentFailure
    } else if step.failed() {
        BottleneckType::ActiveError
    } else if !step.dependencies_satisfied {
        BottleneckType::DependencyBlock
    } else if step.attempts >= 2 {
        BottleneckType::RetryExhaustion
    } else {
        BottleneckType::NonRetryable
    }
}

fn resolution(kind: BottleneckType) -> &'static str {
    match kind {
        BottleneckType::PermanentFailure => "Find the cause, then retry or resolve the step",
        BottleneckType::ActiveError => "It is tried again by itself; look at its last failure",
        BottleneckType::DependencyBlock => "Look at the steps before it",
        BottleneckType::RetryExhaustion => "Look at why its attempts failed before",
        BottleneckType::NonRetryable => "It is not tried again should this attempt fail",
    }
}

fn time(view: &View<'_>, step: &StepSnapshot) -> String {
    if step.failed_for_good() {
        return "Not without an operator".to_owned();
    }
    let due = step
        .next_retry_at
        .filter(|_| step.in_backoff(view.snapshot.taken_at));
    let Some(due) = due else {
        return if step.dependencies_satisfied {
            "With the next attempt"
        } else {
            "When the steps before it are done"
        }
        .to_owned();
    };
    let seconds = (due - view.snapshot.taken_at).num_seconds();
    match (seconds + 59) / 60 {
        0 | 1 => "In a minute".to_owned(),
        minutes => format!("In {minutes} minutes"),
    }
}
