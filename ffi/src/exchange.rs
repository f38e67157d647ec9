//! An exchange is one request and its answer, on their way. One thread at a time takes its events and answers them; any other may give
//! the request up. `tasker_exchange_fd` tells an event loop when there is an event.

use crate::attempts::unpoisoned;
use crate::boundary::{guarded, quietly};
use crate::convert::{self, Options, answered, place, reference, tasker_str, text, timeout};
use crate::error::tasker_error;
use crate::http::tasker_http;
use crate::json::tasker_json;
use crate::readiness::Ahead;
use crate::runtime::Presence;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tasker_core::Result;
use tasker_server::mount::{Event, Exchange};

/// Nothing yet: the time is over.
pub const TASKER_EXCHANGE_NOTHING: u64 = 0;
/// Give more of the body of the request to `tasker_exchange_write`, or say by `tasker_exchange_finish` that there is no more. The
/// answer may come before the end of a body, and then nothing more is asked for.
pub const TASKER_EXCHANGE_READ: u64 = 1;
/// Decide, and say so to `tasker_exchange_decide`. The document has `number`, and `questions`: an array of objects with `resource`,
/// `action`, `resource_id`, `parent_id`.
pub const TASKER_EXCHANGE_DECIDE: u64 = 2;
/// Begin the answer. The document has `status`, and `headers`: an array of pairs of texts.
pub const TASKER_EXCHANGE_HEAD: u64 = 3;
/// Send these bytes of its body, without waiting for more.
pub const TASKER_EXCHANGE_CHUNK: u64 = 4;
/// End the answer. It is the last event.
pub const TASKER_EXCHANGE_END: u64 = 5;
/// Break the connection off, so that nobody takes what was sent for all of it. It is the last event.
pub const TASKER_EXCHANGE_BROKEN: u64 = 6;

/// What the program is to do next. Begin with all zeroes, and set `size`. What it leads to is valid until the next event is taken or
/// the exchange is freed.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_exchange_event {
    /// `sizeof(tasker_exchange_event)`.
    pub size: usize,
    /// One of `TASKER_EXCHANGE_…`.
    pub kind: u64,
    /// Of `TASKER_EXCHANGE_DECIDE` and `TASKER_EXCHANGE_HEAD`; else NULL.
    pub document: *const tasker_json,
    /// Of `TASKER_EXCHANGE_CHUNK`: any bytes. Else NULL.
    pub bytes: *const c_void,
    /// How many.
    pub length: usize,
    /// Of `TASKER_EXCHANGE_BROKEN`: why, for a log. Else no text.
    pub message: tasker_str,
}

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_exchange_event {
    const NAME: &'static str = "tasker_exchange_event";
}
const _: () = assert!(size_of::<tasker_exchange_event>() == 7 * 8);

/// A request and its answer.
pub struct tasker_exchange {
    shared: Arc<Shared>,
    presence: Arc<Presence>,
    /// What the last event leads to.
    lent: Mutex<Lent>,
}

/// What an event leads to. Moving it leaves that where it is.
struct Lent {
    event: Event,
    document: Option<Box<tasker_json>>,
}

struct Shared {
    exchange: Exchange,
    ahead: Ahead<Event>,
    given_up: AtomicBool,
}

impl Shared {
    /// Fetches one event ahead, unless one waits already.
    fn fetch_ahead(self: &Arc<Self>) {
        if !self.ahead.begin_fetching() {
            return;
        }
        let weak = Arc::downgrade(self);
        self.exchange.next_then(move |came| {
            if let Some(shared) = weak.upgrade() {
                // What comes after a request was given up is let go: next is that it was.
                shared
                    .ahead
                    .fetched(came.map(|event| vec![event]), &shared.given_up);
                shared.fetch_ahead();
            }
        });
    }

    /// The next event, waiting until then for it; none: without an end.
    fn next(self: &Arc<Self>, until: Option<Instant>) -> Result<Option<Event>> {
        self.fetch_ahead();
        let taken = self.ahead.take(1, until)?.pop();
        self.fetch_ahead();
        Ok(taken)
    }

    fn cancel(self: &Arc<Self>) {
        self.given_up.store(true, Ordering::Release);
        self.exchange.cancel();
        // What waits is let go, too; that it was given up is what comes next.
        let _ = self.ahead.take(usize::MAX, Some(Instant::now()));
        self.fetch_ahead();
    }
}

