//! A client: the engine of a database. It is configuration until it is used, and opens its connections then. What it can do is
//! a verb, by name; the usual ones are functions of their own.
//!
//! A client may be used by any number of threads at once, and not in a process that was forked from the one it was made in:
//! that is `forked_process`. Make another one there.

use crate::boundary::{guarded, quietly};
use crate::convert::{Options, flags, optional_text, options, reference, tasker_str, text};
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::runtime::Presence;
use crate::waiting::{answer_of, done_on_a_thread};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tasker_core::bridge::{Engine, HostedSession};
use tasker_core::{Error, ErrorKind, Result};

/// What a client is made with. Begin with all zeroes, and set `size`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_client_options {
    /// `sizeof(tasker_client_options)`.
    pub size: usize,
    /// The URL of the database. Left out: `TASKER_DATABASE_URL`, then `DATABASE_URL`, then a private PostgreSQL for development.
    pub database_url: tasker_str,
    /// The schema that Tasker lives in. Left out: `tasker`.
    pub schema: tasker_str,
    /// What `pg_stat_activity` shows.
    pub application_name: tasker_str,
    /// Settings, as blocks of *tasker.yaml*: `{"execution": {"lease_seconds": 10}}`. They win over file and environment. NULL:
    /// none.
    pub settings: *const tasker_json,
    /// `TASKER_CLIENT_ISOLATED`, or 0.
    pub flags: u64,
}

/// Take no settings from the environment and from files.
pub const TASKER_CLIENT_ISOLATED: u64 = 1;

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_client_options {
    const NAME: &'static str = "tasker_client_options";
}
const _: () = assert!(size_of::<tasker_client_options>() == 9 * 8);

/// The engine of a database.
pub struct tasker_client {
    pub(crate) engine: Arc<Engine>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) closed: Arc<Closed>,
}

/// Whether a client was closed. Whoever needs none of its connections at once looks here.
#[derive(Debug, Default)]
pub(crate) struct Closed(AtomicBool);

impl Closed {
    /// Refuses one that was.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Acquire) {
            return Err(Error::new(
                ErrorKind::ShuttingDown,
                "this client was closed: make another one",
            ));
        }
        Ok(())
    }
}

impl tasker_client {
    /// The client that a pointer leads to, where it may be used.
    pub(crate) unsafe fn at<'a>(client: *const Self) -> Result<&'a Self> {
        // SAFETY: as the caller says.
        let client = unsafe { reference(client, "client", "what tasker_client_new gave") }?;
        client.presence.check("client")?;
        Ok(client)
    }

    /// Runs a verb.
    pub(crate) fn call(&self, verb: &str, arguments: &str) -> Result<tasker_json> {
        let answer = answer_of(|teller| {
            self.engine
                .call_then(verb, arguments, move |answer| teller.tell(answer));
        });
        Ok(tasker_json::of_text(answer?))
    }

    /// Work in a transaction of the program's. It needs none of the client's connections, so a closed one is refused here.
    pub(crate) fn session(&self) -> Result<HostedSession> {
        self.closed.check()?;
        self.engine.session()
    }

    fn close(&self) -> Result<()> {
        self.closed.0.store(true, Ordering::Release);
        done_on_a_thread(|| self.engine.close())
    }
}

/// Makes a client. Nothing is opened yet. `options` may be NULL. NULL with `config_invalid`, which tells everything that is wrong,
/// or `invalid_argument`, `invalid_utf8`. Free it with `tasker_client_free`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_new(
    options: *const tasker_client_options,
    error: *mut *mut tasker_error,
) -> *mut tasker_client {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let engine = Engine::new(&unsafe { read_options(options) }?)?;
        let presence = Arc::new(Presence::begin()?);
        Ok(Box::into_raw(Box::new(tasker_client {
            engine: Arc::new(engine),
            presence,
            closed: Arc::default(),
        })))
    })
}

unsafe fn read_options(given: *const tasker_client_options) -> Result<String> {
    // SAFETY: as the caller says.
    let given = unsafe { options(given) }?;
    let mut read = Map::new();
    for (name, value) in [
        ("database_url", given.database_url),
        ("schema", given.schema),
        ("application_name", given.application_name),
    ] {
        // SAFETY: as the caller says.
        if let Some(value) = unsafe { optional_text(value, name) }? {
            read.insert(name.to_owned(), value.into());
        }
    }
    // SAFETY: a document, or NULL.
    if let Some(settings) = unsafe { given.settings.as_ref() } {
        settings.checked_text()?;
        read.insert("settings".to_owned(), settings.value()?.clone());
    }
    let isolated = flags(given.flags, TASKER_CLIENT_ISOLATED, tasker_client_options::NAME)? != 0;
    read.insert("isolated".to_owned(), json!(isolated));
    Ok(Value::Object(read).to_string())
}

/// Closes its connections, and waits until that is done. It can be used no more. Closing it once more does nothing. False with
/// `forked_process`, `null_pointer`. Any thread, while nobody uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_close(
    client: *const tasker_client,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let client = unsafe { tasker_client::at(client) }?;
        client.close()?;
        Ok(true)
    })
}

/// Closes and frees it. Its workers go on. NULL is fine, twice is not. In a process that was forked from its own it does nothing.
/// Any thread, while nobody uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_free(client: *mut tasker_client) {
    quietly((), || {
        // SAFETY: a client, or NULL.
        if !unsafe { client.as_ref() }?.presence.is_here() {
            // What the parent holds is left alone.
            return None;
        }
        // SAFETY: made by a Box, and freed once.
        let client = unsafe { Box::from_raw(client) };
        // Nothing is left to be told to.
        let _ = client.close();
        Some(())
    });
}

/// Runs a verb and waits for its answer. All verbs are in the details of the error for one that there is not. `arguments` is an
/// object, or NULL for one without members; the answer goes to `answer`, unless that is NULL, and is yours to free. False with
/// what the verb says. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_client_call(
    client: *const tasker_client,
    verb: tasker_str,
    arguments: *const tasker_json,
    answer: *mut *mut tasker_json,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let (client, verb) = unsafe { (tasker_client::at(client)?, text(verb, "verb")?) };
        // SAFETY: a document, or NULL.
        let arguments = match unsafe { arguments.as_ref() } {
            Some(arguments) => arguments.checked_text()?,
            None => "{}",
        };
        // SAFETY: as the caller says.
        unsafe { give(answer, client.call(verb, arguments)?) };
        Ok(true)
    })
}

/// Gives an answer to who wants it.
pub(crate) unsafe fn give(place: *mut *mut tasker_json, answer: tasker_json) {
    if !place.is_null() {
        // SAFETY: it leads to a place for a pointer, as the caller says.
        unsafe { place.write(Box::into_raw(Box::new(answer))) };
    }
}
