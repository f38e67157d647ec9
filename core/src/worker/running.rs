//! A running worker, as a language sees it.

use super::core::{Core, Polling};
use super::ledger::{FLUSHERS, Report};
use super::line::on_line;
use super::side_lane::SideLane;
use super::{
    Invocation, WorkerOptions, deadlines, dispatcher::Dispatcher, flusher::Flusher, handover::Table,
    heartbeat, listener, maintenance, reconcile,
};
use crate::engine::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::PoolOwner;
use crate::model::{Outcome, OutcomeKind, TaskId};
use crate::store::{Reservation, StepKey, Store};
use crate::values::{MAX_TEXT_BYTES, check_results, repair_failure};
use sqlx::PgConnection;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::Mutex as AsyncMutex};
use tokio_util::sync::CancellationToken;

/// No single poll waits longer.
const LONGEST_POLL: Duration = Duration::from_secs(3600);

/// What a worker does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct WorkerStatus {
    /// Its id in the database; a new one after it was taken for dead.
    pub worker_id: i64,
    /// Steps that wait in the process.
    pub buffered: usize,
    /// Slots that are taken.
    pub running: usize,
    /// Of those, by handlers whose attempt is over but which do not return.
    pub stuck: usize,
    /// Outcomes that wait for the database.
    pub unreported: usize,
}

/// A running worker. Poll it for attempts, report what came of them.
#[derive(Debug)]
pub struct Worker {
    core: Arc<Core>,
    /// Kept for the client, which holds it weakly.
    table: Arc<Table>,
    runtime: Mutex<Option<Runtime>>,
    heartbeat: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// The client's connections that this worker has in its place.
    reservation: Mutex<Option<Reservation>>,
    /// Held while stopping; true once stopped.
    stopping: AsyncMutex<bool>,
}

