//! Failures that a test injects, and the question whether a workflow is right wherever its process dies.

use crate::boundary::guarded;
use crate::client::give;
use crate::conversation::unreadable;
use crate::convert::{self, Options, flags, reference, tasker_str, text, words};
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::testing::{member, perform, tasker_test};
use crate::verbs::{request_of, tasker_task_request, value_of};
use serde_json::{Value, json};
use std::ffi::{CStr, c_char, c_void};
use tasker_core::bridge::testing::CrashReport;
use tasker_core::{Error, Result};

/// The attempt fails, and may be tried again.
pub const TASKER_FAULT_RETRYABLE: u64 = 1;
/// The attempt fails for good.
pub const TASKER_FAULT_PERMANENT: u64 = 2;
/// The handler runs, and the clock moves by the timeout of the step.
pub const TASKER_FAULT_TIMES_OUT: u64 = 3;
/// The handler runs, and the clock moves by `seconds`; longer than its timeout is a timeout.
pub const TASKER_FAULT_TAKES: u64 = 4;
/// The handler runs, and what it returned cannot be stored.
pub const TASKER_FAULT_NOT_JSON: u64 = 5;
/// The process dies. The clock moves on until its lease is over and another one has taken its steps back.
pub const TASKER_FAULT_WORKER_LOST: u64 = 6;

/// A failure retryable or permanent, or the death of the process, strikes after the handler has run: its work is done, and what it said is
/// lost. Otherwise it does not run.
pub const TASKER_FAULT_AFTER_THE_HANDLER: u64 = 1;

/// What goes wrong with a step under test. Begin with all zeroes, and set `size`, `step` and `kind`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_fault {
    /// `sizeof(tasker_fault)`.
    pub size: usize,
    /// The name of the step.
    pub step: tasker_str,
    /// Which attempt, from 1. 0: every one.
    pub attempt: u64,
    /// One of `TASKER_FAULT_…`.
    pub kind: u64,
    /// `TASKER_FAULT_AFTER_THE_HANDLER`, or 0.
    pub flags: u64,
    /// What the failure says.
    pub message: tasker_str,
    /// Its code. Left out: none.
    pub error_code: tasker_str,
    /// When to try again, in seconds, of a failure that is retryable. 0: as the rules of the step say.
    pub retry_after_seconds: f64,
    /// More of the failure, for programs. NULL: none.
    pub details: *const tasker_json,
    /// How long the attempt takes, for `TASKER_FAULT_TAKES`.
    pub seconds: f64,
}

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_fault {
    const NAME: &'static str = "tasker_fault";
}
const _: () = assert!(size_of::<tasker_fault>() == 13 * 8);

impl tasker_fault {
    /// As the driver of tests takes it.
    unsafe fn read(&self) -> Result<Value> {
        // SAFETY: as the caller says.
        let step = unsafe { text(self.step, "fault.step") }?;
        let after = flags(self.flags, TASKER_FAULT_AFTER_THE_HANDLER, Self::NAME)? != 0;
        let mut fault = json!({"step": step, "when": if after { "after" } else { "before" }});
        if self.attempt > 0 {
            fault["attempt"] = self.attempt.into();
        }
        let name = match self.kind {
            TASKER_FAULT_RETRYABLE | TASKER_FAULT_PERMANENT => {
                // SAFETY: as the caller says.
                fault["failure"] = unsafe { self.failure() }?;
                "fails"
            }
            TASKER_FAULT_TIMES_OUT => "timeout",
            TASKER_FAULT_TAKES => {
                if !(self.seconds.is_finite() && self.seconds >= 0.0) {
                    return Err(Error::invalid_argument(format!(
                        "fault.seconds is {}: it is how long the attempt takes, a number that is not negative",
                        self.seconds
                    )));
                }
                fault["seconds"] = self.seconds.into();
                "takes"
            }
            TASKER_FAULT_NOT_JSON => "not_json",
            TASKER_FAULT_WORKER_LOST => "worker_lost",
            unknown => {
                return Err(Error::invalid_argument(format!(
                    "fault.kind is {unknown}, which is none of TASKER_FAULT_…: see tasker_test.h"
                )));
            }
        };
        if matches!(self.kind, TASKER_FAULT_TIMES_OUT | TASKER_FAULT_NOT_JSON) {
            fault["when"] = "after".into();
        }
        fault["fault"] = name.into();
        Ok(fault)
    }

