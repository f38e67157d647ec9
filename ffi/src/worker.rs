//! A worker: it claims steps for its handlers and reports what came of them, on threads of the engine. The handlers run on
//! threads of the program, in one of two ways.
//!
//! `tasker_worker_run` polls and calls the functions of the table, one step at a time, until the worker is asked to stop; call
//! it from as many threads as handlers are to run at once. Or the program polls by itself: `tasker_worker_poll` gives steps,
//! `tasker_step_succeed` and its like say what came of them. `tasker_worker_fd` tells an event loop when there are any.
//!
//! A worker may be used by any number of threads at once, and not in a process that was forked from the one it was made in.

use crate::attempts::Attempts;
use crate::boundary::{guarded, quietly};
use crate::client::{give, tasker_client};
use crate::convert::{Options, flags, optional_text, options, place, reference, tasker_str, timeout};
use crate::crew::Crew;
use crate::error::tasker_error;
use crate::json::tasker_json;
use crate::readiness::{Ahead, Pipe};
use crate::run::Handlers;
use crate::runtime::Presence;
use crate::signals::with_signals_blocked;
use crate::step::{Host, tasker_step};
use crate::waiting::{answer_of, done_on_a_thread};
use serde_json::{Value, json};
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tasker_core::bridge::{
    AttemptMessage, Engine, HostedSession, HostedWorker, InvocationMessage, PollMessage,
};
use tasker_core::{Error, Result};

/// How long one poll of the engine waits; the next one follows.
pub(crate) const POLL: Duration = Duration::from_secs(1);

/// A handler. It says what came of the attempt by `tasker_step_succeed` and its like, and returns 0; 0 without a word is success
/// without results. Another number, of `errno.h`, is a failure that may be tried again, unless something was said. It must return:
/// no `longjmp`, no `pthread_exit`, and no exception of C++ may leave it; the process ends then.
pub type tasker_handler_function =
    Option<unsafe extern "C" fn(step: *mut tasker_step, user_data: *mut c_void) -> c_int>;

/// A handler and its name. This will not grow: tables of it are static.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_handler {
    /// The name that templates use, ended by a NUL.
    pub name: *const c_char,
    /// What `tasker_worker_run` calls; NULL where the program polls by itself.
    pub function: tasker_handler_function,
    /// Given to the function as it is.
    pub user_data: *mut c_void,
}

/// What a worker is made with. Begin with all zeroes, and set `size`, `handlers` and `handler_count`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct tasker_worker_options {
    /// `sizeof(tasker_worker_options)`.
    pub size: usize,
    /// The handlers. They are copied; what `user_data` leads to has to stay.
    pub handlers: *const tasker_handler,
    /// How many.
    pub handler_count: usize,
    /// How many steps run at once: as many threads may run handlers, and so many steps should be polled at the most. 0: 1.
    pub concurrency: usize,
    /// How many more steps may wait in the process at the most. 0: 2000.
    pub max_buffered: usize,
    /// For people. Left out: host and process.
    pub name: tasker_str,
    /// The version of the application.
    pub version: tasker_str,
    /// `TASKER_WORKER_NO_LISTEN`, or 0.
    pub flags: u64,
}

/// Do not listen for hints on a connection of its own; everything works without, by polling.
pub const TASKER_WORKER_NO_LISTEN: u64 = 1;

// SAFETY: all of it is numbers and pointers, each as wide as a word.
unsafe impl Options for tasker_worker_options {
    const NAME: &'static str = "tasker_worker_options";
}
const _: () = assert!(size_of::<tasker_worker_options>() == 10 * 8);

/// A worker.
pub struct tasker_worker {
    shared: Arc<Shared>,
    presence: Arc<Presence>,
    /// Hears of it when somebody asks the worker to stop.
    ending: Option<JoinHandle<()>>,
}

/// What the handles of a worker share.
pub(crate) struct Shared {
    hosted: HostedWorker,
    engine: Arc<Engine>,
    attempts: Attempts,
    pub(crate) handlers: Handlers,
    pub(crate) concurrency: usize,
    pub(crate) crew: Crew,
    ahead: Ahead<InvocationMessage>,
    stop_asked: AtomicBool,
    stop: Pipe,
}

