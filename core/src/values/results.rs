//! The check that every result goes through before it is flushed (`decisions.md` 34 and 35).

use super::pointer::pointer_to;
use super::scan::{Refusal, Scanner};
use crate::model::{ErrorCode, Failure};
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt;

/// Why a value is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueProblemCode {
    /// It is not JSON, or is something in JSON that the database or another language cannot carry.
    ResultNotSerializable,
    /// It has more bytes than allowed.
    ResultTooLarge,
}

impl ValueProblemCode {
    /// The `error_code` of the failure that this becomes.
    pub const fn as_str(self) -> &'static str {
        match self {
            ValueProblemCode::ResultNotSerializable => ErrorCode::RESULT_NOT_SERIALIZABLE,
            ValueProblemCode::ResultTooLarge => ErrorCode::RESULT_TOO_LARGE,
        }
    }
}

/// A value that is refused, and the place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueProblem {
    /// Why.
    pub code: ValueProblemCode,
    /// JSON Pointer to the place; empty for the value as a whole. Of keys over 200 bytes it has the beginning.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ValueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.message),
            pointer => write!(f, "{} (at {pointer})", self.message),
        }
    }
}

impl std::error::Error for ValueProblem {}

impl From<ValueProblem> for Failure {
    /// The permanent failure of a step whose handler returned such a value.
    fn from(problem: ValueProblem) -> Self {
        Failure {
            message: format!("the result of the handler cannot be stored: {problem}"),
            error_code: Some(problem.code.as_str().to_owned()),
            retryable: false,
            details: serde_json::json!({ "pointer": problem.pointer }),
            ..Failure::default()
        }
    }
}

/// Checks JSON text of at most `max_bytes` bytes and gives it back without white space round it.
///
/// Refused are invalid UTF-8, U+0000, lone surrogates, NaN and infinities, whole numbers outside −2⁶³…2⁶⁴−1, other
/// numbers that a double cannot hold, nesting over 128 levels, and whatever is not JSON. Of a key that stands twice
/// the last counts, as in `jsonb`.
///
/// # Errors
/// The first [`ValueProblem`], with its place.
pub fn check_json(text: &[u8], max_bytes: usize) -> Result<&str, ValueProblem> {
    let checked = std::str::from_utf8(text).map_err(|error| {
        let message = "the text is not valid UTF-8";
        refused(
            text,
            &Refusal {
                offset: error.valid_up_to(),
                message,
            },
        )
    })?;
    let trimmed = checked.trim_matches([' ', '\n', '\r', '\t']);
    if trimmed.len() > max_bytes {
        return Err(ValueProblem {
            code: ValueProblemCode::ResultTooLarge,
            pointer: String::new(),
            message: format!(
                "the value has {} bytes of JSON; {max_bytes} are allowed",
                trimmed.len()
            ),
        });
    }
    Scanner::new(trimmed)
        .run()
        .map_err(|refusal| refused(trimmed.as_bytes(), &refusal))?;
    Ok(trimmed)
}

/// Checks what a handler returned, as [`check_json`]; `null` at top level (nothing returned) becomes `{}`.
///
/// # Errors
/// The first [`ValueProblem`], with its place; see its conversion into a [`Failure`].
pub fn check_results(text: &[u8], max_bytes: usize) -> Result<Box<RawValue>, ValueProblem> {
    let checked = match check_json(text, max_bytes)? {
        "null" => "{}",
        checked => checked,
    };
    RawValue::from_string(checked.to_owned()).map_err(|error| ValueProblem {
        code: ValueProblemCode::ResultNotSerializable,
        pointer: String::new(),
        message: format!("the text is not JSON: {error}"),
    })
}

fn refused(text: &[u8], refusal: &Refusal) -> ValueProblem {
    ValueProblem {
        code: ValueProblemCode::ResultNotSerializable,
        pointer: pointer_to(text, refusal.offset),
        message: refusal.message.to_owned(),
    }
}
