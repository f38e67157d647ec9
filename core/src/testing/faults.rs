//! Injecting failures, as a sentence: `workflow.fault("charge").on_attempt(1).retryable("gateway down")`.

use super::Workflow;
use crate::bridge::testing::{Fault, FaultKind, Moment};
use crate::error::Result;
use crate::model::Failure;
use std::time::Duration;

/// A fault on its way. The last word of the sentence injects it.
#[derive(Debug)]
#[must_use = "a fault strikes only when it is said what goes wrong, by `retryable` for example"]
pub struct FaultBuilder<'w, 'c> {
    workflow: &'w mut Workflow<'c>,
    step: String,
    attempt: Option<i32>,
    when: Moment,
}

impl<'w, 'c> FaultBuilder<'w, 'c> {
    pub(super) fn new(workflow: &'w mut Workflow<'c>, step: String) -> Self {
        Self {
            workflow,
            step,
            attempt: None,
            when: Moment::Before,
        }
    }

    /// Strikes this attempt only, from 1; otherwise every one.
    pub fn on_attempt(mut self, attempt: i32) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// Strikes after the handler has run, so that its work is done and what it said is lost. Otherwise the handler does not
    /// run.
    pub fn after_the_handler(mut self) -> Self {
        self.when = Moment::After;
        self
    }

    /// The attempt fails and may be tried again.
    ///
    /// # Errors
    /// As [`Workflow::inject`].
    pub fn retryable(self, message: impl Into<String>) -> Result<()> {
        self.fails(Failure {
            message: message.into(),
            error_class: Some("RetryableError".to_owned()),
            retryable: true,
            ..Failure::default()
        })
    }

    /// The attempt fails for good.
    ///
    /// # Errors
    /// As [`Workflow::inject`].
    pub fn permanent(self, message: impl Into<String>) -> Result<()> {
        self.fails(Failure {
            message: message.into(),
            error_class: Some("PermanentError".to_owned()),
            retryable: false,
            ..Failure::default()
        })
    }

    /// The handler panics.
    ///
    /// # Errors
    /// As [`Workflow::inject`].
    pub fn panics(self, message: impl Into<String>) -> Result<()> {
        self.fails(Failure {
            message: format!("the handler panicked: {}", message.into()),
            error_class: Some("panic".to_owned()),
            retryable: true,
            ..Failure::default()
        })
    }

    /// The attempt fails like this.
    ///
    /// # Errors
    /// As [`Workflow::inject`].
    pub fn fails(self, failure: Failure) -> Result<()> {
        self.inject(FaultKind::Fails { failure })
    }

    /// The handler runs and returns what no JSON store can keep.
    ///
    /// # Errors
    /// As [`Workflow::inject`].
    pub fn returns_no_json(self) -> Result<()> {
        self.after_the_handler().inject(FaultKind::NotJson)
    }

    /// The handler runs, and longer than it may: the clock moves by the timeout of the step, and the attempt has failed.
    ///
    /// # Errors
    /// As [`Workflow::inject`]; the run is refused where the step has no timeout.
    pub fn times_out(self) -> Result<()> {
        self.after_the_handler().inject(FaultKind::Timeout)
    }

    /// The handler runs for this long on the test's clock; longer than its timeout is a timeout.
    ///
    /// # Errors
    /// As [`Workflow::inject`].
    pub fn takes(self, duration: Duration) -> Result<()> {
        let seconds = duration.as_secs_f64();
        self.inject(FaultKind::Takes { seconds })
    }

    /// The process dies. The clock moves on until its lease is over and another process has taken its steps back.
    ///
    /// # Errors
    /// As [`Workflow::inject`].
    pub fn loses_its_worker(self) -> Result<()> {
        self.inject(FaultKind::WorkerLost)
    }

    fn inject(self, kind: FaultKind) -> Result<()> {
        self.workflow.inject(Fault {
            step: self.step,
            attempt: self.attempt,
            when: self.when,
            kind,
        })
    }
}
