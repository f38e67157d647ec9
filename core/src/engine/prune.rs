//! Retention by hand: what would go, what goes.

use super::Client;
use super::client::call;
use crate::error::Result;
use crate::model::{OldPartition, Prunable, PrunedBatch, RetentionRule, TaskId};
use crate::store::Archive;

impl Client {
    /// What one page of the history after `after` holds to be pruned, and where the next page begins; none at the end.
    ///
    /// # Errors
    /// `InvalidArgument` where a rule makes no sense, `DatabaseUnavailable`.
    pub async fn count_prunable(
        &self,
        rules: &[RetentionRule],
        after: Option<TaskId>,
    ) -> Result<(Vec<Prunable>, Option<TaskId>)> {
        call!(self, |store, connection| store
            .count_prunable(connection, rules, after))
    }

    /// Deletes one batch of finished tasks, of at most `retention.batch_size`, in one transaction; writes them to the archive
    /// first, if there is one. Go on with `next_after` until that is none.
    ///
    /// # Errors
    /// `InvalidArgument` where a rule makes no sense or the archive cannot be written: nothing was deleted then.
    /// `DatabaseUnavailable`: nobody knows; what was deleted is in the archive.
    pub async fn prune_batch(
        &self,
        rules: &[RetentionRule],
        after: Option<TaskId>,
        archive: Option<&mut Archive>,
    ) -> Result<PrunedBatch> {
        let batch_size = self.settings().retention.batch_size;
        let mut archive = archive;
        call!(self, |store, connection| store.prune_tasks(
            connection,
            rules,
            after,
            batch_size,
            archive.as_deref_mut()
        ))
    }

    /// Deletes identities whose time is over and workers that ended `retention.workers_seconds` ago: how many of each.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn prune_leftovers(&self) -> Result<(i64, i64)> {
        let (mut identities, mut workers) = (0, 0);
        let seconds = self.settings().retention.workers_seconds;
        loop {
            let batch = call!(self, |store, connection| store
                .prune_leftovers(connection, seconds))?;
            (identities, workers) = (identities + batch.0, workers + batch.1);
            if batch == (0, 0) {
                return Ok((identities, workers));
            }
        }
    }

    /// Makes the partitions of the trail ahead, of `retention.partition_seconds` each. Returns the names of what was made.
    ///
    /// # Errors
    /// `Timeout` where somebody else's transaction is in the way, `DatabaseUnavailable`.
    pub async fn add_trail_partitions(&self) -> Result<Vec<String>> {
        let width = self.settings().retention.partition_seconds;
        call!(self, |store, connection| store
            .add_trail_partitions(connection, width))
    }

    /// Drops the partitions of the trail that ended `older_than_seconds` ago, where no task of their time may still run or be
    /// retried. Returns what was old enough: dropped or not.
    ///
    /// # Errors
    /// `InvalidArgument` below two days, `Timeout` where somebody else's transaction is in the way, `DatabaseUnavailable`.
    pub async fn drop_trail_partitions(&self, older_than_seconds: f64) -> Result<Vec<OldPartition>> {
        let mut dropped = Vec::new();
        loop {
            let found = call!(self, |store, connection| store
                .drop_trail_partitions(connection, older_than_seconds))?;
            let (gone, kept): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|table| table.blocked_by.is_none());
            if gone.is_empty() {
                dropped.extend(kept);
                return Ok(dropped);
            }
            dropped.extend(gone);
        }
    }
}
