//! Errors say what kind they are, as problems over REST do.

use crate::problem::Refusal;
use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use tasker_core::{Error, ErrorKind};

/// What the library does not say when it refuses a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) depth: usize,
    pub(super) complexity: usize,
}

/// Gives every error `kind`, `code`, `retry` and `details` as its extensions.
pub(super) fn explained(mut response: Response, limits: Limits) -> Response {
    for error in &mut response.errors {
        match error.message.as_str() {
            "Query is too complex." => {
                error.message = format!(
                    "the query is too complex: it may cost {}, where each field counts 1 and a list as many times as it may have \
                     members; ask for less, or in smaller pages",
                    limits.complexity
                );
            }
            "Query is nested too deep." => {
                error.message = format!(
                    "the query is too deep: fields may stand {} deep inside each other",
                    limits.depth
                );
            }
            _ => {}
        }
        let extensions = extensions(error);
        error.extensions = Some(extensions);
    }
    response
}

fn extensions(error: &ServerError) -> ErrorExtensionValues {
    let refusal = match (error.source::<Refusal>(), error.source::<Error>()) {
        (Some(refusal), _) => refusal.clone(),
        (None, Some(error)) => Refusal::from(Error {
            kind: error.kind,
            retry: error.retry,
            message: error.message.clone(),
            details: error.details.clone(),
            source: None,
        }),
        // What the library itself finds is wrong with the request.
        (None, None) => Refusal::new(ErrorKind::InvalidArgument, error.message.clone()),
    };
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("kind", refusal.kind.as_str());
    extensions.set("code", refusal.code);
    extensions.set("retry", refusal.retry);
    if !refusal.details.is_null() {
        extensions.set(
            "details",
            Value::from_json(refusal.details.clone()).unwrap_or_default(),
        );
    }
    extensions
}
