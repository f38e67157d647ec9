//! `linear`, `diamond`, `fanout`, `jobs`: make the tasks, then let them run.

use crate::options::Options;
use crate::progress::Progress;
use crate::room::{CREATED_AT_ONCE, Looker, PATIENCE, Room, ended, requests, unfinished};
use crate::run::Figures;
use crate::workers::Workers;
use anyhow::{Result, bail, ensure};
use std::time::{Duration, Instant};
use tasker_core::Client;

/// Makes the tasks, runs them, and waits until every end is durable.
pub(crate) async fn run(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Figures> {
    let client = room.engine()?;
    let mut workers = Workers::prepare(room, &client, options).await?;
    let steps = options.tasks() * u64::from(options.steps_per_task());

    progress.phase("creating tasks");
    let started = Instant::now();
    create(&client, options, progress).await?;
    let created = Instant::now();
    progress.phase("running steps");
    workers.start().await?;
    until_done(&mut room.looker, &workers, (steps, options.tasks()), 0, progress).await?;
    let done = Instant::now();

    let children = workers.stop().await?;
    client.close().await;
    let (_, badly) = ended(&mut room.looker).await?;
    ensure!(
        badly == 0,
        "{badly} tasks did not complete; the figures would mean nothing"
    );
    Ok(Figures {
        create_s: Some((created - started).as_secs_f64()),
        run_s: Some((done - created).as_secs_f64()),
        total_s: (done - started).as_secs_f64(),
        created: options.tasks(),
        steps_executed: Some(steps),
        children,
        steps,
        ..Figures::default()
    })
}

/// Makes all tasks, a thousand a call.
async fn create(client: &Client, options: &Options, progress: &dyn Progress) -> Result<()> {
    let mut made = 0;
    while made < options.tasks() {
        let count = CREATED_AT_ONCE.min(options.tasks() - made);
        client
            .create_tasks(&requests(made, count, options.payload_bytes))
            .await?;
        made += count;
        progress.done(made, options.tasks());
    }
    Ok(())
}

/// Waits until every task has ended, of which `before` had done so already. As long as the handlers of this process are still being called nobody asks the
/// database; with workers elsewhere it is asked a few times a second, which costs a thousandth of the server.
pub(crate) async fn until_done(
    looker: &mut Looker,
    workers: &Workers,
    (steps, tasks): (u64, u64),
    before: u64,
    progress: &dyn Progress,
) -> Result<()> {
    let mut last = (0, Instant::now());
    loop {
        let (done, all_called) = match workers.calls() {
            Some(calls) => (calls.min(steps), calls >= steps),
            None => ((ended(looker).await?.0 - before) * (steps / tasks), true),
        };
        progress.done(done, steps);
        if all_called && !unfinished(looker).await? {
            return Ok(());
        }
        if done > last.0 {
            last = (done, Instant::now());
        }
        if last.1.elapsed() > PATIENCE {
            let (ended, badly) = ended(looker).await?;
            bail!(
                "no step has ended for {} s: {ended} of {tasks} tasks have ended, {badly} of them badly",
                PATIENCE.as_secs()
            );
        }
        let pause = match (workers.calls(), all_called) {
            (Some(_), true) => Duration::from_millis(1),
            (Some(_), false) => Duration::from_millis(5),
            (None, _) => Duration::from_millis(50),
        };
        tokio::time::sleep(pause).await;
    }
}
