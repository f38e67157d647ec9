//! The heartbeat: on a thread of its own, so that neither a busy runtime nor a lock of the language starves it. The same
//! thread takes back what dead workers held, but only after a full lease of its own uninterrupted heartbeats.

use super::core::{Core, seconds};
use super::line::{on_line, within};
use super::reaping::Reaping;
use crate::error::{Error, Result};
use crate::store::run;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

/// The exit status of a process that `execution.exit_when_stuck` ends.
const EXIT_STUCK: i32 = 70;

/// No heartbeat waits longer for a connection that the rest of the worker uses, however long the interval.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Starts the thread. It ends when the worker has stopped.
pub(super) fn start(core: Arc<Core>) -> Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("the heartbeat has no runtime").with_source(error))?;
    std::thread::Builder::new()
        .name("tasker-heartbeat".to_owned())
        .spawn(move || runtime.block_on(Heartbeat::new(core).run()))
        .map_err(|error| Error::internal("the heartbeat has no thread").with_source(error))
}

struct Heartbeat {
    core: Arc<Core>,
    interval: Duration,
    reaping: Reaping,
    /// What takes the steps of the dead back: many of them take a while, and no heartbeat waits for that.
    reaper: Option<tokio::task::JoinHandle<()>>,
    compared_at: Instant,
}

impl Heartbeat {
    fn new(core: Arc<Core>) -> Self {
        let interval = seconds(core.settings.execution.heartbeat_interval_seconds());
        let reaping = Reaping::new(core.lease(), interval);
        Self {
            core,
            interval,
            reaping,
            reaper: None,
            compared_at: Instant::now(),
        }
    }

    async fn run(mut self) {
        let stopped = self.core.stopped.clone();
        while !stopped.is_cancelled() {
            // A connection that hangs must not outlive the lease unnoticed.
            let beat = tokio::time::timeout(self.core.lease(), self.beat()).await;
            match beat {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.missed(&error),
                Err(_) => self.missed(&Error::new(
                    crate::ErrorKind::Timeout,
                    "no answer within the lease",
                )),
            }
            let pause = if self.reaping.is_unbroken() {
                self.interval
            } else {
                self.interval.min(Duration::from_millis(500))
            };
            let _ = stopped.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    fn missed(&mut self, error: &Error) {
        tracing::warn!(%error, "a heartbeat failed");
        self.reaping.missed();
    }

    async fn beat(&mut self) -> Result<()> {
        let core = Arc::clone(&self.core);
        let worker_id = core.worker_id();
        let polled = !core.language_hangs();
        let alive = self.say_alive(worker_id, polled).await?;
        if !alive {
            self.reaping.missed();
            core.found_dead(worker_id);
            return Ok(());
        }
        let now = Instant::now();
        let may_reap = self.reaping.beat(worker_id, now, SystemTime::now());
        self.release_if_language_hangs(polled);
        self.exit_if_stuck();
        if now.duration_since(self.compared_at) >= core.lease() || core.is_uncertain() {
            self.compared_at = now;
            core.comparison_due.notify_one();
        }
        if may_reap
            && self
                .reaper
                .as_ref()
                .is_none_or(tokio::task::JoinHandle::is_finished)
        {
            let reaping = reap(Arc::clone(&core), worker_id);
            self.reaper = core.on_own_runtime(reaping);
        }
        Ok(())
    }

    /// Over a connection of the worker's; and where none is free in time, or the worker's own threads hang, over one opened
    /// here for this once.
    async fn say_alive(&self, worker_id: i64, polled: bool) -> Result<bool> {
        let core = Arc::clone(&self.core);
        let oldest = core.oldest_running();
        let shared = {
            let (core, oldest) = (Arc::clone(&core), oldest.clone());
            self.core.on_own_runtime(async move {
                on_line!(&core.line(), |store, connection| store.heartbeat(
                    connection,
                    worker_id,
                    polled,
                    oldest.as_ref()
                ))
            })
        };
        if let Some(mut shared) = shared {
            match tokio::time::timeout((self.interval / 2).min(LONGEST_WAIT), &mut shared).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(_)) => {}
                Err(_) => shared.abort(),
            }
        }
        tracing::warn!("the connections of this worker are all in use: its heartbeat takes one of its own");
        let store = &core.store;
        let call = async {
            let mut held = store.acquire_beyond().await?;
            run!(store, &mut held, None, |connection| store.heartbeat(
                connection,
                worker_id,
                polled,
                oldest.as_ref()
            ))
        };
        within(core.line().limit(), call).await
    }

    /// Every slot is taken by a handler that does not return: nothing but a new process helps, where that is wanted.
    fn exit_if_stuck(&self) {
        if !self.core.stuck(&self.core.books().ledger) {
            return;
        }
        tracing::error!(
            "every slot of this worker is taken by a handler that does not return: nothing is claimed"
        );
        if self.core.settings.execution.exit_when_stuck {
            std::process::exit(EXIT_STUCK);
        }
    }

    /// A heartbeat in Rust must not keep a deadlocked language alive: what waits in the buffer goes back.
    fn release_if_language_hangs(&self, polled: bool) {
        if !polled && self.core.books().ledger.buffered() > 0 {
            tracing::error!("this process has not polled for three leases: buffered steps go back");
            self.core.release_buffer(None);
        }
    }
}

/// Takes back what dead workers held. What goes wrong is tried again at the next heartbeat.
async fn reap(core: Arc<Core>, worker_id: i64) {
    let losses = core.settings.execution.max_worker_losses;
    let line = core.line();
    let taken = match on_line!(&line, |store, connection| store.reap_workers(
        connection,
        worker_id,
        losses,
        &core.backoff
    )) {
        Ok(taken) => taken,
        Err(error) => return tracing::warn!(%error, "nothing was taken back from dead workers"),
    };
    for (dead, key, code) in &taken {
        tracing::warn!(worker = dead, task_id = %key.task_id, step = key.step_no, code, "took a step back from a dead worker");
    }
    if !taken.is_empty() {
        core.wake(crate::engine::Wake::Ready);
        if let Err(error) = on_line!(&line, |store, connection| store.notify_idle(connection, "ready")) {
            tracing::debug!(%error, "idle workers were not woken; they will find the work by polling");
        }
    }
}

impl Core {
    fn oldest_running(&self) -> Option<Value> {
        let books = self.books();
        let (invocation, seconds) = books.ledger.oldest_running(Instant::now())?;
        Some(json!({
            "handler": invocation.definition().handler,
            "task_id": invocation.task_id(),
            "step_no": invocation.step_no(),
            "seconds": (seconds * 1000.0).round() / 1000.0,
        }))
    }
}
