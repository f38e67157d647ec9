//! The engine, as the package holds it.

use crate::error::without_gil;
use crate::session::Session;
use crate::tell::tell;
use crate::wait::wait_for;
use crate::worker::Worker;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::Arc;
use tasker_core::bridge::{Engine as CoreEngine, caught, keep_logs};

/// An engine: configuration, until it is used.
#[pyclass(frozen, module = "tasker._native")]
pub(crate) struct Engine {
    engine: Arc<CoreEngine>,
}

impl Engine {
    pub(crate) fn core(&self) -> &CoreEngine {
        &self.engine
    }
}

#[pymethods]
impl Engine {
    /// `options` is the text of a JSON object.
    #[new]
    fn new(py: Python<'_>, options: &str) -> PyResult<Self> {
        let engine = without_gil(py, || {
            // Not when the module is imported: the `tasker` command in it has a log of its own.
            keep_logs("info")?;
            CoreEngine::new(options)
        })?;
        Ok(Self {
            engine: Arc::new(engine),
        })
    }

    /// Runs a verb, and waits for its answer: JSON in, JSON out.
    fn call(&self, py: Python<'_>, verb: &str, arguments: &str) -> PyResult<String> {
        wait_for(py, |done| {
            self.engine.call_then(verb, arguments, move |answer| {
                let _ = done.send(answer);
            });
        })
    }

    /// Runs a verb; `done(error, text)` is called from another thread with its answer.
    fn call_then(&self, py: Python<'_>, verb: &str, arguments: &str, done: Py<PyAny>) -> PyResult<()> {
        without_gil(py, || {
            self.engine.call_then(verb, arguments, move |answer| {
                tell(&done, answer, |py, text| Ok(PyString::new(py, &text).into_any()));
            });
            Ok(())
        })
    }

    /// Starts a worker, and waits until it has.
    fn start_worker(&self, py: Python<'_>, options: String) -> PyResult<Worker> {
        let engine = Arc::clone(&self.engine);
        let worker = wait_for(py, move |done| {
            std::thread::spawn(move || {
                let _ = done.send(caught(|| engine.start_worker(&options)));
            });
        })?;
        Ok(Worker::new(worker))
    }

    /// Work on the host's own connection, in its transaction. Opens nothing.
    fn session(&self, py: Python<'_>) -> PyResult<Session> {
        without_gil(py, || self.engine.session()).map(Session::new)
    }

    /// Closes the connections of this process.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        without_gil(py, || self.engine.close())
    }
}
