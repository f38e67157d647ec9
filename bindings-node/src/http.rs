//! The interface over HTTP, as the package mounts it in a server that is there already.

use crate::answers::Answers;
use crate::error::thrown;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use tasker_core::bridge::Engine;
use tasker_core::{Error, Result};
use tasker_server::mount::{Event, Exchange as ServerExchange, Mount as ServerMount};

/// The interface as it is mounted: options, until the first request.
#[napi]
pub struct Mount {
    mount: ServerMount,
    engine: Arc<Engine>,
    answers: Answers,
}

impl Mount {
    pub(crate) fn new(engine: Arc<Engine>, answers: Answers, options: &str) -> Result<Self> {
        Ok(Self {
            mount: ServerMount::new(options)?,
            engine,
            answers,
        })
    }

    fn exchange(&self, exchange: ServerExchange) -> Exchange {
        Exchange {
            exchange,
            chunk: Arc::default(),
            answers: self.answers.clone(),
        }
    }
}

#[napi]
impl Mount {
    /// Begins a request: its head is the text of a JSON object. What cannot be begun is answered by a refusal. Does not wait.
    #[napi]
    pub fn begin(&self, head: String) -> napi::Result<Exchange> {
        thrown(|| {
            let begun = self.mount.begin(&self.engine, &head);
            Ok(self.exchange(begun.unwrap_or_else(ServerExchange::refused)))
        })
    }

    /// The answer to a request before which something went wrong in the host: the log has why.
    #[napi]
    pub fn refuse(&self, why: String) -> napi::Result<Exchange> {
        thrown(|| Ok(self.exchange(ServerExchange::refused(Error::internal(why)))))
    }
}

/// A request and its answer. Collected, the request is given up.
#[napi]
pub struct Exchange {
    exchange: ServerExchange,
    /// Bytes of the last event: an answer is text.
    chunk: Arc<Mutex<Vec<u8>>>,
    answers: Answers,
}

#[napi]
impl Exchange {
    /// What to do next, as JSON: `event`, and what comes with it. The bytes of a chunk are fetched by `take_chunk`.
    #[napi]
    pub fn next(&self, number: u32) -> napi::Result<()> {
        let answers = self.answers.clone();
        let chunk = Arc::clone(&self.chunk);
        thrown(|| {
            self.exchange.next_then(move |event| {
                answers.give(number, event.map(|event| told(event, &chunk)));
            });
            Ok(())
        })
    }

    /// The bytes of the chunk that came last.
    #[napi]
    pub fn take_chunk(&self) -> Buffer {
        std::mem::take(&mut *self.chunk.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    /// Gives more of the body of the request, where it was asked for. Does not wait.
    #[napi]
    pub fn write(&self, bytes: Buffer) -> napi::Result<()> {
        thrown(|| self.exchange.write(Vec::from(bytes).into()))
    }

    /// The body of the request has ended.
    #[napi]
    pub fn finish(&self) {
        self.exchange.finish();
    }

    /// Answers what was to be decided under this number.
    #[napi]
    pub fn decide(&self, number: u32, answers: Vec<bool>) {
        self.exchange.decide(number.into(), answers);
    }

    /// It cannot be decided, and the log is to say why.
    #[napi]
    pub fn cannot_decide(&self, number: u32, why: String) {
        self.exchange.cannot_decide(number.into(), &why);
    }

    /// Gives the request up.
    #[napi]
    pub fn cancel(&self) {
        self.exchange.cancel();
    }
}

fn told(event: Event, chunk: &Mutex<Vec<u8>>) -> String {
    match event {
        Event::Read => r#"{"event":"read"}"#.to_owned(),
        // The two are JSON already.
        Event::Decide(asked) => format!(r#"{{"event":"decide","asked":{asked}}}"#),
        Event::Head(head) => format!(r#"{{"event":"head","head":{head}}}"#),
        Event::Chunk(bytes) => {
            *chunk.lock().unwrap_or_else(PoisonError::into_inner) = bytes.into();
            r#"{"event":"chunk"}"#.to_owned()
        }
        Event::End => r#"{"event":"end"}"#.to_owned(),
        Event::Broken(why) => json!({"event": "broken", "why": why}).to_string(),
    }
}
