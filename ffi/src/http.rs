//! The interface over HTTP, inside a program that has a server already: no second port, no routes written twice. A mount takes the
//! head of a request and gives an exchange. The program takes events out of it until the last, and does what each says: give more of
//! the body, decide, begin the answer, send a piece of it. So both bodies stream, and one thread is enough for many requests.
//!
//! A mount may be used by any number of threads at once, and not in a process that was forked from the one it was made in.

use crate::boundary::{guarded, quietly};
use crate::client::{Closed, tasker_client};
use crate::convert::reference;
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::runtime::Presence;
use std::sync::Arc;
use tasker_core::Result;
use tasker_core::bridge::Engine;
use tasker_server::mount::{Exchange, Mount};

/// The interface, mounted.
pub struct tasker_http {
    mount: Mount,
    engine: Arc<Engine>,
    closed: Arc<Closed>,
    pub(crate) presence: Arc<Presence>,
}

impl tasker_http {
    /// The mount that a pointer leads to, where it may be used.
    pub(crate) unsafe fn at<'a>(http: *const Self) -> Result<&'a Self> {
        // SAFETY: as the caller says.
        let http = unsafe { reference(http, "http", "what tasker_http_new gave") }?;
        http.presence.check("mount")?;
        Ok(http)
    }

    pub(crate) fn begin(&self, head: &str) -> Result<Exchange> {
        self.closed.check()?;
        self.mount.begin(&self.engine, head)
    }
}

/// Mounts the interface to a client. Nothing is opened yet. `options` is an object, or NULL for one without members: `principals`
/// (whether the program says with each request who asks), `allow_unauthenticated` (whether everybody may do everything where it does
/// not, even where production is declared), `body_bytes`, `bulk_bytes`, `timeout_seconds`. NULL with `invalid_argument`,
/// `null_pointer`, `forked_process`. Free it with `tasker_http_free`; it begins no more once the client was closed or freed. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_http_new(
    client: *const tasker_client,
    options: *const tasker_json,
    error: *mut *mut tasker_error,
) -> *mut tasker_http {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says; the options are a document, or NULL.
        let (client, options) = unsafe { (tasker_client::at(client)?, options.as_ref()) };
        let options = options.map_or(Ok("{}"), tasker_json::checked_text)?;
        Ok(Box::into_raw(Box::new(tasker_http {
            mount: Mount::new(options)?,
            engine: Arc::clone(&client.engine),
            closed: Arc::clone(&client.closed),
            presence: Arc::clone(&client.presence),
        })))
    })
}

/// Frees it; what it has begun goes on. NULL is fine, twice is not. In a process that was forked it does nothing. Any thread, while
/// nobody uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_http_free(http: *mut tasker_http) {
    quietly((), || {
        // SAFETY: a mount, or NULL.
        if !unsafe { http.as_ref() }?.presence.is_here() {
            // What the parent holds is left alone.
            return None;
        }
        // SAFETY: made by a Box, and freed once.
        drop(unsafe { Box::from_raw(http) });
        Some(())
    });
}
