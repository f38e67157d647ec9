//! Waiting without the GIL.

use crate::error::{raised, without_gil};
use pyo3::prelude::*;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tasker_core::{Error, ErrorKind, Result};

/// How long Ctrl-C may go unnoticed.
const SLICE: Duration = Duration::from_millis(50);

/// Starts something that hands over its answer from another thread, and waits for that without the GIL. A signal that came
/// meanwhile is dealt with as Python does: its handler runs, and what it raises is raised here.
pub(crate) fn wait_for<T: Send>(
    py: Python<'_>,
    start: impl FnOnce(SyncSender<Result<T>>) + Send,
) -> PyResult<T> {
    let (sender, mut receiver) = sync_channel(1);
    without_gil(py, || {
        start(sender);
        Ok(())
    })?;
    loop {
        // Handed in and back: only its owner may wait on it.
        let (waited, back) = py.detach(move || (receiver.recv_timeout(SLICE), receiver));
        receiver = back;
        match waited {
            Ok(answer) => return raised(py, answer),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                let gone = Error::new(ErrorKind::ShuttingDown, "the engine of this process has ended");
                return raised(py, Err(gone));
            }
        }
    }
}

/// Gives an answer to a Python function `done(error, text)`, from a thread of the engine. An interpreter that is going away
/// gets none.
pub(crate) fn tell(done: &Py<PyAny>, answer: Result<String>) {
    Python::try_attach(|py| {
        let told = match answer {
            Ok(text) => done.call1(py, (py.None(), text)),
            Err(error) => done.call1(py, (crate::error::exception(py, &error), py.None())),
        };
        if let Err(error) = told {
            error.write_unraisable(py, None);
        }
    });
}
