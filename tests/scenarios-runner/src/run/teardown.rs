//! A scenario that passed still has to leave nothing behind.

use super::Run;
use crate::scenario::StopSignal;
use crate::workers::Workers;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a session may outlive its client.
const SESSION_SECONDS: u64 = 10;

impl Run<'_> {
    /// Workers stop when asked, nothing is claimed by a worker that is gone, and no session stays.
    pub(super) async fn prove_clean(&self, workers: &mut Workers) -> Result<()> {
        self.journal.say("stopping the workers");
        let grace = self.scenario.settings.execution.shutdown_grace_seconds;
        workers.stop(StopSignal::Term, grace).await.context("teardown")?;
        if !workers.any_killed() {
            let held = self.steps_in_progress().await.context("teardown")?;
            if !held.is_empty() {
                bail!(
                    "teardown: all workers have stopped, but steps are still in progress: {}",
                    Value::from(held)
                );
            }
        }
        self.client.close().await;
        if self.server.has_pooler() {
            self.journal.say("the sessions that are left are the pooler's");
            return Ok(());
        }
        let deadline = Instant::now() + Duration::from_secs(SESSION_SECONDS);
        loop {
            let sessions = self.server.sessions(self.database).await?;
            if sessions.is_empty() {
                self.journal.say("nothing is left behind");
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "teardown: sessions are left in the database: {}",
                    sessions.join("; ")
                );
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}
