//! Crash everywhere, with the test's own assertions.

use super::Workflow;
use crate::bridge::panic_text;
use crate::bridge::testing::{CrashReport, Variant};
use crate::error::Result;
use crate::model::TaskRequest;
use futures_util::FutureExt;
use sqlx::PgConnection;
use std::{fmt::Display, panic::AssertUnwindSafe};

/// Whoever judges variants.
pub(super) trait Judge {
    async fn judge(&mut self, variant: &Variant, connection: &mut PgConnection) -> Option<String>;
}

/// Nobody.
impl Judge for () {
    async fn judge(&mut self, _: &Variant, _: &mut PgConnection) -> Option<String> {
        None
    }
}

struct Assertions<F>(F);

impl<F, E> Judge for Assertions<F>
where
    F: AsyncFnMut(&Variant, &mut PgConnection) -> Result<(), E>,
    E: Display,
{
    async fn judge(&mut self, variant: &Variant, connection: &mut PgConnection) -> Option<String> {
        // An assertion that panics is told with the crash it belongs to, and the other variants are still looked at.
        match AssertUnwindSafe((self.0)(variant, connection))
            .catch_unwind()
            .await
        {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(
                panic_text(panic.as_ref())
                    .unwrap_or("an assertion panicked")
                    .to_owned(),
            ),
        }
    }
}

/// What to look at when a workflow is crashed everywhere. [`CrashEverywhere::check`] or [`CrashEverywhere::run`] begins.
#[derive(Debug)]
#[must_use = "nothing is run before `check` or `run`"]
pub struct CrashEverywhere<'w, 'c> {
    workflow: &'w mut Workflow<'c>,
    request: TaskRequest,
    may_differ: Vec<String>,
}

impl<'w, 'c> CrashEverywhere<'w, 'c> {
    pub(super) fn new(workflow: &'w mut Workflow<'c>, request: TaskRequest) -> Self {
        Self {
            workflow,
            request,
            may_differ: Vec::new(),
        }
    }

    /// The results of this step may differ from one run to the next: they contain a time, a random id or the attempt.
    /// Otherwise each step must return what it returned undisturbed.
    pub fn may_differ(mut self, step: impl Into<String>) -> Self {
        self.may_differ.push(step.into());
        self
    }

    /// Runs every variant, and compares how the task and its steps ended.
    ///
    /// # Errors
    /// As [`Workflow::run`]; what is wrong with the workflow is in the report.
    pub async fn run(self) -> Result<CrashReport> {
        self.workflow.crash(self.request, self.may_differ, &mut ()).await
    }

    /// Runs every variant, compares how the task and its steps ended, and asks the test's own assertions after each: about
    /// the outside world, and about what stands in the database before it is rolled back. What they return as an error, or
    /// panic with, is a problem of that variant.
    ///
    /// # Errors
    /// As [`Workflow::run`]; what is wrong with the workflow is in the report.
    pub async fn check<F, E>(self, assertions: F) -> Result<CrashReport>
    where
        F: AsyncFnMut(&Variant, &mut PgConnection) -> Result<(), E>,
        E: Display,
    {
        self.workflow
            .crash(self.request, self.may_differ, &mut Assertions(assertions))
            .await
    }
}
