//! A worker, as the package holds it.

use crate::error::without_gil;
use crate::wait::wait_for;
use pyo3::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tasker_core::bridge::{HostedWorker, caught};

/// A worker: poll it for attempts, report what came of them.
#[pyclass(frozen, module = "tasker._native")]
pub(crate) struct Worker {
    worker: Arc<HostedWorker>,
}

impl Worker {
    pub(crate) fn new(worker: HostedWorker) -> Self {
        Self {
            worker: Arc::new(worker),
        }
    }
}

#[pymethods]
impl Worker {
    /// Up to `most` attempts to run now, and those that were cancelled, as JSON. Waits up to `seconds` for the first.
    fn poll(&self, py: Python<'_>, most: usize, seconds: f64) -> PyResult<String> {
        let timeout = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        wait_for(py, |done| {
            self.worker.poll_then(most, timeout, move |polled| {
                let _ = done.send(polled);
            });
        })
    }

    /// Reports outcomes, the text of a JSON list. Returns how many of them count.
    fn complete(&self, py: Python<'_>, outcomes: &str) -> PyResult<usize> {
        without_gil(py, || self.worker.complete(outcomes))
    }

    /// The context of a task, as JSON.
    fn fetch_context(&self, py: Python<'_>, task_id: &str) -> PyResult<String> {
        without_gil(py, || self.worker.fetch_context(task_id))
    }

    /// The results of all steps of a task that ended well, as a JSON object.
    fn fetch_results(&self, py: Python<'_>, task_id: &str) -> PyResult<String> {
        without_gil(py, || self.worker.fetch_results(task_id))
    }

    /// What the worker does at present, as JSON.
    fn status(&self, py: Python<'_>) -> PyResult<String> {
        without_gil(py, || self.worker.status())
    }

    /// Hands out no more work and claims none, without waiting.
    fn stop_claiming(&self, py: Python<'_>) -> PyResult<()> {
        without_gil(py, || self.worker.stop_claiming())
    }

    /// Stops, and waits until it has.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        let worker = Arc::clone(&self.worker);
        wait_for(py, move |done| {
            std::thread::spawn(move || {
                let _ = done.send(caught(|| worker.shutdown()));
            });
        })
    }
}
