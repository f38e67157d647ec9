//! Handing the roots of new tasks straight to a hungry worker of the same process: one commit instead of two.

use super::Client;
use crate::store::FlushRow;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{PoisonError, Weak},
};

/// Room that a worker keeps for the roots of tasks that are about to be created.
pub(crate) trait Offer: Send {
    /// The worker.
    fn worker_id(&self) -> i64;
    /// How many steps it would take.
    fn room(&self) -> i32;
    /// How many of those may be such that must start at once.
    fn slots(&self) -> i32;
    /// Gives it what was claimed; nothing, where the call failed.
    fn settle(
        self: Box<Self>,
        claims: Vec<FlushRow>,
        certain: bool,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A worker of this process, as the client sees it.
pub(crate) trait Hungry: Send + Sync + fmt::Debug {
    /// Room for roots, when slots are free and nothing waits for them.
    fn offer(&self) -> Option<Box<dyn Offer>>;
}

impl Client {
    /// A worker of this process says that it takes roots.
    pub(crate) fn attach(&self, worker: Weak<dyn Hungry>) {
        let mut workers = self.inner.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|worker| worker.strong_count() > 0);
        workers.push(worker);
    }

    /// Whether a worker of this process lives.
    pub(super) fn has_worker(&self) -> bool {
        let workers = self.inner.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.iter().any(|worker| worker.strong_count() > 0)
    }

    pub(super) fn offer(&self) -> Option<Box<dyn Offer>> {
        let workers = self.inner.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.iter().find_map(|worker| worker.upgrade()?.offer())
    }
}
