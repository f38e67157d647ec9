//! How the tables are doing.

use super::{Doctor, run, server, sql};
use crate::support::migrated;
use tasker_core::model::Finding;

#[tokio::test]
async fn autovacuum_that_is_off_for_the_server_is_found() {
    let (_server, url) = server(&[("autovacuum", "off")]).await;
    let doctor = Doctor::on(&url);
    let found = doctor.still_finds(Finding::AutovacuumOff).await;
    for statement in found.advice[0].split_inclusive(';') {
        sql(&url, statement).await;
    }
    // The server reads its settings when it comes to it.
    let back = async { while doctor.report().await.of(Finding::AutovacuumOff).next().is_some() {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), back)
        .await
        .unwrap();
}

#[tokio::test]
async fn autovacuum_that_is_off_for_a_table_is_found_and_the_remedy_turns_it_on() {
    let database = migrated().await.unwrap();
    let doctor = Doctor::on(&database.url());
    let found = doctor
        .finds(Finding::AutovacuumOffForTable, async || {
            sql(
                &database.url(),
                "alter table tasker.workflow_steps set (autovacuum_enabled = false)",
            )
            .await;
        })
        .await;
    assert_eq!(found.found["table"], "workflow_steps");
    sql(&database.url(), &found.advice[0]).await;
    doctor.no_longer_finds(Finding::AutovacuumOffForTable).await;
}

#[tokio::test]
async fn dead_rows_that_a_snapshot_keeps_are_counted() {
    let database = migrated().await.unwrap();
    let mut doctor = Doctor::on(&database.url());
    doctor.limits.dead_rows = 5_000;
    let mut holder = database.connect().await.unwrap();
    run(
        &mut holder,
        "begin isolation level repeatable read; select pg_current_xact_id()",
    )
    .await;
    doctor.no_longer_finds(Finding::AutovacuumBehind).await;
    let found = doctor
        .finds(Finding::TableDead, async || {
            // In one transaction: analysing in between would raise the threshold.
            let fill = "begin; insert into tasker.dependent_systems (name) select n::text from generate_series(1, 12000) n;
                        delete from tasker.dependent_systems; commit";
            sql(&database.url(), fill).await;
        })
        .await;
    assert_eq!(
        (&found.found["table"], &found.found["dead_rows"]),
        (&"dependent_systems".into(), &12_000.into())
    );
    let behind = doctor.still_finds(Finding::AutovacuumBehind).await;
    run(&mut holder, "rollback").await;
    let vacuum = behind.advice[2].strip_prefix("by hand: ").unwrap();
    sql(&database.url(), vacuum).await;
    doctor.no_longer_finds(Finding::TableDead).await;
    doctor.no_longer_finds(Finding::AutovacuumBehind).await;
}

#[tokio::test]
async fn empty_space_in_a_table_is_estimated() {
    let database = migrated().await.unwrap();
    let mut doctor = Doctor::on(&database.url());
    doctor.limits.bloat_bytes = 1 << 20;
    let url = database.url();
    let fill = "insert into tasker.dependent_systems (name, description) \
                select n::text, repeat('d', 200) from generate_series(1, 20000) n";
    sql(&url, fill).await;
    sql(&url, "vacuum analyze tasker.dependent_systems").await;
    let found = doctor
        .finds(Finding::TableBloated, async || {
            sql(
                &url,
                "delete from tasker.dependent_systems where dependent_system_id % 20 <> 0",
            )
            .await;
            sql(&url, "vacuum analyze tasker.dependent_systems").await;
        })
        .await;
    let (bytes, expected) = (&found.found["bytes"], &found.found["expected_bytes"]);
    let left = expected.as_f64().unwrap() / bytes.as_f64().unwrap();
    assert!(
        (0.03..0.08).contains(&left),
        "a twentieth of the rows needs {left} of the space"
    );
    let rewrite = found.advice[1].split_once(": ").unwrap().1;
    sql(&url, rewrite).await;
    sql(&url, "analyze tasker.dependent_systems").await;
    doctor.no_longer_finds(Finding::TableBloated).await;
}

#[tokio::test]
async fn a_large_table_that_is_read_whole_again_and_again_is_told() {
    let database = migrated().await.unwrap();
    let doctor = Doctor::on(&database.url());
    doctor
        .finds(Finding::TableScanned, async || {
            let fill = "insert into tasker.tasks (task_id, named_task_id, plan_id, total_steps, created_at, requested_at, open_sinks, context) \
                        select tasker.uuid_v7(), 1, 1, 1, now(), now(), 0, '{}' from generate_series(1, 10000)";
            sql(&database.url(), fill).await;
            let scan = "select count(*) from tasker.tasks where context <> '{}'";
            let mut scanner = database.connect().await.unwrap();
            for _ in 0..11 {
                run(&mut scanner, scan).await;
            }
            run(&mut scanner, "select pg_stat_force_next_flush()").await;
            run(&mut scanner, "select 1").await;
        })
        .await;
}
