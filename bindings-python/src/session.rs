//! Work on the host's own connection, as the package holds it: what to do comes out, what came of it goes in.

use crate::error::without_gil;
use pyo3::prelude::*;
use tasker_core::bridge::HostedSession;

/// Work on the host's own connection, in its transaction. It speaks to nobody, and so never waits.
#[pyclass(frozen, module = "tasker._native")]
pub(crate) struct Session {
    session: HostedSession,
}

impl Session {
    pub(crate) fn new(session: HostedSession) -> Self {
        Self { session }
    }
}

#[pymethods]
impl Session {
    /// Tests of workflows. `options` is the text of a JSON object.
    #[staticmethod]
    fn for_tests(py: Python<'_>, options: &str) -> PyResult<Self> {
        without_gil(py, || HostedSession::for_tests(options)).map(Self::new)
    }

    /// Begins a command: the first action. JSON in, JSON out.
    fn begin(&self, py: Python<'_>, command: &str) -> PyResult<String> {
        without_gil(py, || self.session.begin(command))
    }

    /// Tells what came of the last action: the next one. JSON in, JSON out.
    fn tell(&self, py: Python<'_>, told: &str) -> PyResult<String> {
        without_gil(py, || self.session.tell(told))
    }

    /// The statement that reads what the steps of a task returned, as JSON.
    fn results_statement(&self, py: Python<'_>, task_id: &str) -> PyResult<String> {
        without_gil(py, || self.session.results_statement(task_id))
    }

    /// Results by the name of the step, from the rows of that statement. JSON in, JSON out.
    fn read_results(&self, py: Python<'_>, rows: &str) -> PyResult<String> {
        without_gil(py, || self.session.read_results(rows))
    }
}
