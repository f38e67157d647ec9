//! How much there may be of what a caller writes beside the context, and which instants there are.

use super::{Operator, PauseScope, StepSearch, StepUpdate, TaskFilter, TaskRequest, TaskUpdate};
use crate::error::{Error, Result};
use chrono::{DateTime, Datelike, Utc};

/// Characters in `initiator`, `source_system` and `by`.
pub const MAX_NAMED: usize = 256;
/// Characters in a `reason`, of a task or of an operator.
pub const MAX_REASON: usize = 4_096;
/// Labels of a task.
pub const MAX_TAGS: usize = 100;
/// Characters in a label.
pub const MAX_TAG: usize = 128;
/// Characters in the trace context of a caller.
pub const MAX_TRACEPARENT: usize = 512;
/// Characters in the name of a namespace or of a named task that is to be paused.
const MAX_NAME: usize = 64;
/// Characters in the name of a handler that is to be paused.
const MAX_HANDLER: usize = 258;
/// The longest time to live of an idempotency key: a thousand years, in seconds.
pub const MAX_TTL_SECONDS: f64 = 31_557_600_000.0;

impl TaskRequest {
    /// Whether everything beside the context is within its bounds.
    ///
    /// # Errors
    /// `InvalidArgument` that names the value and its bound.
    pub fn check_bounds(&self) -> Result<()> {
        check_text("initiator", self.initiator.as_deref(), MAX_NAMED)?;
        check_text("source_system", self.source_system.as_deref(), MAX_NAMED)?;
        check_text("reason", self.reason.as_deref(), MAX_REASON)?;
        check_text("traceparent", self.traceparent.as_deref(), MAX_TRACEPARENT)?;
        check_tags(&self.tags)?;
        check_instant("requested_at", self.requested_at)?;
        match self.idempotency_ttl_seconds {
            Some(seconds) if !(seconds > 0.0 && seconds <= MAX_TTL_SECONDS) => {
                Err(Error::invalid_argument(format!(
                    "idempotency_ttl_seconds must be above 0 and at most {MAX_TTL_SECONDS} (a thousand years), not {seconds}; \
                 leave it out for a key that counts for ever"
                )))
            }
            _ => Ok(()),
        }
    }
}

impl TaskUpdate {
    /// Whether the new values are within their bounds.
    ///
    /// # Errors
    /// `InvalidArgument` that names the value and its bound.
    pub fn check_bounds(&self) -> Result<()> {
        check_text("reason", self.reason.as_deref(), MAX_REASON)?;
        check_tags(self.tags.as_deref().unwrap_or_default())
    }
}

impl StepUpdate {
    /// Whether the new inputs are within the bound of contexts: `most` bytes.
    ///
    /// # Errors
    /// `InvalidArgument` that says the bound.
    pub fn check_bounds(&self, most: usize) -> Result<()> {
        let size = serde_json::to_string(&self.inputs).map_or(0, |text| text.len());
        if size > most {
            return Err(Error::invalid_argument(format!(
                "the inputs have {size} bytes, and execution.max_context_bytes allows {most}: keep large data elsewhere and \
                 put a reference into them"
            )));
        }
        Ok(())
    }
}

impl Operator {
    /// Whether who and why are within their bounds.
    ///
    /// # Errors
    /// `InvalidArgument` that names the value and its bound.
    pub fn check_bounds(&self) -> Result<()> {
        check_text("by", self.by.as_deref(), MAX_NAMED)?;
        check_text("reason", self.reason.as_deref(), MAX_REASON)
    }
}

impl PauseScope {
    /// Whether it names something that may have such a name.
    ///
    /// # Errors
    /// `InvalidArgument` that names the value and its bound.
    pub fn check_bounds(&self) -> Result<()> {
        match self {
            Self::Task(_) => Ok(()),
            Self::Namespace(namespace) => check_name("namespace", namespace, MAX_NAME),
            Self::NamedTask { namespace, name } => {
                check_name("namespace", namespace, MAX_NAME)?;
                check_name("name", name, MAX_NAME)
            }
            Self::Handler(handler) => check_name("handler", handler, MAX_HANDLER),
        }
    }
}

impl TaskFilter {
    /// Whether its times are some that there are.
    ///
    /// # Errors
    /// `InvalidArgument` that names the time and its bounds.
    pub fn check_bounds(&self) -> Result<()> {
        check_instant("created_since", self.since)?;
        check_instant("created_before", self.created_before)?;
        check_instant("completed_since", self.completed_since)?;
        check_instant("completed_before", self.completed_before)
    }
}

impl StepSearch {
    /// Whether its times are some that there are.
    ///
    /// # Errors
    /// `InvalidArgument` that names the time and its bounds.
    pub fn check_bounds(&self) -> Result<()> {
        check_instant("created_since", self.since)?;
        check_instant("created_before", self.created_before)
    }
}

/// RFC 3339, in which times are given and shown, has years of four digits.
fn check_instant(what: &str, instant: Option<DateTime<Utc>>) -> Result<()> {
    match instant {
        Some(instant) if !(0..=9999).contains(&instant.year()) => Err(Error::invalid_argument(format!(
            "{what} must be in the years 0000 to 9999 (RFC 3339), and is in the year {}",
            instant.year()
        ))),
        _ => Ok(()),
    }
}

fn check_tags(tags: &[String]) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(Error::invalid_argument(format!(
            "a task has at most {MAX_TAGS} tags, not {}",
            tags.len()
        )));
    }
    tags.iter()
        .try_for_each(|tag| check_text("a tag", Some(tag), MAX_TAG))
}

fn check_name(what: &str, name: &str, most: usize) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid_argument(format!(
            "{what} is empty: say what is meant"
        )));
    }
    check_text(what, Some(name), most)
}

fn check_text(what: &str, text: Option<&str>, most: usize) -> Result<()> {
    let Some(text) = text else {
        return Ok(());
    };
    let length = text.chars().count();
    if length > most {
        return Err(Error::invalid_argument(format!(
            "{what} has {length} characters, and {most} are allowed"
        )));
    }
    if text.contains('\0') {
        return Err(Error::invalid_argument(format!(
            "{what} has U+0000 in it, which PostgreSQL does not store: remove it"
        )));
    }
    Ok(())
}

#[cfg(test)]
#[path = "bounds_tests.rs"]
mod tests;