impl Shared {
    /// Up to `max` attempts, waiting up to `timeout` for the first; none: without an end.
    pub(crate) fn take(
        self: &Arc<Self>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<Vec<InvocationMessage>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if self.ahead.is_on() {
            // What is fetched ahead is waited for; the rest is taken as it is.
            self.fetch_ahead();
            let mut taken = self.ahead.take(max, until)?;
            if !taken.is_empty() && taken.len() < max {
                taken.extend(self.poll(max - taken.len(), Duration::ZERO).unwrap_or_default());
            }
            self.fetch_ahead();
            return Ok(taken);
        }
        loop {
            let left = until.map_or(POLL, |until| {
                until.saturating_duration_since(Instant::now()).min(POLL)
            });
            let taken = self.poll(max, left)?;
            if !taken.is_empty() || until.is_some_and(|until| Instant::now() >= until) {
                return Ok(taken);
            }
        }
    }

    fn poll(&self, max: usize, timeout: Duration) -> Result<Vec<InvocationMessage>> {
        let polled = answer_of(|teller| {
            self.hosted
                .poll_then(max, timeout, move |polled| teller.tell(polled));
        });
        self.read(&polled?)
    }

    /// The attempts of a poll; those that were cancelled are told.
    fn read(&self, polled: &str) -> Result<Vec<InvocationMessage>> {
        let polled: PollMessage = serde_json::from_str(polled)
            .map_err(|error| Error::internal("a poll cannot be read").with_source(error))?;
        self.attempts.cancel(&polled.cancelled);
        Ok(polled.invocations)
    }

    /// Fetches one attempt ahead, unless one waits already. The threads of the engine hold the worker weakly: it goes when the
    /// program lets go of it.
    fn fetch_ahead(self: &Arc<Self>) {
        if !self.ahead.begin_fetching() {
            return;
        }
        let weak = Arc::downgrade(self);
        self.hosted.poll_then(1, POLL, move |polled| {
            let Some(shared) = weak.upgrade() else {
                return;
            };
            let came = polled.and_then(|text| shared.read(&text));
            let too_late = shared.ahead.fetched(came, &shared.stop_asked);
            // The lease takes back what cannot be handed back.
            let _ = shared.hand_back(&too_late);
            shared.fetch_ahead();
        });
    }

    /// Tells attempts that they were cancelled, until the worker has stopped.
    fn watch_cancellations(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        self.hosted.poll_then(0, POLL, move |polled| {
            if let (Some(shared), Ok(text)) = (weak.upgrade(), polled)
                && shared.read(&text).is_ok()
            {
                shared.watch_cancellations();
            }
        });
    }

    /// Asks it to stop: async-signal-safe.
    fn request_stop(&self) {
        if !self.stop_asked.swap(true, Ordering::AcqRel) {
            self.stop.tell();
        }
    }

    /// Stops, and waits until it has. Who asks again waits for the first, and finds it done.
    pub(crate) fn stop(&self) -> Result<()> {
        self.request_stop();
        self.hosted.stop_claiming()?;
        // What was fetched ahead was never begun.
        let waiting = self.ahead.take(usize::MAX, Some(Instant::now()));
        self.hand_back(&waiting.unwrap_or_default())?;
        done_on_a_thread(|| self.hosted.shutdown())
    }

    /// A step of an attempt that begins; `lent` to a handler, or the program's own.
    pub(crate) fn step(
        self: &Arc<Self>,
        message: InvocationMessage,
        presence: &Arc<Presence>,
        lent: bool,
    ) -> Box<tasker_step> {
        let cancellation = self.attempts.begin(message.key());
        let host: Arc<dyn Host> = Arc::<Self>::clone(self);
        tasker_step::new(message, host, cancellation, presence, lent)
    }

    /// Hands back attempts that nobody has begun.
    fn hand_back(&self, messages: &[InvocationMessage]) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let released = messages.iter().map(|message| {
            let key = message.key();
            json!({"task_id": key.task_id, "step_no": key.step_no, "claim_no": key.claim_no, "outcome": "released"})
        });
        self.hosted.complete(&Value::from_iter(released).to_string())?;
        Ok(())
    }
}

impl Host for Shared {
    fn fetch_context(&self, task_id: &str) -> Result<String> {
        done_on_a_thread(|| self.hosted.fetch_context(task_id))
    }

    fn fetch_results(&self, task_id: &str) -> Result<String> {
        done_on_a_thread(|| self.hosted.fetch_results(task_id))
    }

    fn report(&self, key: &AttemptMessage, outcome: &str) -> Result<usize> {
        self.attempts.end(key);
        self.hosted.complete(&format!("[{outcome}]"))
    }

