//! The backoff is a number that a database can add to a time, whatever goes in.

use proptest::prelude::*;
use tasker_core::model::BackoffSettings;
use tasker_core::retry::{RetryPolicy, Strategy as Growth, backoff_seconds};

fn policy() -> impl Strategy<Value = Option<RetryPolicy>> {
    let number = || prop_oneof![Just(0.0), 0.0..1e9_f64, Just(1e9)];
    let numbers = (
        number(),
        1.0..1e6_f64,
        prop::option::of(number()),
        prop::option::of(0.0..=1.0_f64),
    );
    let schedule = prop::collection::vec(number(), 0..5);
    let policy = (prop::sample::select(Growth::ALL.to_vec()), numbers, schedule);
    prop::option::of(policy.prop_map(
        |(strategy, (base_seconds, multiplier, max_seconds, jitter), schedule)| RetryPolicy {
            strategy,
            base_seconds,
            multiplier,
            max_seconds,
            jitter,
            schedule,
        },
    ))
}

fn settings() -> impl Strategy<Value = BackoffSettings> {
    let list = prop::collection::vec(0.0..1e6_f64, 0..5);
    (list, 0.0..1e6_f64, 0.0..1e3_f64, any::<bool>(), 0.0..=1.0_f64).prop_map(
        |(
            default_backoff_seconds,
            max_backoff_seconds,
            backoff_multiplier,
            jitter_enabled,
            jitter_max_percentage,
        )| {
            BackoffSettings {
                default_backoff_seconds,
                max_backoff_seconds,
                backoff_multiplier,
                jitter_enabled,
                jitter_max_percentage,
                ..BackoffSettings::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_wait_is_never_negative_nor_nan_nor_above_the_cap_and_its_jitter(
        attempt in any::<i32>(), policy in policy(), settings in settings(), random in 0.0..1.0_f64,
    ) {
        let wait = backoff_seconds(attempt, policy.as_ref(), &settings, None, random);
        prop_assert!(wait >= 0.0 && wait <= settings.max_backoff_seconds * 2.0, "{wait}");
    }

    #[test]
    fn a_retry_after_is_kept_up_to_the_cap_whatever_else_is_set(
        attempt in any::<i32>(), policy in policy(), settings in settings(), random in 0.0..1.0_f64,
        retry_after in any::<f64>().prop_filter("a number", |seconds| !seconds.is_nan()),
    ) {
        let wait = backoff_seconds(attempt, policy.as_ref(), &settings, Some(retry_after), random);
        prop_assert_eq!(wait, retry_after.clamp(0.0, settings.max_backoff_seconds));
    }

    #[test]
    fn without_jitter_a_growing_policy_never_shrinks(
        attempt in 1..i32::MAX, policy in policy(), settings in settings(),
    ) {
        let growing = policy
            .filter(|policy| policy.strategy != Growth::Schedule)
            .map(|policy| RetryPolicy { jitter: Some(0.0), ..policy })
            .unwrap_or_else(|| RetryPolicy { jitter: Some(0.0), ..RetryPolicy::new(Growth::Linear) });
        let wait = |attempt| backoff_seconds(attempt, Some(&growing), &settings, None, 0.5);
        prop_assert!(wait(attempt) <= wait(attempt + 1));
    }

    #[test]
    fn a_policy_survives_json(policy in policy()) {
        let text = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(serde_json::from_str::<Option<RetryPolicy>>(&text).unwrap(), policy);
    }
}

#[test]
fn a_retry_after_that_is_no_number_counts_as_none() {
    let settings = BackoffSettings {
        jitter_enabled: false,
        ..BackoffSettings::default()
    };
    assert_eq!(backoff_seconds(1, None, &settings, Some(f64::NAN), 0.5), 1.0);
    assert_eq!(
        backoff_seconds(1, None, &settings, Some(f64::INFINITY), 0.5),
        300.0
    );
}

#[test]
fn a_policy_with_an_unknown_key_is_refused() {
    assert!(serde_json::from_str::<RetryPolicy>(r#"{"strategy":"constant","base":1}"#).is_err());
    let policy: RetryPolicy = serde_json::from_str(r#"{"strategy":"exponential"}"#).unwrap();
    assert_eq!(policy, RetryPolicy::new(Growth::Exponential));
}
