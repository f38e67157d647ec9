//! Signals are the host's. The threads of the engine take none: what comes to the process goes to a thread of the host's, and
//! the SIGPIPE of a connection that broke stays with the thread that wrote to it, where it is blocked for good.

/// Does something that starts threads: they begin with every signal blocked, and so do those that they start.
pub(crate) fn with_signals_blocked<T>(work: impl FnOnce() -> T) -> T {
    let _blocked = Blocked::new();
    work()
}

/// The signals of this thread, until it is dropped.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Self {
        // SAFETY: plain data, filled in by the calls.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
            Self { before }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: what was read when it was made.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}
