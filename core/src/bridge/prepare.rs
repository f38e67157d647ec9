//! Completing a step on the host's own connection: SQL and parameters, needing neither runtime nor connection here.

use super::message::AttemptMessage;
use crate::error::{Error, ErrorKind, Result};
use crate::store::SchemaName;
use crate::values::check_results;
use serde::Serialize;
use serde_json::{Value, json};

/// A statement for the host's own connection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prepared {
    /// With placeholders `$1`, `$2`, … and explicit casts, so that every parameter may be sent as text.
    pub sql: String,
    /// The parameters.
    pub parameters: Vec<Value>,
}

/// The statement that completes a step in the handler's own transaction, so that it takes effect exactly once. Raises
/// SQLSTATE `TK001` when the attempt is no longer held.
///
/// # Errors
/// `InvalidArgument` where `results` cannot be stored.
pub fn prepare_complete(
    schema: &SchemaName,
    attempt: &AttemptMessage,
    results: &str,
    max_bytes: usize,
) -> Result<Prepared> {
    let checked = check_results(results.as_bytes(), max_bytes).map_err(|problem| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("the results cannot be stored: {problem}"),
        )
    })?;
    Ok(Prepared {
        sql: schema.apply(
            "select tasker.complete_step($1::text::uuid, $2::text::int, $3::text::int, $4::text::jsonb)",
        ),
        parameters: vec![
            json!(attempt.task_id.to_string()),
            json!(attempt.step_no.to_string()),
            json!(attempt.claim_no.to_string()),
            json!(checked.get()),
        ],
    })
}
