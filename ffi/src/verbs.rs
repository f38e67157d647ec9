//! The usual verbs of a client. All of them wait, may be called from any thread, and may find the database away
//! (`database_unavailable`). An `answer` is a document of yours to free; NULL where it is not wanted. Who asks, and why, stands
//! in the audit trail; either may be left out.

use crate::boundary::guarded;
use crate::client::{give, tasker_client};
use crate::convert::{Options, optional_text, options, place, reference, tasker_str, text, timeout};
use crate::error::tasker_error;
use crate::json::tasker_json;
use serde_json::{Map, Value, json};
use std::ffi::c_char;
use tasker_core::{Error, Result};

/// What a task is asked for with. Begin with all zeroes, and set `size` and `name`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_task_request {
    /// `sizeof(tasker_task_request)`.
    pub size: usize,
    /// The name of the template.
    pub name: tasker_str,
    /// Its namespace. Left out: `default`.
    pub namespace_name: tasker_str,
    /// Its version. Left out: the latest.
    pub version: tasker_str,
    /// The task's input, an object. NULL: one without members.
    pub context: *const tasker_json,
    /// The same key once more is the same task. Left out: every request is a task of its own, unless a setting says otherwise.
    pub idempotency_key: tasker_str,
    /// Other members of a request: `tags`, `priority`, `initiator`, `source_system`, `reason`, `bypass_steps`, `task_id`,
    /// `requested_at`, `idempotency_ttl_seconds`, `on_duplicate`, `traceparent`. NULL: none.
    pub more: *const tasker_json,
}

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_task_request {
    const NAME: &'static str = "tasker_task_request";
}
const _: () = assert!(size_of::<tasker_task_request>() == 11 * 8);

/// The id of a task: a UUID as text, ended by a NUL.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_task_id {
    /// Such as `0190a0a0-0000-7000-8000-000000000000`.
    pub text: [c_char; 37],
}

impl tasker_task_id {
    fn new(text: &str) -> Result<Self> {
        let mut id = Self { text: [0; 37] };
        if text.len() != id.text.len() - 1 {
            return Err(Error::internal(format!("'{text}' is no id of a task")));
        }
        for (place, byte) in id.text.iter_mut().zip(text.bytes()) {
            *place = byte.cast_signed();
        }
        Ok(id)
    }
}

/// The members of a verb's arguments.
struct Arguments(Map<String, Value>);

impl Arguments {
    fn new() -> Self {
        Self(Map::new())
    }

    /// A text that must be there.
    unsafe fn text(mut self, name: &str, given: tasker_str) -> Result<Self> {
        // SAFETY: as the caller says.
        self.0
            .insert(name.to_owned(), unsafe { text(given, name) }?.into());
        Ok(self)
    }

    /// A text that may be left out.
    unsafe fn optional(mut self, name: &str, given: tasker_str) -> Result<Self> {
        // SAFETY: as the caller says.
        if let Some(text) = unsafe { optional_text(given, name) }? {
            self.0.insert(name.to_owned(), text.into());
        }
        Ok(self)
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// A step by its name; a name made of digits only is its number.
    unsafe fn step(self, given: tasker_str) -> Result<Self> {
        // SAFETY: as the caller says.
        let name = unsafe { text(given, "step") }?;
        let number: Option<i32> = name
            .parse()
            .ok()
            .filter(|_| name.bytes().all(|byte| byte.is_ascii_digit()));
        Ok(self.with("step", number.map_or_else(|| name.into(), Into::into)))
    }

    /// Who asks, and why.
    unsafe fn asked(self, by: tasker_str, reason: tasker_str) -> Result<Self> {
        // SAFETY: as the caller says.
        unsafe { self.optional("by", by)?.optional("reason", reason) }
    }
}

/// Runs a verb with arguments, and gives its answer.
unsafe fn run(
    client: *const tasker_client,
    verb: &str,
    arguments: impl FnOnce(Arguments) -> Result<Arguments>,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let client = unsafe { tasker_client::at(client) }?;
        let arguments = Value::Object(arguments(Arguments::new())?.0).to_string();
        // SAFETY: as the caller says.
        unsafe { give(answer, client.call(verb, &arguments)?) };
        Ok(true)
    })
}

/// Brings the schema in the database to the version of this library. Safe by many processes at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_migrate(
    client: *const tasker_client,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { run(client, "migrate", Ok, std::ptr::null_mut(), error) }
}

/// Registers a template in YAML. False with `invalid_template`, which tells every mistake with its place, or `cycle_detected`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_register_yaml(
    client: *const tasker_client,
    yaml: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe {
        run(
            client,
            "register_template",
            |it| it.text("yaml", yaml),
            answer,
            error,
        )
    }
}