impl Lent {
    fn of(event: Event) -> Self {
        let document = match &event {
            Event::Decide(text) | Event::Head(text) => Some(Box::new(tasker_json::of_text(text.as_str()))),
            _ => None,
        };
        Self { event, document }
    }

    fn told(&self) -> tasker_exchange_event {
        let mut told = tasker_exchange_event {
            document: self
                .document
                .as_deref()
                .map_or(std::ptr::null(), std::ptr::from_ref),
            ..NOTHING
        };
        told.kind = match &self.event {
            Event::Read => TASKER_EXCHANGE_READ,
            Event::Decide(_) => TASKER_EXCHANGE_DECIDE,
            Event::Head(_) => TASKER_EXCHANGE_HEAD,
            Event::Chunk(bytes) => {
                told.bytes = bytes.as_ptr().cast();
                told.length = bytes.len();
                TASKER_EXCHANGE_CHUNK
            }
            Event::End => TASKER_EXCHANGE_END,
            Event::Broken(why) => {
                told.message = why.as_str().into();
                TASKER_EXCHANGE_BROKEN
            }
        };
        told
    }
}

const NOTHING: tasker_exchange_event = tasker_exchange_event {
    size: size_of::<tasker_exchange_event>(),
    kind: TASKER_EXCHANGE_NOTHING,
    document: std::ptr::null(),
    bytes: std::ptr::null(),
    length: 0,
    message: tasker_str::NONE,
};

impl tasker_exchange {
    /// The exchange that a pointer leads to, where it may be used.
    unsafe fn at<'a>(exchange: *const Self) -> Result<&'a Self> {
        // SAFETY: as the caller says.
        let exchange = unsafe { reference(exchange, "exchange", "what tasker_http_begin gave") }?;
        exchange.presence.check("exchange")?;
        Ok(exchange)
    }
}

/// Begins a request. `head` is an object; all but `method` and `target` may be left out:
///
/// - `method`, and `target`: the path below the mount and the query, percent-encoded as they came, such as `/tasks?limit=5`
/// - `prefix`: the path that this is mounted under, for links, such as `/tasker`
/// - `headers`: an array of pairs of texts; an array of bytes where a value is no UTF-8
/// - `from`: the address of the client
/// - `principal`: who asks, or null where the program knows nobody: `name`, `roles`, `permissions`, `decides` (whether the program
///   wants to be asked about everything instead), `ambient` (whether a cookie says so, and no CSRF token was checked)
///
/// NULL with `invalid_argument`, `null_pointer`, `config_invalid`, `shutting_down` where its client was closed, `forked_process`. Take its events until the last, and free it with
/// `tasker_exchange_free`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_http_begin(
    http: *const tasker_http,
    head: *const tasker_json,
    error: *mut *mut tasker_error,
) -> *mut tasker_exchange {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let (http, head) = unsafe {
            (
                tasker_http::at(http)?,
                reference(head, "head", "the head of a request")?,
            )
        };
        let shared = Arc::new(Shared {
            exchange: http.begin(head.checked_text()?)?,
            ahead: Ahead::default(),
            given_up: AtomicBool::new(false),
        });
        Ok(Box::into_raw(Box::new(tasker_exchange {
            shared,
            presence: Arc::clone(&http.presence),
            lent: Mutex::new(Lent::of(Event::Read)),
        })))
    })
}

/// Waits up to so many milliseconds for what to do next, and writes it to `event`; a negative number waits without an end. When the
/// time is over, its kind is `TASKER_EXCHANGE_NOTHING`. False with `shutting_down` once the request was given up, or answered to its
/// end, `invalid_argument`, `null_pointer`, `forked_process`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_next(
    exchange: *const tasker_exchange,
    timeout_ms: i64,
    event: *mut tasker_exchange_event,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let exchange = unsafe { tasker_exchange::at(exchange) }?;
        let event = place(event, "event")?;
        // SAFETY: as the caller says. A wrong one is refused before an event is taken.
        unsafe { convert::options(event) }?;
        let until = timeout(timeout_ms).and_then(|timeout| Instant::now().checked_add(timeout));
        let told = match exchange.shared.next(until)? {
            None => NOTHING,
            Some(came) => {
                let mut lent = unpoisoned(&exchange.lent);
                *lent = Lent::of(came);
                lent.told()
            }
        };
        // SAFETY: it is as long as its size says, as the caller says.
        unsafe { answered(event, told) };
        Ok(true)
    })
}

