//! Connections and statements.

use super::pool::{Held, Pool, Reservation};
use super::session::{self, Gate, Session};
use super::statements::Statement;
use super::{SchemaName, Statements};
use crate::error::{ErrorKind, Result};
use crate::metrics::PoolUse;
use crate::model::DatabaseSettings;
use sqlx::{
    AssertSqlSafe, Executor, PgConnection, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::{Query, QueryAs, QueryScalar},
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

/// What it takes to open a [`Store`].
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// A PostgreSQL URL.
    pub database_url: String,
    /// The schema.
    pub schema: SchemaName,
    /// At most this many connections, whatever the settings say for the whole process.
    pub max_connections: u32,
    /// Limits, and what stands in between.
    pub settings: DatabaseSettings,
    /// What `pg_stat_activity` shows.
    pub application_name: String,
}

/// A pool of connections, and every statement in the caller's schema. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Arc<Pool>,
    gate: Arc<Gate>,
    options: Arc<StoreOptions>,
    statements: Arc<Statements>,
}

impl Store {
    /// Makes a store; connections are opened at first use.
    ///
    /// # Errors
    /// [`crate::ErrorKind::ConfigInvalid`] where the URL is not one of PostgreSQL.
    pub fn new(options: StoreOptions) -> Result<Self> {
        let options = Arc::new(options);
        let gate = Gate::new(Arc::clone(&options));
        gate.listening()?;
        let idle = Duration::try_from_secs_f64(options.settings.idle_seconds).unwrap_or(Duration::MAX);
        Ok(Self {
            pool: Pool::new(options.max_connections, idle),
            gate: Arc::new(gate),
            statements: Arc::new(Statements::load(&options.schema)),
            options,
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

    /// A connection of the pool. Calls on it go through [`run`], which says when the connection may go back.
    ///
    /// # Errors
    /// [`crate::ErrorKind::DatabaseUnavailable`] after ten seconds without one.
    pub async fn acquire(&self) -> Result<Held> {
        self.pool.acquire(&self.gate).await
    }

    /// A connection in place of one of the pool that cannot be waited for: the budget does not count it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::DatabaseUnavailable`] where there is none to be had.
    pub async fn acquire_beyond(&self) -> Result<Held> {
        Pool::new(1, Duration::ZERO).acquire(&self.gate).await
    }

    /// A connection outside the pool, for as long as the caller likes.
    ///
    /// # Errors
    /// [`crate::ErrorKind::DatabaseUnavailable`] where there is none to be had.
    pub async fn connect(&self) -> Result<PgConnection> {
        Ok(self.gate.open().await?.0)
    }

    /// Takes places out of the pool for the pool of a worker.
    ///
    /// # Errors
    /// [`crate::ErrorKind::DatabaseUnavailable`] where the store was closed.
    pub async fn reserve(&self, count: u32) -> Result<Reservation> {
        self.pool.reserve(count).await
    }

    /// What says how the pool is used, as long as there is the pool.
    pub fn pool_use(&self) -> Weak<dyn PoolUse> {
        let pool: Weak<Pool> = Arc::downgrade(&self.pool);
        pool
    }

    /// How to connect to where one can listen; none behind a pooler without a way around it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::ConfigInvalid`] where the URL is not one of PostgreSQL.
    pub fn listening(&self) -> Result<Option<PgConnectOptions>> {
        self.gate.listening()
    }

    /// What connections lead to; none before the first was opened.
    pub fn session(&self) -> Option<Session> {
        self.gate.session()
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a call. On a session of our own that takes no statement, unless the call has limits of its own.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn begin(&self, held: &mut Held, lock_wait: Option<Duration>) -> Result<bool> {
        held.begin();
        if held.session() == Session::Direct && lock_wait.is_none() {
            return Ok(false);
        }
        let begin = session::begin(&self.options.settings, lock_wait);
        simply(held, begin).await.map(|()| true)
    }

    /// Ends a call with what came of it.
    ///
    /// # Errors
    /// That of the call, or of its commit.
    pub async fn end<T>(&self, held: &mut Held, begun: bool, result: Result<T>) -> Result<T> {
        let result = match result {
            Ok(answer) if begun => simply(held, "commit".to_owned()).await.map(|()| answer),
            Err(error) if begun && error.kind != ErrorKind::DatabaseUnavailable => {
                simply(held, "rollback".to_owned()).await.and(Err(error))
            }
            other => other,
        };
        held.ended(&result);
        result.map_err(|error| self.explain(error))
    }

    pub(super) fn query(&self, statement: &Statement) -> Query<'static, Postgres, PgArguments> {
        sqlx::query(statement.sql()).persistent(self.may_name())
    }

    pub(super) fn query_scalar<O>(
        &self,
        statement: &Statement,
    ) -> QueryScalar<'static, Postgres, O, PgArguments>
    where
        (O,): for<'r> sqlx::FromRow<'r, PgRow>,
    {
        sqlx::query_scalar(statement.sql()).persistent(self.may_name())
    }

    pub(super) fn query_as<O>(&self, statement: &Statement) -> QueryAs<'static, Postgres, O, PgArguments>
    where
        O: for<'r> sqlx::FromRow<'r, PgRow>,
    {
        sqlx::query_as(statement.sql()).persistent(self.may_name())
    }

    /// Whether statements have names. On the caller's own connection too what holds for ours is the best guess.
    fn may_name(&self) -> bool {
        self.session() == Some(Session::Direct)
    }
}

/// A statement by the simple protocol: one round trip, nothing prepared.
async fn simply(connection: &mut PgConnection, sql: String) -> Result<()> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    Ok(())
}

/// `run!(store, held, lock_wait, |connection| call)`: one call on a held connection, in a transaction of its own where
/// the session asks for one. `lock_wait`: how long the call may wait for a lock, where that is not the usual time.
///
/// A macro, because an async closure that borrows the connection is not `Send`.
macro_rules! run {
    ($store:expr, $held:expr, $lock_wait:expr, |$connection:ident| $call:expr) => {{
        let held: &mut $crate::store::Held = $held;
        match $store.begin(held, $lock_wait).await {
            Ok(begun) => {
                let $connection: &mut sqlx::PgConnection = &mut *held;
                let result = $call.await;
                $store.end(held, begun, result).await
            }
            Err(error) => Err(error),
        }
    }};
}
pub(crate) use run;
