//! The HTTP interface, as the package mounts it: events come out, what the host does about them goes in.

use crate::engine::Engine;
use crate::error::without_gil;
use crate::tell::tell;
use crate::wait::wait_at_most;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use std::sync::Arc;
use std::time::Duration;
use tasker_core::Error;
use tasker_server::mount::{Event, Exchange as CoreExchange, Mount as CoreMount};

/// The paths that take nothing of whoever asks.
#[pyfunction]
pub(crate) fn open_paths() -> Vec<String> {
    tasker_server::mount::open_paths()
}

/// The interface as a host mounts it: configuration, until it is used.
#[pyclass(frozen, module = "tasker._native")]
pub(crate) struct Mount {
    mount: CoreMount,
}

#[pymethods]
impl Mount {
    /// `options` is the text of a JSON object.
    #[new]
    fn new(py: Python<'_>, options: &str) -> PyResult<Self> {
        without_gil(py, || CoreMount::new(options)).map(|mount| Self { mount })
    }

    /// Begins a request; `head` is the text of a JSON object. One that cannot begin is answered with why.
    fn begin(&self, py: Python<'_>, engine: &Engine, head: &str) -> PyResult<Exchange> {
        without_gil(py, || {
            Ok(self
                .mount
                .begin(engine.core(), head)
                .unwrap_or_else(CoreExchange::refused))
        })
        .map(Exchange::new)
    }
}

/// One request and its answer.
#[pyclass(frozen, module = "tasker._native")]
pub(crate) struct Exchange {
    exchange: Arc<CoreExchange>,
}

impl Exchange {
    fn new(exchange: CoreExchange) -> Self {
        Self {
            exchange: Arc::new(exchange),
        }
    }
}

#[pymethods]
impl Exchange {
    /// An exchange that answers that the host itself failed, with these words.
    #[staticmethod]
    fn failed(py: Python<'_>, message: &str) -> PyResult<Self> {
        without_gil(py, || Ok(CoreExchange::refused(Error::internal(message)))).map(Self::new)
    }

    /// What to do next. Waits for it up to `seconds`, without end where that is none; none where it did not come in time: give
    /// the exchange up then.
    #[pyo3(signature = (seconds=None))]
    fn next<'py>(&self, py: Python<'py>, seconds: Option<f64>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let within = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO));
        let event = wait_at_most(py, within, |done| {
            self.exchange.next_then(move |event| {
                let _ = done.send(event);
            });
        })?;
        event.map(|event| told(py, event)).transpose()
    }

    /// As `next`; `done(error, event)` is called from another thread.
    fn next_then(&self, py: Python<'_>, done: Py<PyAny>) -> PyResult<()> {
        without_gil(py, || {
            self.exchange
                .next_then(move |event| tell(&done, event, |py, event| told(py, event).map(Bound::into_any)));
            Ok(())
        })
    }

    /// More of the body of the request, where `read` asked for it.
    fn write(&self, py: Python<'_>, piece: &[u8]) -> PyResult<()> {
        without_gil(py, || self.exchange.write(piece.to_vec().into()))
    }

    /// The body of the request has ended.
    fn finish(&self) {
        self.exchange.finish();
    }

    /// Answers what `decide` asked under this number.
    fn decide(&self, number: u64, answers: Vec<bool>) {
        self.exchange.decide(number, answers);
    }

    /// Says that the host cannot decide; the log has `why`.
    fn cannot_decide(&self, number: u64, why: &str) {
        self.exchange.cannot_decide(number, why);
    }

    /// Gives the request up.
    fn cancel(&self) {
        self.exchange.cancel();
    }
}

/// An event in Python: its name, and the text or the bytes that belong to it.
fn told(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyTuple>> {
    let text = |text: String| Some(PyString::new(py, &text).into_any());
    let (name, with) = match event {
        Event::Read => ("read", None),
        Event::Decide(asked) => ("decide", text(asked)),
        Event::Head(head) => ("head", text(head)),
        Event::Chunk(piece) => ("chunk", Some(PyBytes::new(py, &piece).into_any())),
        Event::End => ("end", None),
        Event::Broken(why) => ("broken", text(why)),
    };
    (name, with).into_pyobject(py)
}
