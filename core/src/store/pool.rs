//! Connections, handed out and taken back without a word to the server.
//!
//! A pool that pings what comes back doubles the round trips of a call. Here a connection is kept only when its call is
//! known to have ended well; every other one is closed.

use super::session::{Gate, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::metrics::{PoolState, PoolUse};
use sqlx::{Connection, PgConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Handle, Id},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// How long to wait for a connection that others hold.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Idle {
    connection: PgConnection,
    session: Session,
    /// A connection lives and dies with the runtime that opened it.
    runtime: Option<Id>,
    since: Instant,
}

#[derive(Debug, Default)]
struct Shelf {
    /// The one used last comes last.
    idle: Vec<Idle>,
    lent: usize,
    /// Lent to a worker's own pool.
    reserved: usize,
    /// Something looks after idle connections.
    tended: bool,
    closed: bool,
}

/// A pool of at most so many connections.
#[derive(Debug)]
pub(super) struct Pool {
    limit: usize,
    idle_time: Duration,
    permits: Arc<Semaphore>,
    /// Callers that wait for a place.
    waiting: AtomicUsize,
    shelf: Mutex<Shelf>,
}

impl Pool {
    pub(super) fn new(limit: u32, idle_time: Duration) -> Arc<Self> {
        let limit = usize::try_from(limit).unwrap_or(1).max(1);
        Arc::new(Self {
            limit,
            idle_time,
            permits: Arc::new(Semaphore::new(limit)),
            waiting: AtomicUsize::new(0),
            shelf: Mutex::default(),
        })
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection: one that was used before on this runtime, or a new one.
    pub(super) async fn acquire(self: &Arc<Self>, gate: &Gate) -> Result<Held> {
        let waiting = Waiting::begin(&self.waiting);
        let permit = tokio::time::timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| {
                unavailable(format!(
                    "all {} connections of this process were in use for {ACQUIRE_TIMEOUT:?}; \
                     database.max_connections allows for more",
                    self.limit
                ))
            })?
            .map_err(|_| unavailable("the connections of this client were closed".to_owned()))?;
        drop(waiting);
        let mut held = self.lend(permit);
        if held.connection.is_none() {
            let (connection, session) = gate.open().await?;
            held.connection = Some(connection);
            held.session = session;
        }
        Ok(held)
    }

    /// What is idle on this runtime; otherwise an empty place, for which one of another runtime may have to go.
    fn lend(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Held {
        let runtime = current_runtime();
        let mut shelf = self.shelf();
        shelf.lent += 1;
        let found = shelf.idle.iter().rposition(|idle| idle.runtime == runtime);
        let found = found.map(|at| shelf.idle.remove(at));
        let surplus = self.surplus(&mut shelf);
        drop(shelf);
        surplus.into_iter().for_each(dismiss);
        let (connection, session) = found.map_or((None, Session::Direct), |idle| {
            (Some(idle.connection), idle.session)
        });
        Held {
            pool: Arc::clone(self),
            connection,
            session,
            runtime,
            sound: false,
            _permit: permit,
        }
    }

    /// Idle connections beyond the limit, the oldest first.
    fn surplus(&self, shelf: &mut Shelf) -> Vec<Idle> {
        let room = self.limit.saturating_sub(shelf.reserved + shelf.lent);
        let count = shelf.idle.len().saturating_sub(room);
        shelf.idle.drain(..count).collect()
    }

    /// Takes `count` places out of the pool, as long as what is returned lives; always leaves one.
    pub(super) async fn reserve(self: &Arc<Self>, count: u32) -> Result<Reservation> {
        let count = {
            let shelf = self.shelf();
            let most = self.limit.saturating_sub(shelf.reserved + 1);
            usize::try_from(count).unwrap_or(0).min(most)
        };
        let wanted = u32::try_from(count).unwrap_or(0);
        let permit = Arc::clone(&self.permits)
            .acquire_many_owned(wanted)
            .await
            .map_err(|_| unavailable("the connections of this client were closed".to_owned()))?;
        let mut shelf = self.shelf();
        shelf.reserved += count;
        let surplus = self.surplus(&mut shelf);
        drop(shelf);
        surplus.into_iter().for_each(dismiss);
        Ok(Reservation {
            pool: Arc::clone(self),
            count,
            _permit: permit,
        })
    }

    /// Closes what is idle; what comes back is closed too.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = {
            let mut shelf = self.shelf();
            shelf.closed = true;
            std::mem::take(&mut shelf.idle)
        };
        let here = current_runtime();
        for idle in idle {
            if idle.runtime == here {
                let _ = idle.connection.close().await;
            }
        }
    }

    /// One connection broke: the others were most likely to the same server.
    fn forget_idle(&self) {
        self.shelf().idle.clear();
    }

    fn take_back(self: &Arc<Self>, idle: Option<Idle>) {
        let mut shelf = self.shelf();
        shelf.lent -= 1;
        let refused = match idle {
            Some(idle) if shelf.closed => Some(idle),
            Some(idle) => {
                shelf.idle.push(idle);
                None
            }
            None => None,
        };
        let mut surplus = self.surplus(&mut shelf);
        surplus.extend(refused);
        let tend = !shelf.tended && !shelf.idle.is_empty();
        shelf.tended |= tend;
        drop(shelf);
        surplus.into_iter().for_each(dismiss);
        if tend {
            let tending = Tending(Arc::downgrade(self));
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(tending.run(self.idle_time));
            }
        }
    }

    /// Closes what has been idle for long. How long until the next one is due; none when nothing is idle.
    fn close_stale(&self) -> Option<Duration> {
        let mut shelf = self.shelf();
        let stale = shelf
            .idle
            .iter()
            .take_while(|idle| idle.since.elapsed() >= self.idle_time)
            .count();
        let stale: Vec<Idle> = shelf.idle.drain(..stale).collect();
        let next = shelf
            .idle
            .first()
            .map(|idle| self.idle_time.saturating_sub(idle.since.elapsed()));
        drop(shelf);
        stale.into_iter().for_each(dismiss);
        next
    }
}

