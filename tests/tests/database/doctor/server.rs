//! The server: writes, clocks, durability, checkpoints, connections, transaction ids.

use super::{Doctor, remedies, run, server, sql};
use crate::support::migrated;
use sqlx::{Connection, PgConnection};
use tasker_core::ErrorKind;
use tasker_core::cluster::StopMode;
use tasker_core::model::Finding;

#[tokio::test]
async fn a_standby_is_named_by_the_doctor_and_by_the_error_of_every_write() {
    let (mut server, url) = server(&[]).await;
    let doctor = Doctor::on(&url);
    doctor
        .finds(Finding::Standby, async || {
            server.stop(StopMode::Fast).await.unwrap();
            std::fs::write(server.status().data_dir.join("data/standby.signal"), "").unwrap();
            server.start_again().await.unwrap();
        })
        .await;
    let plan = crate::plan::Plan::chain("order", &["a"]).compile();
    let error = doctor.client.register_template(&plan, false).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::DatabaseUnavailable, true));
    assert!(error.message.contains("takes no writes"), "{error}");
}

#[tokio::test]
async fn a_database_that_is_read_only_by_default_is_named_and_the_remedy_works() {
    let database = migrated().await.unwrap();
    let set = format!(
        "alter database {} set default_transaction_read_only = on",
        database.name()
    );
    Doctor::on(&database.url())
        .no_longer_finds(Finding::ReadOnly)
        .await;
    sql(&database.url(), &set).await;
    let found = Doctor::on(&database.url()).still_finds(Finding::ReadOnly).await;
    let plan = crate::plan::Plan::chain("order", &["a"]).compile();
    let error = Doctor::on(&database.url())
        .client
        .register_template(&plan, false)
        .await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::DatabaseUnavailable);
    let mut session = database.connect().await.unwrap();
    for statement in remedies(&found).iter().take(2) {
        run(&mut session, statement).await;
    }
    Doctor::on(&database.url())
        .no_longer_finds(Finding::ReadOnly)
        .await;
}

#[tokio::test]
async fn a_clock_that_was_moved_for_a_database_or_a_role_is_named_with_the_reset() {
    let database = migrated().await.unwrap();
    let role = super::role_of(&database);
    let moved = [
        format!(
            "alter database {} set \"tasker.now\" = '2030-01-01'",
            database.name()
        ),
        format!(
            "create role {role}; alter role {role} in database {} set \"tasker.now\" = '2030-01-01'",
            database.name()
        ),
    ];
    for statement in moved {
        Doctor::on(&database.url())
            .no_longer_finds(Finding::ClockMoved)
            .await;
        sql(&database.url(), &statement).await;
        let found = Doctor::on(&database.url()).still_finds(Finding::ClockMoved).await;
        sql(&database.url(), &found.advice[0]).await;
        Doctor::on(&database.url())
            .no_longer_finds(Finding::ClockMoved)
            .await;
    }
    sql(&database.url(), &format!("drop role {role}")).await;
}

#[tokio::test]
async fn a_database_whose_clock_is_off_by_minutes_is_found() {
    let database = migrated().await.unwrap();
    // Its own function comes first on the path, which moves the clock of this database alone.
    let move_clock = |by: &str| {
        format!(
            "create schema if not exists moved; create or replace function moved.clock_timestamp() returns timestamptz \
             language sql volatile as $$ select pg_catalog.clock_timestamp() + interval '{by}' $$; \
             alter database {} set search_path = moved, pg_catalog, public",
            database.name()
        )
    };
    for (by, seconds) in [("10 minutes", 600.0), ("-10 minutes", -600.0)] {
        sql(&database.url(), &move_clock(by)).await;
        let found = Doctor::on(&database.url())
            .still_finds(Finding::ClockSkewed)
            .await;
        let ahead = found.found["database_ahead_seconds"].as_f64().unwrap();
        assert!((ahead - seconds).abs() < 5.0, "{ahead}");
    }
    sql(&database.url(), &move_clock("0 seconds")).await;
    Doctor::on(&database.url())
        .no_longer_finds(Finding::ClockSkewed)
        .await;
}

