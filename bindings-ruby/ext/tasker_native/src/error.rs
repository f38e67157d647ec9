//! Errors of the engine become exceptions of the gem.

use magnus::{Error, Exception, RClass, RModule, Ruby, prelude::*};
use tasker_core::{Error as EngineError, ErrorKind, Result};

/// The class in `Tasker` for a kind of error.
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
        ErrorKind::ForkedProcess => "ForkedProcessError",
        // The last two are of C alone.
        ErrorKind::Internal | ErrorKind::Panic | ErrorKind::NullPointer | ErrorKind::InvalidUtf8 => {
            "InternalError"
        }
    }
}

/// The exception for an error. What fails on the way to it is raised instead.
fn exception(ruby: &Ruby, error: &EngineError) -> Error {
    let made = ruby
        .class_object()
        .const_get::<_, RModule>("Tasker")
        .and_then(|tasker| tasker.const_get::<_, RClass>(class(error.kind)))
        .and_then(|class| {
            class.funcall::<_, _, Exception>(
                "of",
                (
                    error.message.as_str(),
                    error.kind.name(),
                    error.kind.code(),
                    error.retry,
                    error.details.to_string(),
                ),
            )
        });
    match made {
        Ok(made) => made.into(),
        Err(failed) => failed,
    }
}

/// The answer, or the exception.
pub(crate) fn raised<T>(ruby: &Ruby, result: Result<T>) -> std::result::Result<T, Error> {
    result.map_err(|error| exception(ruby, &error))
}
