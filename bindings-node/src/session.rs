//! Work on the host's own connection, as the package holds it: what to do comes out, what came of it goes in.

use crate::error::thrown;
use napi_derive::napi;
use tasker_core::bridge::HostedSession;

/// Work on the host's own connection, in its transaction. It speaks to nobody, and so never waits.
#[napi]
pub struct Session {
    session: HostedSession,
}

impl Session {
    pub(crate) const fn new(session: HostedSession) -> Self {
        Self { session }
    }
}

#[napi]
impl Session {
    /// Tests of workflows. `options` is the text of a JSON object.
    #[napi(factory)]
    pub fn for_tests(options: String) -> napi::Result<Self> {
        thrown(|| HostedSession::for_tests(&options)).map(Self::new)
    }

    /// Begins a command: the first action. JSON in, JSON out.
    #[napi]
    pub fn begin(&self, command: String) -> napi::Result<String> {
        thrown(|| self.session.begin(&command))
    }

    /// Tells what came of the last action: the next one. JSON in, JSON out.
    #[napi]
    pub fn tell(&self, told: String) -> napi::Result<String> {
        thrown(|| self.session.tell(&told))
    }

    /// The statement that reads what the steps of a task returned, as JSON.
    #[napi]
    pub fn results_statement(&self, task_id: String) -> napi::Result<String> {
        thrown(|| self.session.results_statement(&task_id))
    }

    /// Results by the name of the step, from the rows of that statement. JSON in, JSON out.
    #[napi]
    pub fn read_results(&self, rows: String) -> napi::Result<String> {
        thrown(|| self.session.read_results(&rows))
    }
}
