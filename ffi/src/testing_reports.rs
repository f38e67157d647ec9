//! What became of a task under test. A report has `task`, `steps` by number, `executions` in their order (`step`, `attempt`, `handler_ran`,
//! `outcome`, `error`, `recorded`, `began_at`), `now`, and `next_due_at`: when something of the task is ready next, null where nothing
//! will be without an operator.

use crate::boundary::{guarded, quietly};
use crate::convert::{reference, tasker_str, text};
use crate::error::tasker_error;
use crate::json::tasker_json;
use serde_json::Value;
use tasker_core::{Error, ErrorKind, Result};

fn members<'v>(report: &'v Value, list: &str) -> &'v [Value] {
    report[list].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The state of the task, valid until the report is freed. No text for NULL, and for what is no report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_report_status(report: *const tasker_json) -> tasker_str {
    quietly(tasker_str::NONE, || {
        // SAFETY: a document, or NULL.
        let report = unsafe { report.as_ref() }?.value().ok()?;
        report["task"]["status"].as_str().map(Into::into)
    })
}

/// A step of the task, by its name: its `status`, `results`, `attempts` and so on. NULL with `not_found`. Free it with
/// `tasker_json_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_report_step(
    report: *const tasker_json,
    name: tasker_str,
    error: *mut *mut tasker_error,
) -> *mut tasker_json {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let (report, name) = unsafe {
            (
                reference(report, "report", "a report of a test")?,
                text(name, "name")?,
            )
        };
        let step = step_of(report.value()?, name)?;
        Ok(Box::into_raw(Box::new(tasker_json::of(step.clone()))))
    })
}

fn step_of<'v>(report: &'v Value, name: &str) -> Result<&'v Value> {
    let steps = members(report, "steps");
    steps.iter().find(|step| step["name"] == name).ok_or_else(|| {
        let names: Vec<&str> = steps.iter().filter_map(|step| step["name"].as_str()).collect();
        let message = format!(
            "the task has no step '{name}'; its steps are {}",
            names.join(", ")
        );
        Error::new(ErrorKind::NotFound, message)
    })
}

/// How often the handler of a step was executed. 0 for NULL, and for a step that there is not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_report_executions_of(report: *const tasker_json, step: tasker_str) -> usize {
    quietly(0, || {
        // SAFETY: as the caller says.
        let (report, step) = unsafe { (report.as_ref()?, text(step, "step").ok()?) };
        let executions = members(report.value().ok()?, "executions").iter();
        Some(
            executions
                .filter(|one| one["step"] == step && one["handler_ran"] == true)
                .count(),
        )
    })
}
