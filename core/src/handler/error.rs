//! What a handler says when it fails.

use crate::model::Failure;
use serde_json::Value;

/// A failure of a handler. Any other error, by `?`, is a retryable failure that keeps its type and text.
///
/// Like `anyhow::Error` it is not itself a `std::error::Error`, so that every such error converts into it.
#[derive(Debug, Clone)]
pub struct HandlerError {
    failure: Box<Failure>,
}

impl HandlerError {
    /// A failure that may be tried again.
    pub fn retryable(message: impl Into<String>) -> Self {
        Self::new("RetryableError", message.into(), true)
    }

    /// A failure that will be the same every time.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new("PermanentError", message.into(), false)
    }

    fn new(class: &str, message: String, retryable: bool) -> Self {
        Self {
            failure: Box::new(Failure {
                message,
                error_class: Some(class.to_owned()),
                retryable,
                ..Failure::default()
            }),
        }
    }

    /// When to come back, in seconds; capped at `backoff.max_backoff_seconds`.
    #[must_use]
    pub fn retry_after(mut self, seconds: f64) -> Self {
        self.failure.retry_after = Some(seconds);
        self
    }

    /// A code for programs.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.failure.error_code = Some(code.into());
        self
    }

    /// Anything else worth keeping.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.failure.details = details;
        self
    }

    /// Another class than the default, for errors of the application.
    #[must_use]
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.failure.error_class = Some(class.into());
        self
    }

    pub(super) fn into_failure(self) -> Box<Failure> {
        self.failure
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        Self::retryable(message).class(std::any::type_name::<E>())
    }
}