    fn session(&self) -> Result<HostedSession> {
        self.engine.session()
    }
}

impl tasker_worker {
    /// The worker that a pointer leads to, where it may be used.
    unsafe fn at<'a>(worker: *const Self) -> Result<&'a Self> {
        // SAFETY: as the caller says.
        let worker = unsafe { reference(worker, "worker", "what tasker_worker_new gave") }?;
        worker.presence.check("worker")?;
        Ok(worker)
    }
}

/// Starts a worker, and waits until it has. It claims steps from now on. NULL with `config_invalid`, `invalid_argument`,
/// `database_unavailable`, `schema_mismatch`. Stop it with `tasker_worker_stop`, and free it. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_new(
    client: *const tasker_client,
    options: *const tasker_worker_options,
    error: *mut *mut tasker_error,
) -> *mut tasker_worker {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let client = unsafe { tasker_client::at(client) }?;
        // SAFETY: as the caller says.
        let (started, handlers, concurrency) = unsafe { read_options(options) }?;
        let stop = Pipe::new()?;
        let shared = Arc::new(Shared {
            hosted: done_on_a_thread(|| client.engine.start_worker(&started))?,
            engine: Arc::clone(&client.engine),
            attempts: Attempts::default(),
            handlers,
            concurrency,
            crew: Crew::default(),
            ahead: Ahead::default(),
            stop_asked: AtomicBool::new(false),
            stop,
        });
        shared.watch_cancellations();
        let ending = wait_for_stop(&shared)?;
        Ok(Box::into_raw(Box::new(tasker_worker {
            shared,
            presence: Arc::clone(&client.presence),
            ending: Some(ending),
        })))
    })
}

/// A thread that waits until the worker is asked to stop, and then lets nothing more be handed out: those who poll hear of it at
/// once.
fn wait_for_stop(shared: &Arc<Shared>) -> Result<JoinHandle<()>> {
    let shared = Arc::clone(shared);
    let wait = move || {
        shared.stop.wait();
        // Not in the wrong process, and there is nobody to tell.
        let _ = shared.hosted.stop_claiming();
    };
    let thread = std::thread::Builder::new().name("tasker-stop".to_owned());
    with_signals_blocked(|| thread.spawn(wait))
        .map_err(|error| Error::internal(format!("the system gives no thread: {error}")).with_source(error))
}

/// What the engine is told, the handlers, and how many of them run at once.
unsafe fn read_options(given: *const tasker_worker_options) -> Result<(String, Handlers, usize)> {
    // SAFETY: as the caller says.
    unsafe { reference(given, "options", "a tasker_worker_options with handlers") }?;
    // SAFETY: as the caller says.
    let given = unsafe { options(given) }?;
    if given.handler_count > 0 {
        // SAFETY: as the caller says.
        unsafe { reference(given.handlers, "options.handlers", "a table of handlers") }?;
    }
    // SAFETY: as the caller says.
    let handlers = unsafe { Handlers::read(given.handlers, given.handler_count) }?;
    let no_listen = flags(given.flags, TASKER_WORKER_NO_LISTEN, tasker_worker_options::NAME)? != 0;
    // SAFETY: as the caller says.
    let (name, version) = unsafe {
        (
            optional_text(given.name, "options.name")?,
            optional_text(given.version, "options.version")?,
        )
    };
    let concurrency = given.concurrency.max(1);
    let mut started = json!({
        "handlers": handlers.names(),
        "concurrency": concurrency,
        "runtime": "c",
        "name": name,
        "version": version,
        "listen": !no_listen,
    });
    if given.max_buffered > 0 {
        started["max_buffered"] = given.max_buffered.into();
    }
    Ok((started.to_string(), handlers, concurrency))
}

/// Polls and calls handlers on this thread, one after the other, until the worker is asked to stop; then waits until it has
/// stopped. Call it from as many threads as `concurrency` says, at the most. Any thread. False with what `tasker_worker_stop` says,
/// `invalid_argument` where too many threads run it or a handler has no function, `forked_process`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_run(
    worker: *const tasker_worker,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let worker = unsafe { tasker_worker::at(worker) }?;
        worker.shared.run(&worker.presence)?;
        Ok(true)
    })
}

