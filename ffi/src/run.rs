//! Handlers, called on the threads of the program.

use crate::runtime::Presence;
use crate::step::tasker_step;
use crate::worker::{POLL, Shared, tasker_handler, tasker_handler_function};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_void};
use std::sync::Arc;
use tasker_core::bridge::InvocationMessage;
use tasker_core::{Error, ErrorKind, Result};

/// Handlers by their names.
pub(crate) struct Handlers(BTreeMap<String, Handler>);

#[derive(Clone, Copy)]
struct Handler {
    function: tasker_handler_function,
    user_data: *mut c_void,
}

// SAFETY: it is only handed to the function, which the program says may be called on any of its threads.
unsafe impl Send for Handler {}
// SAFETY: as above.
unsafe impl Sync for Handler {}

impl Handlers {
    /// Reads a table of handlers.
    pub(crate) unsafe fn read(table: *const tasker_handler, count: usize) -> Result<Self> {
        let mut read = BTreeMap::new();
        for index in 0..count {
            // SAFETY: the caller says that so many are there.
            let given = unsafe { table.add(index).read() };
            if given.name.is_null() {
                let message =
                    format!("options.handlers[{index}].name is NULL: give the name that templates use");
                return Err(Error::new(ErrorKind::NullPointer, message));
            }
            // SAFETY: ended by a NUL, as the caller says.
            let name = unsafe { CStr::from_ptr(given.name) }.to_str().map_err(|error| {
                let message = format!("options.handlers[{index}].name is not UTF-8");
                Error::new(ErrorKind::InvalidUtf8, message).with_source(error)
            })?;
            let handler = Handler {
                function: given.function,
                user_data: given.user_data,
            };
            if read.insert(name.to_owned(), handler).is_some() {
                return Err(Error::invalid_argument(format!(
                    "options.handlers has '{name}' twice: a name is one handler's"
                )));
            }
        }
        Ok(Self(read))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub(crate) fn without_function(&self) -> Option<&str> {
        let mut handlers = self.0.iter();
        handlers
            .find(|(_, handler)| handler.function.is_none())
            .map(|(name, _)| name.as_str())
    }

    /// Calls the handler of a step that is lent, on this thread: what came of the attempt.
    pub(crate) fn play(&self, step: Box<tasker_step>) -> (Box<tasker_step>, String) {
        let handler = self.0.get(&step.message.handler).copied();
        let step = Box::into_raw(step);
        let returned = handler.and_then(|handler| {
            let function = handler.function?;
            // SAFETY: as the program says of its handlers. What it is given lives until it has returned.
            Some(unsafe { function(step, handler.user_data) })
        });
        // SAFETY: as above; one that is lent is not freed by the program.
        let step = unsafe { Box::from_raw(step) };
        let outcome = match (step.said.outcome(), returned) {
            (Some(said), _) => said,
            (None, Some(0)) => step.without_a_word(|| step.completed("{}")),
            (None, Some(number)) => step.failed(&format!(
                "the handler returned {number}: {}",
                std::io::Error::from_raw_os_error(number)
            )),
            (None, None) => step.failed(&format!("this process has no handler '{}'", step.message.handler)),
        };
        (step, outcome)
    }
}

impl Shared {
    /// Polls and calls handlers on this thread until the worker is asked to stop, then stops it.
    pub(crate) fn run(self: &Arc<Self>, presence: &Arc<Presence>) -> Result<()> {
        let member = self.crew.join(self.concurrency)?;
        if let Some(name) = self.handlers.without_function() {
            return Err(Error::invalid_argument(format!(
                "the handler '{name}' has no function to be called: give it one, or poll by tasker_worker_poll"
            )));
        }
        loop {
            match member.next(|idle| self.take(idle, Some(POLL))) {
                Ok(message) => self.attempt(message, presence),
                Err(error) if error.kind == ErrorKind::ShuttingDown => break,
                Err(error) => return Err(error),
            }
        }
        drop(member);
        self.stop()
    }

    fn attempt(self: &Arc<Self>, message: InvocationMessage, presence: &Arc<Presence>) {
        let (step, outcome) = self.handlers.play(self.step(message, presence, true));
        let Err(error) = step.report(&outcome) else {
            return;
        };
        // One that is over counts for nothing; what the engine did not take is a failure that says so.
        if error.kind != ErrorKind::AttemptLost {
            let failed = step.failed(&format!(
                "what came of the attempt could not be reported: {}",
                error.message
            ));
            let _ = step.report(&failed);
        }
    }
}
