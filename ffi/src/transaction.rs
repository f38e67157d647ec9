//! A task that is created in a transaction of yours is there when that is committed, and never was when it is rolled back. A step that
//! a handler completes in one takes effect once, together with all else that the handler writes there.
//!
//! This library links no driver of PostgreSQL: it is lent a connection, and says which statements to execute on it. `tasker_libpq.h`
//! lends one of libpq (`tasker_libpq`); for another driver write the two functions of a `tasker_connection` yourself. They are called
//! on the thread that calls the library and while it does, and must return: no `longjmp`, and no exception of C++ may leave them.
//!
//! The connection leads to the database of the engine, and is in a transaction that you began and that you commit or roll back. What is
//! refused before a statement was executed leaves it as it was. What PostgreSQL refuses costs you the transaction, as it does with any
//! other statement: roll it back.

use crate::boundary::{guarded, quietly};
use crate::client::{give, tasker_client};
use crate::conversation::{Connection, carry_out, statements_only};
use crate::convert::{Options, optional_text, place, tasker_str, words};
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::outcome::Elsewhere;
use crate::step::tasker_step;
use crate::verbs::{request_of, tasker_task_id, tasker_task_request, tell_created, value_of};
use serde_json::{Value, json};
use std::ffi::{c_char, c_int, c_void};
use tasker_core::{Error, ErrorKind, Result};

/// A statement to be executed on a connection. The members are valid until the function that was given it returns.
#[repr(C)]
#[derive(Debug)]
pub struct tasker_statement {
    /// SQL, ended by a NUL, with placeholders `$1`, `$2` and so on that are cast to their types there.
    pub sql: *const c_char,
    /// The parameters: each is text ended by a NUL, or NULL for that of SQL.
    pub parameters: *const *const c_char,
    /// How many.
    pub parameter_count: c_int,
}

/// Where the rows of a statement go.
#[derive(Default)]
pub struct tasker_reply {
    pub(crate) rows: Vec<String>,
    /// What PostgreSQL says against it, as the seam takes it.
    pub(crate) refused: Option<Value>,
}

/// The connection is in a transaction, and can execute a statement.
pub const TASKER_CONNECTION_IN_TRANSACTION: c_int = 0;
/// It is in no transaction.
pub const TASKER_CONNECTION_IDLE: c_int = 1;
/// Its transaction has failed.
pub const TASKER_CONNECTION_FAILED: c_int = 2;
/// It is executing something else, or is in pipeline mode.
pub const TASKER_CONNECTION_BUSY: c_int = 3;
/// Its client encoding is not UTF-8.
pub const TASKER_CONNECTION_NOT_UTF8: c_int = 4;
/// It leads nowhere any more.
pub const TASKER_CONNECTION_BROKEN: c_int = 5;

/// How a connection stands: one of `TASKER_CONNECTION_…`. Called before the first statement of a call.
pub type tasker_state_function = Option<unsafe extern "C" fn(handle: *mut c_void) -> c_int>;

/// Executes a statement, and waits for it: `tasker_reply_row` for each of its rows, which have one column, or `tasker_reply_refuse`
/// with what PostgreSQL says against it. A statement without rows that went well is answered by nothing.
pub type tasker_execute_function = Option<
    unsafe extern "C" fn(handle: *mut c_void, statement: *const tasker_statement, reply: *mut tasker_reply),
>;

/// A connection that is lent. `tasker_libpq` makes one of a connection of libpq.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_connection {
    /// `sizeof(tasker_connection)`.
    pub size: usize,
    /// The connection, as its driver has it: given to the two functions as it is.
    pub handle: *mut c_void,
    /// How it stands.
    pub state: tasker_state_function,
    /// Executes a statement on it.
    pub execute: tasker_execute_function,
}

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_connection {
    const NAME: &'static str = "tasker_connection";
}
const _: () = assert!(size_of::<tasker_connection>() == 4 * 8);

/// One more row of the statement: the text in its one column. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_reply_row(reply: *mut tasker_reply, row: tasker_str) {
    quietly((), || {
        // SAFETY: what the function of a connection was given, or NULL.
        let reply = unsafe { reply.as_mut() }?;
        // SAFETY: as the caller says.
        match unsafe { optional_text(row, "a row") } {
            Ok(row) => reply.rows.push(row.unwrap_or_default().to_owned()),
            Err(error) => {
                let message = format!("{}. Set client_encoding to UTF8", error.message);
                reply.refused = Some(not_in_the_encoding(&message));
            }
        }
        Some(())
    });
}

/// The statement was refused: the SQLSTATE, what PostgreSQL says, and its hint. The first may be left out where the connection broke, the
/// last where there is none. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_reply_refuse(
    reply: *mut tasker_reply,
    sqlstate: tasker_str,
    message: tasker_str,
    hint: tasker_str,
) {
    quietly((), || {
        // SAFETY: what the function of a connection was given, or NULL.
        let reply = unsafe { reply.as_mut() }?;
        // SAFETY: as the caller says.
        let (sqlstate, message, hint) = unsafe { (words(sqlstate), words(message), words(hint)) };
        let message = message.as_deref().map(str::trim_end);
        reply.refused = Some(json!({
            "sqlstate": sqlstate,
            "message": message.unwrap_or("the statement was refused without a word"),
            "hint": hint,
        }));
        Some(())
    });
}

