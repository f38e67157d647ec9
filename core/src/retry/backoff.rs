//! How long to wait after a failed attempt.

use super::{RetryPolicy, Strategy};
use crate::model::BackoffSettings;

/// The seconds to wait after attempt number `attempt` (from 1) failed.
///
/// In this order: `retry_after` of the failure, in seconds; the `policy` of the step; `default_backoff_seconds` of the
/// settings, whose last value is multiplied by `backoff_multiplier` once for each attempt beyond the end of the list.
/// Then the cap `max_backoff_seconds`, then the jitter, which `random` (from 0 up to, not including, 1) spreads evenly
/// from `-fraction` to `+fraction`. A `retry_after` is capped and not jittered, and the policy's `max_seconds` does not
/// touch it: who asks to be called back in a minute is called back in a minute.
///
/// Total: never negative, never NaN, and infinite only if `max_backoff_seconds` is.
pub fn backoff_seconds(
    attempt: i32,
    policy: Option<&RetryPolicy>,
    settings: &BackoffSettings,
    retry_after: Option<f64>,
    random: f64,
) -> f64 {
    let cap = at_least_zero(settings.max_backoff_seconds);
    if let Some(seconds) = retry_after.filter(|seconds| !seconds.is_nan()) {
        return at_least_zero(seconds).min(cap);
    }
    let wait = match policy {
        Some(policy) => policy_wait(attempt, policy),
        None => default_wait(attempt, settings),
    };
    jittered(wait.min(cap), jitter_fraction(policy, settings), random)
}

fn policy_wait(attempt: i32, policy: &RetryPolicy) -> f64 {
    let number = f64::from(attempt.max(1));
    let wait = match policy.strategy {
        Strategy::Exponential => grown(policy.base_seconds, policy.multiplier, number - 1.0),
        Strategy::Linear => policy.base_seconds * number,
        Strategy::Constant => policy.base_seconds,
        Strategy::Schedule => {
            let index = index_of(attempt).min(policy.schedule.len().saturating_sub(1));
            policy.schedule.get(index).copied().unwrap_or(0.0)
        }
    };
    at_least_zero(wait).min(policy.max_seconds.map_or(f64::INFINITY, at_least_zero))
}

fn default_wait(attempt: i32, settings: &BackoffSettings) -> f64 {
    let list = &settings.default_backoff_seconds;
    if let Some(seconds) = list.get(index_of(attempt)) {
        return at_least_zero(*seconds);
    }
    let last = list.last().copied().unwrap_or(0.0);
    let beyond = f64::from(attempt) - list.len() as f64;
    at_least_zero(grown(last, settings.backoff_multiplier, beyond))
}

/// `base × multiplier^exponent`. Nothing stays nothing: `0 × ∞` must not become NaN.
fn grown(base: f64, multiplier: f64, exponent: f64) -> f64 {
    if base == 0.0 {
        0.0
    } else {
        base * multiplier.powf(exponent)
    }
}

/// A policy's own jitter counts always; the default one where the settings have it on.
fn jitter_fraction(policy: Option<&RetryPolicy>, settings: &BackoffSettings) -> f64 {
    let default = if settings.jitter_enabled {
        settings.jitter_max_percentage
    } else {
        0.0
    };
    policy.and_then(|policy| policy.jitter).unwrap_or(default)
}

fn jittered(wait: f64, fraction: f64, random: f64) -> f64 {
    if fraction == 0.0 {
        return wait;
    }
    at_least_zero(wait * (1.0 + fraction * (2.0 * random - 1.0)))
}

fn index_of(attempt: i32) -> usize {
    usize::try_from(attempt.max(1) - 1).unwrap_or(0)
}

/// `f64::max` gives the other operand for NaN, which is what is wanted here.
fn at_least_zero(seconds: f64) -> f64 {
    seconds.max(0.0)
}
