//! What the engine logs, for a language that has a log of its own.
//!
//! A binding is a library with a copy of `tracing` in it that nobody else sees. So it may keep what is logged there, and hand
//! it to the host's log on a thread of the host's: nothing of the host is called from a thread of the engine.

use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, OnceLock, TryLockError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber, span};

/// So many records wait for the host at most; then the oldest go.
const CAPACITY: usize = 1_000;

/// One record of the log.
#[derive(Debug, Clone, Serialize)]
struct LogRecord {
    at: DateTime<Utc>,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    level: String,
    /// The part of the engine that says it.
    target: &'static str,
    message: String,
    fields: Map<String, Value>,
}

static KEPT: OnceLock<Kept> = OnceLock::new();

/// Keeps what the engine logs from now on, for [`take_logs`]. For bindings, each with a copy of `tracing` of its own; a program in
/// Rust has a subscriber of its own. Once it was called, it does nothing.
///
/// `level` is `error`, `warn`, `info`, `debug` or `trace`.
///
/// # Errors
/// `InvalidArgument` where there is no such level.
pub fn keep_logs(level: &str) -> Result<()> {
    let level: LevelFilter = level.parse().map_err(|_| {
        Error::invalid_argument(format!(
            "'{level}' is no level of a log: error, warn, info, debug or trace"
        ))
    })?;
    let mut is_new = false;
    KEPT.get_or_init(|| {
        is_new = true;
        Kept::default()
    });
    if is_new {
        // Refused where somebody has a subscriber in this very copy: a program in Rust. It sees everything anyhow.
        let _ = tracing::subscriber::set_global_default(Keeper { level });
    }
    Ok(())
}

/// What was logged since the last call, the text of a JSON list of `{at, level, target, message, fields}`; empty text where that is
/// nothing.
pub fn take_logs() -> String {
    let records = KEPT.get().map(Kept::take).unwrap_or_default();
    if records.is_empty() {
        return String::new();
    }
    serde_json::to_string(&records).unwrap_or_default()
}

#[derive(Default)]
struct Kept {
    records: Mutex<VecDeque<LogRecord>>,
}

impl Kept {
    /// A record that meets another one on its way in is dropped: in a child that was forked, whoever held the lock is gone, and
    /// nothing of the engine may wait for it.
    fn add(&self, record: LogRecord) {
        let mut records = match self.records.try_lock() {
            Ok(records) => records,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if records.len() == CAPACITY {
            records.pop_front();
        }
        records.push_back(record);
    }

    fn take(&self) -> VecDeque<LogRecord> {
        match self.records.try_lock() {
            Ok(mut records) => std::mem::take(&mut *records),
            Err(TryLockError::Poisoned(poisoned)) => std::mem::take(&mut *poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => VecDeque::new(),
        }
    }
}

/// The subscriber: events of the engine, no spans.
struct Keeper {
    level: LevelFilter,
}

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("tasker") && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let metadata = event.metadata();
        if let Some(kept) = KEPT.get() {
            kept.add(LogRecord {
                at: Utc::now(),
                level: metadata.level().as_str().to_ascii_lowercase(),
                target: metadata.target(),
                message: said.message,
                fields: said.fields,
            });
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Said {
    message: String,
    fields: Map<String, Value>,
}

impl Said {
    fn add(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.add(field, Value::String(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// One test for all: there is one subscriber a process.
    #[test]
    fn what_the_engine_says_is_kept_until_it_is_taken() {
        assert!(keep_logs("loud").unwrap_err().message.contains("'loud'"));
        keep_logs("info").unwrap();
        keep_logs("info").unwrap();
        let _ = take_logs();
        tracing::info!(target: "tasker_core::test", task = "order", tries = 2, "it is so");
        tracing::debug!(target: "tasker_core::test", "too much");
        tracing::warn!(target: "sqlx::query", "of others");
        let taken: Vec<Value> = serde_json::from_str(&take_logs()).unwrap();
        let ours: Vec<&Value> = taken
            .iter()
            .filter(|record| record["target"] == "tasker_core::test" || record["target"] == "sqlx::query")
            .collect();
        assert_eq!(ours.len(), 1, "{ours:?}");
        assert_eq!(
            (
                &ours[0]["level"],
                &ours[0]["message"],
                &ours[0]["fields"]["tries"]
            ),
            (&"info".into(), &"it is so".into(), &2.into())
        );
        assert_eq!(take_logs(), "");
    }
}
