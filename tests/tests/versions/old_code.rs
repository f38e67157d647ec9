//! The code of a release on the schema of today: its statements mean what they did, and a task lives a whole life by them.
//! And migrations that break old code are found.

use crate::support::{releases, store, with_the_next};
use sqlx::{AssertSqlSafe, Connection};
use tasker_migrations::RELEASES;
use tasker_tests::{Release, TestDatabase, Variables, assert_consistent, check_statements};

/// What the statements of a release say to its schema with `change` made to it.
async fn complaints(release: &Release, change: &str) -> Vec<String> {
    let database = release.install().await.unwrap();
    store(&database).migrate().await.unwrap();
    let mut connection = database.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(change.to_owned()))
        .execute(&mut connection)
        .await
        .expect(change);
    let complaints = check_statements(&mut connection, release).await.unwrap();
    connection.close().await.unwrap();
    complaints
}

async fn play_life(release: &Release, database: &TestDatabase) -> anyhow::Result<()> {
    let mut connection = database.connect().await?;
    release
        .life
        .play(&mut connection, release, &mut Variables::new())
        .await
}

#[test]
fn each_release_is_kept() {
    let kept: Vec<i32> = releases().iter().map(|release| release.version).collect();
    assert_eq!(
        kept, RELEASES,
        "tests/versions/ and RELEASES of migrations/src/lib.rs: scripts/release-fixture writes both"
    );
}

#[tokio::test]
async fn every_statement_of_every_release_means_the_same_on_the_schema_of_today() {
    for release in releases() {
        assert_eq!(complaints(&release, "").await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn tasks_live_a_whole_life_by_the_statements_of_every_release_on_the_schema_of_today() {
    for release in releases() {
        let database = release.install().await.unwrap();
        store(&database).migrate().await.unwrap();
        play_life(&release, &database).await.unwrap();
        assert_consistent(&database).await;
    }
}

#[tokio::test]
async fn the_life_that_the_next_release_will_leave_behind_plays_on_its_own_schema_and_on_the_next() {
    let today = Release::today().await.unwrap();
    let database = today.install().await.unwrap();
    play_life(&today, &database).await.unwrap();
    let database = today.install().await.unwrap();
    store(&database).apply_migrations(&with_the_next()).await.unwrap();
    play_life(&today, &database).await.unwrap();
    assert_consistent(&database).await;
}

#[tokio::test]
async fn a_migration_that_breaks_a_statement_is_found() {
    let release = releases().pop().unwrap();
    for (what, change, found) in [
        (
            "a column goes",
            "alter table tasker.tasks rename column tags to labels",
            "list_tasks",
        ),
        (
            "a function goes",
            "alter function tasker.pause_task(uuid, text, text) rename to hold_task",
            "pause_task",
        ),
        (
            "a result has another type",
            "drop function tasker.heartbeat; create function tasker.heartbeat(bigint, boolean, jsonb, bigint[] default null) \
             returns int language sql as $$ select 1 $$",
            "heartbeat",
        ),
        (
            "a column of a result has another name",
            "drop function tasker.held_steps; create function tasker.held_steps(p_worker_id bigint) \
             returns table (task_id uuid, step_no int, claim int) language sql as $$ select null::uuid, 0, 0 where false $$",
            "held_steps",
        ),
        (
            "a parameter has another type",
            "drop function tasker.stop_worker; create function tasker.stop_worker(p_worker_id int) returns void language sql as $$ $$",
            "stop_worker",
        ),
        (
            "a parameter more, beside the function that was",
            "create function tasker.pause_task(uuid, text, text, text default null) returns void language sql as $$ $$",
            "pause_task",
        ),
    ] {
        let complaints = complaints(&release, change).await;
        assert!(
            complaints.iter().any(|complaint| complaint.contains(found)),
            "{what} was not found: {complaints:?}"
        );
    }
}

#[tokio::test]
async fn a_migration_that_only_adds_is_let_pass() {
    let release = releases().pop().unwrap();
    for change in [
        "alter table tasker.tasks add column shade int",
        "create function tasker.shade(uuid) returns int language sql as $$ select 1 $$",
        "create or replace function tasker.stop_worker(p_worker_id bigint) returns void language sql as $$ $$",
    ] {
        assert_eq!(
            complaints(&release, change).await,
            Vec::<String>::new(),
            "{change}"
        );
    }
}

#[tokio::test]
async fn a_migration_that_keeps_the_types_and_breaks_the_meaning_is_found_by_the_life() {
    let release = releases().pop().unwrap();
    let change = "create or replace function tasker.held_steps(p_worker_id bigint) \
                  returns table (task_id uuid, step_no int, claim_no int) language sql as $$ select null::uuid, 0, 0 where false $$";
    let database = release.install().await.unwrap();
    store(&database).migrate().await.unwrap();
    let mut connection = database.connect().await.unwrap();
    let drop = "drop function tasker.held_steps;";
    sqlx::raw_sql(AssertSqlSafe(format!("{drop} {change}")))
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(
        check_statements(&mut connection, &release).await.unwrap(),
        Vec::<String>::new()
    );
    let error = play_life(&release, &database).await.unwrap_err();
    assert!(error.to_string().contains("held_steps"), "{error:#}");
}
