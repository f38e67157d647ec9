//! Scalars, as REST writes them.

pub(super) use crate::auth::{step_text, task_text};
use crate::problem::Refusal;
use async_graphql::{ID, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, SecondsFormat, Utc};
use tasker_core::ErrorKind;
use tasker_core::model::TaskId;

/// An instant: RFC 3339, such as `2026-11-27T12:00:00.5Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) DateTime<Utc>);

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time)
    }
}

#[Scalar(
    name = "ISO8601DateTime",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339"
)]
impl ScalarType for Time {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => DateTime::parse_from_rfc3339(text)
                .map(|time| Self(time.with_timezone(&Utc)))
                .map_err(|error| {
                    InputValueError::custom(format!(
                        "'{text}' is no time such as 2026-11-27T12:00:00Z: {error}"
                    ))
                }),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// A number of JSON that may be larger than `Int`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Long(pub(super) i64);

#[Scalar(name = "BigInt")]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number
            .map(Self)
            .ok_or_else(|| InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// The id of a task: what is no id names nothing.
pub(super) fn task_id(id: &ID) -> Result<TaskId, Refusal> {
    id.parse().map_err(|_| {
        Refusal::new(
            ErrorKind::NotFound,
            format!("there is no task '{}': the id of a task is a UUID", id.as_str()),
        )
    })
}
