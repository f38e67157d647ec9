//! The script: what the handlers of a scenario do, and the files by which workers of every language tell what they did.
//!
//! PROTOCOL.md beside this crate says the same in words, for those who write a worker in another language.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The name of the one handler of a scripted worker, filled in where a template names none.
pub const SCRIPTED_HANDLER: &str = "scripted";
/// The file in the scenario's directory that holds a [`Script`].
pub const SCRIPT_FILE: &str = "script.json";
/// The directory in the scenario's directory that holds the marks of executions.
pub const CALLS_DIRECTORY: &str = "calls";
/// The directory in the scenario's directory that holds one `NAME.ready` for each worker that has started.
pub const READY_DIRECTORY: &str = "workers";
/// Names the database.
pub const ENV_DATABASE_URL: &str = "TASKER_DATABASE_URL";
/// Names the scenario's directory.
pub const ENV_SCENARIO_DIR: &str = "TASKER_SCENARIO_DIR";
/// How many steps the worker may run at once; not set: its default.
pub const ENV_CONCURRENCY: &str = "TASKER_SCENARIO_CONCURRENCY";
/// Names the worker process, unique in its scenario, e.g. `rust-1`.
pub const ENV_WORKER_NAME: &str = "TASKER_SCENARIO_WORKER";

/// All that a worker process needs to know, written as JSON before the first worker starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Script {
    /// The engine settings of the scenario, with the names of the configuration reference.
    pub settings: Value,
    /// For each runtime the handler names that its workers register, all of them for the one scripted function.
    pub handler_names: BTreeMap<String, Vec<String>>,
    /// `template.step` or `step` → what execution 1, 2, … does; the last entry repeats.
    pub handlers: BTreeMap<String, Vec<HandlerEntry>>,
}

impl Script {
    /// What execution `execution` (from 1) of `step` of the named task `template` does.
    pub fn entry(&self, template: &str, step: &str, execution: usize) -> HandlerEntry {
        let entries = self
            .handlers
            .get(&format!("{template}.{step}"))
            .or_else(|| self.handlers.get(step));
        entries
            .and_then(|entries| {
                entries
                    .get(execution.saturating_sub(1))
                    .or_else(|| entries.last())
            })
            .cloned()
            .unwrap_or_default()
    }
}

/// What one execution of a step does. An entry that says nothing about the result returns `{"ok": true}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HandlerEntry {
    /// Returns this value; `null` counts as a value.
    #[serde(
        rename = "return",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub returns: Option<Value>,
    /// Returns one key of the task's context, or all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_context: Option<ContextPart>,
    /// Returns the results of that step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_dependency: Option<String>,
    /// Fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raise: Option<Raise>,
    /// The failure's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The failure's wish for a pause, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<f64>,
    /// The failure's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The failure's details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Map<String, Value>>,
    /// Sleeps so long, in milliseconds, before anything of the above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sleep_ms: Option<u64>,
    /// Whether the sleep ends when the engine cancels the attempt.
    #[serde(skip_serializing_if = "is_false")]
    pub cancellable: bool,
    /// Returns something that cannot be stored as JSON.
    #[serde(skip_serializing_if = "is_false")]
    pub return_unserializable: bool,
    /// Returns a string of so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_bytes: Option<usize>,
    /// Kills the worker process, as by SIGKILL.
    #[serde(skip_serializing_if = "is_false")]
    pub exit_process: bool,
    /// Fails permanently, before anything else, unless the context has these values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_unless_context: Option<Map<String, Value>>,
}

/// Which part of the context to return.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ContextPart {
    /// All of it (`true`).
    All(bool),
    /// One key.
    Key(String),
}

/// How a handler fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raise {
    /// With the engine's retryable failure.
    Retryable,
    /// With the engine's permanent failure.
    Permanent,
    /// With an ordinary error of the language that knows nothing of the engine.
    Unexpected,
}

/// What an execution writes into its `.start` file, and into its `.end` file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The name of the task's template.
    pub template: String,
    /// The name of the step.
    pub step: String,
    /// When, in seconds since 1970 with microseconds, by the clock of the machine.
    pub at: f64,
    /// The process.
    pub pid: u32,
}

/// The file name of a mark: `TASK.STEP_NO.EXECUTION.start` or `….end`.
pub fn mark_file(task_id: &str, step_no: i32, execution: usize, which: &str) -> String {
    format!("{task_id}.{step_no}.{execution}.{which}")
}

/// Now, as it stands in a [`Mark`].
pub fn unix_seconds() -> f64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    since.as_micros() as f64 / 1e6
}

/// Keeps `null` apart from a key that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    // A panic is how a test fails.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::json;

    fn script() -> Script {
        serde_json::from_value(json!({
            "settings": {}, "handler_names": {},
            "handlers": {
                "charge": [{"raise": "retryable"}, {"return": null}],
                "refund.charge": [{"return": 1}]
            }
        }))
        .unwrap()
    }

    #[test]
    fn the_last_entry_repeats() {
        assert_eq!(script().entry("shop", "charge", 1).raise, Some(Raise::Retryable));
        assert_eq!(script().entry("shop", "charge", 2).returns, Some(Value::Null));
        assert_eq!(script().entry("shop", "charge", 9).returns, Some(Value::Null));
    }

    #[test]
    fn an_entry_for_one_template_wins_over_one_for_all() {
        assert_eq!(script().entry("refund", "charge", 1).returns, Some(json!(1)));
    }

    #[test]
    fn a_step_without_a_script_has_an_empty_entry() {
        assert_eq!(script().entry("shop", "ship", 1), HandlerEntry::default());
    }

    #[test]
    fn a_written_entry_reads_back_the_same() {
        let text =
            json!({"return": null, "sleep_ms": 3, "cancellable": true, "fail_unless_context": {"a": 1}});
        let entry: HandlerEntry = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(serde_json::to_value(&entry).unwrap(), text);
    }
}
