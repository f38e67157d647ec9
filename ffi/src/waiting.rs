//! Waiting for the threads of the engine, on one of the host's.
//!
//! Not by a channel of the standard library: one that is waited on keeps a handle of the waiting thread, which the main thread of
//! a program in C never lets go of, and valgrind tells so.

use crate::attempts::unpoisoned;
use crate::signals::with_signals_blocked;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use tasker_core::bridge::caught;
use tasker_core::{Error, ErrorKind, Result};

/// A place for an answer.
struct Place<T> {
    answer: Mutex<Option<Result<T>>>,
    came: Condvar,
}

/// Who is to give an answer. One that is dropped says that the engine has ended.
pub(crate) struct Teller<T>(Arc<Place<T>>);

impl<T> Teller<T> {
    pub(crate) fn tell(self, answer: Result<T>) {
        *unpoisoned(&self.0.answer) = Some(answer);
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        unpoisoned(&self.0.answer).get_or_insert_with(|| {
            Err(Error::new(
                ErrorKind::ShuttingDown,
                "the engine of this process has ended",
            ))
        });
        self.0.came.notify_all();
    }
}

/// Starts something that gives its answer from another thread, and waits for that.
pub(crate) fn answer_of<T>(start: impl FnOnce(Teller<T>)) -> Result<T> {
    let place = Arc::new(Place {
        answer: Mutex::new(None),
        came: Condvar::new(),
    });
    start(Teller(Arc::clone(&place)));
    let mut answer = unpoisoned(&place.answer);
    loop {
        if let Some(answer) = answer.take() {
            return answer;
        }
        answer = place.came.wait(answer).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Does something that waits, on a thread of its own: for what is seldom done.
pub(crate) fn done_on_a_thread<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let thread = std::thread::Builder::new().name("tasker-wait".to_owned());
    // SAFETY: it is waited for here, so that what it borrows outlives it.
    let spawned = with_signals_blocked(|| unsafe { thread.spawn_unchecked(move || caught(work)) });
    let spawned = spawned.map_err(|error| {
        Error::internal(format!("the system gives no thread: {error}")).with_source(error)
    })?;
    // No panic leaves it.
    spawned
        .join()
        .unwrap_or_else(|_| Err(Error::internal("a thread has ended without an answer")))
}
