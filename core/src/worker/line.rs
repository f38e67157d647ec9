//! What one part of the worker calls the database over.

use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;
use std::time::Duration;

/// The connections of the worker, and how patient one of its parts is. Any free connection will do: taking one and giving
/// it back costs nothing.
#[derive(Debug)]
pub(super) struct Line {
    store: Store,
    limit: Duration,
    lock_wait: Option<Duration>,
}

impl Line {
    /// `limit`: how long a call may take before the connection counts as broken.
    pub(super) fn new(store: Store, limit: Duration) -> Self {
        Self {
            store,
            limit,
            lock_wait: None,
        }
    }

    /// Of a part that waits so long for somebody else's locks.
    pub(super) fn patient(store: Store, lock_wait: Duration) -> Self {
        Self {
            store,
            limit: lock_wait.saturating_mul(2),
            lock_wait: Some(lock_wait),
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn lock_wait(&self) -> Option<Duration> {
        self.lock_wait
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

/// `on_line!(line, |store, connection| call)`: one call on a connection of the worker.
macro_rules! on_line {
    ($line:expr, |$store:ident, $connection:ident| $call:expr) => {{
        let line = &*$line;
        let $store = line.store();
        let call = async {
            let mut held = $store.acquire().await?;
            $crate::store::run!($store, &mut held, line.lock_wait(), |$connection| $call)
        };
        $crate::worker::line::within(line.limit(), call).await
    }};
}
pub(super) use on_line;