/// Registers a template from a file of YAML. False as `tasker_client_register_yaml`, and with `invalid_argument` where the file
/// cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_register_file(
    client: *const tasker_client,
    path: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let read = |arguments: Arguments| {
        // SAFETY: as the caller says.
        let path = unsafe { text(path, "path") }?;
        let yaml = std::fs::read_to_string(path).map_err(|error| {
            Error::invalid_argument(format!("'{path}' cannot be read: {error}")).with_source(error)
        })?;
        Ok(arguments.with("yaml", yaml.into()).with("file", path.into()))
    };
    // SAFETY: as the caller says.
    unsafe { run(client, "register_template", read, answer, error) }
}

/// Registers a template that is a document: the same as YAML says, or what `tasker_workflow_template` gave. False as
/// `tasker_client_register_yaml`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_register_template(
    client: *const tasker_client,
    content: *const tasker_json,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let read = |arguments: Arguments| {
        // SAFETY: as the caller says.
        Ok(arguments.with("template", unsafe { value_of(content, "content") }?))
    };
    // SAFETY: as the caller says.
    unsafe { run(client, "register_template", read, answer, error) }
}

/// The value of a document that must be there.
pub(crate) unsafe fn value_of(json: *const tasker_json, name: &str) -> Result<Value> {
    // SAFETY: as the caller says.
    let json = unsafe { reference(json, name, "a document") }?;
    json.checked_text()?;
    Ok(json.value()?.clone())
}

/// Creates a task. Its id goes to `task_id`; whether this request created it, or it was there, to `created` unless that is NULL.
/// False with `unknown_named_task`, `invalid_context`, `idempotency_mismatch`, `already_exists`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_create_task(
    client: *const tasker_client,
    request: *const tasker_task_request,
    task_id: *mut tasker_task_id,
    created: *mut bool,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let client = unsafe { tasker_client::at(client) }?;
        let task_id = place(task_id, "task_id")?;
        // SAFETY: as the caller says.
        let answer = client.call("create_task", &unsafe { request_of(request) }?.to_string())?;
        // SAFETY: places for them, as the caller says.
        unsafe { tell_created(answer.value()?, task_id, created) }?;
        Ok(true)
    })
}

/// Writes which task was created or found, and which of the two.
pub(crate) unsafe fn tell_created(
    answer: &Value,
    task_id: *mut tasker_task_id,
    created: *mut bool,
) -> Result<()> {
    let id = tasker_task_id::new(answer["task_id"].as_str().unwrap_or_default())?;
    // SAFETY: places for them, as the caller says.
    unsafe {
        task_id.write(id);
        if !created.is_null() {
            created.write(answer["created"] == true);
        }
    }
    Ok(())
}

/// What is asked for, as the seam takes it.
pub(crate) unsafe fn request_of(given: *const tasker_task_request) -> Result<Value> {
    // SAFETY: as the caller says.
    unsafe {
        reference(given, "request", "a tasker_task_request")?;
        let given = options(given)?;
        let more = match given.more.is_null() {
            true => Map::new(),
            false => match value_of(given.more, "request.more")? {
                Value::Object(more) => more,
                _ => {
                    return Err(Error::invalid_argument(
                        "request.more is no object: its members are other members of a request",
                    ));
                }
            },
        };
        let mut arguments = Arguments(more)
            .text("name", given.name)?
            .optional("namespace", given.namespace_name)?
            .optional("version", given.version)?
            .optional("idempotency_key", given.idempotency_key)?;
        if !given.context.is_null() {
            arguments = arguments.with("context", value_of(given.context, "request.context")?);
        }
        Ok(Value::Object(arguments.0))
    }
}

/// Waits until a task has ended (complete, error, cancelled or resolved_manually): the task. So many milliseconds; a negative
/// number waits without an end. False with `timeout`, which says how far it is, or `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_wait(
    client: *const tasker_client,
    task_id: tasker_str,
    timeout_ms: i64,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    /// As good as for ever, and not too much for any clock.
    const FOR_EVER_SECONDS: f64 = 1e9;
    let seconds = timeout(timeout_ms).map_or(FOR_EVER_SECONDS, |timeout| {
        timeout.as_secs_f64().min(FOR_EVER_SECONDS)
    });
    let arguments = |it: Arguments| {
        // SAFETY: as the caller says.
        let it = unsafe { it.text("task_id", task_id) }?;
        Ok(it.with("within_seconds", json!(seconds)))
    };
    // SAFETY: as the caller says.
    unsafe { run(client, "wait", arguments, answer, error) }
}

/// A task: its `status`, `context`, counts of its steps and so on. False with `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_task(
    client: *const tasker_client,
    task_id: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe { run(client, "task", |it| it.text("task_id", task_id), answer, error) }
}

