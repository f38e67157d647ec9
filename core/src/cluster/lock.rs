//! The file lock by which processes that create, start or stop one cluster take turns.

use crate::error::{Error, ErrorKind, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to wait between two tries. Whoever holds the lock is starting or stopping a server: 0.1 s at best.
const PAUSE: Duration = Duration::from_millis(10);

/// Held until dropped. The kernel lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub(super) struct ClusterLock {
    _file: File,
}

impl ClusterLock {
    /// Waits for the lock on `path`, at most until `deadline`.
    ///
    /// # Errors
    /// `timeout` when another process holds it past the deadline; `database_unavailable` when the file cannot be
    /// opened or locked.
    pub(super) fn acquire(path: &Path, deadline: Instant) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| unusable(path, error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(
                        ErrorKind::Timeout,
                        format!(
                            "Another process is starting or stopping the private PostgreSQL cluster and has held {} for \
                             too long. Look what it does (`fuser {}`), then try again.",
                            path.display(),
                            path.display()
                        ),
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(unusable(path, error)),
            }
        }
    }
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::DatabaseUnavailable,
        format!(
            "The lock file {} of the private PostgreSQL cluster cannot be used: {error}. The data directory must be \
             writable and on a file system with locks; TASKER_DATA_DIR names another one.",
            path.display()
        ),
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_held_lock_is_waited_for_until_the_deadline_and_then_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = ClusterLock::acquire(&path, Instant::now()).unwrap();
        let error = ClusterLock::acquire(&path, Instant::now() + PAUSE).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout);
        drop(held);
        // Not at once: a child that another test forks just now holds a copy of the file until it has become a program.
        ClusterLock::acquire(&path, Instant::now() + Duration::from_secs(10)).unwrap();
    }
}
