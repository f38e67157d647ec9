//! The pool and the statements.

use super::{SchemaName, Statements};
use crate::error::{Error, ErrorKind, Result};
use sqlx::{
    ConnectOptions, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, sync::Arc, time::Duration};

/// What it takes to open a [`Store`].
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// A PostgreSQL URL.
    pub database_url: String,
    /// The schema.
    pub schema: SchemaName,
    /// At most this many connections.
    pub max_connections: u32,
    /// What `pg_stat_activity` shows.
    pub application_name: String,
}

/// A pool of connections, and every statement in the caller's schema. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    options: Arc<StoreOptions>,
    statements: Arc<Statements>,
}

impl Store {
    /// Makes a store; connections are opened at first use.
    ///
    /// # Errors
    /// [`ErrorKind::ConfigInvalid`] where the URL is not one of PostgreSQL.
    pub fn new(options: StoreOptions) -> Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .min_connections(0)
            .acquire_timeout(Duration::from_secs(10))
            .idle_timeout(Duration::from_secs(300))
            // A ping before each statement would double the round trips; a broken connection shows itself.
            .test_before_acquire(false)
            .connect_lazy_with(connect_options(&options)?);
        let statements = Arc::new(Statements::load(&options.schema));
        Ok(Self {
            pool,
            options: Arc::new(options),
            statements,
        })
    }

    /// Every statement.
    pub(crate) fn statements(&self) -> &Statements {
        &self.statements
    }

    /// What the store was made from.
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// A connection of the pool.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUnavailable`] after ten seconds without one.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    /// A connection outside the pool.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUnavailable`] where there is none to be had.
    pub async fn connect(&self) -> Result<PgConnection> {
        Ok(self.connect_options()?.connect().await?)
    }

    /// How to connect.
    ///
    /// # Errors
    /// [`ErrorKind::ConfigInvalid`] where the URL is not one of PostgreSQL.
    pub fn connect_options(&self) -> Result<PgConnectOptions> {
        connect_options(&self.options)
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn connect_options(options: &StoreOptions) -> Result<PgConnectOptions> {
    let parsed = PgConnectOptions::from_str(&options.database_url).map_err(|error| {
        Error::new(
            ErrorKind::ConfigInvalid,
            format!(
                "the database URL is not usable ({error}); it looks like postgres://user@host:5432/database"
            ),
        )
    })?;
    // Notices are for psql; a slow statement is seen in the metrics.
    Ok(parsed
        .application_name(&options.application_name)
        .disable_statement_logging())
}
