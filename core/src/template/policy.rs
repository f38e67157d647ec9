//! The retry policy of a step, from its node.

use super::node::Node;
use super::problem::ProblemCode;
use super::report::Report;
use super::shape::{Place, child};
use crate::retry::{RetryPolicy, Strategy};

/// Reads the policy at `node`, whose values were checked one by one; here it is checked whether they go together.
pub(super) fn read(node: &Node, place: Place<'_>, report: &mut Report) -> Option<RetryPolicy> {
    let Some(written) = node.get("strategy") else {
        let suggestion = node.get("schedule").map(|_| "strategy: schedule");
        let message = format!(
            "{} has no 'strategy'; the strategies are {}",
            place.owner,
            Strategy::ALL.map(Strategy::as_str).join(", ")
        );
        report
            .add(ProblemCode::MissingKey, node.at, place.path, message)
            .offending("strategy")
            .suggest(suggestion);
        return None;
    };
    let strategy = Strategy::ALL
        .into_iter()
        .find(|strategy| written.as_text() == Some(strategy.as_str()))?;
    check_together(node, strategy, place, report);
    let number = |key: &str| node.get(key).and_then(Node::as_f64);
    Some(RetryPolicy {
        strategy,
        base_seconds: number("base_seconds").unwrap_or(RetryPolicy::DEFAULT_BASE_SECONDS),
        multiplier: number("multiplier").unwrap_or(RetryPolicy::DEFAULT_MULTIPLIER),
        max_seconds: number("max_seconds"),
        jitter: number("jitter"),
        schedule: node
            .get("schedule")
            .map_or(&[][..], Node::items)
            .iter()
            .filter_map(Node::as_f64)
            .collect(),
    })
}

fn check_together(node: &Node, strategy: Strategy, place: Place<'_>, report: &mut Report) {
    let idle: &[&str] = match strategy {
        Strategy::Exponential => &["schedule"],
        Strategy::Linear | Strategy::Constant => &["multiplier", "schedule"],
        Strategy::Schedule => &["base_seconds", "multiplier"],
    };
    for entry in node
        .entries()
        .iter()
        .filter(|entry| idle.contains(&entry.key.as_str()))
    {
        let message = format!(
            "'{}' of {} has no effect with the strategy '{}'; remove it, or choose another strategy",
            entry.key,
            place.owner,
            strategy.as_str()
        );
        report
            .add(
                ProblemCode::Contradiction,
                entry.at,
                child(place.path, &entry.key),
                message,
            )
            .offending(&entry.key);
    }
    if strategy == Strategy::Schedule && node.get("schedule").is_none() {
        let message = format!(
            "{} has the strategy 'schedule' and no 'schedule'; give the waits in seconds",
            place.owner
        );
        report
            .add(ProblemCode::MissingKey, node.at, place.path, message)
            .offending("schedule");
    }
}
