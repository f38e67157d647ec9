//! Errors of the engine go to JavaScript as data, and become classes there.

use serde_json::json;
use tasker_core::bridge::caught;
use tasker_core::{Error, ErrorKind, Result};

/// The class in the package for a kind of error.
const fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidArgument => "InvalidArgumentError",
        ErrorKind::InvalidTemplate => "InvalidTemplateError",
        ErrorKind::CycleDetected => "CycleDetectedError",
        ErrorKind::UnknownNamedTask => "UnknownNamedTaskError",
        ErrorKind::UnknownHandler => "UnknownHandlerError",
        ErrorKind::InvalidContext => "InvalidContextError",
        ErrorKind::ConfigInvalid => "ConfigInvalidError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::AlreadyExists => "AlreadyExistsError",
        ErrorKind::IdempotencyMismatch => "IdempotencyMismatchError",
        ErrorKind::IllegalTransition => "IllegalTransitionError",
        ErrorKind::AttemptLost => "AttemptLostError",
        ErrorKind::Unauthenticated => "UnauthenticatedError",
        ErrorKind::Forbidden => "ForbiddenError",
        ErrorKind::DatabaseUnavailable => "DatabaseUnavailableError",
        ErrorKind::Timeout => "WaitTimeoutError",
        ErrorKind::SchemaMismatch => "SchemaMismatchError",
        ErrorKind::ShuttingDown => "ShuttingDownError",
        // The last three cannot happen here: two are of C, and Node does not fork.
        ErrorKind::Internal
        | ErrorKind::Panic
        | ErrorKind::NullPointer
        | ErrorKind::InvalidUtf8
        | ErrorKind::ForkedProcess => "InternalError",
    }
}

/// An error as the text of a JSON object: `class`, `kind`, `code`, `message`, `retry`, `details`.
pub(crate) fn told(error: &Error) -> String {
    json!({
        "class": class(error.kind),
        "kind": error.kind.name(),
        "code": error.kind.code(),
        "message": error.message,
        "retry": error.retry,
        "details": error.details,
    })
    .to_string()
}

/// Does something that does not wait. What goes wrong is thrown, its data as the message.
pub(crate) fn thrown<T>(work: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    caught(work).map_err(|error| napi::Error::from_reason(told(&error)))
}
