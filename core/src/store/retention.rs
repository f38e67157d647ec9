//! Pruning, the partitions of the trail, and who does what of it when.

use super::{Archive, Session, Store};
use crate::error::{Error, Result};
use crate::model::{OldPartition, Prunable, PrunedBatch, RetentionRule, TaskId};
use futures_util::TryStreamExt;
use sqlx::{Connection, PgConnection, Row};

/// The part of `archive_tasks` that says where the next batch goes on.
const END_OF_BATCH: i32 = 9;

fn json(rules: &[RetentionRule]) -> Result<String> {
    serde_json::to_string(rules).map_err(|error| Error::internal("rules do not serialize").with_source(error))
}

/// The end of a batch, before its transaction ends. From then on nobody knows whether the tasks are gone until the answer
/// comes: what was archived stays.
async fn settled(archive: &mut Archive, pruned: Result<PrunedBatch>) -> Result<PrunedBatch> {
    match pruned {
        Ok(_) => archive.keep(),
        Err(_) => archive.give_up().await,
    }
    pruned
}

impl Store {
    /// What one page of the history after `after` holds to be pruned, and where the next page begins; none at the end.
    ///
    /// # Errors
    /// `InvalidArgument` where a rule makes no sense.
    pub async fn count_prunable(
        &self,
        connection: &mut PgConnection,
        rules: &[RetentionRule],
        after: Option<TaskId>,
    ) -> Result<(Vec<Prunable>, Option<TaskId>)> {
        let rows = self
            .query(&self.statements().count_prunable)
            .bind(json(rules)?)
            .bind(after)
            .fetch_all(connection)
            .await?;
        let mut next = None;
        let mut found = Vec::new();
        for row in &rows {
            next = row.try_get(5)?;
            if let Some(namespace) = row.try_get(0)? {
                found.push(Prunable {
                    namespace,
                    name: row.try_get(1)?,
                    state: row.try_get(2)?,
                    tasks: row.try_get(3)?,
                    steps: row.try_get(4)?,
                });
            }
        }
        Ok((found, next))
    }

    /// Deletes one batch of finished tasks, in one transaction; writes them to the archive first, if there is one.
    ///
    /// # Errors
    /// `InvalidArgument` where a rule makes no sense or the archive cannot be written: nothing was deleted then.
    pub async fn prune_tasks(
        &self,
        connection: &mut PgConnection,
        rules: &[RetentionRule],
        after: Option<TaskId>,
        batch_size: u32,
        archive: Option<&mut Archive>,
    ) -> Result<PrunedBatch> {
        let limit = i32::try_from(batch_size).unwrap_or(i32::MAX);
        let Some(archive) = archive else {
            let row = self
                .query(&self.statements().prune_tasks)
                .bind(json(rules)?)
                .bind(after)
                .bind(limit)
                .fetch_one(connection)
                .await?;
            return Ok(PrunedBatch {
                tasks: row.try_get(0)?,
                steps: row.try_get(1)?,
                next_after: row.try_get(2)?,
            });
        };
        let rules = json(rules)?;
        if self.session() == Some(Session::Pooled) {
            // The call is a transaction already; it ends with what is returned here.
            let pruned = self
                .archive_and_delete(connection, &rules, after, limit, archive)
                .await;
            return settled(archive, pruned).await;
        }
        let mut transaction = connection.begin().await?;
        let pruned = self
            .archive_and_delete(&mut transaction, &rules, after, limit, archive)
            .await;
        let pruned = settled(archive, pruned).await?;
        transaction.commit().await?;
        Ok(pruned)
    }

