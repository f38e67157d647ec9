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
    /// `NotFound`, also for a namespace, a named task or a handler that no template has; `InvalidArgument` for an empty name or one
    /// that is too long; `IllegalTransition`, `DatabaseUnavailable`.
    pub async fn pause(&self, scope: &PauseScope, operator: &Operator) -> Result<()> {
        scope.check_bounds()?;
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
    /// `NotFound`, `InvalidArgument`, `DatabaseUnavailable`.
    pub async fn resume(&self, scope: &PauseScope, operator: &Operator) -> Result<()> {
        scope.check_bounds()?;
        operate!(self, operator, |store, connection| store
            .set_paused(connection, scope, false, operator))?;
        self.wake();
        Ok(())
    }
}
