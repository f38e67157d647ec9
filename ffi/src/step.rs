//! What a handler sees of its attempt. A step may go from one thread to another, and be asked by several at once. What it gives
//! out belongs to it, and is valid until it is freed; one that a handler was called with is freed when the handler has returned.

use crate::attempts::{Cancellation, unpoisoned};
use crate::boundary::{guarded, quietly};
use crate::convert::{reference, tasker_str, text, timeout};
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::outcome::Said;
use crate::runtime::Presence;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tasker_core::bridge::{AttemptMessage, HostedSession, InvocationMessage};
use tasker_core::{Error, ErrorKind, Result};

/// Who a step comes from: a worker, or a test.
pub(crate) trait Host: Send + Sync {
    /// The input of a task that was too large to come along, as JSON.
    fn fetch_context(&self, task_id: &str) -> Result<String>;

    /// The results of all steps of a task that ended well, as a JSON object.
    fn fetch_results(&self, task_id: &str) -> Result<String>;

    /// Reports what came of an attempt. How many of them count: one, or none.
    fn report(&self, key: &AttemptMessage, outcome: &str) -> Result<usize>;

    /// Work in a transaction of the program's.
    fn session(&self) -> Result<HostedSession>;
}

/// One attempt of one step of a task.
pub struct tasker_step {
    pub(crate) message: InvocationMessage,
    task_id: String,
    context: OnceLock<tasker_json>,
    config: Option<tasker_json>,
    /// What was asked for, each in a place of its own that stays.
    results: Mutex<HashMap<String, Box<tasker_json>>>,
    /// The results of all steps, once they had to be fetched.
    fetched: OnceLock<HashMap<String, Box<RawValue>>>,
    deadline: Option<Instant>,
    cancellation: Arc<Cancellation>,
    pub(crate) said: Said,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) presence: Arc<Presence>,
}

impl tasker_step {
    /// A step, `lent` to a handler or the program's own.
    pub(crate) fn new(
        message: InvocationMessage,
        host: Arc<dyn Host>,
        cancellation: Arc<Cancellation>,
        presence: &Arc<Presence>,
        lent: bool,
    ) -> Box<Self> {
        let timeout = message.timeout_seconds.map(Duration::try_from_secs_f64);
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout.ok()?));
        let context = message.context.as_ref().map(|text| OnceLock::from(of_raw(text)));
        Box::new(Self {
            task_id: message.task_id.to_string(),
            context: context.unwrap_or_default(),
            config: message.config.as_deref().map(of_raw),
            results: Mutex::default(),
            fetched: OnceLock::new(),
            deadline,
            cancellation,
            said: Said::new(lent),
            host,
            presence: Arc::clone(presence),
            message,
        })
    }

    /// The step that a pointer leads to, where it may be used.
    pub(crate) unsafe fn at<'a>(step: *const Self) -> Result<&'a Self> {
        // SAFETY: as the caller says.
        let step = unsafe {
            reference(
                step,
                "step",
                "what a handler was called with, or tasker_worker_poll gave",
            )
        }?;
        step.presence.check("step")?;
        Ok(step)
    }

    /// Of other attempts, too: any step of the task that has ended well.
    fn results_of(&self, name: &str) -> Result<*const tasker_json> {
        if let Some(known) = unpoisoned(&self.results).get(name) {
            return Ok(std::ptr::from_ref(known.as_ref()));
        }
        let text = match self.message.dependencies.get(name) {
            Some(came_along) => came_along,
            None => self.fetched()?.get(name).ok_or_else(|| self.no_results(name))?,
        };
        let mut results = unpoisoned(&self.results);
        let kept = results
            .entry(name.to_owned())
            .or_insert_with(|| Box::new(of_raw(text)));
        Ok(std::ptr::from_ref(kept.as_ref()))
    }

    fn fetched(&self) -> Result<&HashMap<String, Box<RawValue>>> {
        if self.fetched.get().is_none() {
            let text = self.host.fetch_results(&self.task_id)?;
            let results = serde_json::from_str(&text)
                .map_err(|error| Error::internal("stored results cannot be read").with_source(error))?;
            // Another thread may have been quicker.
            let _ = self.fetched.set(results);
        }
        self.fetched
            .get()
            .ok_or_else(|| Error::internal("results were not kept"))
    }

    fn no_results(&self, name: &str) -> Error {
        Error::new(
            ErrorKind::NotFound,
            format!(
                "the step '{name}' has no results for '{}' to read: it does not exist, or it has not ended well; depend on it to \
                 be sure",
                self.message.step_name
            ),
        )
    }
}

fn of_raw(text: &RawValue) -> tasker_json {
    tasker_json::of_text(text.get())
}

