//! The engine, as the package holds it.

use crate::answers::{Answered, Answers};
use crate::error::thrown;
use crate::http::Mount;
use crate::session::Session;
use crate::worker::Worker;
use napi_derive::napi;
use std::sync::Arc;
use tasker_core::bridge::{Engine as CoreEngine, keep_logs};

/// An engine: configuration, until it is used.
#[napi]
pub struct Engine {
    engine: Arc<CoreEngine>,
    answers: Answers,
}

#[napi]
impl Engine {
    /// `options` is the text of a JSON object; `answered(number, error, text)` is called with every answer.
    #[napi(constructor)]
    pub fn new(options: String, answered: Answered) -> napi::Result<Self> {
        let engine = thrown(|| {
            // Not when the module is loaded: the `tasker` command in it has a log of its own.
            keep_logs("info")?;
            CoreEngine::new(&options)
        })?;
        Ok(Self {
            engine: Arc::new(engine),
            answers: Answers::new(answered),
        })
    }

    /// Runs a verb: JSON in, JSON out.
    #[napi]
    pub fn call(&self, number: u32, verb: String, arguments: String) -> napi::Result<()> {
        let answers = self.answers.clone();
        thrown(|| {
            self.engine
                .call_then(&verb, &arguments, move |answer| answers.give(number, answer));
            Ok(())
        })
    }

    /// Starts a worker: it may be used once the answer has come.
    #[napi]
    pub fn start_worker(&self, number: u32, options: String) -> Worker {
        Worker::start(Arc::clone(&self.engine), self.answers.clone(), number, options)
    }

    /// The interface over HTTP, to mount in a server that is there already. Opens nothing yet.
    #[napi]
    pub fn mount(&self, options: String) -> napi::Result<Mount> {
        thrown(|| Mount::new(Arc::clone(&self.engine), self.answers.clone(), &options))
    }

    /// Work on the host's own connection, in its transaction. Opens nothing.
    #[napi]
    pub fn session(&self) -> napi::Result<Session> {
        thrown(|| self.engine.session()).map(Session::new)
    }

    /// Closes the connections of this process.
    #[napi]
    pub fn close(&self, number: u32) {
        let engine = Arc::clone(&self.engine);
        self.answers.give_from_thread(number, move || {
            engine.close()?;
            Ok("null".to_owned())
        });
    }
}
