//! A descriptor that tells when there is work. One attempt of a worker is fetched ahead as soon as somebody has asked for the
//! descriptor, and one event of an exchange always; while it waits for the program, or nothing more is to come, the descriptor can be
//! read from.

use crate::attempts::unpoisoned;
use std::collections::VecDeque;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;
use tasker_core::{Error, Result};

/// Two ends of a pipe: written to by whoever has something to tell, readable as long as that holds.
#[derive(Debug)]
pub(crate) struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Pipe {
    /// Neither end ever waits.
    pub(crate) fn new() -> Result<Self> {
        let made = |error: std::io::Error| {
            Error::internal(format!("the system gives no descriptor: {error}")).with_source(error)
        };
        let (reader, writer) = pipe().map_err(made)?;
        for end in [reader.as_raw_fd(), writer.as_raw_fd()] {
            // SAFETY: a descriptor of ours.
            let set = unsafe {
                let flags = libc::fcntl(end, libc::F_GETFL);
                libc::fcntl(end, libc::F_SETFL, flags | libc::O_NONBLOCK)
            };
            if set < 0 {
                return Err(made(std::io::Error::last_os_error()));
            }
        }
        Ok(Self { reader, writer })
    }

    /// The end that can be read from.
    pub(crate) fn fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }

    /// Makes it readable. Async-signal-safe: it is one call of `write`.
    pub(crate) fn tell(&self) {
        // One that is full is readable already.
        let _ = (&self.writer).write(&[1]);
    }

    /// Makes it unreadable.
    fn clear(&self) {
        let mut told = [0; 64];
        while matches!((&self.reader).read(&mut told), Ok(count) if count == told.len()) {}
    }

    /// Waits until it is readable.
    pub(crate) fn wait(&self) {
        let mut place = libc::pollfd {
            fd: self.fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one place, as it says. Signals are blocked in the thread that waits, but a debugger's are not.
        while unsafe { libc::poll(&raw mut place, 1, -1) } < 0 {}
    }
}

/// What was fetched ahead.
#[derive(Debug)]
pub(crate) struct Ahead<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// Made when somebody asks for it.
    pipe: Option<Pipe>,
    waiting: VecDeque<T>,
    /// The next is on its way.
    fetching: bool,
    /// Why nothing more comes.
    ended: Option<Error>,
}

// Derived, it would ask for a `Default` of what is fetched.
impl<T> Default for Ahead<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                pipe: None,
                waiting: VecDeque::new(),
                fetching: false,
                ended: None,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<T> Ahead<T> {
    /// The descriptor, made now if need be.
    pub(crate) fn fd(&self) -> Result<RawFd> {
        let mut state = unpoisoned(&self.state);
        if let Some(pipe) = &state.pipe {
            return Ok(pipe.fd());
        }
        let pipe = Pipe::new()?;
        let fd = pipe.fd();
        if !state.waiting.is_empty() || state.ended.is_some() {
            pipe.tell();
        }
        state.pipe = Some(pipe);
        Ok(fd)
    }

    /// Whether somebody has asked for the descriptor: then whoever polls looks here first.
    pub(crate) fn is_on(&self) -> bool {
        unpoisoned(&self.state).pipe.is_some()
    }

    /// Whether to fetch one more now. Who is told so does it, and says what came of it by [`Ahead::fetched`].
    pub(crate) fn begin_fetching(&self) -> bool {
        let mut state = unpoisoned(&self.state);
        let begins = state.waiting.is_empty() && !state.fetching && state.ended.is_none();
        state.fetching |= begins;
        begins
    }

    /// What came of fetching. What came too late, since nobody polls any more, is given back.
    pub(crate) fn fetched(&self, came: Result<Vec<T>>, stop_asked: &AtomicBool) -> Vec<T> {
        let mut state = unpoisoned(&self.state);
        state.fetching = false;
        match came {
            // Asked under the lock: who stops takes what waits only after that was set.
            Ok(found) if found.is_empty() || stop_asked.load(Ordering::Acquire) => return found,
            Ok(found) => state.waiting.extend(found),
            Err(error) => state.ended = Some(error),
        }
        if let Some(pipe) = &state.pipe {
            pipe.tell();
        }
        self.changed.notify_all();
        Vec::new()
    }

    /// What waits, at the most `max`; waits for the first until then, none: without an end.
    ///
    /// # Errors
    /// Why nothing more comes.
    pub(crate) fn take(&self, max: usize, until: Option<Instant>) -> Result<Vec<T>> {
        let mut state = unpoisoned(&self.state);
        while state.waiting.is_empty() {
            if let Some(ended) = &state.ended {
                return Err(Error::new(ended.kind, ended.message.clone()));
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                Some(left) if left.is_zero() => return Ok(Vec::new()),
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        let count = max.min(state.waiting.len());
        let taken = state.waiting.drain(..count).collect();
        if state.waiting.is_empty()
            && state.ended.is_none()
            && let Some(pipe) = &state.pipe
        {
            pipe.clear();
        }
        Ok(taken)
    }
}
