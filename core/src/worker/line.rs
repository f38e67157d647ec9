//! A connection that one part of the worker keeps for itself.

use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;
use sqlx::PgConnection;
use std::time::Duration;

/// A connection, opened at first use and again after it broke. Kept, because giving one back to a pool costs a round trip.
#[derive(Debug)]
pub(super) struct Line {
    store: Store,
    connection: Option<PgConnection>,
    limit: Duration,
}

impl Line {
    /// `limit`: how long a call may take before the connection counts as broken.
    pub(super) fn new(store: Store, limit: Duration) -> Self {
        Self {
            store,
            connection: None,
            limit,
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) async fn open(&mut self) -> Result<(&Store, &mut PgConnection)> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => within(self.limit, self.store.connect()).await?,
        };
        Ok((&self.store, self.connection.insert(connection)))
    }

    /// Looks at the result of a call: a connection that broke is dropped.
    pub(super) fn checked<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && matches!(error.kind, ErrorKind::DatabaseUnavailable | ErrorKind::Internal)
        {
            self.connection = None;
        }
        result
    }
}

/// A call that takes longer is given up. Nobody knows what came of it, and its connection is of no more use.
pub(super) async fn within<T>(limit: Duration, call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::DatabaseUnavailable,
            format!("PostgreSQL did not answer within {limit:?}"),
        ))
    })
}

/// `on_line!(line, |store, connection| call)`: one call; the connection is dropped if it broke.
macro_rules! on_line {
    ($line:expr, |$store:ident, $connection:ident| $call:expr) => {{
        let line = &mut *$line;
        let limit = line.limit();
        match line.open().await {
            Ok(($store, $connection)) => {
                let result = $crate::worker::line::within(limit, $call).await;
                line.checked(result)
            }
            Err(error) => Err(error),
        }
    }};
}
pub(super) use on_line;
