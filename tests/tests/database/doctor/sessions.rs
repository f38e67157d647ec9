//! What others in the server hold.

use super::{Doctor, remedies, run, server, sql};
use crate::support::migrated;
use sqlx::{Connection, PgConnection};
use tasker_core::model::Finding;

#[tokio::test]
async fn a_long_transaction_is_named_with_its_process_and_how_to_end_it() {
    let database = migrated().await.unwrap();
    let mut doctor = Doctor::on(&database.url());
    doctor.limits.transaction_seconds = 0.0;
    let mut holder = database.connect().await.unwrap();
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut holder)
        .await
        .unwrap();
    let found = doctor
        .finds(Finding::TransactionLong, async || {
            run(
                &mut holder,
                "begin isolation level repeatable read; select count(*) from tasker.tasks",
            )
            .await;
        })
        .await;
    assert_eq!(found.found["name"], pid.to_string());
    assert!(found.message.contains("idle in transaction"), "{}", found.message);
    let end = found.advice[0].strip_prefix("end it: ").unwrap();
    sql(&database.url(), end).await;
    drop(holder);
    doctor.limits.transaction_seconds = 3600.0;
    doctor.no_longer_finds(Finding::TransactionLong).await;
}

#[tokio::test]
async fn a_prepared_transaction_that_nobody_ends_is_named_and_the_remedy_ends_it() {
    let (_server, url) = server(&[("max_prepared_transactions", "5")]).await;
    let mut doctor = Doctor::on(&url);
    doctor.limits.transaction_seconds = 0.0;
    let found = doctor
        .finds(Finding::PreparedTransactionOld, async || {
            let prepare = "begin; create table left_behind (n int); prepare transaction 'it''s mine'";
            sql(&url, prepare).await;
        })
        .await;
    assert_eq!(found.found["name"], "it's mine");
    sql(&url, &remedies(&found)[0]).await;
    doctor.no_longer_finds(Finding::PreparedTransactionOld).await;
}

#[tokio::test]
async fn a_replication_slot_that_nobody_reads_is_named_and_the_remedy_drops_it() {
    let (_server, url) = server(&[]).await;
    let doctor = Doctor::on(&url);
    let found = doctor
        .finds(Finding::SlotUnused, async || {
            sql(&url, "select pg_create_physical_replication_slot('gone', true)").await;
        })
        .await;
    assert_eq!(
        (&found.found["slot"], &found.found["type"]),
        (&"gone".into(), &"physical".into())
    );
    sql(&url, &remedies(&found)[0]).await;
    doctor.no_longer_finds(Finding::SlotUnused).await;
}

#[tokio::test]
async fn notifications_that_a_sleeping_listener_does_not_read_are_told() {
    let (_server, url) = server(&[]).await;
    let mut doctor = Doctor::on(&url);
    doctor.limits.notification_share = 0.0001;
    let mut sleeper = PgConnection::connect(&url).await.unwrap();
    run(&mut sleeper, "listen anything").await;
    run(&mut sleeper, "begin; select 1").await;
    let found = doctor
        .finds(Finding::NotificationsPileUp, async || {
            sql(
                &url,
                "select pg_notify('anything', n || repeat('x', 7900)) from generate_series(1, 300) n",
            )
            .await;
        })
        .await;
    assert!(found.found["usage"].as_f64().unwrap() > 0.0001);
}
