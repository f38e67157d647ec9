//! Waiting without the GIL.

use crate::error::{raised, without_gil};
use pyo3::prelude::*;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tasker_core::{Error, ErrorKind, Result};

/// How long Ctrl-C may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// Starts something that hands over its answer from another thread, and waits for that without the GIL. A signal that came
/// meanwhile is dealt with as Python does: its handler runs, and what it raises is raised here.
pub(crate) fn wait_for<T: Send>(
    py: Python<'_>,
    start: impl FnOnce(SyncSender<Result<T>>) + Send,
) -> PyResult<T> {
    match wait_at_most(py, None, start)? {
        Some(answer) => Ok(answer),
        // Without a limit there is an answer, or an error.
        None => raised(py, Err(gone())),
    }
}

/// As [`wait_for`], for so long at most; none where the answer did not come in time.
pub(crate) fn wait_at_most<T: Send>(
    py: Python<'_>,
    within: Option<Duration>,
    start: impl FnOnce(SyncSender<Result<T>>) + Send,
) -> PyResult<Option<T>> {
    let until = within.and_then(|within| Instant::now().checked_add(within));
    let (sender, mut receiver) = sync_channel(1);
    without_gil(py, || {
        start(sender);
        Ok(())
    })?;
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let slice = left.map_or(SLICE, |left| left.min(SLICE));
        // Handed in and back: only its owner may wait on it.
        let (waited, back) = py.detach(move || (receiver.recv_timeout(slice), receiver));
        receiver = back;
        match waited {
            Ok(answer) => return raised(py, answer).map(Some),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return raised(py, Err(gone())),
        }
        if left.is_some_and(|left| left <= slice) {
            return Ok(None);
        }
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::ShuttingDown, "the engine of this process has ended")
}
