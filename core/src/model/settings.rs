//! The settings of an engine, with the names of the configuration reference.

use super::{AuthSettings, DatabaseSettings, OnDuplicate, RetentionSettings};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// All settings. Every block and every key has a default; unknown keys are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Who has to say who they are over HTTP.
    pub auth: AuthSettings,
    /// How long to wait between attempts.
    pub backoff: BackoffSettings,
    /// How this process talks to its database.
    pub database: DatabaseSettings,
    /// Identity of tasks, versions of templates.
    pub engine: EngineSettings,
    /// How steps are executed.
    pub execution: ExecutionSettings,
    /// What is kept, and for how long.
    pub retention: RetentionSettings,
}

/// How long to wait between attempts, where a step has no policy of its own (`decisions.md` 10).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackoffSettings {
    /// Seconds to wait after attempt 1, 2, …
    pub default_backoff_seconds: Vec<f64>,
    /// No wait is longer than this, in seconds.
    pub max_backoff_seconds: f64,
    /// Beyond the end of the list each further attempt multiplies the last value by this.
    pub backoff_multiplier: f64,
    /// Whether the default backoff is jittered.
    pub jitter_enabled: bool,
    /// The fraction (0–1) by which a wait may be shorter or longer.
    pub jitter_max_percentage: f64,
    /// Accepted for configurations of the ancestor; nothing is re-enqueued here.
    pub reenqueue_delays: serde_json::Map<String, serde_json::Value>,
    /// Accepted for configurations of the ancestor; nothing is re-enqueued here.
    pub default_reenqueue_delay: f64,
    /// Accepted for configurations of the ancestor; nothing is re-enqueued here.
    pub buffer_seconds: f64,
}

impl Default for BackoffSettings {
    fn default() -> Self {
        Self {
            default_backoff_seconds: vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
            max_backoff_seconds: 300.0,
            backoff_multiplier: 2.0,
            jitter_enabled: true,
            jitter_max_percentage: 0.1,
            reenqueue_delays: serde_json::Map::new(),
            default_reenqueue_delay: 30.0,
            buffer_seconds: 5.0,
        }
    }
}

/// How a request becomes a task, or the task that is already there (`decisions.md` 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStrategy {
    /// Every request is a new task.
    #[default]
    Default,
    /// An identical request inside the window is the same task.
    Hash,
    /// The caller gives an idempotency key with every request.
    Key,
    /// User code gives the key.
    Custom,
}

/// Identity of tasks, versions of templates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// How a request becomes a task.
    pub identity_strategy: IdentityStrategy,
    /// With the strategy `hash`: how long an identical request is the same task, in seconds.
    pub identity_window_seconds: f64,
    /// What to do with a duplicate that does not say.
    pub on_duplicate: OnDuplicate,
    /// Whether other content under a registered version is an error rather than a replacement.
    pub strict_versions: bool,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            identity_strategy: IdentityStrategy::Default,
            identity_window_seconds: 60.0,
            on_duplicate: OnDuplicate::Return,
            strict_versions: false,
        }
    }
}

/// How steps are executed (`decisions.md` 32).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutionSettings {
    /// How long a worker's claims stay its own without a heartbeat, in seconds.
    pub lease_seconds: f64,
    /// How often a worker says that it lives, in seconds; a third of the lease when left out, and at most that.
    pub heartbeat_seconds: Option<f64>,
    /// How long running handlers may go on after a worker was asked to stop, in seconds.
    pub shutdown_grace_seconds: f64,
    /// How many processes a step may take down before it is quarantined.
    pub max_worker_losses: i32,
    /// The largest result, in bytes of JSON.
    pub max_result_bytes: usize,
    /// The largest context, in bytes of JSON.
    pub max_context_bytes: usize,
    /// The attempt timeout of steps that have none of their own, in seconds; none unless set.
    pub default_timeout_seconds: Option<f64>,
    /// Whether a worker whose slots are all taken by stuck handlers stops its process.
    pub exit_when_stuck: bool,
}

impl Default for ExecutionSettings {
    fn default() -> Self {
        Self {
            lease_seconds: 30.0,
            heartbeat_seconds: None,
            shutdown_grace_seconds: 30.0,
            max_worker_losses: 3,
            max_result_bytes: 1 << 20,
            max_context_bytes: 1 << 20,
            default_timeout_seconds: None,
            exit_when_stuck: false,
        }
    }
}

impl ExecutionSettings {
    /// The time between two heartbeats, in seconds: the setting, never more than a third of the lease.
    pub fn heartbeat_interval_seconds(&self) -> f64 {
        let third = self.lease_seconds / 3.0;
        self.heartbeat_seconds.map_or(third, |own| own.min(third))
    }
}

impl Settings {
    /// Checks every value; all that is wrong is told at once.
    ///
    /// # Errors
    /// [`ErrorKind::ConfigInvalid`] with one line for each problem.
    pub fn validate(&self) -> Result<()> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, text: String| {
            if !ok {
                problems.push(text);
            }
        };
        let b = &self.backoff;
        let whole = |v: f64| v.is_finite() && v >= 0.0;
        check(
            !b.default_backoff_seconds.is_empty() && b.default_backoff_seconds.iter().all(|v| whole(*v)),
            "backoff.default_backoff_seconds must be a list of at least one number that is not negative"
                .into(),
        );
        for (name, value) in [
            ("backoff.max_backoff_seconds", b.max_backoff_seconds),
            ("backoff.backoff_multiplier", b.backoff_multiplier),
            (
                "execution.shutdown_grace_seconds",
                self.execution.shutdown_grace_seconds,
            ),
        ] {
            check(
                whole(value),
                format!("{name} must be a number that is not negative, not {value}"),
            );
        }
        check(
            (0.0..=1.0).contains(&b.jitter_max_percentage),
            format!(
                "backoff.jitter_max_percentage is a fraction from 0 to 1, not {}",
                b.jitter_max_percentage
            ),
        );
        for (name, value) in [
            ("execution.lease_seconds", Some(self.execution.lease_seconds)),
            ("execution.heartbeat_seconds", self.execution.heartbeat_seconds),
            (
                "execution.default_timeout_seconds",
                self.execution.default_timeout_seconds,
            ),
            (
                "engine.identity_window_seconds",
                Some(self.engine.identity_window_seconds),
            ),
        ] {
            if let Some(value) = value {
                check(
                    value.is_finite() && value > 0.0,
                    format!("{name} must be a number above 0, not {value}"),
                );
            }
        }
        check(
            self.execution.max_worker_losses >= 1,
            "execution.max_worker_losses must be at least 1".into(),
        );
        check(
            self.execution.max_result_bytes >= 1,
            "execution.max_result_bytes must be at least 1".into(),
        );
        check(
            self.execution.max_context_bytes >= 2,
            "execution.max_context_bytes must be at least 2".into(),
        );
        problems.extend(self.auth.problems());
        problems.extend(self.retention.problems());
        problems.extend(self.database.problems());
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ConfigInvalid, problems.join("; ")).with_details(problems.into()))
    }
}
