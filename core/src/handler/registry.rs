//! Handlers by name.

use super::{HandlerError, Step};
use crate::model::{ErrorCode, Failure};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

/// What one attempt of a handler ends with.
pub(super) type Ended = Result<Box<RawValue>, Box<Failure>>;
pub(super) type Boxed = Arc<dyn Fn(Step) -> Pin<Box<dyn Future<Output = Ended> + Send>> + Send + Sync>;

/// A handler as a type: for handlers with state or dependencies of their own.
pub trait Handler: Send + Sync + 'static {
    /// Runs one attempt. What it returns is stored; an error is recorded.
    fn process(&self, step: &Step) -> impl Future<Output = Result<Value, HandlerError>> + Send;
}

/// Handlers by name. A worker runs what is registered here and claims nothing else.
#[derive(Clone, Default)]
pub struct Registry {
    handlers: HashMap<String, Boxed>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.handlers.keys()).finish()
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers an async function. What it returns is stored as JSON; `()` as `{}`. A name registered again is replaced.
    pub fn handler<F, Fut, R>(&mut self, name: impl Into<String>, function: F) -> &mut Self
    where
        F: Fn(Step) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
        R: Serialize + 'static,
    {
        let boxed: Boxed = Arc::new(move |step| {
            let attempt = function(step);
            Box::pin(async move {
                match attempt.await {
                    Ok(results) => encode(&results),
                    Err(error) => Err(error.into_failure()),
                }
            })
        });
        self.handlers.insert(name.into(), boxed);
        self
    }

    /// Registers a handler that is a type.
    pub fn register(&mut self, name: impl Into<String>, handler: impl Handler) -> &mut Self {
        let handler = Arc::new(handler);
        self.handler(name, move |step: Step| {
            let handler = Arc::clone(&handler);
            async move { handler.process(&step).await }
        })
    }

    /// The registered names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.handlers.keys().cloned().collect();
        names.sort();
        names
    }

    pub(super) fn get(&self, name: &str) -> Option<Boxed> {
        self.handlers.get(name).cloned()
    }
}

fn encode(results: &impl Serialize) -> Ended {
    serde_json::value::to_raw_value(results).map_err(|error| {
        Box::new(Failure {
            message: format!("what the handler returned is not JSON: {error}"),
            error_class: Some(std::any::type_name::<serde_json::Error>().to_owned()),
            error_code: Some(ErrorCode::RESULT_NOT_SERIALIZABLE.to_owned()),
            retryable: false,
            ..Failure::default()
        })
    })
}
