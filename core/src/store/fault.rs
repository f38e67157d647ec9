//! What PostgreSQL says → engine errors.

use crate::error::{Error, ErrorKind};
use serde_json::json;

/// SQLSTATE of a refused fence.
pub const ATTEMPT_LOST: &str = "TK001";
/// SQLSTATE of a call by a worker that was stopped or taken for dead.
pub const WORKER_NOT_ALIVE: &str = "TK008";
/// SQLSTATE of a request validated against a plan that has been replaced.
pub const STALE_PLAN: &str = "TK009";

/// The SQLSTATE behind an engine error, where PostgreSQL gave one.
pub fn sqlstate(error: &Error) -> Option<&str> {
    error.details.get("sqlstate").and_then(serde_json::Value::as_str)
}

/// Whether repeating the transaction is the cure: a deadlock or a serialization failure.
pub fn is_retryable_conflict(error: &Error) -> bool {
    matches!(sqlstate(error), Some("40P01" | "40001"))
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            let state = database.code().unwrap_or_default().into_owned();
            let message = database.message().to_owned();
            let postgres = database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
            let hint = postgres
                .and_then(sqlx::postgres::PgDatabaseError::hint)
                .filter(|hint| !hint.is_empty());
            let detail = postgres.and_then(sqlx::postgres::PgDatabaseError::detail);
            let message = hint.map_or_else(|| message.clone(), |hint| format!("{message}: {hint}"));
            return of_sqlstate(&state, message)
                .with_details(json!({"sqlstate": state, "detail": detail}))
                .with_source(error);
        }
        match &error {
            sqlx::Error::Configuration(_) => Error::new(
                ErrorKind::ConfigInvalid,
                format!("the database URL is not usable: {error}"),
            )
            .with_source(error),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => Error::new(
                ErrorKind::DatabaseUnavailable,
                format!("PostgreSQL cannot be reached: {error}"),
            )
            .with_source(error),
            _ => Error::internal(format!("a statement went wrong: {error}")).with_source(error),
        }
    }
}

/// The engine error for what PostgreSQL said on a connection that is not ours.
pub fn database_error(sqlstate: &str, message: impl Into<String>, hint: Option<&str>) -> Error {
    let message = message.into();
    let message = match hint.filter(|hint| !hint.is_empty()) {
        Some(hint) => format!("{message}: {hint}"),
        None => message,
    };
    of_sqlstate(sqlstate, message).with_details(json!({"sqlstate": sqlstate, "detail": null}))
}

fn of_sqlstate(state: &str, message: String) -> Error {
    let kind = match state {
        "TK001" | "TK008" => ErrorKind::AttemptLost,
        "TK002" => ErrorKind::IllegalTransition,
        "TK003" => ErrorKind::InvalidArgument,
        "TK004" => ErrorKind::AlreadyExists,
        "TK005" => ErrorKind::UnknownNamedTask,
        "TK006" => ErrorKind::NotFound,
        "TK007" => ErrorKind::IdempotencyMismatch,
        "3F000" | "42P01" | "42883" | "42703" => {
            return Error::new(
                ErrorKind::SchemaMismatch,
                format!(
                    "the schema of Tasker is missing or of another version ({message}): run `tasker migrate`"
                ),
            );
        }
        "28000" | "28P01" | "3D000" => ErrorKind::ConfigInvalid,
        // What it takes is said by `Store::explain`.
        "42501" => ErrorKind::Forbidden,
        // The same state twice: a standby, and `default_transaction_read_only`. A failover may bring the writes back.
        "25006" => {
            return Error::new(
                ErrorKind::DatabaseUnavailable,
                format!(
                    "the database takes no writes ({message}): it is a standby, or default_transaction_read_only is on; \
                     let the URL lead to the primary"
                ),
            );
        }
        "53100" => {
            return Error::new(
                ErrorKind::DatabaseUnavailable,
                format!(
                    "PostgreSQL has no room left on its disk ({message}): make room there; what was not written is tried again"
                ),
            );
        }
        "53300" => {
            return Error::new(
                ErrorKind::DatabaseUnavailable,
                format!(
                    "PostgreSQL has no connection left ({message}): raise the limit, lower database.max_connections of the \
                     processes, or put a pooler in front"
                ),
            );
        }
        "55P03" | "57014" => ErrorKind::Timeout,
        "22P05" | "22021" | "22P02" | "22003" | "22007" | "22008" | "22009" => ErrorKind::InvalidArgument,
        _ if state.starts_with("08") || state.starts_with("57P") || state.starts_with("53") => {
            ErrorKind::DatabaseUnavailable
        }
        _ => ErrorKind::Internal,
    };
    let mut error = Error::new(kind, message);
    error.retry = error.retry || matches!(state, "40P01" | "40001" | "TK009");
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ails_the_server_is_told_with_what_to_do_and_may_be_tried_again() {
        for (state, advice) in [
            ("25006", "primary"),
            ("53100", "make room"),
            ("53300", "max_connections"),
        ] {
            let error = database_error(state, "so says the server", None);
            assert_eq!(
                (error.kind, error.retry),
                (ErrorKind::DatabaseUnavailable, true),
                "{state}"
            );
            assert!(error.message.contains("so says the server"), "{}", error.message);
            assert!(error.message.contains(advice), "{}", error.message);
        }
        let forbidden = database_error("42501", "permission denied", None);
        assert_eq!((forbidden.kind, forbidden.retry), (ErrorKind::Forbidden, false));
    }
}