/// What PostgreSQL says of a text that the encoding does not have, as the seam takes it.
pub(crate) fn not_in_the_encoding(message: &str) -> Value {
    json!({"sqlstate": "22021", "message": message})
}

/// Creates a task in the transaction of a connection, as `tasker_client_create_task` does in one of the engine's. It is there when you
/// commit; workers find it then. False as that, and with `config_invalid` where the connection leads to another database than the
/// engine's, `invalid_argument` where it is in no transaction or in one that has failed, `database_unavailable` where it broke, `shutting_down`
/// where the client was closed. One thread at a time for a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_create_task_in(
    client: *const tasker_client,
    connection: *const tasker_connection,
    request: *const tasker_task_request,
    task_id: *mut tasker_task_id,
    created: *mut bool,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let (client, connection) = unsafe { (tasker_client::at(client)?, Connection::at(connection)?) };
        let task_id = place(task_id, "task_id")?;
        // SAFETY: as the caller says.
        let request = unsafe { request_of(request) }?;
        let answer = create(client, &connection, json!([request]))?;
        let answer = answer.value()?.get(0).unwrap_or(&Value::Null);
        // SAFETY: places for them, as the caller says.
        unsafe { tell_created(answer, task_id, created) }?;
        Ok(true)
    })
}

/// Creates many tasks in the transaction of a connection, all of them or none. `requests` is an array of objects, whose members are those of
/// a `tasker_task_request` and of its `more`, with `namespace` for `namespace_name`. The answer is an array of `{task_id, created,
/// pruned}` in their order. False as `tasker_client_create_task_in`. One thread at a time for a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_create_tasks_in(
    client: *const tasker_client,
    connection: *const tasker_connection,
    requests: *const tasker_json,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let (client, connection) = unsafe { (tasker_client::at(client)?, Connection::at(connection)?) };
        // SAFETY: as the caller says.
        let requests = unsafe { value_of(requests, "requests") }?;
        let created = create(client, &connection, requests)?;
        // SAFETY: as the caller says.
        unsafe { give(answer, created) };
        Ok(true)
    })
}

fn create(client: &tasker_client, connection: &Connection, requests: Value) -> Result<tasker_json> {
    let session = client.session()?;
    connection.ready()?;
    // Asked once: a connection to another database is refused then.
    client.call("database_identity", "{}")?;
    let command = json!({"command": "create", "tasks": requests}).to_string();
    let answer = carry_out(&session, connection, &command, statements_only)?;
    Ok(tasker_json::of_text(answer))
}

/// Completes the step in the transaction of a connection, with results (NULL: none). When that is committed the step is complete, whatever
/// becomes of this process, and what is said of the attempt afterwards counts for nothing. Commit, and let the handler return 0; a step
/// that was polled is freed, or said to have succeeded. If the transaction is rolled back, the attempt has failed and may be tried
/// again. So it has if this is false and the handler returns 0 without a word. False with `attempt_lost` where the attempt is over (taken over,
/// cancelled or resolved meanwhile: roll back), `invalid_argument` where the results cannot be stored, `illegal_transition` where
/// something was said of it before, and as `tasker_client_create_task_in`. One thread at a time for a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_step_complete_in(
    step: *const tasker_step,
    connection: *const tasker_connection,
    results: *const tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let step = unsafe { tasker_step::at(step) }?;
        // SAFETY: as the caller says.
        let completed = unsafe { complete(step, connection, results) };
        step.said.set_elsewhere(match &completed {
            Ok(()) => Elsewhere::Completed,
            Err(refused) => Elsewhere::Refused(refused.message.clone()),
        });
        completed.map(|()| true)
    })
}

unsafe fn complete(
    step: &tasker_step,
    connection: *const tasker_connection,
    results: *const tasker_json,
) -> Result<()> {
    // SAFETY: as the caller says.
    let (connection, results) = unsafe { (Connection::at(connection)?, results.as_ref()) };
    if step.said.outcome().is_some() {
        return Err(Error::new(
            ErrorKind::IllegalTransition,
            format!(
                "what came of this attempt of '{}' was said before: complete it in your transaction, or say that it succeeded, not both",
                step.message.step_name
            ),
        ));
    }
    let results = results.map_or(Ok("null"), tasker_json::checked_text)?;
    let key = step.message.key();
    // Results are not read on their way: numbers stay as they are written.
    let command = format!(
        r#"{{"command":"complete","attempt":{{"task_id":"{}","step_no":{},"claim_no":{}}},"results":{results}}}"#,
        key.task_id, key.step_no, key.claim_no
    );
    carry_out(&step.host.session()?, &connection, &command, statements_only)?;
    Ok(())
}
