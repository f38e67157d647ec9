//! What the parts of a worker share.

use super::capacity::Capacity;
use super::definitions::Definitions;
use super::ledger::{FLUSHERS, Ledger};
use super::line::Line;
use super::options::WorkerOptions;
use crate::engine::{Client, Wake};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Settings;
use crate::store::Store;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{Mutex as AsyncMutex, Notify, RwLock},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// How long to wait before the database is tried again, at first and at the most.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const SLOWEST_RETRY: Duration = Duration::from_secs(2);
/// No call is given up sooner.
const SHORTEST_CALL_LIMIT: Duration = Duration::from_secs(10);
/// As good as for ever, and far from any overflow.
const FOR_EVER: Duration = Duration::from_secs(1 << 32);

/// The ledger and the rules of how much goes into it, under one lock.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) capacity: Capacity,
    /// A step that must run with nothing beside it: runs now.
    pub(super) alone: bool,
    /// Such a step waits somewhere; since when this process drains for it.
    pub(super) draining_for_alone: Option<Instant>,
    /// When this process last drained for one.
    pub(super) drained_at: Option<Instant>,
    /// That every slot is stuck has been said.
    pub(super) stuck_said: bool,
}

/// What the parts of a worker share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) client: Client,
    pub(super) store: Store,
    pub(super) settings: Settings,
    pub(super) options: WorkerOptions,
    pub(super) backoff: String,
    worker_id: AtomicI64,
    books: Mutex<Books>,
    pub(super) definitions: Definitions,
    /// Something is in the buffer.
    pub(super) work_ready: Notify,
    /// An outcome waits, by flusher.
    pub(super) outcomes_ready: [Notify; FLUSHERS],
    /// There may be room, or something to claim.
    pub(super) room_ready: Notify,
    /// A deadline was added.
    pub(super) deadline_added: Notify,
    /// Something left the ledger.
    pub(super) settled: Notify,
    /// A handler is to be told that its attempt is over.
    pub(super) cancelled: Notify,
    /// What is held is to be compared with the database, or the worker was found dead.
    pub(super) comparison_due: Notify,
    dead_id: AtomicI64,
    /// Held shared around every call that claims or reports; exclusively while what is held is compared.
    pub(super) gate: Arc<RwLock<()>>,
    /// For what handlers ask for now and then: large contexts, results. One at a time, so that it takes no more than one
    /// connection, and nothing that claims or reports waits for it.
    pub(super) errands: AsyncMutex<Line>,
    /// Asked to stop: nothing more is claimed.
    pub(super) draining: CancellationToken,
    /// Everything has been handed back.
    pub(super) stopped: CancellationToken,
    /// A call ended without saying whether it was committed.
    pub(super) uncertain: AtomicBool,
    /// When the language last polled, in milliseconds since the worker began.
    pub(super) polled_at: AtomicU64,
    /// Polls that wait for work at present.
    pub(super) polling: AtomicUsize,
    pub(super) began: Instant,
    /// None before it has started and after it has stopped: a handle alone keeps the runtime's descriptors open.
    runtime: Mutex<Option<Handle>>,
}

impl Core {
    pub(super) fn new(client: Client, store: Store, options: WorkerOptions) -> Result<Self> {
        let settings = client.settings().clone();
        let backoff = serde_json::to_string(&settings.backoff)
            .map_err(|error| Error::internal("settings do not serialize").with_source(error))?;
        let began = Instant::now();
        let capacity = Capacity::new(options.concurrency, options.max_buffered, began);
        Ok(Self {
            errands: AsyncMutex::new(Line::new(store.clone(), call_limit(&settings))),
            client,
            store,
            settings,
            options,
            backoff,
            worker_id: AtomicI64::new(0),
            books: Mutex::new(Books {
                ledger: Ledger::default(),
                capacity,
                alone: false,
                draining_for_alone: None,
                drained_at: None,
                stuck_said: false,
            }),
            definitions: Definitions::default(),
            work_ready: Notify::new(),
            outcomes_ready: Default::default(),
            room_ready: Notify::new(),
            deadline_added: Notify::new(),
            settled: Notify::new(),
            cancelled: Notify::new(),
            comparison_due: Notify::new(),
            dead_id: AtomicI64::new(0),
            gate: Arc::new(RwLock::new(())),
            draining: CancellationToken::new(),
            stopped: CancellationToken::new(),
            uncertain: AtomicBool::new(false),
            polled_at: AtomicU64::new(0),
            polling: AtomicUsize::new(0),
            began,
            runtime: Mutex::new(None),
        })
    }

