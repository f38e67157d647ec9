//! The analysis of a task's graph.

use super::Client;
use super::client::call;
use super::read::no_task;
use crate::error::{Error, Result};
use crate::graph::analyze;
use crate::model::{AnalysisWeights, DependencyAnalysis, TaskId};

impl Client {
    /// What the graph of a task says about where it stands: what lies on its critical paths, what could run side by side, how
    /// far failures reach, and what holds up most. All of it is of one time. Judged by `weights`; the defaults are the ancestor's.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn dependency_analysis(
        &self,
        id: TaskId,
        weights: &AnalysisWeights,
    ) -> Result<DependencyAnalysis> {
        let snapshot = call!(self, |store, connection| store.task_snapshot(connection, id))?;
        let snapshot = snapshot.ok_or_else(|| no_task(id))?;
        let weights = *weights;
        // A large graph takes long enough to keep others of this thread waiting.
        tokio::task::spawn_blocking(move || analyze(&snapshot, &weights))
            .await
            .map_err(|error| Error::internal("the analysis of a graph ended early").with_source(error))?
    }
}
