//! Conversations with the engine about a connection that is lent: it says what to do next, and is told what came of it.

use crate::convert::{options, reference};
use crate::transaction::{
    TASKER_CONNECTION_BROKEN, TASKER_CONNECTION_BUSY, TASKER_CONNECTION_FAILED, TASKER_CONNECTION_IDLE,
    TASKER_CONNECTION_IN_TRANSACTION, TASKER_CONNECTION_NOT_UTF8, not_in_the_encoding, tasker_connection,
    tasker_reply, tasker_statement,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::ffi::{CString, NulError, c_char, c_int, c_void};
use tasker_core::bridge::{HostedSession, Prepared};
use tasker_core::{Error, ErrorKind, Result};

/// A connection that the program lends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    handle: *mut c_void,
    state: unsafe extern "C" fn(*mut c_void) -> c_int,
    execute: unsafe extern "C" fn(*mut c_void, *const tasker_statement, *mut tasker_reply),
}

// SAFETY: the handle is only given to the functions beside it, on a thread that the program calls from.
unsafe impl Send for Connection {}
// SAFETY: as above; the program calls from one thread at a time.
unsafe impl Sync for Connection {}

impl Connection {
    /// The connection that a pointer leads to.
    pub(crate) unsafe fn at(given: *const tasker_connection) -> Result<Self> {
        // SAFETY: as the caller says.
        unsafe { reference(given, "connection", "what tasker_libpq made") }?;
        // SAFETY: as the caller says.
        let given = unsafe { options(given) }?;
        let missing = |member: &str| {
            Error::new(
                ErrorKind::NullPointer,
                format!("connection.{member} is NULL: lend an open connection, as tasker_libpq does"),
            )
        };
        if given.handle.is_null() {
            return Err(missing("handle"));
        }
        Ok(Self {
            handle: given.handle,
            state: given.state.ok_or_else(|| missing("state"))?,
            execute: given.execute.ok_or_else(|| missing("execute"))?,
        })
    }

    /// Refuses a connection that is not in a transaction that goes on.
    pub(crate) fn ready(&self) -> Result<()> {
        // SAFETY: as the program says of its connection.
        let state = unsafe { (self.state)(self.handle) };
        let problem = match state {
            TASKER_CONNECTION_IN_TRANSACTION => return Ok(()),
            TASKER_CONNECTION_IDLE => {
                "the connection is not in a transaction: begin one, and commit it or roll it back afterwards"
            }
            TASKER_CONNECTION_FAILED => {
                "the transaction of the connection has failed, and PostgreSQL does nothing more in it: roll it back, and begin \
                 another one"
            }
            TASKER_CONNECTION_BUSY => {
                "the connection is executing something, or is in pipeline mode: read its results to their end, and leave that \
                 mode"
            }
            TASKER_CONNECTION_NOT_UTF8 => {
                "the client encoding of the connection is not UTF8, and texts would be changed on their way: set it, with libpq \
                 by PQsetClientEncoding(connection, \"UTF8\")"
            }
            TASKER_CONNECTION_BROKEN => {
                return Err(Error::new(
                    ErrorKind::DatabaseUnavailable,
                    "the connection is broken, and its transaction is gone with it: connect again, and begin anew",
                ));
            }
            unknown => {
                return Err(Error::invalid_argument(format!(
                    "connection.state says {unknown}, which is none of TASKER_CONNECTION_…: see tasker.h"
                )));
            }
        };
        Err(Error::invalid_argument(problem))
    }

    /// Executes a statement: what the engine is told of it.
    pub(crate) fn execute(&self, statement: &Prepared) -> Value {
        let parameters = statement.parameters.iter();
        let parameters: std::result::Result<Vec<Option<CString>>, NulError> = parameters
            .map(|text| text.as_deref().map(CString::new).transpose())
            .collect();
        let (Ok(sql), Ok(parameters)) = (CString::new(statement.sql.as_str()), parameters) else {
            // Ended by it, the text would be another one.
            let message = "a text has a U+0000 in it, which PostgreSQL does not store";
            return json!({"refused": not_in_the_encoding(message)});
        };
        let pointers: Vec<*const c_char> = parameters
            .iter()
            .map(|text| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()))
            .collect();
        let lent = tasker_statement {
            sql: sql.as_ptr(),
            parameters: pointers.as_ptr(),
            parameter_count: c_int::try_from(pointers.len()).unwrap_or(c_int::MAX),
        };
        let mut reply = tasker_reply::default();
        // SAFETY: as the program says of its connection. What is lent lives until it has returned.
        unsafe { (self.execute)(self.handle, &raw const lent, &raw mut reply) };
        match reply.refused {
            Some(refused) => json!({"refused": refused}),
            None => json!({"rows": reply.rows}),
        }
    }
}

/// What the engine wants done.
pub(crate) struct Action(HashMap<String, Box<RawValue>>);

impl Action {
    /// Reads the text of an action.
    pub(crate) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map(Self).map_err(unreadable)
    }

    /// The text of a member; `null` where there is none.
    pub(crate) fn member(&self, name: &str) -> &str {
        self.0.get(name).map_or("null", |member| member.get())
    }
}

/// An action, or a part of one, that is none.
pub(crate) fn unreadable(error: serde_json::Error) -> Error {
    Error::internal("an action of the engine cannot be read").with_source(error)
}

/// Carries out a command on a connection: its answer, as JSON text. Statements are executed here; `other` does what else is asked for,
/// by the name of the action, and gives the text of what the engine is told.
pub(crate) fn carry_out(
    session: &HostedSession,
    connection: &Connection,
    command: &str,
    mut other: impl FnMut(&str, &Action) -> Result<String>,
) -> Result<String> {
    connection.ready()?;
    let mut action = Action::read(&session.begin(command)?)?;
    loop {
        let name: String = serde_json::from_str(action.member("action")).map_err(unreadable)?;
        let told = match name.as_str() {
            "done" => return Ok(action.member("answer").to_owned()),
            "execute" => {
                let statement = serde_json::from_str(action.member("statement")).map_err(unreadable)?;
                connection.execute(&statement).to_string()
            }
            name => other(name, &action)?,
        };
        action = Action::read(&session.tell(&told)?)?;
    }
}

/// For a session that asks for statements only.
pub(crate) fn statements_only(name: &str, _: &Action) -> Result<String> {
    Err(Error::internal(format!(
        "a transaction asked for '{name}', which is no statement"
    )))
}
