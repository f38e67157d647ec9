//! Maintenance: what has to be done now and then, by any process and no leader. A row of the table `maintenance` says when
//! each kind of work is due; whoever finds it due does it. Two that do the same at once are harmless.
//!
//! It goes over the connection for errands, one short call at a time, and takes a third of its time, or as much more as it
//! takes to delete faster than new tasks come. Whatever goes wrong is logged and left for the next time: no step is hurt by
//! it.

use super::core::{Core, seconds};
use super::line::on_line;
use crate::error::{ErrorKind, Result};
use crate::model::{RetentionRule, TaskId};
use crate::store::Archive;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The kinds of work, as the table has them.
const PARTITIONS: &str = "partitions";
const LEFTOVERS: &str = "leftovers";
const TASKS: &str = "tasks";
/// After this time without a sign of life somebody else goes on with what a process began, in seconds.
const HOLD_SECONDS: f64 = 120.0;
/// The shortest pause between two batches.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
/// A sweep goes through the history at least so many times as fast as history is made, or it would never catch up.
const PACE: f64 = 1.5;

pub(super) async fn run(core: Arc<Core>) {
    let interval = seconds(core.settings.retention.interval_seconds);
    let rules = core.settings.retention.all_rules();
    let settings = &core.settings.retention;
    let mut archive = settings
        .archive_directory
        .as_ref()
        .map(|directory| Archive::new(directory, settings.archive_format));
    let draining = core.draining.clone();
    let work = async {
        loop {
            told(
                "the partitions of the trail were not looked after",
                look_after_partitions(&core).await,
            );
            told(
                "expired identities and old workers were not pruned",
                prune_leftovers(&core).await,
            );
            if !rules.is_empty() {
                told(
                    "finished tasks were not pruned",
                    prune_tasks(&core, &rules, archive.as_mut()).await,
                );
            }
            tokio::time::sleep(interval).await;
        }
    };
    let _ = draining.run_until_cancelled(work).await;
}

/// Says what went wrong. That somebody else's transaction was in the way, or the database away, is no news here.
fn told(what: &str, result: Result<()>) {
    match result {
        Ok(()) => {}
        Err(error) if matches!(error.kind, ErrorKind::Timeout | ErrorKind::DatabaseUnavailable) => {
            tracing::debug!(%error, "{what}; later");
        }
        Err(error) => tracing::warn!(%error, "{what}"),
    }
}

async fn look_after_partitions(core: &Core) -> Result<()> {
    if begin(core, PARTITIONS).await?.is_none() {
        return Ok(());
    }
    let settings = &core.settings.retention;
    let made = on_line!(&mut core.errands.lock().await, |store, connection| store
        .add_trail_partitions(connection, settings.partition_seconds))?;
    if !made.is_empty() {
        tracing::debug!(partitions = ?made, "made partitions of the trail");
    }
    if let Some(age) = settings.trail_seconds {
        loop {
            let old = on_line!(&mut core.errands.lock().await, |store, connection| store
                .drop_trail_partitions(connection, age))?;
            let mut dropped = false;
            for table in old {
                match table.blocked_by {
                    None => tracing::info!(partition = table.partition, "dropped a partition of the trail"),
                    Some(task_id) => {
                        tracing::debug!(partition = table.partition, %task_id, "kept: a task of its time is not finished");
                    }
                }
                dropped |= table.blocked_by.is_none();
            }
            if !dropped {
                break;
            }
        }
    }
    end(core, PARTITIONS, None).await
}

async fn prune_leftovers(core: &Core) -> Result<()> {
    if begin(core, LEFTOVERS).await?.is_none() {
        return Ok(());
    }
    let age = core.settings.retention.workers_seconds;
    loop {
        let began = Instant::now();
        let found = on_line!(&mut core.errands.lock().await, |store, connection| store
            .prune_leftovers(connection, age))?;
        if found == (0, 0) {
            return end(core, LEFTOVERS, None).await;
        }
        pause_after(began, None).await;
    }
}