/// Polls for up to `max` steps, and waits up to so many milliseconds for the first; a negative number waits without an end. They
/// are written to `steps`, which has room for `max`, and how many there are to `count`: 0 when the time is over. Each is yours:
/// say what came of it, and free it. Their time begins now, so poll for as many as can be begun at once. False with
/// `shutting_down` once the worker was asked to stop, `forked_process`. Any thread, several at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_poll(
    worker: *const tasker_worker,
    steps: *mut *mut tasker_step,
    max: usize,
    timeout_ms: i64,
    count: *mut usize,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let worker = unsafe { tasker_worker::at(worker) }?;
        let (steps, count) = (place(steps, "steps")?, place(count, "count")?);
        if max == 0 {
            return Err(Error::invalid_argument(
                "max is 0: it is how many steps to poll for at the most",
            ));
        }
        let taken = worker.shared.take(max, timeout(timeout_ms))?;
        let taken = taken
            .into_iter()
            .map(|message| worker.shared.step(message, &worker.presence, false));
        // SAFETY: room for `max`, and for a number, as the caller says.
        unsafe {
            count.write(taken.len());
            for (index, step) in taken.enumerate() {
                steps.add(index).write(Box::into_raw(step));
            }
        }
        Ok(true)
    })
}

/// A descriptor that can be read from while a step may be polled without waiting, and once the worker was asked to stop: for
/// `poll`, epoll, libuv or GLib. Do not read from it or close it; poll until there are no more steps, then wait for it again. It is
/// the worker's, and valid until that is freed. From the first call on one step is fetched ahead; its time begins when it is. -1
/// with `internal` where the system gives none, `forked_process`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_fd(
    worker: *const tasker_worker,
    error: *mut *mut tasker_error,
) -> c_int {
    guarded(error, -1, || {
        // SAFETY: as the caller says.
        let worker = unsafe { tasker_worker::at(worker) }?;
        let fd = worker.shared.ahead.fd()?;
        worker.shared.fetch_ahead();
        Ok(fd)
    })
}

/// What the worker does at present: `worker_id`, `buffered`, `running`, `stuck`, `unreported`. NULL with `forked_process`. Free it
/// with `tasker_json_free`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_status(
    worker: *const tasker_worker,
    error: *mut *mut tasker_error,
) -> *mut tasker_json {
    guarded(error, std::ptr::null_mut(), || {
        // SAFETY: as the caller says.
        let worker = unsafe { tasker_worker::at(worker) }?;
        let mut status = std::ptr::null_mut();
        // SAFETY: a place of ours.
        unsafe {
            give(
                &raw mut status,
                tasker_json::of_text(worker.shared.hosted.status()?),
            )
        };
        Ok(status)
    })
}

/// Asks the worker to stop, and returns at once: nothing more is handed out, and `tasker_worker_run` returns when it has stopped.
/// Async-signal-safe: call it from a signal handler. NULL is fine. In a process that was forked it does nothing. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_request_stop(worker: *const tasker_worker) {
    // No boundary here: nothing of this can panic, and what catches panics is not made for signal handlers.
    // SAFETY: a worker, or NULL.
    let Some(worker) = (unsafe { worker.as_ref() }) else {
        return;
    };
    if worker.presence.is_here() {
        let before = errno::errno();
        worker.shared.request_stop();
        errno::set_errno(before);
    }
}

/// Stops the worker, and waits until it has: nothing more is begun, steps that run have `execution.shutdown_grace_seconds` to end,
/// and the rest is handed back without counting as an attempt. Stopping it once more does nothing. False with
/// `database_unavailable` where the database could not be told (the lease will tell it), `forked_process`. Any thread, but not a
/// handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_stop(
    worker: *const tasker_worker,
    error: *mut *mut tasker_error,
) -> bool {
    guarded(error, false, || {
        // SAFETY: as the caller says.
        let worker = unsafe { tasker_worker::at(worker) }?;
        worker.shared.stop()?;
        Ok(true)
    })
}

/// Stops and frees it. Free the steps that were polled first. NULL is fine, twice is not. In a process that was forked it does
/// nothing. Any thread, while nobody uses it, but not a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tasker_worker_free(worker: *mut tasker_worker) {
    quietly((), || {
        // SAFETY: a worker, or NULL.
        if !unsafe { worker.as_ref() }?.presence.is_here() {
            // What the parent holds is left alone.
            return None;
        }
        // SAFETY: made by a Box, and freed once.
        let mut worker = unsafe { Box::from_raw(worker) };
        // Nobody is left to be told to.
        let _ = worker.shared.stop();
        let _ = worker.ending.take()?.join();
        Some(())
    });
}
