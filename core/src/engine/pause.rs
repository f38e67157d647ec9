//! pause and resume.

use super::Client;
use super::client::operate;
use super::wake::Wake;
use crate::error::Result;
use crate::model::{Operator, PauseScope};

impl Client {
    /// Pauses: nothing that the scope covers is claimed any more; what runs goes on.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`, `DatabaseUnavailable`.
    pub async fn pause(&self, scope: &PauseScope, operator: &Operator) -> Result<()> {
        operate!(self, operator, |store, connection| store
            .set_paused(connection, scope, true, operator))?;
        match scope {
            PauseScope::Task(id) => self.wake_for_task(*id).await,
            _ => self.wake_here(Wake::Ready),
        }
        Ok(())
    }

    /// Ends a pause. Resuming what is not paused changes nothing.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn resume(&self, scope: &PauseScope, operator: &Operator) -> Result<()> {
        operate!(self, operator, |store, connection| store
            .set_paused(connection, scope, false, operator))?;
        self.wake();
        Ok(())
    }
}
