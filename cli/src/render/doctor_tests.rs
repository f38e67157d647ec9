//! Whole reports of a doctor.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::samples::now;
use super::{Look, doctor};
use insta::assert_snapshot;
use serde_json::json;
use tasker_core::model::{Check, CheckId, CheckStatus, DoctorReport, Finding};

const PLAIN: Look = Look {
    color: false,
    width: None,
};

fn report(checks: Vec<Check>) -> DoctorReport {
    DoctorReport {
        status: checks
            .iter()
            .map(|check| check.status)
            .max()
            .unwrap_or(CheckStatus::Ok),
        checked_at: now(),
        version: "2.0.0".to_owned(),
        database: Some("app@db.example:5432/shop".to_owned()),
        source: Some("DATABASE_URL".to_owned()),
        schema: "tasker".to_owned(),
        checks,
    }
}

fn sick() -> DoctorReport {
    let found = |finding, message: &str| Check::found(finding, message, json!({}));
    report(vec![
        Check::ok(CheckId::Connection, "PostgreSQL 15.18 answers app in 1 ms", json!({})),
        found(
            Finding::PoolerInFront,
            "a pooler stands in front; chosen: transaction mode (no named statements, limits set in each call)",
        )
        .advise("nothing has to be done; straight to PostgreSQL a call is one round trip in place of four"),
        found(Finding::FsyncOff, "fsync is off: a crash of the machine can destroy the whole database")
            .advise("in postgresql.conf, or: alter system set fsync = on; select pg_reload_conf();"),
        Check::ok(CheckId::Migrations, "the schema tasker is at version 25", json!({})),
        found(Finding::NoUsage, "app may not use the schema tasker").advise("grant usage on schema tasker to app;"),
        Check::unseen(CheckId::Snapshots, "not looked at: the role may not look at it"),
        found(
            Finding::TransactionLong,
            "process 4711 of reports (metabase), idle in transaction, has held a snapshot for 3 h: dead rows newer than that stay",
        )
        .advise("end it: select pg_terminate_backend(4711);")
        .advise("idle_in_transaction_session_timeout ends those that stand still; reports belong on a standby"),
        found(
            Finding::HandlerMissing,
            "14 steps wait for shop.process_order.charge_payment, and no live worker has it",
        )
        .advise("start a worker that registers the handler shop.process_order.charge_payment; is it spelled like that?")
        .advise("tasker why 0198c0de-0000-7000-8000-000000000007 3"),
    ])
}

fn healthy() -> DoctorReport {
    report(vec![
        Check::ok(
            CheckId::Connection,
            "PostgreSQL 15.18 answers app in 1 ms",
            json!({}),
        ),
        Check::ok(
            CheckId::Disk,
            "the disks of the server cannot be seen from here",
            json!({}),
        ),
        Check::unseen(CheckId::Snapshots, "not looked at: the role may not look at it"),
        Check::ok(CheckId::Workers, "3 workers live and none is lost", json!({})),
    ])
}

#[test]
fn what_ails_is_told_section_by_section_with_what_to_do() {
    assert_snapshot!(doctor(&sick(), false, &PLAIN));
}

#[test]
fn quiet_leaves_out_what_is_as_it_should_be() {
    assert_snapshot!(doctor(&sick(), true, &PLAIN));
}

#[test]
fn a_healthy_database_gets_a_short_verdict() {
    assert_snapshot!(format!(
        "{}\n--\n{}",
        doctor(&healthy(), false, &PLAIN),
        doctor(&healthy(), true, &PLAIN)
    ));
}

#[test]
fn without_a_database_the_report_says_so() {
    let mut report = report(vec![
        Check::found(Finding::NoDatabaseNamed, "No database is named.", json!({}))
            .advise("name one: --database-url, TASKER_DATABASE_URL or DATABASE_URL, such as postgres://user@host/database"),
    ]);
    (report.database, report.source) = (None, None);
    assert_snapshot!(doctor(&report, false, &PLAIN));
}

#[test]
fn no_sentence_is_wider_than_the_terminal() {
    let narrow = Look {
        color: false,
        width: Some(70),
    };
    for line in doctor(&sick(), false, &narrow).lines() {
        let command = line.contains("→ tasker") || line.contains("→ grant") || !line.starts_with(' ');
        assert!(command || line.chars().count() <= 70, "{line}");
    }
    let colours = Look {
        color: true,
        width: None,
    };
    assert_snapshot!(doctor(&healthy(), true, &colours).replace('\u{1b}', "ESC"));
}