    /// What one part of the worker calls the database over.
    pub(super) fn line(&self) -> Line {
        Line::new(self.store.clone(), call_limit(&self.settings))
    }

    /// The books. A panic while they were open cannot happen short of a defect; going on is better than stopping all.
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the flushers that have something to do.
    pub(super) fn outcomes_came(&self) {
        let due = self.books().ledger.flushers_due();
        for (ready, due) in self.outcomes_ready.iter().zip(due) {
            if due {
                ready.notify_one();
            }
        }
    }

    pub(super) fn worker_id(&self) -> i64 {
        self.worker_id.load(Ordering::Acquire)
    }

    pub(super) fn set_worker_id(&self, id: i64) {
        self.worker_id.store(id, Ordering::Release);
    }

    /// The runtime that connections belong to; none once it is to end.
    pub(super) fn set_runtime(&self, handle: Option<Handle>) {
        *self.runtime.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }

    /// Runs something there, without waiting for it. None where there is no runtime.
    pub(super) fn on_own_runtime<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<JoinHandle<T>> {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        Some(runtime.as_ref()?.spawn(future))
    }

    /// The heartbeat found that this worker id was taken for dead.
    pub(super) fn found_dead(&self, id: i64) {
        self.dead_id.store(id, Ordering::Release);
        self.comparison_due.notify_one();
    }

    /// The id that was found dead, if it is still ours.
    pub(super) fn dead_id(&self) -> Option<i64> {
        Some(self.dead_id.load(Ordering::Acquire)).filter(|id| *id == self.worker_id())
    }

    pub(super) fn lease(&self) -> Duration {
        seconds(self.settings.execution.lease_seconds)
    }

    /// Notes that the language polled.
    pub(super) fn note_poll(&self) {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.polled_at.store(elapsed, Ordering::Relaxed);
    }

    /// Whether the language has not polled for three leases, and does not wait in a poll either.
    pub(super) fn language_hangs(&self) -> bool {
        let since = self
            .began
            .elapsed()
            .saturating_sub(Duration::from_millis(self.polled_at.load(Ordering::Relaxed)));
        self.polling.load(Ordering::Acquire) == 0 && since >= self.lease().saturating_mul(3)
    }

    /// Tells this process about something.
    pub(super) fn wake(&self, wake: Wake) {
        self.client.wake_here(wake);
    }

    /// Tells this process, and hints to others, that there may be steps to claim; after the commit. Over the worker's own
    /// store: a connection belongs to the runtime that opened it, and the client outlives the worker's.
    pub(super) fn wake_all(&self) {
        self.client.wake_over(&self.store);
    }
}

/// Counts a poll as long as it waits.
pub(super) struct Polling<'a>(&'a Core);

impl<'a> Polling<'a> {
    pub(super) fn begin(core: &'a Core) -> Self {
        if core.language_hangs() {
            core.room_ready.notify_one();
        }
        core.polling.fetch_add(1, Ordering::AcqRel);
        Self(core)
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.note_poll();
        self.0.polling.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A setting in seconds; what is more than the clock can say is for ever.
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(FOR_EVER)
}

/// How long a call may take before its connection counts as broken: a server that vanished without a word is noticed. What
/// such a call did is found by the comparison.
fn call_limit(settings: &Settings) -> Duration {
    seconds(settings.execution.lease_seconds)
        .saturating_mul(2)
        .max(SHORTEST_CALL_LIMIT)
}

/// Waits between tries while the database is away.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
}

impl Patience {
    /// The call went through.
    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }

    /// Waits before the next try: 0.1 s at first, twice as long each time, 2 s at the most. Ends early when `stop` says so.
    pub(super) async fn wait(&mut self, stop: &CancellationToken) {
        let pause = (FIRST_RETRY * 2u32.saturating_pow(self.tries.min(8))).min(SLOWEST_RETRY);
        self.tries += 1;
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

/// Whether the database was away, rather than refusing what was asked.
pub(super) fn is_outage(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::DatabaseUnavailable | ErrorKind::Timeout | ErrorKind::SchemaMismatch
    ) || (error.kind == ErrorKind::ConfigInvalid)
}
