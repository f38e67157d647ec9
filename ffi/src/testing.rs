//! Workflows under test: by the real SQL, with the real handlers, on a connection and in a transaction of the test's own. There is no
//! worker and no waiting, and after the rollback nothing is left.
//!
//! The clock of the transaction stands still but for what moves it: `tasker_test_advance`, `tasker_test_run_to_end`, and faults that
//! take time. Attempts run one after another, in the order of priority, time and step, on the thread that runs the test. A handler
//! may write on the same connection, and complete its step there by `tasker_step_complete_in`; to take something back it uses
//! a savepoint, because the transaction is the test's.
//!
//! One thread at a time: that of the test. A `report` is a document of yours to free; NULL where it is not wanted.

use crate::boundary::{free, guarded};
use crate::client::give;
use crate::conversation::{Connection, unreadable};
use crate::convert::{Options, optional_text, options, place, reference, tasker_str, text};
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::run::Handlers;
use crate::stage::{Answer, Stage};
use crate::transaction::tasker_connection;
use crate::verbs::{request_of, tasker_task_id, tasker_task_request, tell_created, value_of};
use crate::worker::tasker_handler;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tasker_core::{Error, Result};

/// What a test is made with. Begin with all zeroes, and set `size`, `handlers` and `handler_count`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_test_options {
    /// `sizeof(tasker_test_options)`.
    pub size: usize,
    /// The handlers, each with its function. They are copied; what `user_data` leads to has to stay.
    pub handlers: *const tasker_handler,
    /// How many.
    pub handler_count: usize,
    /// The schema that Tasker lives in. Left out: `tasker`.
    pub schema: tasker_str,
    /// Settings, as blocks of *tasker.yaml*; nothing is taken from the environment. Without a word on it the backoff has no jitter:
    /// a test knows to the second when an attempt is due. NULL: none.
    pub settings: *const tasker_json,
}

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_test_options {
    const NAME: &'static str = "tasker_test_options";
}
const _: () = assert!(size_of::<tasker_test_options>() == 6 * 8);

/// Workflows under test, on one connection and in one transaction.
pub struct tasker_test {
    pub(crate) stage: Stage,
}

impl tasker_test {
    /// The test that a pointer leads to.
    pub(crate) unsafe fn at<'a>(test: *const Self) -> Result<&'a Self> {
        // SAFETY: as the caller says.
        unsafe { reference(test, "test", "what tasker_test_new gave") }
    }
}

/// Begins a test on a connection that is in a transaction. Its clock stands still from now on. The connection is used until the test
/// is freed. NULL with `invalid_argument` where there is no transaction or a handler has no function, `schema_mismatch` where the
/// database has no Tasker that this version can use, `config_invalid`. Free it with `tasker_test_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_new(
    connection: *const tasker_connection,
    options: *const tasker_test_options,
    error: *mut *mut tasker_error,
) -> *mut tasker_test {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let connection = unsafe { Connection::at(connection) }?;
        // SAFETY: as the caller says.
        let (handlers, options) = unsafe { read_options(options) }?;
        let stage = Stage::open(connection, handlers, &options)?;
        Ok(Box::into_raw(Box::new(tasker_test { stage })))
    })
}

unsafe fn read_options(given: *const tasker_test_options) -> Result<(Handlers, Value)> {
    // SAFETY: as the caller says.
    unsafe { reference(given, "options", "a tasker_test_options with handlers") }?;
    // SAFETY: as the caller says.
    let given = unsafe { options(given) }?;
    if given.handler_count > 0 {
        // SAFETY: as the caller says.
        unsafe { reference(given.handlers, "options.handlers", "a table of handlers") }?;
    }
    // SAFETY: as the caller says.
    let handlers = unsafe { Handlers::read(given.handlers, given.handler_count) }?;
    if let Some(name) = handlers.without_function() {
        return Err(Error::invalid_argument(format!(
            "the handler '{name}' has no function, and a test calls handlers: give it one, or a stand-in"
        )));
    }
    let mut read = json!({});
    // SAFETY: as the caller says.
    if let Some(schema) = unsafe { optional_text(given.schema, "options.schema") }? {
        read["schema"] = schema.into();
    }
    if !given.settings.is_null() {
        // SAFETY: as the caller says.
        read["settings"] = unsafe { value_of(given.settings, "options.settings") }?;
    }
    Ok((handlers, read))
}

/// Frees it. The connection and its transaction are left as they are: roll back. NULL is fine, twice is not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_free(test: *mut tasker_test) {
    // SAFETY: as the caller says.
    unsafe { free(test) };
}

/// Carries out a command of a test.
pub(crate) unsafe fn perform(
    test: *const tasker_test,
    error: *mut *mut tasker_error,
    command: impl FnOnce() -> Result<Value>,
    answered: impl FnOnce(&Answer) -> Result<()>,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let test = unsafe { tasker_test::at(test) }?;
        answered(&test.stage.perform(&command()?)?)?;
        Ok(true)
    })
}