/// One sweep through the history, batch by batch. Where it is interrupted, whoever comes next goes on.
async fn prune_tasks(core: &Core, rules: &[RetentionRule], mut archive: Option<&mut Archive>) -> Result<()> {
    let Some(mut cursor) = begin(core, TASKS).await? else {
        return Ok(());
    };
    let batch_size = core.settings.retention.batch_size;
    let (mut tasks, mut steps) = (0, 0);
    loop {
        let began = Instant::now();
        let batch = on_line!(&mut core.errands.lock().await, |store, connection| store
            .prune_tasks(connection, rules, cursor, batch_size, archive.as_deref_mut()))?;
        (tasks, steps) = (tasks + batch.tasks, steps + batch.steps);
        let swept = cursor
            .zip(batch.next_after)
            .map(|(from, to)| time_between(from, to));
        cursor = batch.next_after;
        if cursor.is_none() {
            if tasks > 0 {
                tracing::info!(tasks, steps, "pruned finished tasks");
            }
            return end(core, TASKS, None).await;
        }
        on_line!(&mut core.errands.lock().await, |store, connection| store
            .end_maintenance(connection, TASKS, HOLD_SECONDS, cursor))?;
        pause_after(began, swept).await;
    }
}

async fn begin(core: &Core, name: &str) -> Result<Option<Option<TaskId>>> {
    on_line!(&mut core.errands.lock().await, |store, connection| store
        .begin_maintenance(connection, name, HOLD_SECONDS))
}

async fn end(core: &Core, name: &str, cursor: Option<TaskId>) -> Result<()> {
    let interval = core.settings.retention.interval_seconds;
    on_line!(&mut core.errands.lock().await, |store, connection| store
        .end_maintenance(connection, name, interval, cursor))
}

async fn pause_after(began: Instant, swept: Option<Duration>) {
    tokio::time::sleep(pause(began.elapsed(), swept)).await;
}

/// How long to pause after a batch: twice as long as it took, but no longer than the pace allows for the part of the history
/// that it went through.
fn pause(took: Duration, swept: Option<Duration>) -> Duration {
    let gentle = took * 2;
    let allowed = swept.map_or(gentle, |swept| swept.div_f64(PACE).saturating_sub(took));
    gentle.min(allowed).max(SHORTEST_PAUSE)
}

/// The time between two tasks, by their ids.
fn time_between(from: TaskId, to: TaskId) -> Duration {
    let milliseconds = |id: TaskId| u64::try_from(id.as_u128() >> 80).unwrap_or(0);
    Duration::from_millis(milliseconds(to).saturating_sub(milliseconds(from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn pruning_takes_a_third_of_its_time_while_that_is_fast_enough() {
        assert_eq!(pause(20 * MS, None), 40 * MS);
        assert_eq!(
            pause(20 * MS, Some(3600 * 1000 * MS)),
            40 * MS,
            "an hour of history at once"
        );
        assert_eq!(pause(20 * MS, Some(90 * MS)), 40 * MS, "just fast enough");
        assert_eq!(pause(MS, None), SHORTEST_PAUSE);
    }

    #[test]
    fn pruning_takes_more_of_its_time_where_tasks_come_faster_than_that() {
        assert_eq!(
            pause(20 * MS, Some(60 * MS)),
            20 * MS,
            "60 ms of history in 40 ms"
        );
        assert_eq!(
            pause(20 * MS, Some(30 * MS)),
            SHORTEST_PAUSE,
            "and never all of it"
        );
        assert_eq!(pause(20 * MS, Some(Duration::ZERO)), SHORTEST_PAUSE);
    }

    #[test]
    fn the_time_between_two_tasks_is_that_of_their_ids() {
        let id = |milliseconds: u128| TaskId::from_u128((milliseconds << 80) | 0x7000);
        assert_eq!(time_between(id(1_000), id(1_250)), 250 * MS);
        assert_eq!(time_between(id(1_250), id(1_000)), Duration::ZERO);
    }
}
