//! Comparing what this process holds with what the database says it holds: once a lease, and after every call that ended
//! without saying whether it was committed.

use super::core::Core;
use super::ledger::Phase;
use super::line::on_line;
use crate::engine::Wake;
use crate::error::Result;
use crate::model::TaskId;
use crate::store::{StepKey, WorkerRow};
use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::broadcast::error::RecvError;

/// Compares when it is due, and follows wake-ups about tasks whose steps may have been taken from us.
pub(super) async fn run(core: Arc<Core>) {
    let mut wake_ups = core.client.wake_ups();
    loop {
        let looked = tokio::select! {
            () = core.stopped.cancelled() => return,
            () = core.comparison_due.notified() => match core.dead_id() {
                Some(dead) => {
                    core.come_back(dead).await;
                    Ok(())
                }
                None => core.reconcile().await,
            },
            wake = wake_ups.recv() => match wake {
                Ok(Wake::Task(task_id)) => core.look_after(task_id).await,
                Err(RecvError::Lagged(_)) => core.reconcile().await,
                Err(RecvError::Closed) => return,
                Ok(Wake::Ready | Wake::Ended(_)) => Ok(()),
            },
        };
        if let Err(error) = looked {
            tracing::debug!(%error, "what is held could not be compared; it will be with the next heartbeats");
            core.note_uncertain();
        }
    }
}

impl Core {
    pub(super) fn note_uncertain(&self) {
        self.uncertain.store(true, Ordering::Release);
    }

    pub(super) fn is_uncertain(&self) -> bool {
        self.uncertain.load(Ordering::Acquire)
    }

    async fn look_after(&self, task_id: TaskId) -> Result<()> {
        let holds = self
            .books()
            .ledger
            .keys()
            .iter()
            .any(|(key, _)| key.task_id == task_id);
        if !holds {
            return Ok(());
        }
        // Not started yet: back at once. If the task was not paused or cancelled, it is claimed again in a moment.
        self.release_buffer(Some(task_id));
        self.reconcile().await
    }

    /// Drops what was lost, hands back what is held without being known here.
    pub(super) async fn reconcile(&self) -> Result<()> {
        // No claim and no flush is on its way while the two are compared.
        let _gate = self.gate.write().await;
        self.uncertain.store(false, Ordering::Release);
        let worker_id = self.worker_id();
        // Not an errand: those may wait for somebody's lock, and everything would wait here with them.
        let line = self.line();
        // The side lane goes on meanwhile: what it settles while the database is asked was known before.
        let before = self.known();
        let held: HashSet<StepKey> = on_line!(&line, |store, connection| store.held(connection, worker_id))?
            .into_iter()
            .collect();
        let after = self.known();
        let unknown: Vec<StepKey> = held
            .iter()
            .filter(|key| !before.contains(key) && !after.contains(key))
            .copied()
            .collect();
        if !unknown.is_empty() {
            tracing::warn!(
                count = unknown.len(),
                "handing back steps that were claimed without this process knowing"
            );
            on_line!(&line, |store, connection| store
                .release(connection, worker_id, &unknown))?;
        }
        let mut books = self.books();
        for (key, phase) in books.ledger.keys() {
            // An outcome on its way speaks for itself: it is refused, or was recorded.
            if phase != Phase::Reported && !held.contains(&key) {
                tracing::info!(task_id = %key.task_id, step = key.step_no, "a step was taken away");
                books.ledger.settle(&key);
            }
        }
        drop(books);
        self.tell(true);
        self.room_ready.notify_one();
        Ok(())
    }

    fn known(&self) -> HashSet<StepKey> {
        self.books()
            .ledger
            .keys()
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    }

    /// This worker was taken for dead: what it held is somebody else's by now. It comes back under a new id.
    pub(super) async fn come_back(&self, before: i64) {
        let _gate = self.gate.write().await;
        if self.stopped.is_cancelled() || self.worker_id() != before {
            return;
        }
        let row = self.worker_row();
        let line = self.line();
        let registered = on_line!(&line, |store, connection| store.register_worker(connection, &row));
        match registered {
            Ok(id) => {
                tracing::warn!(
                    before,
                    id,
                    "this worker was taken for dead and comes back under a new id"
                );
                self.books().ledger.drop_everything();
                self.set_worker_id(id);
                self.tell(true);
                self.room_ready.notify_one();
            }
            Err(error) => tracing::warn!(%error, "coming back has to wait"),
        }
    }

    pub(super) fn release_buffer(&self, only: Option<TaskId>) {
        self.books().ledger.release_buffer(only);
        self.outcomes_came();
    }

    pub(super) fn worker_row(&self) -> WorkerRow {
        let process_id = std::process::id();
        let host = host_name();
        WorkerRow {
            name: self
                .options
                .name
                .clone()
                .unwrap_or_else(|| format!("{host}:{process_id}")),
            host,
            process_id: i32::try_from(process_id).unwrap_or_default(),
            runtime: self.options.runtime.clone(),
            version: self.options.version.clone(),
            handlers: self.options.handlers.clone(),
            concurrency: super::dispatcher::as_i32(self.options.concurrency),
            lease_seconds: self.settings.execution.lease_seconds,
        }
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
