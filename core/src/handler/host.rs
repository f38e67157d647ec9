//! Where a handler's attempt comes from: a worker, or a test.

use crate::bridge::{AttemptMessage, BridgeWorker};
use crate::error::Result;
use crate::model::TaskId;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use sqlx::PgConnection;
use std::{collections::HashMap, fmt};

/// What a [`Step`](super::Step) may ask of where it comes from.
pub(crate) trait Host: Send + Sync + fmt::Debug {
    /// The input of a task that was too large to come along.
    fn fetch_context(&self, task_id: TaskId) -> BoxFuture<'_, Result<Box<RawValue>>>;
    /// The results of every step of a task that ended well, by name.
    fn fetch_results(&self, task_id: TaskId) -> BoxFuture<'_, Result<HashMap<String, Box<RawValue>>>>;
    /// Completes a step in the transaction of the handler's own connection.
    fn complete_in<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        attempt: AttemptMessage,
        results: &'a str,
    ) -> BoxFuture<'a, Result<()>>;
}

impl Host for BridgeWorker {
    fn fetch_context(&self, task_id: TaskId) -> BoxFuture<'_, Result<Box<RawValue>>> {
        Box::pin(Self::fetch_context(self, task_id))
    }

    fn fetch_results(&self, task_id: TaskId) -> BoxFuture<'_, Result<HashMap<String, Box<RawValue>>>> {
        Box::pin(Self::fetch_results(self, task_id))
    }

    fn complete_in<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        attempt: AttemptMessage,
        results: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(Self::complete_in(self, connection, attempt, results))
    }
}