impl PoolUse for Pool {
    fn state(&self) -> PoolState {
        let shelf = self.shelf();
        PoolState {
            limit: self.limit.saturating_sub(shelf.reserved),
            busy: shelf.lent,
            idle: shelf.idle.len(),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

/// Counts a caller as long as it waits for a place, also one that gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Looks after idle connections until there are none; whoever brings the next one back starts it again, also when the
/// runtime that it ran on has ended.
struct Tending(Weak<Pool>);

impl Tending {
    async fn run(self, first: Duration) {
        let mut next = Some(first);
        while let Some(pause) = next {
            tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
            next = self.0.upgrade().and_then(|pool| pool.close_stale());
        }
    }
}

impl Drop for Tending {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.shelf().tended = false;
        }
    }
}

/// Places that a worker took over.
#[derive(Debug)]
pub struct Reservation {
    pool: Arc<Pool>,
    count: usize,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.pool.shelf().reserved -= self.count;
    }
}

/// A connection in use. Goes back to its pool when its last call is known to have ended; is closed otherwise.
#[derive(Debug)]
pub struct Held {
    pool: Arc<Pool>,
    connection: Option<PgConnection>,
    session: Session,
    runtime: Option<Id>,
    sound: bool,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    /// What the connection leads to.
    pub fn session(&self) -> Session {
        self.session
    }

    /// A call begins: whoever gives up in the middle of it leaves a connection that is of no more use.
    pub(super) fn begin(&mut self) {
        self.sound = false;
    }

    /// A call ended.
    pub(super) fn ended<T>(&mut self, result: &Result<T>) {
        self.sound = match result {
            Ok(_) => true,
            Err(error) if error.kind == ErrorKind::DatabaseUnavailable => {
                self.pool.forget_idle();
                false
            }
            Err(error) => error.kind != ErrorKind::Internal || super::sqlstate(error).is_some(),
        };
    }
}

impl Deref for Held {
    type Target = PgConnection;

    #[allow(clippy::expect_used)] // Taken out by drop only.
    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("a held connection")
    }
}

impl DerefMut for Held {
    #[allow(clippy::expect_used)] // Taken out by drop only.
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("a held connection")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|_| self.sound);
        self.pool.take_back(connection.map(|connection| Idle {
            connection,
            session: self.session,
            runtime: self.runtime,
            since: Instant::now(),
        }));
    }
}

/// Says goodbye to the server where that can be done.
fn dismiss(idle: Idle) {
    if idle.runtime.is_some()
        && idle.runtime == current_runtime()
        && let Ok(runtime) = Handle::try_current()
    {
        runtime.spawn(async move { idle.connection.close().await });
    }
}

fn current_runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

fn unavailable(message: String) -> Error {
    Error::new(ErrorKind::DatabaseUnavailable, message)
}
