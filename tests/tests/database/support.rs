//! A migrated database for one test, and two connections in each other's way.

use crate::session::Session;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use std::time::Duration;
use tasker_core::store::{Store, StoreOptions};
use tasker_migrations::MIGRATIONS;
use tasker_tests::{TestDatabase, assert_consistent};

/// Runs a test on a fresh database and checks the whole of it afterwards.
pub(crate) async fn on_database(test: impl AsyncFnOnce(&TestDatabase, &mut Session)) {
    let database = migrated().await.expect("a database");
    let mut session = Session::open(&database).await;
    test(&database, &mut session).await;
    assert_consistent(&database).await;
}

/// A database with the schema of the library in it.
pub(crate) async fn migrated() -> Result<TestDatabase> {
    let mut digest = Sha256::new();
    for migration in MIGRATIONS {
        digest.update(migration.sql);
    }
    let key: String = digest
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    TestDatabase::prepared(&format!("schema_{key}"), async |url| {
        let store = store(&url, "tasker")?;
        store.migrate().await?;
        store.close().await;
        Ok(())
    })
    .await
}

pub(crate) fn store(url: &str, schema: &str) -> Result<Store> {
    let options = StoreOptions {
        database_url: url.to_owned(),
        schema: tasker_core::store::SchemaName::new(schema)?,
        max_connections: 2,
        settings: tasker_core::model::DatabaseSettings::default(),
        application_name: "database tests".to_owned(),
    };
    Ok(Store::new(options)?)
}

/// Waits until the session with this process id is blocked by another one.
pub(crate) async fn until_blocked(observer: &mut PgConnection, pid: i32) -> Result<()> {
    let question = "select cardinality(pg_blocking_pids($1)) > 0";
    let blocked = async {
        while !sqlx::query_scalar::<_, bool>(question)
            .bind(pid)
            .fetch_one(&mut *observer)
            .await?
        {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(20), blocked)
        .await
        .context("the second connection was never blocked by the first")?
}

/// A race that the first must win: `first` runs in an open transaction of its session, `second` starts and must come to
/// wait for it; then the first commits. Returns what the second came to.
pub(crate) async fn race<T>(
    database: &TestDatabase,
    first: &mut Session,
    second: &mut Session,
    begin: impl AsyncFnOnce(&mut Session),
    follow: impl AsyncFnOnce(&mut Session) -> T,
) -> T {
    let pid = second.pid().await;
    let mut observer = database.connect().await.expect("a third connection");
    first.begin().await;
    begin(first).await;
    let finish = async {
        until_blocked(&mut observer, pid)
            .await
            .expect("a second that waits");
        first.commit().await;
    };
    let (answer, ()) = tokio::join!(follow(second), finish);
    answer
}