    unsafe fn failure(&self) -> Result<Value> {
        let retryable = self.kind == TASKER_FAULT_RETRYABLE;
        // SAFETY: as the caller says.
        let (message, error_code) = unsafe { (words(self.message), words(self.error_code)) };
        let mut failure = json!({
            "message": message.as_deref().unwrap_or("a failure that the test injected"),
            "error_code": error_code,
            "retryable": retryable,
        });
        if retryable && self.retry_after_seconds > 0.0 && self.retry_after_seconds.is_finite() {
            failure["retry_after"] = self.retry_after_seconds.into();
        }
        if !self.details.is_null() {
            // SAFETY: as the caller says.
            failure["details"] = unsafe { value_of(self.details, "fault.details") }?;
        }
        Ok(failure)
    }
}

/// Injects a fault. Where several strike the same attempt, the one that was injected last does. False with `invalid_argument`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_inject(
    test: *const tasker_test,
    fault: *const tasker_fault,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || {
        // SAFETY: as the caller says.
        let fault = unsafe {
            reference(fault, "fault", "a tasker_fault")?;
            convert::options(fault)?.read()?
        };
        Ok(json!({"command": "inject", "fault": fault}))
    };
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |_| Ok(())) }
}

/// Takes all faults back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_clear_faults(
    test: *const tasker_test,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || Ok(json!({"command": "clear_faults"}));
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |_| Ok(())) }
}

/// Assertions of the test about a run: what is wrong with it, ended by a NUL; NULL where nothing is. The text is copied. `variant` has
/// `crash` (`step`, `attempt`, `when`; null for the undisturbed run) and `report`, and is not yours to free.
pub type tasker_check_function =
    Option<unsafe extern "C" fn(variant: *const tasker_json, user_data: *mut c_void) -> *const c_char>;

/// How to look for points at which a process must not die. Begin with all zeroes, and set `size`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_crash_options {
    /// `sizeof(tasker_crash_options)`.
    pub size: usize,
    /// Called after each run. NULL: there are no assertions besides those of the kit.
    pub check: tasker_check_function,
    /// Given to it as it is.
    pub user_data: *mut c_void,
    /// An array of the names of steps whose results may differ: they contain a time, a random id or the attempt. NULL: none.
    pub may_differ: *const tasker_json,
}

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_crash_options {
    const NAME: &'static str = "tasker_crash_options";
}
const _: () = assert!(size_of::<tasker_crash_options>() == 4 * 8);

impl tasker_crash_options {
    /// What the assertions of the test say.
    unsafe fn judge(&self, variant: &tasker_json) -> Option<String> {
        let check = self.check?;
        // SAFETY: as the program says of its function.
        let problem = unsafe { check(variant, self.user_data) };
        if problem.is_null() {
            return None;
        }
        // SAFETY: ended by a NUL, as the program says.
        Some(unsafe { CStr::from_ptr(problem) }.to_string_lossy().into_owned())
    }
}

/// Runs the workflow once to its end, and then once for each point at which its process could die: before a handler, after it, and after
/// its outcome was recorded. Each run is rolled back to where it began. It has to end as the undisturbed one: the same state, the
/// same states of its steps, the same results. `options` may be NULL. The report has `right` (true or false), `text` for people, and
/// `variants`, each with `crash`, `status`, `executions` and `problems`. False as `tasker_test_run`; what is wrong with the workflow
/// is in the report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_crash_everywhere(
    test: *const tasker_test,
    request: *const tasker_task_request,
    options: *const tasker_crash_options,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let (test, request) = unsafe { (tasker_test::at(test)?, request_of(request)?) };
        // SAFETY: as the caller says.
        let given = unsafe { convert::options(options) }?;
        let mut command = json!({"command": "crash_everywhere", "request": request});
        if !given.may_differ.is_null() {
            // SAFETY: as the caller says.
            command["may_differ"] = unsafe { value_of(given.may_differ, "options.may_differ") }?;
        }
        // SAFETY: as the program says of its function.
        let judge = |variant: &tasker_json| unsafe { given.judge(variant) };
        let answer = test.stage.perform_judged(&command, judge)?;
        let told = member(&answer, "report")?.get();
        let crashes: CrashReport = serde_json::from_str(told).map_err(unreadable)?;
        let mut told: Value = serde_json::from_str(told).map_err(unreadable)?;
        told["right"] = crashes.is_right().into();
        told["text"] = crashes.to_string().into();
        // SAFETY: as the caller says.
        unsafe { give(report, tasker_json::of(told)) };
        Ok(true)
    })
}
