//! Work on the host's own connection, as the gem holds it: what to do comes out, what came of it goes in.

use crate::wait::without_gvl;
use magnus::{Error, Ruby};
use tasker_core::bridge::HostedSession;

/// Work on the host's own connection, in its transaction. It speaks to nobody, and so never waits.
#[magnus::wrap(class = "Tasker::Native::Session", free_immediately, size)]
pub(crate) struct Session {
    session: HostedSession,
}

impl Session {
    pub(crate) fn new(session: HostedSession) -> Self {
        Self { session }
    }

    /// Tests of workflows. `options` is the text of a JSON object.
    pub(crate) fn for_tests(ruby: &Ruby, options: String) -> Result<Self, Error> {
        without_gvl(ruby, || HostedSession::for_tests(&options)).map(Self::new)
    }

    /// Begins a command: the first action. JSON in, JSON out.
    pub(crate) fn begin(ruby: &Ruby, this: &Self, command: String) -> Result<String, Error> {
        without_gvl(ruby, || this.session.begin(&command))
    }

    /// Tells what came of the last action: the next one. JSON in, JSON out.
    pub(crate) fn tell(ruby: &Ruby, this: &Self, told: String) -> Result<String, Error> {
        without_gvl(ruby, || this.session.tell(&told))
    }

    /// The statement that reads what the steps of a task returned, as JSON.
    pub(crate) fn results_statement(ruby: &Ruby, this: &Self, task_id: String) -> Result<String, Error> {
        without_gvl(ruby, || this.session.results_statement(&task_id))
    }

    /// Results by the name of the step, from the rows of that statement. JSON in, JSON out.
    pub(crate) fn read_results(ruby: &Ruby, this: &Self, rows: String) -> Result<String, Error> {
        without_gvl(ruby, || this.session.read_results(&rows))
    }
}
