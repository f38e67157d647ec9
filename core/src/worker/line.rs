//! A connection that one part of the worker keeps for itself.

use crate::error::{ErrorKind, Result};
use crate::store::Store;
use sqlx::PgConnection;

/// A connection, opened at first use and again after it broke. Kept, because giving one back to a pool costs a round trip.
#[derive(Debug)]
pub(super) struct Line {
    store: Store,
    connection: Option<PgConnection>,
}

impl Line {
    pub(super) fn new(store: Store) -> Self {
        Self { store, connection: None }
    }

    pub(super) async fn open(&mut self) -> Result<(&Store, &mut PgConnection)> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.store.connect().await?,
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

/// `on_line!(line, |store, connection| call)`: one call; the connection is dropped if it broke.
macro_rules! on_line {
    ($line:expr, |$store:ident, $connection:ident| $call:expr) => {{
        let line = &mut *$line;
        match line.open().await {
            Ok(($store, $connection)) => {
                let result = $call.await;
                line.checked(result)
            }
            Err(error) => Err(error),
        }
    }};
}
pub(super) use on_line;
