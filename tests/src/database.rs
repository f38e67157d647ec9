//! A database for one test.

use crate::finish;
use crate::shared_server::{SharedServer, run};
use anyhow::{Context, Result};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::future::Future;

/// How long a database must have been unused before it counts as left over from a run that was killed.
const STALE_AFTER_SECONDS: i64 = 600;

/// A database of its own for one test, dropped when the value is, also when the test panics.
#[derive(Debug)]
pub struct TestDatabase {
    server: SharedServer,
    name: String,
}

impl TestDatabase {
    /// Makes an empty database.
    ///
    /// # Errors
    /// When the server cannot be started or reached.
    pub async fn create() -> Result<Self> {
        Self::copy_of("template0").await
    }

    /// Makes a database that begins as a copy of what `prepare` made of an empty one. `prepare` gets the URL of a
    /// database, runs once for each `key`, whatever the number of tests and processes, and must close its connections;
    /// the key says what it makes (a digest of the migrations, for example).
    ///
    /// # Errors
    /// When the server cannot be started or reached, or `prepare` fails.
    pub async fn prepared<F, Done>(key: &str, prepare: F) -> Result<Self>
    where
        F: FnOnce(String) -> Done,
        Done: Future<Output = Result<()>>,
    {
        let template = format!("tpl_{key}");
        let server = SharedServer::open().await?;
        let mut admin = server.admin().await?;
        if !exists(&mut admin, &template).await? {
            // One prepares, the others wait; the lock goes with the connection.
            sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
                .bind(&template)
                .execute(&mut admin)
                .await?;
            if !exists(&mut admin, &template).await? {
                let unfinished = format!("{template}_unfinished");
                run(
                    &mut admin,
                    &format!("DROP DATABASE IF EXISTS \"{unfinished}\" WITH (FORCE)"),
                )
                .await?;
                run(
                    &mut admin,
                    &format!("CREATE DATABASE \"{unfinished}\" TEMPLATE template0"),
                )
                .await?;
                prepare(server.url(&unfinished))
                    .await
                    .context("the template database cannot be prepared")?;
                run(
                    &mut admin,
                    &format!("ALTER DATABASE \"{unfinished}\" RENAME TO \"{template}\""),
                )
                .await?;
            }
        }
        admin.close().await?;
        Self::copy_of(&template).await
    }

    async fn copy_of(template: &str) -> Result<Self> {
        let server = SharedServer::open().await?;
        let mut admin = server.admin().await?;
        let now: i64 = sqlx::query_scalar("SELECT extract(epoch FROM now())::bigint")
            .fetch_one(&mut admin)
            .await?;
        sweep(&mut admin, now).await?;
        let name = format!("t_{now}_{:016x}", rand::random::<u64>());
        run(
            &mut admin,
            &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\""),
        )
        .await?;
        admin.close().await?;
        Ok(Self { server, name })
    }

    /// The URL of this database.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// The name of this database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection to this database.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn connect(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.url()).await?)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = finish(async {
            let mut admin = self.server.admin().await?;
            run(
                &mut admin,
                &format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name),
            )
            .await?;
            Ok(admin.close().await?)
        });
        // A test that stopped its server is not a failure here; what stays behind is swept by a later run.
        drop(dropped);
    }
}

async fn exists(admin: &mut PgConnection, name: &str) -> Result<bool> {
    let question = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    Ok(sqlx::query_scalar(question).bind(name).fetch_one(admin).await?)
}

/// Drops the databases of runs that were killed: old by their name, and without a client.
async fn sweep(admin: &mut PgConnection, now: i64) -> Result<()> {
    let question = "SELECT datname::text FROM pg_database WHERE datname ~ '^t_[0-9]+_[0-9a-f]+$' \
                    AND split_part(datname, '_', 2)::bigint < $1 \
                    AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = pg_database.oid)";
    let stale: Vec<String> = sqlx::query_scalar(AssertSqlSafe(question))
        .bind(now - STALE_AFTER_SECONDS)
        .fetch_all(&mut *admin)
        .await?;
    for name in stale {
        // Another process may sweep the same one.
        run(admin, &format!("DROP DATABASE IF EXISTS \"{name}\""))
            .await
            .ok();
    }
    Ok(())
}