/// The report of an answer, to who wants it.
pub(crate) unsafe fn give_report(answer: &Answer, report: *mut *mut tasker_json) -> Result<()> {
    // SAFETY: as the caller says.
    unsafe { give(report, tasker_json::of_text(member(answer, "report")?.get())) };
    Ok(())
}

/// A member of an answer.
pub(crate) fn member<'a>(answer: &'a Answer, name: &str) -> Result<&'a RawValue> {
    let found = answer.get(name).map(|member| &**member);
    found.ok_or_else(|| Error::internal(format!("the engine answered a command without its '{name}'")))
}

/// Registers a template in YAML inside the transaction; it is the content of its version then, whatever was. False with
/// `invalid_template`, which tells every mistake with its place, or `cycle_detected`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_register_yaml(
    test: *const tasker_test,
    yaml: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    let command = || Ok(json!({"command": "register", "yaml": unsafe { text(yaml, "yaml") }?}));
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |_| Ok(())) }
}

/// Registers a template from a file of YAML. False as `tasker_test_register_yaml`, and with `invalid_argument` where the file cannot
/// be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_register_file(
    test: *const tasker_test,
    path: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || {
        // SAFETY: as the caller says.
        let path = unsafe { text(path, "path") }?;
        let yaml = std::fs::read_to_string(path).map_err(|error| {
            Error::invalid_argument(format!("'{path}' cannot be read: {error}")).with_source(error)
        })?;
        Ok(json!({"command": "register", "yaml": yaml, "file": path}))
    };
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |_| Ok(())) }
}

/// Registers a template that is a document: the same as YAML says, or what `tasker_workflow_template` gave. False as
/// `tasker_test_register_yaml`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_register_template(
    test: *const tasker_test,
    content: *const tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    let command = || Ok(json!({"command": "register", "template": unsafe { value_of(content, "content") }?}));
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |_| Ok(())) }
}

/// Creates a task inside the transaction, as `tasker_client_create_task` does: arguments and errors are the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_create_task(
    test: *const tasker_test,
    request: *const tasker_task_request,
    task_id: *mut tasker_task_id,
    created: *mut bool,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || {
        place(task_id, "task_id")?;
        // SAFETY: as the caller says.
        Ok(json!({"command": "create", "request": unsafe { request_of(request) }?}))
    };
    let answered = |answer: &Answer| {
        let told = serde_json::from_str(member(answer, "created")?.get()).map_err(unreadable)?;
        // SAFETY: as the caller says.
        unsafe { tell_created(&told, task_id, created) }
    };
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, answered) }
}

/// Creates a task and runs it to its end: `tasker_test_create_task`, then `tasker_test_run_to_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_run(
    test: *const tasker_test,
    request: *const tasker_task_request,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let (test, request) = unsafe { (tasker_test::at(test)?, request_of(request)?) };
        let answer = test
            .stage
            .perform(&json!({"command": "create", "request": request}))?;
        let created: Value = serde_json::from_str(member(&answer, "created")?.get()).map_err(unreadable)?;
        let command = json!({"command": "run", "task_id": created["task_id"], "until": "end"});
        let answer = test.stage.perform(&command)?;
        // SAFETY: as the caller says.
        unsafe { give_report(&answer, report) }?;
        Ok(true)
    })
}

unsafe fn run_until(
    test: *const tasker_test,
    task_id: tasker_str,
    until: &str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || {
        // SAFETY: as the caller says.
        let task_id = unsafe { text(task_id, "task_id") }?;
        Ok(json!({"command": "run", "task_id": task_id, "until": until}))
    };
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |answer| give_report(answer, report)) }
}

/// Runs a task until nothing of it is ready or due any more; waits between attempts take no time. False with `unknown_handler` where a
/// step that may still run has no handler here, `not_found` where the transaction sees no such task, `invalid_argument` where a
/// fault names a step that no task of the test has, or a handler ended the transaction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_run_to_end(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { run_until(test, task_id, "end", report, error) }
}

/// Runs a task until nothing of it is ready at this instant. False as `tasker_test_run_to_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_run_until_idle(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { run_until(test, task_id, "idle", report, error) }
}

/// Runs one attempt of a task, if one is ready now. False as `tasker_test_run_to_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_run_one(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { run_until(test, task_id, "one", report, error) }
}

/// What has become of a task so far. False with `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_report(
    test: *const tasker_test,
    task_id: tasker_str,
    report: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || {
        // SAFETY: as the caller says.
        let task_id = unsafe { text(task_id, "task_id") }?;
        Ok(json!({"command": "report", "task_id": task_id}))
    };
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |answer| give_report(answer, report)) }
}

/// Moves the clock, of this transaction only. False with `invalid_argument` where it would move backwards, or beyond the end of time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_test_advance(
    test: *const tasker_test,
    seconds: f64,
    error: *mut *mut tasker_error,
) -> bool {
    let command = || {
        if !seconds.is_finite() {
            return Err(Error::invalid_argument(format!(
                "a clock does not move by {seconds} seconds: give a number that is not negative"
            )));
        }
        Ok(json!({"command": "advance", "seconds": seconds}))
    };
    // SAFETY: as the caller says.
    unsafe { perform(test, error, command, |_| Ok(())) }
}
