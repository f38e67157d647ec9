//! The one runtime of a process, for whoever calls from outside of Rust.

use super::boundary::defect;
use crate::error::{Error, ErrorKind, Result};
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// What a process made for itself.
#[derive(Debug)]
struct OfProcess<T> {
    process_id: u32,
    value: T,
}

/// A place for something that each process makes for itself at first use. A child that was forked makes its own, and lets
/// its parent's be without running a destructor. There is no lock: one that another thread holds while the process forks
/// stays held in the child for ever.
#[derive(Debug)]
pub struct Once<T> {
    made: ArcSwapOption<OfProcess<T>>,
}

impl<T: Clone> Once<T> {
    /// A place with nothing in it.
    // No `Default`: it is a `const`.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            made: ArcSwapOption::const_empty(),
        }
    }

    /// What this process has made; none where it has not, whatever its parent did.
    pub fn get(&self) -> Option<T> {
        let made = self.made.load();
        let made = made.as_ref()?;
        (made.process_id == std::process::id()).then(|| made.value.clone())
    }

    /// What this process has made, made now if need be. Of two threads that come at once, one makes it for nothing.
    ///
    /// # Errors
    /// What `make` says; it is tried again the next time.
    pub fn get_or_make(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let found = self.made.load_full();
        let mine = Arc::new(OfProcess {
            process_id: std::process::id(),
            value: make()?,
        });
        let before = self.made.compare_and_swap(&found, Some(Arc::clone(&mine)));
        match (before.as_ref(), found) {
            // Another thread was quicker.
            (Some(other), _) if other.process_id == mine.process_id => Ok(other.value.clone()),
            (_, found) => {
                // The parent's, if any: never dropped.
                std::mem::forget(found);
                Ok(mine.value.clone())
            }
        }
    }
}

impl<T> Once<T> {
    /// What this process has made, for whoever asks first; it is made again when it is wanted again. None where somebody else
    /// uses it at this moment: then that one drops it.
    fn take(&self) -> Option<T> {
        let made = self.made.load();
        if made.as_ref()?.process_id != std::process::id() {
            return None;
        }
        drop(made);
        Some(Arc::into_inner(self.made.swap(None)?)?.value)
    }
}

static RUNTIME: Once<Arc<Runtime>> = Once::new();

/// For a host that says itself when the threads of the engine begin and end. Any other leaves that to the first call, and to the
/// end of the process.
impl super::Engine {
    /// Starts the runtime of this process, if it has none. Its threads begin with the signal mask of the calling one.
    ///
    /// # Errors
    /// `Internal` where the system gives no thread.
    pub fn start_runtime() -> Result<()> {
        runtime().map(drop)
    }

    /// Ends the runtime of this process and waits for its threads, so long at the most. Engines and workers must have been closed,
    /// and nobody may use one meanwhile. The next call starts another one.
    pub fn end_runtime(within: Duration) {
        if let Some(runtime) = RUNTIME.take().and_then(Arc::into_inner) {
            runtime.shutdown_timeout(within);
        }
    }
}

/// The handle of the runtime of this process: made at first use, and once more in a child that was forked.
///
/// # Errors
/// `Internal` where the system gives no thread.
pub(super) fn runtime() -> Result<Handle> {
    let runtime = RUNTIME.get_or_make(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tasker")
            .enable_all()
            .build()
            .map(Arc::new)
            .map_err(|error| {
                Error::internal(format!("the threads of the engine cannot be started: {error}"))
                    .with_source(error)
            })
    })?;
    Ok(runtime.handle().clone())
}

/// Runs something on the runtime of this process, and hands what came of it to `done`, on a thread of the runtime: it should
/// pass it on and return. A panic on the way is an error like any other.
pub fn spawn<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
    done: impl FnOnce(Result<T>) + Send + 'static,
) {
    match runtime() {
        Err(error) => done(Err(error)),
        Ok(runtime) => {
            let worked = runtime.spawn(work);
            runtime.spawn(async move {
                done(worked.await.unwrap_or_else(|error| Err(caught(error))));
            });
        }
    }
}

/// Runs something on the runtime of this process, and waits for it on the calling thread, which is none of the runtime's.
///
/// # Errors
/// What it says; `Panic`.
pub fn wait_for<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let (done, waiting) = std::sync::mpsc::sync_channel(1);
    spawn(work, move |result| {
        // Nobody waits any more where the caller's thread was ended.
        let _ = done.send(result);
    });
    waiting.recv().unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::ShuttingDown,
            "the engine of this process has ended",
        ))
    })
}

fn caught(error: tokio::task::JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => defect(panic),
        Err(_) => Error::new(ErrorKind::ShuttingDown, "the engine of this process has ended"),
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_is_made_once_stays() {
        static PLACE: Once<u32> = Once::new();
        assert_eq!(PLACE.get(), None);
        assert_eq!(PLACE.get_or_make(|| Ok(1)).unwrap(), 1);
        assert_eq!(PLACE.get_or_make(|| Ok(2)).unwrap(), 1);
    }

    #[test]
    fn what_could_not_be_made_is_tried_again() {
        static PLACE: Once<u32> = Once::new();
        assert!(PLACE.get_or_make(|| Err(Error::internal("no"))).is_err());
        assert_eq!(PLACE.get_or_make(|| Ok(2)).unwrap(), 2);
    }

    #[test]
    fn what_was_taken_is_made_again() {
        static PLACE: Once<u32> = Once::new();
        assert_eq!(PLACE.take(), None);
        assert_eq!(PLACE.get_or_make(|| Ok(1)).unwrap(), 1);
        assert_eq!(PLACE.take(), Some(1));
        assert_eq!(PLACE.get(), None);
        assert_eq!(PLACE.get_or_make(|| Ok(2)).unwrap(), 2);
    }

    #[test]
    fn a_panic_is_an_error_with_its_text() {
        let error = wait_for(async { panic!("on purpose") as Result<()> }).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Panic);
        assert!(error.message.contains("on purpose"), "{error}");
    }
}
