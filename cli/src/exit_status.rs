//! The exit codes. They are a promise to scripts: numbers are never reused.

use std::process::ExitCode;
use tasker_core::ErrorKind;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// It did what was asked.
    Ok,
    /// What was asked for failed, or what was compared differs.
    Failed,
    /// The arguments or settings are wrong.
    Usage,
    /// What was named does not exist.
    NotFound,
    /// The state of things does not allow it.
    Conflict,
    /// The database cannot be used.
    Database,
    /// A template or a context breaks a rule.
    Invalid,
    /// It took longer than allowed.
    Timeout,
    /// The caller may not do it.
    Refused,
    /// The doctor found a problem.
    Unwell,
    /// A defect of Tasker.
    Internal,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl ExitStatus {
    pub(crate) const ALL: [ExitStatus; 12] = [
        ExitStatus::Ok,
        ExitStatus::Failed,
        ExitStatus::Usage,
        ExitStatus::NotFound,
        ExitStatus::Conflict,
        ExitStatus::Database,
        ExitStatus::Invalid,
        ExitStatus::Timeout,
        ExitStatus::Refused,
        ExitStatus::Unwell,
        ExitStatus::Internal,
        ExitStatus::Interrupted,
    ];

    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            ExitStatus::Ok => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Usage => 2,
            ExitStatus::NotFound => 3,
            ExitStatus::Conflict => 4,
            ExitStatus::Database => 5,
            ExitStatus::Invalid => 6,
            ExitStatus::Timeout => 7,
            ExitStatus::Refused => 8,
            ExitStatus::Unwell => 9,
            ExitStatus::Internal => 70,
            ExitStatus::Interrupted => 130,
        }
    }

    /// What the number says, for the help and the reference.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            ExitStatus::Ok => "done",
            ExitStatus::Failed => {
                "failed; the task that was waited for did not complete; or what was compared differs"
            }
            ExitStatus::Usage => "wrong arguments or settings",
            ExitStatus::NotFound => "no such task, step or template",
            ExitStatus::Conflict => "illegal transition, duplicate, or attempt lost",
            ExitStatus::Database => "database unavailable, or its schema does not fit",
            ExitStatus::Invalid => "invalid template or context",
            ExitStatus::Timeout => "took longer than allowed",
            ExitStatus::Refused => "not authenticated or not allowed",
            ExitStatus::Unwell => "`tasker doctor` found a problem",
            ExitStatus::Internal => "a defect of Tasker; please report it",
            ExitStatus::Interrupted => "interrupted (Ctrl-C or SIGTERM)",
        }
    }

    /// The engine errors that end a command this way.
    pub(crate) fn error_kinds(self) -> impl Iterator<Item = ErrorKind> {
        ErrorKind::ALL
            .into_iter()
            .filter(move |kind| ExitStatus::from(*kind) == self)
    }
}

impl From<ErrorKind> for ExitStatus {
    // Exhaustive on purpose: a new kind does not compile until it has its number here.
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidArgument | ErrorKind::ConfigInvalid => ExitStatus::Usage,
            ErrorKind::NotFound | ErrorKind::UnknownNamedTask => ExitStatus::NotFound,
            ErrorKind::AlreadyExists
            | ErrorKind::IdempotencyMismatch
            | ErrorKind::IllegalTransition
            | ErrorKind::AttemptLost => ExitStatus::Conflict,
            ErrorKind::DatabaseUnavailable | ErrorKind::SchemaMismatch => ExitStatus::Database,
            ErrorKind::InvalidTemplate | ErrorKind::CycleDetected | ErrorKind::InvalidContext => {
                ExitStatus::Invalid
            }
            ErrorKind::Timeout => ExitStatus::Timeout,
            ErrorKind::Unauthenticated | ErrorKind::Forbidden => ExitStatus::Refused,
            ErrorKind::UnknownHandler | ErrorKind::ShuttingDown => ExitStatus::Failed,
            ErrorKind::Internal
            | ErrorKind::Panic
            | ErrorKind::NullPointer
            | ErrorKind::InvalidUtf8
            | ErrorKind::ForkedProcess => ExitStatus::Internal,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status.code())
    }
}
