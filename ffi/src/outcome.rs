//! What came of an attempt. It is said once. For a step that was polled it is reported at once; for one that a handler was called
//! with, when the handler has returned. Results and details stay yours to free.

use crate::attempts::unpoisoned;
use crate::boundary::{guarded, quietly};
use crate::convert::{reference, tasker_str, words};
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::step::tasker_step;
use serde_json::{Value, json};
use std::sync::Mutex;
use tasker_core::{Error, ErrorKind, Result};

/// What was said of an attempt.
pub(crate) struct Said {
    /// The text of an outcome as the engine takes it.
    outcome: Mutex<Option<String>>,
    elsewhere: Mutex<Elsewhere>,
    /// Lent to a handler: reported and freed by who called it.
    pub(crate) lent: bool,
}

/// What became of completing the step in a transaction of the program's.
#[derive(Debug, Clone, Default)]
pub(crate) enum Elsewhere {
    /// It was not tried.
    #[default]
    Not,
    /// It is complete if the transaction is committed.
    Completed,
    /// It was refused, for this reason.
    Refused(String),
}

impl Said {
    pub(crate) fn new(lent: bool) -> Self {
        Self {
            outcome: Mutex::default(),
            elsewhere: Mutex::default(),
            lent,
        }
    }

    /// What was said.
    pub(crate) fn outcome(&self) -> Option<String> {
        unpoisoned(&self.outcome).clone()
    }

    /// Keeps in mind what became of completing it in a transaction.
    pub(crate) fn set_elsewhere(&self, elsewhere: Elsewhere) {
        *unpoisoned(&self.elsewhere) = elsewhere;
    }

    fn elsewhere(&self) -> Elsewhere {
        unpoisoned(&self.elsewhere).clone()
    }
}

impl tasker_step {
    /// Says what came of it.
    ///
    /// # Errors
    /// `IllegalTransition` where that was said before; `AttemptLost` where it counts for nothing.
    fn say(&self, outcome: String) -> Result<()> {
        let mut said = unpoisoned(&self.said.outcome);
        if said.is_some() {
            return Err(Error::new(
                ErrorKind::IllegalTransition,
                format!(
                    "what came of this attempt of '{}' was said before, and that counts: say it once",
                    self.message.step_name
                ),
            ));
        }
        let outcome: &str = said.insert(outcome);
        if self.said.lent {
            return Ok(());
        }
        self.report(outcome)
    }

    /// Reports what came of it.
    pub(crate) fn report(&self, outcome: &str) -> Result<()> {
        let key = self.message.key();
        if self.host.report(&key, outcome)? == 1 {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::AttemptLost,
            format!(
                "attempt {} of '{}' of task {} is over: it was cancelled, its deadline has passed, or another worker has taken it \
                 over. What came of it counts for nothing",
                self.message.attempt, self.message.step_name, key.task_id
            ),
        ))
    }

    /// An outcome of this attempt, with members of its own.
    fn outcome(&self, members: Value) -> String {
        let mut outcome = json!({
            "task_id": self.message.task_id,
            "step_no": self.message.step_no,
            "claim_no": self.message.claim_no,
        });
        if let (Value::Object(outcome), Value::Object(members)) = (&mut outcome, members) {
            outcome.extend(members);
        }
        outcome.to_string()
    }

    /// It went well. The results are not read: their text is taken as it is.
    pub(crate) fn completed(&self, results: &str) -> String {
        format!(
            r#"{{"task_id":"{}","step_no":{},"claim_no":{},"outcome":"completed","results":{results}}}"#,
            self.message.task_id, self.message.step_no, self.message.claim_no
        )
    }

    /// It failed in a way that has nothing to do with what it was to do, and may be tried again.
    pub(crate) fn failed(&self, message: &str) -> String {
        self.outcome(json!({"outcome": "failed", "message": message, "retryable": true}))
    }

    /// It is handed back, and does not count.
    pub(crate) fn released(&self) -> String {
        self.outcome(json!({"outcome": "released"}))
    }

    /// It was completed in a transaction of the program's: the engine looks whether that was committed.
    fn completed_elsewhere(&self) -> String {
        self.outcome(json!({"outcome": "completed_elsewhere"}))
    }

    /// Nothing was said: what was done in a transaction counts, and `otherwise` where that was not tried.
    pub(crate) fn without_a_word(&self, otherwise: impl FnOnce() -> String) -> String {
        match self.said.elsewhere() {
            Elsewhere::Not => otherwise(),
            Elsewhere::Completed => self.completed_elsewhere(),
            Elsewhere::Refused(reason) => self.failed(&format!(
                "the step was not completed in the program's own transaction, and nothing else was said: {reason}"
            )),
        }
    }
}