#[tokio::test]
async fn settings_that_endanger_durability_are_found_one_by_one() {
    let (_server, url) = server(&[]).await;
    let doctor = Doctor::on(&url);
    // Servers for tests are fast and not durable.
    doctor.still_finds(Finding::FsyncOff).await;
    doctor.still_finds(Finding::FullPageWritesOff).await;
    doctor.no_longer_finds(Finding::SynchronousCommitOff).await;
    sql(&url, "alter database shop set synchronous_commit = off").await;
    // A session keeps what it began with.
    let found = Doctor::on(&url).still_finds(Finding::SynchronousCommitOff).await;
    sql(&url, &found.advice[0]).await;
    Doctor::on(&url)
        .no_longer_finds(Finding::SynchronousCommitOff)
        .await;
}

#[tokio::test]
async fn checkpoints_that_are_mostly_forced_are_told() {
    let (_server, url) = server(&[]).await;
    let doctor = Doctor::on(&url);
    doctor.no_longer_finds(Finding::CheckpointsForced).await;
    let mut busy = PgConnection::connect(&url).await.unwrap();
    for _ in 0..25 {
        run(&mut busy, "checkpoint").await;
    }
    // The checkpointer tells its counts when it comes to it.
    let told = "select checkpoints_req from pg_stat_bgwriter";
    while sqlx::query_scalar::<_, i64>(told)
        .fetch_one(&mut busy)
        .await
        .unwrap()
        <= 20
    {
        run(&mut busy, "checkpoint").await;
    }
    doctor.still_finds(Finding::CheckpointsForced).await;
}

#[tokio::test]
async fn connections_that_run_out_are_told_before_and_when_they_do() {
    let (_server, url) = server(&[("max_connections", "20"), ("autovacuum", "off")]).await;
    let doctor = Doctor::on(&url);
    let mut open = Vec::new();
    for (finding, many) in [
        (Finding::ConnectionsNearlyUsed, 14),
        (Finding::ConnectionsExhausted, 16),
    ] {
        doctor.no_longer_finds(finding).await;
        while open.len() < many {
            open.push(PgConnection::connect(&url).await.unwrap());
        }
        let found = doctor.still_finds(finding).await;
        assert!(
            found.message.contains("of 17 connections of the server"),
            "{}",
            found.message
        );
    }
}

#[tokio::test]
async fn processes_that_could_take_more_connections_than_there_are_are_counted() {
    let (_server, url) = server(&[("max_connections", "20")]).await;
    let doctor = Doctor::on(&url);
    let found = doctor
        .finds(Finding::ConnectionsOverbooked, async || {
            // Two workers of one process share its connections.
            let workers = "select tasker.register_worker('w', 'here', n / 2, 'rust', null, array['work'], 4, 60) from generate_series(0, 7) n";
            sql(&url, workers).await;
        })
        .await;
    assert_eq!(
        (&found.found["processes"], &found.found["wanted_by_workers"]),
        (&4.into(), &20.into())
    );
}

#[tokio::test]
async fn transaction_ids_that_are_not_frozen_in_time_are_found() {
    let (_server, url) = server(&[("autovacuum_freeze_max_age", "100000")]).await;
    let mut holder = PgConnection::connect(&url).await.unwrap();
    run(
        &mut holder,
        "begin isolation level repeatable read; select pg_current_xact_id()",
    )
    .await;
    let doctor = Doctor::on(&url);
    let found = doctor
        .finds(Finding::TransactionIdsOld, async || {
            // Each block with an exception clause that writes takes an id.
            let burn = "create table burnt (n int); do $$ begin for n in 1 .. 201000 loop \
                        begin insert into burnt values (n); exception when division_by_zero then null; end; end loop; end $$";
            sql(&url, burn).await;
        })
        .await;
    assert_eq!(found.found["freeze_max_age"], 100_000);
    assert!(
        found.advice[0].starts_with("select datname"),
        "{:?}",
        found.advice
    );
    sql(&url, &found.advice[0]).await;
}
