//! The threads of the program that run handlers. One of them polls, for as many steps as there are idle ones, and the others wait
//! for what it brings: one poll for many steps, and none is ever taken that nobody begins at once.

use crate::attempts::unpoisoned;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use tasker_core::bridge::InvocationMessage;
use tasker_core::bridge::caught;
use tasker_core::{Error, Result};

/// The threads that run handlers of a worker.
#[derive(Debug, Default)]
pub(crate) struct Crew {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    threads: usize,
    idle: usize,
    /// One of the idle ones polls.
    polling: bool,
    /// At the most as many as are idle.
    polled: VecDeque<InvocationMessage>,
    /// Why nothing more comes.
    ended: Option<Error>,
}

/// A thread of a crew, as long as it runs handlers.
pub(crate) struct Member<'c>(&'c Crew);

impl Crew {
    /// This thread joins.
    ///
    /// # Errors
    /// `InvalidArgument` where there are `most` already.
    pub(crate) fn join(&self, most: usize) -> Result<Member<'_>> {
        let mut state = unpoisoned(&self.state);
        if state.threads >= most {
            return Err(Error::invalid_argument(format!(
                "{} threads run handlers of this worker, as many as its concurrency says: set tasker_worker_options.concurrency to \
                 as many as there are to be",
                state.threads
            )));
        }
        state.threads += 1;
        Ok(Member(self))
    }
}

impl Member<'_> {
    /// The next step for this thread. Waits for it; `poll` gets up to so many.
    ///
    /// # Errors
    /// What `poll` says, for every thread.
    pub(crate) fn next(
        &self,
        poll: impl Fn(usize) -> Result<Vec<InvocationMessage>>,
    ) -> Result<InvocationMessage> {
        let crew = self.0;
        let mut state = unpoisoned(&crew.state);
        state.idle += 1;
        loop {
            if let Some(message) = state.polled.pop_front() {
                state.idle -= 1;
                return Ok(message);
            }
            if let Some(ended) = &state.ended {
                let ended = Error::new(ended.kind, ended.message.clone());
                state.idle -= 1;
                return Err(ended);
            }
            if state.polling {
                state = crew.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.polling = true;
            let wanted = state.idle;
            drop(state);
            let came = caught(|| poll(wanted));
            state = unpoisoned(&crew.state);
            state.polling = false;
            match came {
                Ok(messages) => {
                    // One step is this thread's; for each other one somebody wakes, and one more to poll.
                    messages.iter().for_each(|_| crew.changed.notify_one());
                    state.polled.extend(messages);
                }
                Err(error) => {
                    state.ended = Some(error);
                    crew.changed.notify_all();
                }
            }
        }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        unpoisoned(&self.0.state).threads -= 1;
    }
}