    async fn archive_and_delete(
        &self,
        connection: &mut PgConnection,
        rules: &str,
        after: Option<TaskId>,
        limit: i32,
        archive: &mut Archive,
    ) -> Result<PrunedBatch> {
        // A call that was given up midway may have left something behind.
        archive.give_up().await;
        let mut archived: Vec<TaskId> = Vec::new();
        let mut next_after = None;
        {
            let mut rows = self
                .query(&self.statements().archive_tasks)
                .bind(rules)
                .bind(after)
                .bind(limit)
                .fetch(&mut *connection);
            while let Some(row) = rows.try_next().await? {
                let part: i32 = row.try_get(1)?;
                let document: Option<&str> = row.try_get(2)?;
                if part == END_OF_BATCH {
                    next_after = document.map(str::parse).transpose().map_err(|error| {
                        Error::internal("a cursor is not the id of a task").with_source(error)
                    })?;
                    continue;
                }
                let task: TaskId = row.try_get(0)?;
                if part == 0 {
                    archived.push(task);
                }
                archive
                    .add(
                        task,
                        usize::try_from(part).unwrap_or_default(),
                        document.unwrap_or("null"),
                    )
                    .await?;
            }
        }
        if archived.is_empty() {
            return Ok(PrunedBatch {
                tasks: 0,
                steps: 0,
                next_after,
            });
        }
        archive.sync().await?;
        let row = self
            .query(&self.statements().delete_archived)
            .bind(&archived)
            .fetch_one(connection)
            .await?;
        let (tasks, steps): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if usize::try_from(tasks) != Ok(archived.len()) {
            return Err(Error::internal(format!(
                "{} tasks were archived, but {tasks} would be deleted: nothing is",
                archived.len()
            )));
        }
        Ok(PrunedBatch {
            tasks,
            steps,
            next_after,
        })
    }

    /// Deletes identities whose time is over, and workers that ended `workers_seconds` ago: how many of each. There may be
    /// more.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn prune_leftovers(
        &self,
        connection: &mut PgConnection,
        workers_seconds: Option<f64>,
    ) -> Result<(i64, i64)> {
        let row = self
            .query(&self.statements().prune_leftovers)
            .bind(workers_seconds)
            .fetch_one(connection)
            .await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// Makes the partitions of the trail ahead. Returns the names of what was made.
    ///
    /// # Errors
    /// `Timeout` where somebody else's transaction is in the way: later, then.
    pub async fn add_trail_partitions(
        &self,
        connection: &mut PgConnection,
        width_seconds: f64,
    ) -> Result<Vec<String>> {
        Ok(self
            .query_scalar(&self.statements().add_trail_partitions)
            .bind(width_seconds)
            .fetch_all(connection)
            .await?)
    }

    /// Drops the oldest partitions of the trail that ended `older_than_seconds` ago; there may be more.
    ///
    /// # Errors
    /// `Timeout` where somebody else's transaction is in the way: later, then. `InvalidArgument` below two days.
    pub async fn drop_trail_partitions(
        &self,
        connection: &mut PgConnection,
        older_than_seconds: f64,
    ) -> Result<Vec<OldPartition>> {
        let rows = self
            .query(&self.statements().drop_trail_partitions)
            .bind(older_than_seconds)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(OldPartition {
                    partition: row.try_get(0)?,
                    blocked_by: row.try_get(1)?,
                })
            })
            .collect()
    }

    /// Takes a kind of maintenance if it is due, for `hold_seconds`: where it goes on. None: it is not due, or somebody else
    /// does it.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn begin_maintenance(
        &self,
        connection: &mut PgConnection,
        name: &str,
        hold_seconds: f64,
    ) -> Result<Option<Option<TaskId>>> {
        Ok(self
            .query_scalar(&self.statements().begin_maintenance)
            .bind(name)
            .bind(hold_seconds)
            .fetch_optional(connection)
            .await?)
    }

    /// Says when a kind of maintenance is due next, and where it goes on then.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn end_maintenance(
        &self,
        connection: &mut PgConnection,
        name: &str,
        next_seconds: f64,
        cursor: Option<TaskId>,
    ) -> Result<()> {
        self.query(&self.statements().end_maintenance)
            .bind(name)
            .bind(next_seconds)
            .bind(cursor)
            .execute(connection)
            .await?;
        Ok(())
    }
}
