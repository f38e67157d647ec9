//! The end: nothing is left unfinished, and what was created is either there or was pruned.

use super::feeder::Made;
use super::sample::ServerStand;
use crate::room::{PATIENCE, Room, unfinished};
use anyhow::Result;
use serde::Serialize;
use std::time::{Duration, Instant};

/// What is there when everything has ended.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)] // the keys are explained in docs/reference/bench.md
pub struct Ending {
    pub tasks_created: u64,
    pub tasks_pruned: u64,
    pub tasks_kept: u64,
    pub tasks_unfinished: u64,
    pub tasks_cancelled: u64,
    /// Everything that is wrong, a sentence each.
    pub problems: Vec<String>,
}

/// Waits until every task has ended, or until nothing has moved for too long.
pub(super) async fn drain(room: &mut Room) -> Result<()> {
    let begun = Instant::now();
    while unfinished(&mut room.looker).await? && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// What must be zero, and what it means when it is not.
const NOTHING: &[(&str, &str)] = &[
    (
        "tasks have not ended",
        "select count(*) from tasks where completed_at is null",
    ),
    (
        "tasks have another number of steps than they were created with",
        "select count(*) from tasks t
         full join (select task_id, count(*) as steps from workflow_steps group by 1) s using (task_id)
         where t.total_steps is distinct from s.steps",
    ),
    (
        "steps may still run although their task has ended",
        "select count(*) from workflow_steps s join tasks t using (task_id)
         where t.completed_at is not null and (s.ready_at is not null or s.state = 'in_progress')",
    ),
    (
        "tasks that ended well have steps that did not",
        "select count(distinct t.task_id) from tasks t join workflow_steps s using (task_id)
         where t.state = 'complete' and s.state <> 'complete'",
    ),
    (
        "tasks did not end as their template says",
        "select count(*) from tasks t join named_tasks n using (named_task_id)
         where t.state::text <> case n.name when 'doomed' then 'error' when 'cancelled' then 'cancelled' else 'complete' end",
    ),
    (
        "rows of the trail belong to no task",
        "select (select count(*) from workflow_step_transitions x where not exists (select from tasks t where t.task_id = x.task_id))
              + (select count(*) from task_transitions x where not exists (select from tasks t where t.task_id = x.task_id))",
    ),
    (
        "claims are left of workers that have stopped",
        // Those of one that was killed wait until its lease is over.
        "select count(*) from worker_claims c join workers w using (worker_id) where w.state in ('stopped', 'dead')",
    ),
];

/// Looks at what is there. The workers have stopped: the server knows of everything that they did.
pub(super) async fn look(room: &mut Room, made: &Made) -> Result<Ending> {
    let mut problems = Vec::new();
    let mut left = 0;
    for (what, query) in NOTHING {
        let count: i64 = sqlx::query_scalar(*query).fetch_one(room.looker.once()).await?;
        if count != 0 {
            problems.push(format!("{count} {what}"));
        }
        if *what == "tasks have not ended" {
            left = count.unsigned_abs();
        }
    }
    let kept: i64 = sqlx::query_scalar("select count(*) from tasks")
        .fetch_one(room.looker.once())
        .await?;
    let kept = kept.unsigned_abs();
    let pruned = until_told(room, made.tasks().saturating_sub(kept)).await?;
    if made.tasks() != kept + pruned {
        problems.push(format!(
            "{} tasks were created, but {kept} are there and {pruned} were pruned",
            made.tasks()
        ));
    }
    Ok(Ending {
        tasks_created: made.tasks(),
        tasks_pruned: pruned,
        tasks_kept: kept,
        tasks_unfinished: left,
        tasks_cancelled: made.cancelled(),
        problems,
    })
}

/// How many tasks the server has deleted: a backend tells of what it did a moment after its end.
async fn until_told(room: &mut Room, expected: u64) -> Result<u64> {
    let begun = Instant::now();
    loop {
        let pruned = ServerStand::read(&mut room.looker, None).await?.tasks_pruned();
        if pruned == expected || begun.elapsed() > Duration::from_secs(5) {
            return Ok(pruned);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
