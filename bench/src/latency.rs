//! `latency`: a closed loop on an idle engine, one task after the other, a single commit between two.

use crate::measure::Spent;
use crate::options::Options;
use crate::progress::Progress;
use crate::report::Percentiles;
use crate::room::{Looker, PATIENCE, Room, request};
use crate::run::Figures;
use crate::workers::Workers;
use crate::yardstick::SingleCommit;
use anyhow::{Result, anyhow};
use std::time::{Duration, Instant};
use tasker_core::Client;
use tasker_core::model::TaskId;

/// Tasks that come before the ones that count: connections, plans and caches get warm.
const WARM_UP: u64 = 20;

/// Runs one task after the other.
pub(crate) async fn run(
    room: &mut Room,
    options: &Options,
    single: &mut Option<SingleCommit>,
    progress: &dyn Progress,
) -> Result<Figures> {
    let client = room.engine()?;
    let mut workers = Workers::prepare(room, &client, options.workers, options.concurrency).await?;
    let steps = u64::from(options.steps_per_task());
    let commits_before = single.as_ref().map_or(0, SingleCommit::count);

    progress.phase("one task after the other");
    workers.start().await?;
    let mut milliseconds = Vec::new();
    for number in 0..WARM_UP + options.tasks() {
        if let Some(single) = single {
            single.once().await?;
        }
        let taken = one(room, &client, &workers, number, options).await?;
        if number >= WARM_UP {
            milliseconds.push(taken.as_secs_f64() * 1000.0);
            progress.done((number + 1 - WARM_UP) * steps, options.tasks() * steps);
        }
    }
    let children = workers.stop().await?;
    client.close().await;
    if let Some(single) = single {
        single.tell_server().await?;
    }
    let commits = single.as_ref().map_or(0, SingleCommit::count) - commits_before;

    let total_s = milliseconds.iter().sum::<f64>() / 1000.0;
    let task_ms = Percentiles::of(milliseconds);
    #[allow(clippy::cast_precision_loss)] // counts
    Ok(Figures {
        run_s: Some(total_s),
        total_s,
        steps_executed: Some(options.tasks() * steps),
        step_ms: task_ms.map(|task| task.divided(steps as f64)),
        task_ms,
        children,
        taken_off: single_commits(commits, room, single.as_mut()).await?,
        // The warm-up is in the server's figures, so it is in what they are divided by.
        steps: (options.tasks() + WARM_UP) * steps,
        ..Figures::default()
    })
}

/// Looks for the end are this far apart: on average half of it is measured too much, once a task. On a thread, because
/// the timers of the runtime have a grain of a millisecond.
const BETWEEN_LOOKS: Duration = Duration::from_micros(200);

/// From before the request to the moment at which another connection sees the end, which is after its commit.
async fn one(
    room: &mut Room,
    client: &Client,
    workers: &Workers,
    number: u64,
    options: &Options,
) -> Result<Duration> {
    let request = request(number, options.payload_bytes);
    let called_before = workers.calls();
    let started = Instant::now();
    let created = client.create_task(&request).await?;
    // Nobody asks the database while steps run, only once the last handler was called.
    if let Some(before) = called_before {
        let all = before + u64::from(options.steps_per_task());
        if tokio::time::timeout(PATIENCE, workers.reach(all)).await.is_err() {
            return Err(stands_still());
        }
    }
    while !has_ended(&mut room.looker, created.task_id).await? {
        if started.elapsed() > PATIENCE {
            return Err(stands_still());
        }
        tokio::task::spawn_blocking(|| std::thread::sleep(BETWEEN_LOOKS)).await?;
    }
    Ok(started.elapsed())
}

async fn has_ended(looker: &mut Looker, id: TaskId) -> Result<bool> {
    Ok(
        sqlx::query_scalar("select completed_at is not null from tasks where task_id = $1")
            .bind(id)
            .fetch_one(looker.once())
            .await?,
    )
}

fn stands_still() -> anyhow::Error {
    anyhow!(
        "a task has not ended for {} s; the engine stands still",
        PATIENCE.as_secs()
    )
}

/// What the single commits in between cost the server: as many again, measured alone.
async fn single_commits(count: usize, room: &mut Room, single: Option<&mut SingleCommit>) -> Result<Spent> {
    let Some(single) = single else {
        return Ok(Spent::default());
    };
    single.cost(count, &mut room.looker).await
}
