//! What a worker is asked to be.

use crate::error::{Error, ErrorKind, Result};
use crate::model::TaskId;

/// What a worker is asked to be.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// The names of the handlers that this process has. Nothing else is claimed.
    pub handlers: Vec<String>,
    /// How many handlers may run at once.
    pub concurrency: usize,
    /// How many more steps may wait in the process at the most. How many really do follows from how fast they are run.
    pub max_buffered: usize,
    /// The language.
    pub runtime: String,
    /// For people; host and process when left out.
    pub name: Option<String>,
    /// The version of the application.
    pub version: Option<String>,
    /// Whether to listen for hints, on a connection of its own. Everything works without, by polling.
    pub listen: bool,
    /// The one task whose steps it claims; none: every task's.
    pub task_id: Option<TaskId>,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            handlers: Vec::new(),
            concurrency: 64,
            max_buffered: 2000,
            runtime: "rust".to_owned(),
            name: None,
            version: None,
            listen: true,
            task_id: None,
        }
    }
}

impl WorkerOptions {
    pub(super) fn validate(&self) -> Result<()> {
        if self.handlers.is_empty() {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                "a worker needs at least one handler: register one before it starts",
            ));
        }
        if self.concurrency == 0 || self.concurrency > 100_000 {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                format!(
                    "concurrency is how many handlers run at once, from 1 to 100000, not {}",
                    self.concurrency
                ),
            ));
        }
        Ok(())
    }
}
