//! How answers come back to JavaScript.

use crate::error::told;
use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use std::sync::Arc;
use std::thread;
use tasker_core::bridge::caught;
use tasker_core::{Error, Result};

/// An answer, for `answered(number, error, text)`.
type Answer = FnArgs<(u32, Option<String>, Option<String>)>;

/// The function that takes answers. It is weak: whether the process stays open for an answer is decided in JavaScript,
/// where it is known who waits. Its queue needs no bound: there is one answer for each question, and the questions are
/// bounded.
pub(crate) type Answered = ThreadsafeFunction<Answer, (), Answer, Status, false, true>;

/// Where the answers of an environment go, from whatever thread.
#[derive(Clone)]
pub(crate) struct Answers {
    answered: Arc<Answered>,
}

impl Answers {
    pub(crate) fn new(answered: Answered) -> Self {
        Self {
            answered: Arc::new(answered),
        }
    }

    /// Answers the question of that number.
    pub(crate) fn give(&self, number: u32, answer: Result<String>) {
        let (error, text) = match answer {
            Ok(text) => (None, Some(text)),
            Err(error) => (Some(told(&error)), None),
        };
        // An environment that is gone takes no answer, and nobody waits there any more.
        let _ = self.answered.call(
            (number, error, text).into(),
            ThreadsafeFunctionCallMode::NonBlocking,
        );
    }

    /// Does something that waits, on a thread of its own, and answers the question of that number.
    pub(crate) fn give_from_thread(
        &self,
        number: u32,
        work: impl FnOnce() -> Result<String> + Send + 'static,
    ) {
        let answers = self.clone();
        let spawned = thread::Builder::new()
            .name("tasker-wait".to_owned())
            .spawn(move || answers.give(number, caught(work)));
        if let Err(error) = spawned {
            let message = format!("the system gives no thread to wait on: {error}");
            self.give(number, Err(Error::internal(message).with_source(error)));
        }
    }
}
