//! The attempts that a program runs at present, so that each can be told when it is cancelled.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tasker_core::bridge::AttemptMessage;

/// Whether an attempt is cancelled.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    cancelled: Mutex<bool>,
    came: Condvar,
}

impl Cancellation {
    pub(crate) fn is_cancelled(&self) -> bool {
        *unpoisoned(&self.cancelled)
    }

    /// Waits until it is, at the most so long; none: without an end. Whether it is.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> bool {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut cancelled = unpoisoned(&self.cancelled);
        while !*cancelled {
            cancelled = match until {
                None => self.came.wait(cancelled).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    let waited = self.came.wait_timeout(cancelled, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        *cancelled
    }

    fn cancel(&self) {
        *unpoisoned(&self.cancelled) = true;
        self.came.notify_all();
    }
}

/// The attempts that run.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    running: HashMap<AttemptMessage, Arc<Cancellation>>,
    /// Cancelled on their way from the engine to here, or over already.
    unknown: VecDeque<AttemptMessage>,
}

/// So many cancellations of attempts that are not here are kept in mind: more than are ever on their way.
const UNKNOWN: usize = 256;

impl Attempts {
    /// An attempt begins.
    pub(crate) fn begin(&self, key: AttemptMessage) -> Arc<Cancellation> {
        let cancellation = Arc::new(Cancellation::default());
        let mut inner = unpoisoned(&self.inner);
        if inner.unknown.contains(&key) {
            cancellation.cancel();
        }
        inner.running.insert(key, Arc::clone(&cancellation));
        cancellation
    }

    /// It is over.
    pub(crate) fn end(&self, key: &AttemptMessage) {
        unpoisoned(&self.inner).running.remove(key);
    }

    /// These were cancelled.
    pub(crate) fn cancel(&self, keys: &[AttemptMessage]) {
        if keys.is_empty() {
            return;
        }
        let mut inner = unpoisoned(&self.inner);
        for key in keys {
            match inner.running.get(key) {
                Some(cancellation) => cancellation.cancel(),
                None => {
                    if inner.unknown.len() == UNKNOWN {
                        inner.unknown.pop_front();
                    }
                    inner.unknown.push_back(*key);
                }
            }
        }
    }
}

/// What a lock holds. A panic while it was held cannot happen short of a defect; going on is better than stopping all.
pub(crate) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
