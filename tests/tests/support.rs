//! The support library itself: databases come and go, servers can be killed.
// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tasker_core::cluster::StopMode;
use tasker_tests::{PrivateServer, SharedServer, Signal, TestDatabase};

async fn count(url: &str, question: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let answer = sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    answer
}

async fn databases_named(name: &str) -> i64 {
    let server = SharedServer::open().await.unwrap().url("postgres");
    count(
        &server,
        &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"),
    )
    .await
}

#[tokio::test]
async fn a_test_database_is_its_own_and_goes_with_its_value() {
    let (one, other) = (
        TestDatabase::create().await.unwrap(),
        TestDatabase::create().await.unwrap(),
    );
    one.connect()
        .await
        .unwrap()
        .execute("CREATE TABLE here ()")
        .await
        .unwrap();
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 'here'";
    assert_eq!(count(&one.url(), tables).await, 1);
    assert_eq!(count(&other.url(), tables).await, 0);
    let name = one.name().to_owned();
    drop(one);
    assert_eq!(databases_named(&name).await, 0);
}

#[tokio::test]
async fn a_test_database_goes_also_when_the_test_panics_with_a_connection_open() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let task = tokio::spawn(async move {
        let database = TestDatabase::create().await.unwrap();
        let _open = database.connect().await.unwrap();
        sender.send(database.name().to_owned()).unwrap();
        panic!("on purpose");
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(databases_named(&receiver.recv().unwrap()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_database_is_prepared_once_and_copied_for_each_test() {
    let key = format!("once_{:016x}", rand::random::<u64>());
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let copies: Vec<_> = (0..4)
        .map(|_| {
            let (key, runs) = (key.clone(), runs.clone());
            tokio::spawn(async move {
                TestDatabase::prepared(&key, |url| async move {
                    runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    let mut connection = PgConnection::connect(&url).await?;
                    connection.execute("CREATE TABLE here ()").await?;
                    Ok(connection.close().await?)
                })
                .await
                .unwrap()
            })
        })
        .collect();
    for copy in copies {
        let copy = copy.await.unwrap();
        assert_eq!(
            count(
                &copy.url(),
                "SELECT count(*) FROM pg_class WHERE relname = 'here'"
            )
            .await,
            1
        );
    }
    assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 1);
    let server = SharedServer::open().await.unwrap().url("postgres");
    let mut admin = PgConnection::connect(&server).await.unwrap();
    admin
        .execute(AssertSqlSafe(format!("DROP DATABASE \"tpl_{key}\"")))
        .await
        .unwrap();
}

#[tokio::test]
async fn databases_left_by_killed_runs_are_swept() {
    let server = SharedServer::open().await.unwrap().url("postgres");
    let left = format!("t_1700000000_{:016x}", rand::random::<u64>());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE \"{left}\"")))
        .await
        .unwrap();
    let _next = TestDatabase::create().await.unwrap();
    assert_eq!(databases_named(&left).await, 0);
}

#[tokio::test]
async fn a_private_server_survives_kill_and_restart_and_goes_with_its_value() {
    let mut server = PrivateServer::start().await.unwrap();
    let url = server.database("mine").await.unwrap();
    let first = server.status().pid;
    server.signal(Signal::KILL).unwrap();
    server.start_again().await.unwrap();
    assert_ne!(server.status().pid, first);
    server.restart(StopMode::Immediate).await.unwrap();
    assert_eq!(count(&url, "SELECT 1::bigint").await, 1);
    server.signal(Signal::STOP).unwrap();
    let directory = server.status().data_dir;
    drop(server);
    assert!(!directory.exists());
}
