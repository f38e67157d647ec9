//! Series that must fail, criterion by criterion: each is the good one with one thing wrong.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::ending::Ending;
use super::judge::{Verdict, judge};
use super::plan::{Phase, Plan};
use super::sample::Sample;
use std::collections::BTreeMap;

const MINUTE: f64 = 60.0;

fn plan() -> Plan {
    Plan {
        length_s: 60.0 * MINUTE,
        every_s: MINUTE,
        pinned_from_s: 15.0 * MINUTE,
        pinned_until_s: 45.0 * MINUTE,
        recovered_by_s: 50.0 * MINUTE,
        retention_s: 180.0,
        retention_interval_s: 18.0,
        calibrate_s: 60.0,
    }
}

/// An hour as it should be, a sample a minute.
fn good() -> Vec<Sample> {
    (1_u32..=60)
        .map(|minute| {
            let at_s = f64::from(minute) * MINUTE;
            let phase = plan().phase(at_s);
            // The snapshot holds back dead rows from minute 15 to 45; then they are gone within two minutes.
            let held = minute.clamp(15, 45) - 15;
            let dead = match minute {
                0..=47 => 5_000 + held * 100_000,
                _ => 6_000,
            };
            let bytes = (100 + u64::from(minute.min(4)) * 50 + u64::from(held) * 20) << 20;
            Sample {
                at_s,
                phase,
                seconds: MINUTE,
                tasks_created: 60_000,
                tasks_pruned: if minute < 4 { 0 } else { 60_000 },
                steps_asked_per_s: 4_000.0,
                steps_per_s: 3_990.0,
                claim_buffers: if phase == Phase::Pinned { 500.0 } else { 400.0 },
                sweep_buffers: Some(420.0),
                backlog_age_s: 0.8,
                backlog_look_ms: Some(1.0),
                capacity_steps_per_s: 8_000.0,
                reference_steps_per_s: 10_000.0,
                ratio: if phase == Phase::Pinned { 0.75 } else { 0.8 },
                bytes,
                live_tuples: 1_000_000,
                dead_tuples: u64::from(dead),
                tables: BTreeMap::new(),
                hot_share: Some(0.8),
                wal_bytes_per_step: Some(1_500.0),
                autovacuums: 3,
                xmin_age: 50,
                pinned_age: (phase == Phase::Pinned).then(|| u64::from(minute - 15) * 100_000 + 7),
                next_xid: u64::from(minute) * 100_000,
                worker_rss_mb: 40.0,
                worker_peak_rss_mb: 45.0,
                engine_cpu_us_per_step: Some(30.0),
                postgres_cpu_us_per_step: Some(100.0),
            }
        })
        .collect()
}

fn verdicts(samples: &[Sample]) -> Vec<Verdict> {
    judge(&plan(), samples, &Ending::default())
}

/// The names of the criteria that do not hold.
fn failing(verdicts: &[Verdict]) -> Vec<&'static str> {
    verdicts
        .iter()
        .filter(|verdict| !verdict.holds)
        .map(|verdict| verdict.name)
        .collect()
}

/// What fails when the samples from one minute to another (both included) are changed so.
fn with(minutes: std::ops::RangeInclusive<usize>, change: impl Fn(&mut Sample)) -> Vec<&'static str> {
    let mut samples = good();
    samples[minutes.start() - 1..=minutes.end() - 1]
        .iter_mut()
        .for_each(change);
    failing(&verdicts(&samples))
}

#[test]
fn an_hour_as_it_should_be_holds_in_every_point() {
    let verdicts = verdicts(&good());
    assert!(failing(&verdicts).is_empty(), "{verdicts:#?}");
    let names: Vec<&str> = verdicts.iter().map(|verdict| verdict.name).collect();
    let expected = [
        "load",
        "snapshot_held",
        "snapshot_felt",
        "pruned",
        "claim_buffers",
        "backlog_age_s",
        "table_growth",
        "dead_tuples_back_s",
        "throughput",
        "memory",
        "problems",
    ];
    assert_eq!(names, expected);
}

