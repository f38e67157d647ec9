//! The threads of the engine: they begin with the first handle that a process has, and end with its last one. So a process that
//! has freed everything has no thread, no descriptor and no memory of the engine left.

use crate::signals::with_signals_blocked;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tasker_core::bridge::Engine;
use tasker_core::{Error, ErrorKind, Result};

/// How long the threads may take to end. They have nothing left to do then.
const ENDING: Duration = Duration::from_secs(10);

/// The process, and how many hold its threads. One word without a lock: a lock that another thread has while the process forks
/// is never let go of in the child. There the process is another one, and nobody holds anything.
static HOLDERS: AtomicU64 = AtomicU64::new(0);

/// In place of a number: somebody is starting or ending the threads, and others wait for that.
const CHANGING: u32 = u32::MAX;

/// Somebody who needs the threads of the engine: a client, a worker, a step.
#[derive(Debug)]
pub(crate) struct Presence {
    process_id: u32,
    holds_threads: bool,
}

impl Presence {
    /// Starts the threads, if they do not run.
    pub(crate) fn begin() -> Result<Self> {
        let here = std::process::id();
        let change = Change::to(|count| if count == 0 { CHANGING } else { count + 1 });
        if change.from == 0 {
            let mut settled = Settled { count: 0 };
            with_signals_blocked(Engine::start_runtime)?;
            settled.count = 1;
        }
        Ok(Self {
            process_id: here,
            holds_threads: true,
        })
    }

    /// Somebody who belongs to this process and needs no threads: a test.
    pub(crate) fn without_threads() -> Self {
        Self {
            process_id: std::process::id(),
            holds_threads: false,
        }
    }

    /// Refuses a process that was forked from the one of `what`.
    pub(crate) fn check(&self, what: &str) -> Result<()> {
        let here = std::process::id();
        if here == self.process_id {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ForkedProcess,
            format!(
                "this {what} belongs to process {}, and this is process {here}, which was forked from it: make one here",
                self.process_id
            ),
        ))
    }

    /// Whether this is the process that it began in.
    pub(crate) fn is_here(&self) -> bool {
        self.process_id == std::process::id()
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // A child leaves its parent's threads alone: they are not there.
        if !self.holds_threads || !self.is_here() {
            return;
        }
        let change = Change::to(|count| {
            if count == 1 {
                CHANGING
            } else {
                count.saturating_sub(1)
            }
        });
        if change.from == 1 {
            let _settled = Settled { count: 0 };
            Engine::end_runtime(ENDING);
        }
    }
}

/// One change of the number of holders.
struct Change {
    from: u32,
}

impl Change {
    /// Waits until nobody is starting or ending the threads, then changes the number.
    fn to(next: impl Fn(u32) -> u32) -> Self {
        loop {
            let found = HOLDERS.load(Ordering::Acquire);
            let from = count_of(found);
            if from == CHANGING {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            let to = word(next(from));
            if HOLDERS
                .compare_exchange(found, to, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return Self { from };
            }
        }
    }
}

/// Ends a [`CHANGING`], also when it went wrong.
struct Settled {
    count: u32,
}

impl Drop for Settled {
    fn drop(&mut self) {
        HOLDERS.store(word(self.count), Ordering::Release);
    }
}

fn word(count: u32) -> u64 {
    (u64::from(std::process::id()) << 32) | u64::from(count)
}

/// How many hold the threads of this process; none in a child that has just been forked.
fn count_of(word: u64) -> u32 {
    let [process_id, count] =
        [word >> 32, word & u64::from(u32::MAX)].map(|half| u32::try_from(half).unwrap_or(0));
    if process_id == std::process::id() {
        count
    } else {
        0
    }
}
