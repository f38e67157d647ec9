//! Engine errors: what went wrong in Tasker itself. What a *handler* said is an [`Outcome`], never an error.
//!
//! [`Outcome`]: crate::model::Outcome

use serde_json::Value;
use std::fmt;

/// The kinds of engine error. Exhaustive on purpose: every language maps each one, and the compiler is the checklist.
///
/// Numbers (see [`ErrorKind::code`]) are given by hand and never reused: 10xx is the caller, 20xx the state of things,
/// 30xx the world, 90xx us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// An argument is missing, of the wrong shape or out of range.
    InvalidArgument,
    /// A template does not parse or breaks a rule; `details` lists every problem.
    InvalidTemplate,
    /// The steps of a template wait for each other in a circle.
    CycleDetected,
    /// No named task of that namespace, name and version is registered.
    UnknownNamedTask,
    /// A worker was given work whose handler it does not have.
    UnknownHandler,
    /// The context of a task breaks the schema of its template; `details` lists every mistake with its path.
    InvalidContext,
    /// A setting is unknown, of the wrong type or contradicts another.
    ConfigInvalid,
    /// The thing that was named does not exist.
    NotFound,
    /// The thing exists already, and the caller asked for that to be an error.
    AlreadyExists,
    /// An idempotency key was used before with other content.
    IdempotencyMismatch,
    /// The state machine does not allow this move.
    IllegalTransition,
    /// The attempt this outcome belongs to is no longer held by the caller (SQLSTATE `TK001`).
    AttemptLost,
    /// The caller did not say who it is.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// PostgreSQL cannot be reached, or went away.
    DatabaseUnavailable,
    /// Something took longer than it was allowed to.
    Timeout,
    /// The schema in the database is not the one this library needs.
    SchemaMismatch,
    /// The engine is shutting down and takes no more work.
    ShuttingDown,
    /// A defect of Tasker.
    Internal,
    /// A panic was caught at the boundary.
    Panic,
    /// A null pointer was given where a value is needed (C).
    NullPointer,
    /// Text that is not UTF-8 was given (C).
    InvalidUtf8,
    /// The client was used in a forked child.
    ForkedProcess,
}

impl ErrorKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [ErrorKind; 23] = {
        use ErrorKind::*;
        [
            InvalidArgument,
            InvalidTemplate,
            CycleDetected,
            UnknownNamedTask,
            UnknownHandler,
            InvalidContext,
            ConfigInvalid,
            NotFound,
            AlreadyExists,
            IdempotencyMismatch,
            IllegalTransition,
            AttemptLost,
            Unauthenticated,
            Forbidden,
            DatabaseUnavailable,
            Timeout,
            SchemaMismatch,
            ShuttingDown,
            Internal,
            Panic,
            NullPointer,
            InvalidUtf8,
            ForkedProcess,
        ]
    };

    /// The number of this kind, the same in every language. Never reused.
    pub const fn code(self) -> u32 {
        match self {
            ErrorKind::InvalidArgument => 1001,
            ErrorKind::InvalidTemplate => 1002,
            ErrorKind::CycleDetected => 1003,
            ErrorKind::UnknownNamedTask => 1004,
            ErrorKind::UnknownHandler => 1005,
            ErrorKind::InvalidContext => 1006,
            ErrorKind::ConfigInvalid => 1007,
            ErrorKind::NotFound => 2001,
            ErrorKind::AlreadyExists => 2002,
            ErrorKind::IllegalTransition => 2003,
            ErrorKind::AttemptLost => 2004,
            ErrorKind::Unauthenticated => 2005,
            ErrorKind::Forbidden => 2006,
            ErrorKind::IdempotencyMismatch => 2007,
            ErrorKind::DatabaseUnavailable => 3001,
            ErrorKind::Timeout => 3002,
            ErrorKind::SchemaMismatch => 3003,
            ErrorKind::ShuttingDown => 3004,
            ErrorKind::Internal => 9001,
            ErrorKind::Panic => 9002,
            ErrorKind::NullPointer => 9003,
            ErrorKind::InvalidUtf8 => 9004,
            ErrorKind::ForkedProcess => 9005,
        }
    }

    /// The name of this kind in snake case, as it stands in JSON and in the documentation.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorKind::InvalidArgument => "invalid_argument",
            ErrorKind::InvalidTemplate => "invalid_template",
            ErrorKind::CycleDetected => "cycle_detected",
            ErrorKind::UnknownNamedTask => "unknown_named_task",
            ErrorKind::UnknownHandler => "unknown_handler",
            ErrorKind::InvalidContext => "invalid_context",
            ErrorKind::ConfigInvalid => "config_invalid",
            ErrorKind::NotFound => "not_found",
            ErrorKind::AlreadyExists => "already_exists",
            ErrorKind::IdempotencyMismatch => "idempotency_mismatch",
            ErrorKind::IllegalTransition => "illegal_transition",
            ErrorKind::AttemptLost => "attempt_lost",
            ErrorKind::Unauthenticated => "unauthenticated",
            ErrorKind::Forbidden => "forbidden",
            ErrorKind::DatabaseUnavailable => "database_unavailable",
            ErrorKind::Timeout => "timeout",
            ErrorKind::SchemaMismatch => "schema_mismatch",
            ErrorKind::ShuttingDown => "shutting_down",
            ErrorKind::Internal => "internal",
            ErrorKind::Panic => "panic",
            ErrorKind::NullPointer => "null_pointer",
            ErrorKind::InvalidUtf8 => "invalid_utf8",
            ErrorKind::ForkedProcess => "forked_process",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An engine error: what kind, whether trying again may help, a message for people, details for programs.
///
/// A message says what was wrong, where, what was expected and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of error this is.
    pub kind: ErrorKind,
    /// Whether the very same call may succeed later.
    pub retry: bool,
    /// For people.
    pub message: String,
    /// For programs; `Value::Null` when there is nothing to add.
    pub details: Value,
    /// What caused it, where something did.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of every engine call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A new error of `kind`. World errors (30xx) are retryable, all others are not.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retry = matches!(
            kind,
            ErrorKind::DatabaseUnavailable | ErrorKind::Timeout | ErrorKind::ShuttingDown
        );
        Self {
            kind,
            retry,
            message: message.into(),
            details: Value::Null,
            source: None,
        }
    }

    /// The same error with `details` for programs.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Shorthand for [`ErrorKind::InvalidArgument`].
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// Shorthand for [`ErrorKind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }
}
