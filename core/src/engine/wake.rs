//! Waking whoever waits: in this process at once, in others by a hint.

use super::Client;
use super::client::call;
use crate::error::Result;
use crate::model::TaskId;
use crate::store::{Store, run};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::sync::broadcast;

/// At most one hint in this time goes to other processes.
const HINT_INTERVAL: Duration = Duration::from_millis(10);
/// How many wake-ups may be on the way; who falls behind looks for itself.
const CAPACITY: usize = 4096;

/// Something that this process knows before it would find out by asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// There may be steps to claim.
    Ready,
    /// Steps of this task may have been cancelled or paused.
    Task(TaskId),
    /// This task is complete.
    Ended(TaskId),
}

/// The wake-ups of one client.
#[derive(Debug)]
pub(super) struct Wakes {
    local: broadcast::Sender<Wake>,
    hint_pending: AtomicBool,
}

impl Default for Wakes {
    fn default() -> Self {
        Self {
            local: broadcast::channel(CAPACITY).0,
            hint_pending: AtomicBool::new(false),
        }
    }
}

impl Client {
    /// Listens to the wake-ups of this process.
    pub(crate) fn wake_ups(&self) -> broadcast::Receiver<Wake> {
        self.inner.wakes.local.subscribe()
    }

    /// Tells this process. Nobody listening is fine.
    pub(crate) fn wake_here(&self, wake: Wake) {
        let _ = self.inner.wakes.local.send(wake);
    }

    /// Tells this process and hints to others that there may be steps to claim. Call it after the commit: in the
    /// transaction, NOTIFY would make all commits of the server queue.
    pub fn wake(&self) {
        match self.inner.opened.get() {
            Some(opened) => self.wake_over(&opened.store),
            // Nothing was opened, so nothing was committed over this client: whoever listens here looks for itself.
            None => self.wake_here(Wake::Ready),
        }
    }

    /// As [`Client::wake`], over connections of the caller's.
    pub(crate) fn wake_over(&self, store: &Store) {
        self.wake_here(Wake::Ready);
        let Some(pending) = PendingHint::begin(self) else {
            return;
        };
        let store = store.clone();
        tokio::spawn(async move {
            tokio::time::sleep(HINT_INTERVAL).await;
            drop(pending);
            hint(&store, "ready").await;
        });
    }

    /// Sends the hint that waits, if one does: the client is about to close.
    pub(super) async fn wake_before_closing(&self, store: &Store) {
        if self.inner.wakes.hint_pending.swap(false, Ordering::AcqRel) {
            hint(store, "ready").await;
        }
    }

    /// Tells everybody that steps of a task may have been taken from their workers.
    pub(crate) async fn wake_for_task(&self, task_id: TaskId) {
        self.wake_here(Wake::Task(task_id));
        let payload = format!("task {task_id}");
        let sent: Result<()> =
            async { call!(self, |store, connection| store.notify_all(connection, &payload)) }.await;
        if let Err(error) = sent {
            tracing::debug!(%error, "workers were not told of a change; they will find out by themselves");
        }
    }
}

/// A hint that waits to be sent. Also given up when the runtime that would have sent it ends: the next one is not held up.
struct PendingHint {
    client: Client,
}

impl PendingHint {
    /// None where one waits already.
    fn begin(client: &Client) -> Option<Self> {
        let waits = client.inner.wakes.hint_pending.swap(true, Ordering::AcqRel);
        (!waits).then(|| Self {
            client: client.clone(),
        })
    }
}

impl Drop for PendingHint {
    fn drop(&mut self) {
        self.client
            .inner
            .wakes
            .hint_pending
            .store(false, Ordering::Release);
    }
}

async fn hint(store: &Store, payload: &str) {
    let sent: Result<bool> = async {
        let mut held = store.acquire().await?;
        run!(store, &mut held, None, |connection| store
            .notify_idle(connection, payload))
    }
    .await;
    if let Err(error) = sent {
        tracing::debug!(%error, "idle workers were not woken; they will find the work by polling");
    }
}
