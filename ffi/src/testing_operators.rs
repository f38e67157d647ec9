//! What an operator would do in between: a `report` is the task's afterwards. False with `not_found`, or with `illegal_transition` where
//! its state does not allow it; the test goes on then as if nothing had been asked.

use crate::convert::{tasker_str, text};
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::testing::{give_report, perform, tasker_test};
use crate::verbs::value_of;
use serde_json::{Value, json};
use tasker_core::Result;

unsafe fn operate(
    test: *const tasker_test,
    task_id: tasker_str,
    operation: impl FnOnce() -> Result<Value>,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || {
        // SAFETY: as the caller says.
        let task_id = unsafe { text(task_id, "task_id") }?;
        let operator = json!({"by": "the test", "reason": null});
        Ok(json!({"command": "operate", "task_id": task_id, "operation": operation()?, "operator": operator}))
    };
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |answer| give_report(answer, report)) }
}

/// Cancels the task and its open steps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_cancel_task(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let operation = || Ok(json!({"verb": "cancel_task"}));
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}

/// Tries again what failed for good in the task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_retry_task(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let operation = || Ok(json!({"verb": "retry_task"}));
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}

/// Declares the task done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_resolve_task(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let operation = || Ok(json!({"verb": "resolve_task"}));
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}

/// Lets nothing of the task be begun.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_pause_task(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let operation = || Ok(json!({"verb": "pause_task"}));
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}

/// Lets a paused task go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_resume_task(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let operation = || Ok(json!({"verb": "resume_task"}));
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}

/// Cancels a step, by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_cancel_step(
    test: *const tasker_test,
    task_id: tasker_str,
    step: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    let operation = || Ok(json!({"verb": "cancel_step", "step": unsafe { text(step, "step") }?}));
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}

/// Tries a failed step again, by its name: once more, or with its whole budget of attempts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_retry_step(
    test: *const tasker_test,
    task_id: tasker_str,
    step: tasker_str,
    reset_attempts: bool,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let operation = || {
        // SAFETY: as the caller says.
        let step = unsafe { text(step, "step") }?;
        Ok(json!({"verb": "retry_step", "step": step, "reset_attempts": reset_attempts}))
    };
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}

/// Declares a step done, by its name, with the results that its dependents will read; NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_resolve_step(
    test: *const tasker_test,
    task_id: tasker_str,
    step: tasker_str,
    results: *const tasker_json,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let operation = || {
        // SAFETY: as the caller says.
        let step = unsafe { text(step, "step") }?;
        let results = match results.is_null() {
            true => Value::Null,
            // SAFETY: as the caller says.
            false => unsafe { value_of(results, "results") }?,
        };
        Ok(json!({"verb": "resolve_step", "step": step, "results": results}))
    };
    // SAFETY: as the caller says.
    unsafe { operate(test, task_id, operation, report, error) }
}