impl Worker {
    /// Starts a worker: its own runtime, connections and heartbeat thread. No user code runs on them.
    ///
    /// # Errors
    /// `ConfigInvalid`, `DatabaseUnavailable`, `SchemaMismatch`.
    pub async fn start(client: &Client, options: WorkerOptions) -> Result<Self> {
        options.validate()?;
        let connections = client.settings().database.worker_connections()?;
        let reservation = client.store().await?.reserve(connections).await?;
        let database_url = client.database_url().await?;
        let store = Store::new(client.store_options(&database_url, connections))?;
        client.metrics().add_pool(PoolOwner::Worker, store.pool_use());
        let core = Arc::new(Core::new(client.clone(), store, options)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tasker-worker")
            .enable_all()
            .build()
            .map_err(|error| Error::internal("the worker has no runtime").with_source(error))?;
        let handle = runtime.handle().clone();
        // From here on a runtime that is not needed goes with the worker, whose drop knows that it may not block.
        core.set_runtime(Some(handle.clone()));
        let table = Arc::new(Table {
            core: Arc::clone(&core),
        });
        let worker = Self {
            core: Arc::clone(&core),
            table,
            runtime: Mutex::new(Some(runtime)),
            heartbeat: Mutex::new(None),
            reservation: Mutex::new(Some(reservation)),
            stopping: AsyncMutex::new(false),
        };
        let registering = Arc::clone(&core);
        let register = async move {
            let row = registering.worker_row();
            on_line!(&registering.line(), |store, connection| store
                .register_worker(connection, &row))
        };
        core.set_worker_id(worker.on_runtime(register).await?);
        core.note_poll();
        handle.spawn(Dispatcher::new(Arc::clone(&core)).run());
        {
            let _entered = handle.enter();
            let side_lane = SideLane::start(Arc::clone(&core));
            for number in 0..FLUSHERS {
                handle.spawn(Flusher::new(Arc::clone(&core), number, side_lane.clone()).run());
            }
        }
        handle.spawn(deadlines::run(Arc::clone(&core)));
        handle.spawn(reconcile::run(Arc::clone(&core)));
        handle.spawn(maintenance::run(Arc::clone(&core)));
        if core.options.listen {
            handle.spawn(listener::run(Arc::clone(&core)));
        }
        // What is created in this process meanwhile is of other tasks.
        if core.options.task_id.is_none() {
            let table: Weak<Table> = Arc::downgrade(&worker.table);
            client.attach(table);
        }
        let heartbeat = heartbeat::start(core)?;
        if let Ok(mut place) = worker.heartbeat.lock() {
            *place = Some(heartbeat);
        }
        Ok(worker)
    }

    /// Up to `max` attempts to run now; their time begins. Waits up to `timeout` for the first one.
    ///
    /// # Errors
    /// `ShuttingDown` once the worker has been asked to stop.
    pub async fn poll(&self, max: usize, timeout: Duration) -> Result<Vec<Arc<Invocation>>> {
        let deadline = tokio::time::Instant::now() + timeout.min(LONGEST_POLL);
        let _polling = Polling::begin(&self.core);
        loop {
            let ready = self.core.work_ready.notified();
            let (taken, more) = {
                let mut books = self.core.books();
                let taken = books.ledger.take(max, Instant::now());
                (taken, books.ledger.buffered() > 0)
            };
            if !taken.is_empty() {
                if more {
                    self.core.work_ready.notify_one();
                }
                if taken.iter().any(|invocation| invocation.deadline().is_some()) {
                    self.core.deadline_added.notify_one();
                }
                self.core.room_ready.notify_one();
                return Ok(taken);
            }
            if self.core.draining.is_cancelled() {
                return Err(Error::new(
                    ErrorKind::ShuttingDown,
                    "the worker was asked to stop and hands out no more work",
                ));
            }
            if tokio::time::timeout_at(deadline, ready).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }

    /// Attempts that were cancelled while their handler ran, since the last call.
    pub fn take_cancelled(&self) -> Vec<StepKey> {
        self.core.books().ledger.take_cancelled()
    }

    /// Resolves when an attempt may have been cancelled since this was called, or the worker stops.
    pub fn cancellations(&self) -> impl Future<Output = ()> + Send + '_ {
        let cancelled = self.core.cancelled.notified();
        async move {
            tokio::select! {
                () = cancelled => {}
                () = self.core.stopped.cancelled() => {}
            }
        }
    }

    /// What tells the handler of this attempt that it is cancelled; none when the attempt is over and done with.
    pub fn cancellation(&self, attempt: &StepKey) -> Option<CancellationToken> {
        self.core.books().ledger.cancellation(attempt)
    }

    /// Hands out no more work and claims none, without waiting for anything: what is held goes back with
    /// [`Worker::shutdown`], or with the lease.
    pub fn stop_claiming(&self) {
        self.core.draining.cancel();
        self.core.room_ready.notify_one();
        self.core.work_ready.notify_waiters();
        self.core.release_buffer(None);
    }

    /// Whether everything has been handed back.
    pub fn has_stopped(&self) -> bool {
        self.core.stopped.is_cancelled()
    }

    /// Completes a step on the handler's own connection, in the handler's own transaction. Once that is committed the step
    /// is complete, whatever becomes of this process; report the attempt as [`OutcomeKind::CompletedElsewhere`].
    ///
    /// # Errors
    /// `AttemptLost` where the attempt is over: roll back. `InvalidArgument` where `results` cannot be stored.
    pub async fn complete_in(
        &self,
        connection: &mut PgConnection,
        attempt: &StepKey,
        results: &str,
    ) -> Result<()> {
        let max_bytes = self.core.settings.execution.max_result_bytes;
        let checked = check_results(results.as_bytes(), max_bytes).map_err(|problem| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("the results cannot be stored: {problem}"),
            )
        })?;
        self.core
            .store
            .complete_in(connection, attempt, checked.get())
            .await
    }

    /// How many handlers may run at once.
    pub fn concurrency(&self) -> usize {
        self.core.options.concurrency
    }

    /// Reports what came of attempts. Results that no JSON store or language could carry become permanent failures; an
    /// outcome for an attempt that is over counts for nothing. Returns how many count.
    pub fn complete(&self, outcomes: Vec<Outcome>) -> usize {
        let mut counted = 0;
        let max_bytes = self.core.settings.execution.max_result_bytes;
        let reports: Vec<Report> = outcomes
            .into_iter()
            .map(|outcome| report(outcome, max_bytes))
            .collect();
        let mut books = self.core.books();
        for report in reports {
            counted += usize::from(books.ledger.report(report));
        }
        drop(books);
        self.core.outcomes_came();
        self.core.room_ready.notify_one();
        counted
    }

    /// The context of a task, where it did not come with the invocation, as JSON text.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn fetch_context(&self, task_id: TaskId) -> Result<Arc<str>> {
        let core = Arc::clone(&self.core);
        self.on_runtime(async move { core.fetch_context(task_id).await })
            .await
    }

    /// The results of every step of a task that ended well, by name, as JSON text: one query.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn fetch_results(&self, task_id: TaskId) -> Result<HashMap<String, String>> {
        let core = Arc::clone(&self.core);
        self.on_runtime(async move { core.fetch_results(task_id).await })
            .await
    }

    /// What the worker does at present.
    pub fn status(&self) -> WorkerStatus {
        let books = self.core.books();
        WorkerStatus {
            worker_id: self.core.worker_id(),
            buffered: books.ledger.buffered(),
            running: books.ledger.occupied(),
            stuck: books.ledger.abandoned(),
            unreported: books.ledger.reports_waiting(),
        }
    }

    /// Stops: nothing more is claimed, handlers may finish within `execution.shutdown_grace_seconds`, the rest goes back
    /// without counting as an attempt. Keep polling until it says `ShuttingDown`, and keep reporting.
    ///
    /// # Errors
    /// `DatabaseUnavailable` where the database could not be told; the lease will tell it.
    pub async fn shutdown(&self) -> Result<()> {
        // Who asks again waits for the first, and finds it done.
        let mut stopped = self.stopping.lock().await;
        if std::mem::replace(&mut *stopped, true) {
            return Ok(());
        }
        let core = Arc::clone(&self.core);
        let drained = self.on_runtime(async move { core.drain().await }).await;
        self.core.stopped.cancel();
        self.core.set_runtime(None);
        let runtime = self.runtime.lock().ok().and_then(|mut runtime| runtime.take());
        let heartbeat = self
            .heartbeat
            .lock()
            .ok()
            .and_then(|mut heartbeat| heartbeat.take());
        let store = self.core.store.clone();
        let ending = tokio::task::spawn_blocking(move || {
            if let Some(heartbeat) = heartbeat {
                let _ = heartbeat.join();
            }
            if let Some(runtime) = runtime {
                runtime.block_on(store.close());
                runtime.shutdown_timeout(Duration::from_secs(5));
            }
        });
        let _ = ending.await;
        if let Ok(mut reservation) = self.reservation.lock() {
            reservation.take();
        }
        drained.map(|_| ())
    }

    /// Runs something on the worker's own runtime, to which its connections belong.
    async fn on_runtime<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let task = match self.runtime.lock() {
            Ok(guard) => guard.as_ref().map(|runtime| runtime.spawn(future)),
            Err(_) => None,
        };
        match task {
            Some(task) => task
                .await
                .map_err(|error| Error::internal("the worker's runtime ended").with_source(error))?,
            None => Err(Error::new(ErrorKind::ShuttingDown, "the worker has stopped")),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Dropped without shutdown: what is held goes back when the lease is over, as if the process had died.
        self.core.draining.cancel();
        self.core.stopped.cancel();
        self.core.set_runtime(None);
        if let Ok(mut runtime) = self.runtime.lock()
            && let Some(runtime) = runtime.take()
        {
            runtime.shutdown_background();
        }
    }
}

fn report(outcome: Outcome, max_bytes: usize) -> Report {
    let key = StepKey {
        task_id: outcome.task_id,
        step_no: outcome.step_no,
        claim_no: outcome.claim_no,
    };
    match outcome.kind {
        OutcomeKind::Completed { results } => match check_results(results.get().as_bytes(), max_bytes) {
            Ok(checked) => Report::Completed {
                key,
                results: checked.get().into(),
            },
            Err(problem) => Report::Failed {
                key,
                failure: Box::new(problem.into()),
            },
        },
        OutcomeKind::Failed(mut failure) => {
            repair_failure(&mut failure, MAX_TEXT_BYTES);
            Report::Failed {
                key,
                failure: Box::new(failure),
            }
        }
        OutcomeKind::Released => Report::Released { key },
        OutcomeKind::CompletedElsewhere => Report::Elsewhere { key },
    }
}
