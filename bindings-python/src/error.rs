//! Errors of the engine become exceptions of the package.

use pyo3::{prelude::*, types::PyString};
use tasker_core::bridge::caught;
use tasker_core::{Error, ErrorKind, Result};

/// The class in `tasker.errors` for a kind of error.
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
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let details = error.details.to_string();
    let made = PyModule::import(py, "tasker.errors")
        .and_then(|errors| errors.getattr(class(error.kind)))
        .and_then(|class| {
            class.call_method1(
                "_of",
                (
                    PyString::new(py, &error.message),
                    error.kind.name(),
                    error.kind.code(),
                    error.retry,
                    details,
                ),
            )
        });
    match made {
        Ok(made) => PyErr::from_value(made),
        Err(failed) => failed,
    }
}

/// The answer, or the exception.
pub(crate) fn raised<T>(py: Python<'_>, result: Result<T>) -> PyResult<T> {
    result.map_err(|error| exception(py, &error))
}

/// Does something of the engine without the GIL. What goes wrong is raised, a panic too: what PyO3 would make of one is no
/// `Exception`, and ends threads that know how to go on.
pub(crate) fn without_gil<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    raised(py, py.detach(|| caught(work)))
}
