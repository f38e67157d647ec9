//! The backoff: total for any numbers, and never outside of its bounds.

use crate::input::Input;
use tasker_core::model::BackoffSettings;
use tasker_core::retry::{RetryPolicy, Strategy, backoff_seconds};

/// One attempt, one policy, one set of settings.
///
/// # Panics
/// When something is wrong with what the code makes of it.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let chosen = input.byte();
    let option = |bit: u8, value: f64| (chosen >> bit & 1 == 1).then_some(value);
    let attempt = input.int();
    let settings = BackoffSettings {
        max_backoff_seconds: input.float(),
        backoff_multiplier: input.float(),
        jitter_enabled: chosen & 1 == 1,
        jitter_max_percentage: input.float(),
        default_backoff_seconds: list(&mut input),
        ..BackoffSettings::default()
    };
    let strategy = Strategy::ALL[usize::from(input.byte()) % Strategy::ALL.len()];
    let policy = RetryPolicy {
        base_seconds: input.float(),
        multiplier: input.float(),
        max_seconds: option(1, input.float()),
        jitter: option(2, input.float()),
        schedule: list(&mut input),
        ..RetryPolicy::new(strategy)
    };
    let policy = (chosen >> 3 & 1 == 1).then_some(&policy);
    let retry_after = option(4, input.float());
    let random = f64::from(input.byte()) / 256.0;
    let wait = backoff_seconds(attempt, policy, &settings, retry_after, random);
    let told =
        || format!("{wait} for attempt {attempt}, {policy:?}, {settings:?}, {retry_after:?}, {random}");

    assert!(wait >= 0.0, "{}", told());
    let cap = settings.max_backoff_seconds.max(0.0);
    let fraction = match policy.and_then(|policy| policy.jitter) {
        Some(fraction) => fraction,
        None if settings.jitter_enabled => settings.jitter_max_percentage,
        None => 0.0,
    };
    assert!(
        wait.is_finite() || cap.is_infinite() || !(0.0..=1.0).contains(&fraction),
        "{}",
        told()
    );
    if let Some(asked) = retry_after.filter(|seconds| !seconds.is_nan()) {
        assert_eq!(wait, asked.max(0.0).min(cap), "{}", told());
        return;
    }
    // Jitter as templates and settings allow it.
    if (0.0..=1.0).contains(&fraction) {
        let most = policy
            .and_then(|policy| policy.max_seconds)
            .map_or(cap, |most| most.max(0.0).min(cap));
        // One rounding of the factor, one of the product.
        assert!(
            wait <= most * (1.0 + fraction) * (1.0 + 1e-12) || most.is_infinite(),
            "{}",
            told()
        );
        let even = backoff_seconds(attempt, policy, &settings, None, 0.5);
        assert!(even <= most, "without jitter it is over the cap: {}", told());
    }
}

fn list(input: &mut Input<'_>) -> Vec<f64> {
    (0..input.byte() % 8).map(|_| input.float()).collect()
}
