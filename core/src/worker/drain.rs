//! Stopping: claim no more, let handlers finish within the grace time, return the rest unburned.

use super::core::Core;
use super::line::on_line;
use crate::error::Result;
use std::time::Duration;

impl Core {
    /// Stops. Returns how many steps were handed back although their handler had begun.
    pub(super) async fn drain(&self) -> Result<usize> {
        self.draining.cancel();
        self.room_ready.notify_one();
        self.work_ready.notify_waiters();
        let worker_id = self.worker_id();
        {
            let line = self.errands.lock().await;
            if let Err(error) = on_line!(line, |store, connection| store
                .drain_worker(connection, worker_id))
            {
                tracing::warn!(%error, "the database does not know that this worker drains");
            }
        }
        self.release_buffer(None);
        let grace = super::core::seconds(self.settings.execution.shutdown_grace_seconds);
        let finished = tokio::time::timeout(grace, self.until_empty()).await.is_ok();
        let mut returned = 0;
        if !finished {
            returned = self.books().ledger.occupied();
            tracing::warn!(returned, "the grace time is over: running steps are handed back");
            self.books().ledger.release_running();
            self.tell(true);
            self.outcomes_came();
            // As long as the database answers this takes a moment; if it does not, the lease takes the steps back.
            let _ = tokio::time::timeout(Duration::from_secs(5), self.until_empty()).await;
        }
        // A claim whose reply came late, or never: handed back as well, while the worker may still do so.
        if let Err(error) = self.reconcile().await {
            tracing::warn!(%error, "what was claimed last could not be compared; the lease takes it back");
        }
        let _ = tokio::time::timeout(Duration::from_secs(5), self.until_empty()).await;
        let line = self.errands.lock().await;
        let worker_id = self.worker_id();
        let stopped = on_line!(line, |store, connection| store.stop_worker(connection, worker_id));
        drop(line);
        self.stopped.cancel();
        stopped.map(|()| returned)
    }

    async fn until_empty(&self) {
        loop {
            let settled = self.settled.notified();
            if self.books().ledger.held() == 0 {
                return;
            }
            // The flusher settles; a claim that came in while draining is handed back by the next look.
            tokio::select! {
                () = settled => {}
                () = tokio::time::sleep(Duration::from_millis(50)) => self.release_buffer(None),
            }
        }
    }
}