/// A descriptor that can be read from while an event may be taken without waiting, and once there are no more: for `poll`, epoll,
/// libuv or GLib. Do not read from it or close it; take events until there is nothing yet, then wait for it again. It is the
/// exchange's, and valid until that is freed. -1 with `internal` where the system gives none, `null_pointer`, `forked_process`. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_fd(
    exchange: *const tasker_exchange,
    error: *mut *mut tasker_error,
) -> c_int {
    guarded(error, -1, || {
        // SAFETY: as the caller says.
        let exchange = unsafe { tasker_exchange::at(exchange) }?;
        let fd = exchange.shared.ahead.fd()?;
        exchange.shared.fetch_ahead();
        Ok(fd)
    })
}

/// Answers `TASKER_EXCHANGE_READ` with more of the body of the request: any bytes, which are copied. Does not wait. False with
/// `invalid_argument` where it was not asked for, or the body has ended, `null_pointer`, `forked_process`. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_write(
    exchange: *const tasker_exchange,
    bytes: *const c_void,
    length: usize,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        let given = tasker_str {
            data: bytes.cast(),
            length,
        };
        // SAFETY: as the caller says.
        let (exchange, bytes) = unsafe { (tasker_exchange::at(exchange)?, convert::bytes(given, "bytes")?) };
        exchange
            .shared
            .exchange
            .write(bytes.unwrap_or_default().to_vec().into())?;
        Ok(true)
    })
}

/// Answers `TASKER_EXCHANGE_READ`: the body of the request has ended. False with `null_pointer`, `forked_process`. One thread at a
/// time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_finish(
    exchange: *const tasker_exchange,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        unsafe { tasker_exchange::at(exchange) }?.shared.exchange.finish();
        Ok(true)
    })
}

/// Answers what `TASKER_EXCHANGE_DECIDE` asked under this number: whether each may be done, in order. What is missing may not. False
/// with `null_pointer`, `forked_process`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_decide(
    exchange: *const tasker_exchange,
    number: u64,
    answers: *const bool,
    count: usize,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // Read as bytes: who was compiled with an older C may have other numbers than 1.
        let given = tasker_str {
            data: answers.cast(),
            length: count,
        };
        // SAFETY: as the caller says.
        let (exchange, answers) =
            unsafe { (tasker_exchange::at(exchange)?, convert::bytes(given, "answers")?) };
        let answers = answers.unwrap_or_default().iter().map(|answer| *answer != 0);
        exchange.shared.exchange.decide(number, answers.collect());
        Ok(true)
    })
}

/// Says that the program cannot decide what was asked under this number: `why` goes to the log, whoever asks is told no more than
/// that. Nothing is done. False with `null_pointer`, `invalid_utf8`, `forked_process`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_cannot_decide(
    exchange: *const tasker_exchange,
    number: u64,
    why: tasker_str,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let (exchange, why) = unsafe { (tasker_exchange::at(exchange)?, text(why, "why")?) };
        exchange.shared.exchange.cannot_decide(number, why);
        Ok(true)
    })
}

/// Gives the request up, as where the client has gone away: who waits for its next event hears of it at once, and what it had begun in
/// the database is rolled back. NULL is fine. In a process that was forked it does nothing. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_cancel(exchange: *const tasker_exchange) {
    quietly((), || {
        // SAFETY: an exchange, or NULL.
        let exchange = unsafe { exchange.as_ref() }?;
        if exchange.presence.is_here() {
            exchange.shared.cancel();
        }
        Some(())
    });
}

/// Frees it; a request that has not been answered to its end is given up. NULL is fine, twice is not. In a process that was forked it
/// does nothing. Any thread, while nobody uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_exchange_free(exchange: *mut tasker_exchange) {
    quietly((), || {
        // SAFETY: an exchange, or NULL.
        if !unsafe { exchange.as_ref() }?.presence.is_here() {
            // What the parent holds is left alone.
            return None;
        }
        // SAFETY: made by a Box, and freed once.
        drop(unsafe { Box::from_raw(exchange) });
        Some(())
    });
}
