//! The engine, as the gem holds it.

use crate::session::Session;
use crate::wait::{wait_for, without_gvl};
use crate::worker::Worker;
use magnus::{Error, Ruby};
use std::sync::Arc;
use tasker_core::bridge::{Engine as CoreEngine, caught, keep_logs};

/// An engine: configuration, until it is used.
#[magnus::wrap(class = "Tasker::Native::Engine", free_immediately, size)]
pub(crate) struct Engine {
    engine: Arc<CoreEngine>,
}

impl Engine {
    /// `options` is the text of a JSON object.
    pub(crate) fn new(ruby: &Ruby, options: String) -> Result<Self, Error> {
        let engine = without_gvl(ruby, || {
            // Not when the library is loaded: the `tasker` command in it has a log of its own.
            keep_logs("info")?;
            CoreEngine::new(&options)
        })?;
        Ok(Self {
            engine: Arc::new(engine),
        })
    }

    /// The engine itself.
    pub(crate) fn shared(&self) -> Arc<CoreEngine> {
        Arc::clone(&self.engine)
    }

    /// Runs a verb, and waits for its answer: JSON in, JSON out.
    pub(crate) fn call(ruby: &Ruby, this: &Self, verb: String, arguments: String) -> Result<String, Error> {
        wait_for(ruby, |done| {
            this.engine
                .call_then(&verb, &arguments, move |answer| done.tell(answer));
            Ok(())
        })
    }

    /// Starts a worker, and waits until it has.
    pub(crate) fn start_worker(ruby: &Ruby, this: &Self, options: String) -> Result<Worker, Error> {
        let engine = Arc::clone(&this.engine);
        let worker = wait_for(ruby, move |done| {
            std::thread::spawn(move || done.tell(caught(|| engine.start_worker(&options))));
            Ok(())
        })?;
        Ok(Worker::new(worker))
    }

    /// Work on the host's own connection, in its transaction. Opens nothing.
    pub(crate) fn session(ruby: &Ruby, this: &Self) -> Result<Session, Error> {
        without_gvl(ruby, || this.engine.session()).map(Session::new)
    }

    /// Closes the connections of this process.
    pub(crate) fn close(ruby: &Ruby, this: &Self) -> Result<(), Error> {
        let engine = Arc::clone(&this.engine);
        wait_for(ruby, move |done| {
            std::thread::spawn(move || done.tell(caught(|| engine.close())));
            Ok(())
        })
    }
}
