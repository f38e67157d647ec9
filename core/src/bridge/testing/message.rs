//! What goes between the host and the test driver.

use super::explore::{CrashReport, Variant};
use super::report::TestReport;
use crate::bridge::InvocationMessage;
use crate::error::Result;
use crate::model::{Created, Operator, Registered, Settings, TaskId, TaskRequest};
use crate::store::{Prepared, SchemaName};
use crate::template::CompiledTemplate;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How workflows are tested.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TestOptions {
    /// The schema that Tasker lives in.
    pub schema: String,
    /// The settings of the engine. By default the backoff has no jitter: a test knows to the second when an attempt is due.
    pub settings: Settings,
}

impl Default for TestOptions {
    fn default() -> Self {
        let mut settings = Settings::default();
        settings.backoff.jitter_enabled = false;
        Self {
            schema: "tasker".to_owned(),
            settings,
        }
    }
}

impl TestOptions {
    pub(super) fn checked(&self) -> Result<SchemaName> {
        self.settings.validate()?;
        SchemaName::new(&self.schema)
    }
}

/// How far a task is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// One attempt, if one is ready now.
    One,
    /// Until nothing is ready at this instant.
    Idle,
    /// Until nothing is ready or due any more; the clock jumps from one due instant to the next.
    End,
}

/// What an operator does to a task or a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Operation {
    /// Gives the task up.
    CancelTask,
    /// Tries again what failed for good.
    RetryTask,
    /// Declares the task done.
    ResolveTask,
    /// Lets nothing of it be claimed.
    PauseTask,
    /// Lets it go on.
    ResumeTask,
    /// Gives a step up.
    CancelStep {
        /// Its name.
        step: String,
    },
    /// Tries a failed step again.
    RetryStep {
        /// Its name.
        step: String,
        /// Whether it gets its whole budget back.
        #[serde(default)]
        reset_attempts: bool,
    },
    /// Declares a step done.
    ResolveStep {
        /// Its name.
        step: String,
        /// What it is to have returned.
        results: Value,
    },
}

/// What the test wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Begins: looks whether the connection is in a transaction and Tasker's schema is there, and stops the clock.
    Open,
    /// Registers a template inside the transaction.
    Register {
        /// The compiled template.
        template: Box<CompiledTemplate>,
    },
    /// Creates a task inside the transaction.
    Create {
        /// The request.
        request: Box<TaskRequest>,
    },
    /// Runs a task.
    Run {
        /// The task.
        task_id: TaskId,
        /// How far.
        until: Until,
    },
    /// Looks at a task.
    Report {
        /// The task.
        task_id: TaskId,
    },
    /// Moves the clock.
    Advance {
        /// Seconds, not negative.
        seconds: f64,
    },
    /// Does what an operator would.
    Operate {
        /// The task.
        task_id: TaskId,
        /// What.
        operation: Operation,
        /// Who and why.
        #[serde(default)]
        operator: Operator,
    },
    /// Runs the workflow once for each point at which its process could die.
    CrashEverywhere {
        /// The request for a task.
        request: Box<TaskRequest>,
        /// Steps whose results may differ from one run to the next: they contain a time, a random id or the attempt.
        #[serde(default)]
        may_differ: Vec<String>,
    },
}

/// What the host is to do next.
#[derive(Debug, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Execute a statement on the test's connection, and tell its rows ([`TestSession::rows`](super::TestSession::rows)) or
    /// what PostgreSQL says against it.
    Execute {
        /// The statement.
        statement: Prepared,
    },
    /// Run a handler on the calling thread, and tell its outcome.
    Invoke {
        /// The attempt.
        invocation: Box<InvocationMessage>,
    },
    /// Judge a variant by the test's own assertions, and tell what is wrong.
    Check {
        /// What happened.
        variant: Box<Variant>,
    },
    /// Nothing: this is the answer to the command.
    Done {
        /// The answer.
        answer: Answer,
    },
}

/// The answer to a command.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To `open` and `advance`.
    Time {
        /// The time of the test.
        now: DateTime<Utc>,
    },
    /// To `register`.
    Registered {
        /// What it did.
        registered: Registered,
    },
    /// To `create`.
    Created {
        /// The task.
        created: Created,
    },
    /// To `run`, `report` and `operate`.
    Report {
        /// The task.
        report: Box<TestReport>,
    },
    /// To `crash_everywhere`.
    Crashes {
        /// What became of each variant.
        report: Box<CrashReport>,
    },
}