/// A step of a task, by its name or its number: its `status`, `results`, `attempts` and so on. False with `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_step(
    client: *const tasker_client,
    task_id: tasker_str,
    step: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe {
        run(
            client,
            "step",
            |it| it.text("task_id", task_id)?.step(step),
            answer,
            error,
        )
    }
}

/// Why a task, or one step of it (left out: all), does not go on: an array of reasons. False with `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_why(
    client: *const tasker_client,
    task_id: tasker_str,
    step: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| {
        // SAFETY: as the caller says.
        unsafe {
            let it = it.text("task_id", task_id)?;
            if step.data.is_null() {
                Ok(it)
            } else {
                it.step(step)
            }
        }
    };
    // SAFETY: as the caller says.
    unsafe { run(client, "why", arguments, answer, error) }
}

/// Notes something on a task, to find it by: any document but null. Its type has 1 to 64 characters, and is made at its first use.
/// Each call adds an annotation; the answer is that one: `task_annotation_id`, `annotation_type`, `annotation` and so on. False
/// with `not_found`, `invalid_argument`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_annotate_task(
    client: *const tasker_client,
    task_id: tasker_str,
    annotation_type: tasker_str,
    annotation: *const tasker_json,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| unsafe {
        let it = it
            .text("task_id", task_id)?
            .text("annotation_type", annotation_type)?;
        Ok(it.with("annotation", value_of(annotation, "annotation")?))
    };
    // SAFETY: as the caller says.
    unsafe { run(client, "annotate_task", arguments, answer, error) }
}

/// What was noted on a task, oldest first: an array of what `tasker_client_annotate_task` answers. False with `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_list_annotations(
    client: *const tasker_client,
    task_id: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    // SAFETY: as the caller says.
    unsafe {
        run(
            client,
            "list_annotations",
            |it| it.text("task_id", task_id),
            answer,
            error,
        )
    }
}

/// Cancels a task and its open steps; handlers that run are told. False with `not_found`, `illegal_transition`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_cancel_task(
    client: *const tasker_client,
    task_id: tasker_str,
    by: tasker_str,
    reason: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| unsafe { it.text("task_id", task_id)?.asked(by, reason) };
    // SAFETY: as the caller says.
    unsafe { run(client, "cancel_task", arguments, answer, error) }
}

/// Tries the failed steps of a task again. False with `not_found`, `illegal_transition`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_retry_task(
    client: *const tasker_client,
    task_id: tasker_str,
    by: tasker_str,
    reason: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| unsafe { it.text("task_id", task_id)?.asked(by, reason) };
    // SAFETY: as the caller says.
    unsafe { run(client, "retry_task", arguments, answer, error) }
}

/// Tries a step again, by its name or its number. False with `not_found`, `illegal_transition`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_retry_step(
    client: *const tasker_client,
    task_id: tasker_str,
    step: tasker_str,
    by: tasker_str,
    reason: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| unsafe { it.text("task_id", task_id)?.step(step)?.asked(by, reason) };
    // SAFETY: as the caller says.
    unsafe { run(client, "retry_step", arguments, answer, error) }
}

/// Resolves a step by hand, with results (NULL: none): those that wait for it go on. False with `not_found`,
/// `illegal_transition`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_resolve_step(
    client: *const tasker_client,
    task_id: tasker_str,
    step: tasker_str,
    results: *const tasker_json,
    by: tasker_str,
    reason: tasker_str,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| unsafe {
        let it = it.text("task_id", task_id)?.step(step)?.asked(by, reason)?;
        if results.is_null() {
            return Ok(it);
        }
        Ok(it.with("results", value_of(results, "results")?))
    };
    // SAFETY: as the caller says.
    unsafe { run(client, "resolve_step", arguments, answer, error) }
}

/// Pauses a task: nothing more of it is begun. Namespaces, named tasks and handlers are paused by the verb `pause`. False with
/// `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_pause_task(
    client: *const tasker_client,
    task_id: tasker_str,
    by: tasker_str,
    reason: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| unsafe { it.text("task_id", task_id)?.asked(by, reason) };
    // SAFETY: as the caller says.
    unsafe { run(client, "pause", arguments, std::ptr::null_mut(), error) }
}

/// Resumes a task that was paused. False with `not_found`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_resume_task(
    client: *const tasker_client,
    task_id: tasker_str,
    by: tasker_str,
    reason: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    let arguments = |it: Arguments| unsafe { it.text("task_id", task_id)?.asked(by, reason) };
    // SAFETY: as the caller says.
    unsafe { run(client, "resume", arguments, std::ptr::null_mut(), error) }
}