/// Says something of a step.
unsafe fn say(
    step: *const tasker_step,
    error: *mut *mut tasker_error,
    outcome: impl FnOnce(&tasker_step) -> Result<String>,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let step = unsafe { tasker_step::at(step) }?;
        step.say(outcome(step)?)?;
        Ok(true)
    })
}

/// The attempt went well, with results; NULL: none, which are stored as `{}`. Results of which a change was refused, and what
/// cannot be stored, make it a permanent failure (`result_not_serializable`, `result_too_large`). After `tasker_step_complete_in` the
/// results count for nothing. False with `attempt_lost` where it is over, `illegal_transition` where something was said before, and
/// the change that was refused. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_succeed(
    step: *const tasker_step,
    results: *const tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let (step, results) = unsafe { (tasker_step::at(step)?, results.as_ref()) };
        if matches!(step.said.elsewhere(), Elsewhere::Completed) {
            // It has its results.
            return step.say(step.completed_elsewhere()).map(|()| true);
        }
        let Some(results) = results else {
            return step.say(step.completed("{}")).map(|()| true);
        };
        match results.checked_text() {
            Ok(text) => step.say(step.completed(text)).map(|()| true),
            Err(mistake) => {
                let message = format!("the results cannot be stored: {}", mistake.message);
                step.say(step.outcome(json!({
                    "outcome": "failed",
                    "message": message,
                    "error_code": "result_not_serializable",
                    "retryable": false,
                })))?;
                Err(mistake)
            }
        }
    })
}

/// The attempt failed, and may be tried again by the step's own rules: after so many seconds, where that is not negative. Texts
/// are repaired, not refused; `error_code` and `details` may be left out. False as `tasker_step_succeed`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_fail_retryable(
    step: *const tasker_step,
    message: tasker_str,
    retry_after_seconds: f64,
    error_code: tasker_str,
    details: *const tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let failure = |step: &tasker_step| {
        // What is no number is left out, and the step's own rules decide.
        let after = Some(retry_after_seconds).filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        // SAFETY: as the caller says.
        let failure = unsafe { failure(step, message, error_code, details) };
        Ok(step.outcome(with(failure, json!({"retryable": true, "retry_after": after}))))
    };
    // SAFETY: as the caller says.
    unsafe { say(step, error, failure) }
}

/// The attempt failed, and is never tried again. Arguments as for `tasker_step_fail_retryable`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_fail_permanent(
    step: *const tasker_step,
    message: tasker_str,
    error_code: tasker_str,
    details: *const tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let failure = |step: &tasker_step| {
        // SAFETY: as the caller says.
        let failure = unsafe { failure(step, message, error_code, details) };
        Ok(step.outcome(with(failure, json!({"retryable": false}))))
    };
    // SAFETY: as the caller says.
    unsafe { say(step, error, failure) }
}

/// The attempt is handed back as if it had not been begun: it does not count, and any worker may take it. False as
/// `tasker_step_succeed`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_release(
    step: *const tasker_step,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { say(step, error, |step| Ok(step.released())) }
}

/// Frees a step that was polled. One of which nothing was said has failed, and may be tried again. NULL is fine, twice is not; one
/// that a handler was called with is not yours to free, and nothing happens; nor does it in a process that was forked. Any thread,
/// while nobody uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_free(step: *mut tasker_step) {
    quietly((), || {
        // SAFETY: a step, or NULL.
        let found = unsafe { step.as_ref() }?;
        if found.said.lent || !found.presence.is_here() {
            return None;
        }
        // SAFETY: made by a Box, and freed once.
        let step = unsafe { Box::from_raw(step) };
        // Nobody is left to be told to.
        let failed = || step.failed("the program let go of the attempt without a word of what came of it");
        let _ = step.say(step.without_a_word(failed));
        Some(())
    });
}

unsafe fn failure(
    step: &tasker_step,
    message: tasker_str,
    error_code: tasker_str,
    details: *const tasker_json,
) -> Value {
    // SAFETY: as the caller says.
    let (message, error_code) = unsafe { (words(message), words(error_code)) };
    let message =
        message.unwrap_or_else(|| format!("'{}' failed without a word", step.message.step_name).into());
    // SAFETY: a document, or NULL.
    let details = unsafe { reference(details, "details", "a document") }.ok();
    let details = details.and_then(|details| match details.mistake() {
        None => details.value().ok().cloned(),
        Some(mistake) => Some(json!({"unserializable": mistake.message})),
    });
    json!({"outcome": "failed", "message": message, "error_code": error_code, "details": details})
}

fn with(mut failure: Value, members: Value) -> Value {
    if let (Value::Object(failure), Value::Object(members)) = (&mut failure, members) {
        failure.extend(members);
    }
    failure
}