/// What a step says in a text of its own.
unsafe fn said_by(
    step: *const tasker_step,
    read: impl FnOnce(&'static tasker_step) -> &'static str,
) -> tasker_str {
    // SAFETY: a step, or NULL; what is read lives as long as it.
    quietly(tasker_str::NONE, || Some(read(unsafe { step.as_ref() }?).into()))
}

/// The id of the task. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_task_id(step: *const tasker_step) -> tasker_str {
    // SAFETY: as the caller says.
    unsafe { said_by(step, |step| &step.task_id) }
}

/// The name of the step. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_name(step: *const tasker_step) -> tasker_str {
    // SAFETY: as the caller says.
    unsafe { said_by(step, |step| &step.message.step_name) }
}

/// The handler that is to run it. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_handler(step: *const tasker_step) -> tasker_str {
    // SAFETY: as the caller says.
    unsafe { said_by(step, |step| &step.message.handler) }
}

/// The name of the task. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_task_name(step: *const tasker_step) -> tasker_str {
    // SAFETY: as the caller says.
    unsafe { said_by(step, |step| &step.message.task_name) }
}

/// The namespace of the task. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_namespace(step: *const tasker_step) -> tasker_str {
    // SAFETY: as the caller says.
    unsafe { said_by(step, |step| &step.message.namespace) }
}

/// The version of the task's template. No text for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_version(step: *const tasker_step) -> tasker_str {
    // SAFETY: as the caller says.
    unsafe { said_by(step, |step| &step.message.version) }
}

/// The number of the step, from 1 in the order of the template. 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_no(step: *const tasker_step) -> i32 {
    // SAFETY: a step, or NULL.
    quietly(0, || Some(unsafe { step.as_ref() }?.message.step_no))
}

/// The claim, for `complete_step` in SQL of the handler's own. 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_claim_no(step: *const tasker_step) -> i32 {
    // SAFETY: a step, or NULL.
    quietly(0, || Some(unsafe { step.as_ref() }?.message.claim_no))
}

/// The attempt, from 1. 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_attempt(step: *const tasker_step) -> i32 {
    // SAFETY: a step, or NULL.
    quietly(0, || Some(unsafe { step.as_ref() }?.message.attempt))
}

/// The handler's configuration in the template; NULL where it has none. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_config(step: *const tasker_step) -> *const tasker_json {
    quietly(std::ptr::null(), || {
        // SAFETY: a step, or NULL.
        let config = unsafe { step.as_ref() }?.config.as_ref()?;
        Some(std::ptr::from_ref(config))
    })
}

/// The task's input. One over 64 KiB is fetched at the first call, which waits for it. NULL with `database_unavailable`,
/// `forked_process`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_context(
    step: *const tasker_step,
    error: *mut *mut tasker_error,
) -> *const tasker_json {
    guarded(error, std::ptr::null(), || {
        // SAFETY: as the caller says.
        let step = unsafe { tasker_step::at(step) }?;
        if step.context.get().is_none() {
            let text = step.host.fetch_context(&step.task_id)?;
            // Another thread may have been quicker, with the same.
            let _ = step.context.set(tasker_json::of_text(text));
        }
        Ok(step.context.get().map_or(std::ptr::null(), std::ptr::from_ref))
    })
}

/// What another step of the task returned: any that has ended well, not only one that this one depends on. What did not come
/// along is fetched at the first call, which waits for it. NULL with `not_found`, `database_unavailable`, `forked_process`. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_results(
    step: *const tasker_step,
    name: tasker_str,
    error: *mut *mut tasker_error,
) -> *const tasker_json {
    guarded(error, std::ptr::null(), || {
        // SAFETY: as the caller says.
        let (step, name) = unsafe { (tasker_step::at(step)?, text(name, "name")?) };
        step.results_of(name)
    })
}

/// How many milliseconds are left until the attempt is given up; 0 when it has been, -1 where it has no timeout. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_time_left_ms(step: *const tasker_step) -> i64 {
    quietly(-1, || {
        // SAFETY: a step, or NULL.
        let deadline = unsafe { step.as_ref() }?.deadline?;
        let left = deadline.saturating_duration_since(Instant::now());
        Some(i64::try_from(left.as_millis()).unwrap_or(i64::MAX))
    })
}

/// Whether the outcome counts for nothing any more: cancelled, its deadline passed, or taken over. Stop then. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_cancelled(step: *const tasker_step) -> bool {
    quietly(false, || {
        // SAFETY: as the caller says.
        let step = unsafe { tasker_step::at(step) }.ok()?;
        Some(step.cancellation.is_cancelled())
    })
}

/// Sleeps until the attempt is cancelled, so many milliseconds at the most; a negative number sleeps without an end. Whether it is
/// cancelled. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_wait_cancelled(step: *const tasker_step, timeout_ms: i64) -> bool {
    quietly(false, || {
        // SAFETY: as the caller says.
        let step = unsafe { tasker_step::at(step) }.ok()?;
        Some(step.cancellation.wait(timeout(timeout_ms)))
    })
}
