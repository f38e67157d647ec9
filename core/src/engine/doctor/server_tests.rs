//! Verdicts on facts that no test can cause in a real server, or only at great cost.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

fn server() -> ServerFacts {
    serde_json::from_value(json!({
        "version": 150_018, "version_text": "15.18", "user": "app", "database": "shop", "local": false, "standby": false,
        "read_only": false, "superuser": false, "sees_sessions": true, "fsync": true, "full_page_writes": true,
        "synchronous_commit": "on", "max_wal_size": "1GB", "checkpoints_timed": 100, "checkpoints_forced": 3,
        "autovacuum": true, "max_connections": 100, "reserved_connections": 3, "used_connections": 10,
        "used_of_database": 8, "limit_of_database": null, "used_of_role": 5, "limit_of_role": null,
        "transaction_age": 1000, "multixact_age": 1000, "freeze_max_age": 200_000_000,
        "multixact_freeze_max_age": 400_000_000, "notification_usage": 0.0, "data_directory": null, "tablespaces": [],
        "clock_set": null, "clock_settings": [],
    }))
    .unwrap()
}

#[test]
fn postgres_before_15_is_too_old() {
    let verdict = |version| version_of(version).finding;
    assert_eq!(verdict(149_999), Some(Finding::PostgresTooOld));
    assert_eq!(verdict(150_000), None);
}

fn version_of(version: i32) -> Check {
    super::version(&ServerFacts { version, ..server() })
}

#[test]
fn ids_that_run_out_are_a_problem_and_old_ones_a_warning() {
    let verdict = |transaction_age, multixact_age| -> Vec<Finding> {
        let facts = ServerFacts {
            transaction_age,
            multixact_age,
            ..server()
        };
        transaction_ids(&facts)
            .iter()
            .filter_map(|check| check.finding)
            .collect()
    };
    assert_eq!(verdict(400_000_000, 800_000_000), []);
    assert_eq!(verdict(400_000_001, 1), [Finding::TransactionIdsOld]);
    assert_eq!(
        verdict(1_600_000_000, 1_600_000_000),
        [
            Finding::TransactionIdsRunningOut,
            Finding::TransactionIdsRunningOut
        ]
    );
    assert_eq!(verdict(1, 800_000_001), [Finding::TransactionIdsOld]);
}

#[test]
fn the_narrowest_limit_of_connections_decides() {
    let verdict = |change: &dyn Fn(&mut ServerFacts), processes| {
        let mut facts = server();
        change(&mut facts);
        connections(&facts, 5, processes).finding
    };
    assert_eq!(verdict(&|_| {}, Some(19)), None);
    assert_eq!(verdict(&|_| {}, Some(20)), Some(Finding::ConnectionsOverbooked));
    assert_eq!(
        verdict(&|f| f.used_connections = Some(93), None),
        Some(Finding::ConnectionsExhausted)
    );
    assert_eq!(
        verdict(&|f| f.used_connections = Some(80), None),
        Some(Finding::ConnectionsNearlyUsed)
    );
    assert_eq!(
        verdict(&|f| f.limit_of_database = Some(8), None),
        Some(Finding::ConnectionsExhausted)
    );
    assert_eq!(
        verdict(&|f| f.limit_of_role = Some(6), None),
        Some(Finding::ConnectionsNearlyUsed)
    );
    let superuser = |f: &mut ServerFacts| {
        f.limit_of_role = Some(6);
        f.superuser = true;
    };
    assert_eq!(
        verdict(&superuser, None),
        None,
        "a limit does not bind a superuser"
    );
    assert_eq!(
        verdict(&|f| f.limit_of_role = Some(40), Some(9)),
        Some(Finding::ConnectionsOverbooked)
    );
}

#[test]
fn checkpoints_that_are_mostly_forced_are_told() {
    let verdict = |timed, forced| {
        let facts = ServerFacts {
            checkpoints_timed: timed,
            checkpoints_forced: forced,
            ..server()
        };
        checkpoints(&facts).finding
    };
    assert_eq!(verdict(Some(10), Some(20)), None);
    assert_eq!(verdict(Some(10), Some(21)), Some(Finding::CheckpointsForced));
    assert_eq!(verdict(None, None), None, "PostgreSQL 17 counts them elsewhere");
}

#[test]
fn clocks_that_differ_by_less_than_is_certain_agree() {
    let verdict =
        |seconds, uncertain| clock_skewed(&Skew { seconds, uncertain }, 5.0).and_then(|check| check.finding);
    assert_eq!(verdict(-5.5, 1.0), None);
    assert_eq!(verdict(-6.5, 1.0), Some(Finding::ClockSkewed));
    assert_eq!(verdict(43_201.0, 0.1), Some(Finding::ClockFarOff));
}