#[test]
fn nothing_holds_where_nothing_was_measured() {
    let verdicts = verdicts(&[]);
    let failing = failing(&verdicts);
    assert_eq!(failing.len(), verdicts.len() - 1, "{failing:?}");
    assert!(!failing.contains(&"problems"));
}

#[test]
fn a_load_that_is_not_carried_in_one_part_fails_though_the_rest_makes_up_for_it() {
    assert_eq!(with(46..=60, |sample| sample.steps_per_s = 3_600.0), ["load"]);
    assert_eq!(with(16..=45, |sample| sample.steps_per_s = 3_000.0), ["load"]);
}

#[test]
fn a_snapshot_that_holds_nothing_back_fails() {
    assert_eq!(
        with(15..=45, |sample| sample.pinned_age = None),
        ["snapshot_held"]
    );
    // It was taken anew in between, and held only the last transactions.
    assert_eq!(
        with(40..=45, |sample| sample.pinned_age = Some(5)),
        ["snapshot_held"]
    );
    // Dead rows went although it was there: it was in another database, or nothing was written.
    assert_eq!(
        with(15..=47, |sample| sample.dead_tuples = 5_000),
        ["snapshot_felt"]
    );
}

#[test]
fn pruning_that_never_happened_or_stopped_fails() {
    assert_eq!(with(1..=60, |sample| sample.tasks_pruned = 0), ["pruned"]);
    assert_eq!(with(46..=60, |sample| sample.tasks_pruned = 30_000), ["pruned"]);
}

#[test]
fn claims_that_touch_more_than_twice_the_starts_buffers_fail() {
    assert_eq!(
        with(44..=44, |sample| sample.claim_buffers = 801.0),
        ["claim_buffers"]
    );
    assert!(with(44..=44, |sample| sample.claim_buffers = 800.0).is_empty());
}

#[test]
fn a_backlog_that_grows_old_fails() {
    assert_eq!(
        with(30..=30, |sample| sample.backlog_age_s = 10.1),
        ["backlog_age_s"]
    );
}

#[test]
fn tables_that_go_on_growing_fail_before_the_snapshot_and_after_the_recovery() {
    // A megabyte a second.
    let growing_from =
        |from_s: f64| move |sample: &mut Sample| sample.bytes += ((sample.at_s - from_s) as u64) << 20;
    assert_eq!(with(5..=15, growing_from(240.0)), ["table_growth"]);
    assert_eq!(with(51..=60, growing_from(3_000.0)), ["table_growth"]);
    // What the snapshot holds back makes them grow, and that is no fault.
    assert!(with(16..=45, growing_from(900.0)).is_empty());
}

#[test]
fn dead_tuples_that_come_back_late_or_never_fail() {
    let many = |sample: &mut Sample| sample.dead_tuples = 1_000_000;
    assert!(with(46..=49, many).is_empty());
    assert_eq!(with(46..=50, many), ["dead_tuples_back_s"]);
    assert_eq!(with(46..=60, many), ["dead_tuples_back_s"]);
}

#[test]
fn an_engine_that_gets_slower_against_the_reference_fails() {
    assert_eq!(with(16..=45, |sample| sample.ratio = 0.55), ["throughput"]);
    assert_eq!(with(46..=60, |sample| sample.ratio = 0.55), ["throughput"]);
    // One bad minute is the machine's.
    assert!(with(30..=31, |sample| sample.ratio = 0.1).is_empty());
}

#[test]
fn workers_that_grow_fail() {
    assert_eq!(with(50..=60, |sample| sample.worker_rss_mb = 60.0), ["memory"]);
}

#[test]
fn anything_wrong_at_the_end_fails() {
    let ending = Ending {
        problems: vec!["1 tasks have not ended".to_owned()],
        ..Ending::default()
    };
    assert_eq!(failing(&judge(&plan(), &good(), &ending)), ["problems"]);
}
