//! `latency`: a closed loop on an idle engine, one task after the other, a single commit between two.

use crate::measure::Spent;
use crate::options::Options;
use crate::progress::Progress;
use crate::report::Percentiles;
use crate::room::{PATIENCE, Room, request};
use crate::run::Figures;
use crate::workers::Workers;
use crate::yardstick::SingleCommit;
use anyhow::{Result, anyhow};
use std::time::{Duration, Instant};
use tasker_core::model::{State, TaskRequest};
use tasker_core::{Client, ErrorKind};

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
    let mut workers = Workers::prepare(room, &client, options).await?;
    let steps = u64::from(options.steps_per_task());
    let commits_before = single.as_ref().map_or(0, SingleCommit::count);

    progress.phase("one task after the other");
    workers.start().await?;
    let mut milliseconds = Vec::new();
    for number in 0..WARM_UP + options.tasks() {
        if let Some(single) = single {
            single.once().await?;
        }
        let request = request(number, options.payload_bytes);
        let taken = match workers.run_task(&request).await? {
            Some(taken) => taken,
            None => one(&client, &request).await?,
        };
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

/// From before the request to the answer to the commit that ended the task: what a program in the same process waits for.
async fn one(client: &Client, request: &TaskRequest) -> Result<Duration> {
    let started = Instant::now();
    let created = client.create_task(request).await?;
    match client
        .wait_state(created.task_id, &[State::Complete], PATIENCE)
        .await
    {
        Ok(_) => Ok(started.elapsed()),
        Err(error) if error.kind == ErrorKind::Timeout => Err(stands_still()),
        Err(error) => Err(error.into()),
    }
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
