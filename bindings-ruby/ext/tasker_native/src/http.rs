//! The interface over HTTP, as the gem mounts it in a server that is there already.

use crate::engine::Engine;
use crate::wait::{wait_for, without_gvl};
use magnus::{Error, IntoValue, RArray, RHash, RString, Ruby, Value, prelude::*};
use std::sync::Arc;
use tasker_core::bridge::caught;
use tasker_server::PERMISSIONS;
use tasker_server::mount::{Event, Exchange as ServerExchange, Mount as ServerMount};

/// What can be permitted: the resources, each with its actions.
pub(crate) fn permissions(ruby: &Ruby) -> Result<RHash, Error> {
    let table = ruby.hash_new();
    for (resource, actions) in PERMISSIONS {
        let actions: RArray = ruby.ary_from_iter(actions.iter().copied());
        actions.freeze();
        table.aset(*resource, actions)?;
    }
    table.freeze();
    Ok(table)
}

/// The paths that take nothing of whoever asks.
pub(crate) fn open_paths() -> Vec<String> {
    tasker_server::mount::open_paths()
}

/// The interface as it is mounted: options, until the first request.
#[magnus::wrap(class = "Tasker::Native::Mount", free_immediately, size)]
pub(crate) struct Mount {
    mount: Arc<ServerMount>,
}

impl Mount {
    /// `options` is the text of a JSON object.
    pub(crate) fn new(ruby: &Ruby, options: String) -> Result<Self, Error> {
        let mount = without_gvl(ruby, || ServerMount::new(&options))?;
        Ok(Self {
            mount: Arc::new(mount),
        })
    }

    /// Begins a request: its head is the text of a JSON object. What cannot be begun is answered by a refusal. Waits where the engine
    /// has to be opened for it.
    pub(crate) fn begin(ruby: &Ruby, this: &Self, engine: &Engine, head: String) -> Result<Exchange, Error> {
        let (mount, engine) = (Arc::clone(&this.mount), engine.shared());
        let exchange = wait_for(ruby, move |done| {
            let begin = move || {
                Ok(mount
                    .begin(&engine, &head)
                    .unwrap_or_else(ServerExchange::refused))
            };
            std::thread::spawn(move || done.tell(caught(begin)));
            Ok(())
        })?;
        Ok(Exchange { exchange })
    }
}

/// A request and its answer. Freed, the request is given up.
#[magnus::wrap(class = "Tasker::Native::Exchange", free_immediately, size)]
pub(crate) struct Exchange {
    exchange: ServerExchange,
}

impl Exchange {
    /// The answer to a request before which something went wrong in the host: the log has these words.
    pub(crate) fn failed(ruby: &Ruby, why: String) -> Result<Self, Error> {
        Self::refused(ruby, tasker_core::Error::internal(why))
    }

    /// The answer to a request that cannot be read, with these words.
    pub(crate) fn malformed(ruby: &Ruby, why: String) -> Result<Self, Error> {
        Self::refused(ruby, tasker_core::Error::invalid_argument(why))
    }

    fn refused(ruby: &Ruby, error: tasker_core::Error) -> Result<Self, Error> {
        let exchange = without_gvl(ruby, || Ok(ServerExchange::refused(error)))?;
        Ok(Self { exchange })
    }

    /// What to do next, as a pair of a name and what comes with it; waits for it.
    pub(crate) fn next(ruby: &Ruby, this: &Self) -> Result<RArray, Error> {
        let event = wait_for(ruby, |done| {
            this.exchange.next_then(move |event| done.tell(event));
            Ok(())
        })?;
        let (name, value): (&str, Value) = match event {
            Event::Read => ("read", ruby.qnil().into_value_with(ruby)),
            Event::Decide(questions) => ("decide", questions.into_value_with(ruby)),
            Event::Head(head) => ("head", head.into_value_with(ruby)),
            Event::Chunk(bytes) => ("chunk", ruby.str_from_slice(&bytes).into_value_with(ruby)),
            Event::End => ("end", ruby.qnil().into_value_with(ruby)),
            Event::Broken(why) => ("broken", why.into_value_with(ruby)),
        };
        let pair = ruby.ary_new_capa(2);
        pair.push(ruby.to_symbol(name))?;
        pair.push(value)?;
        Ok(pair)
    }

    /// Gives more of the body of the request, where it was asked for.
    pub(crate) fn write(ruby: &Ruby, this: &Self, bytes: RString) -> Result<(), Error> {
        let bytes = bytes.to_bytes();
        without_gvl(ruby, || this.exchange.write(bytes))
    }

    /// The body of the request has ended.
    pub(crate) fn finish(&self) {
        self.exchange.finish();
    }

    /// Answers what was to be decided under this number.
    pub(crate) fn decide(&self, number: u64, answers: Vec<bool>) {
        self.exchange.decide(number, answers);
    }

    /// It cannot be decided, and the log is to say why.
    pub(crate) fn cannot_decide(&self, number: u64, why: String) {
        self.exchange.cannot_decide(number, &why);
    }

    /// Gives the request up.
    pub(crate) fn cancel(&self) {
        self.exchange.cancel();
    }
}
