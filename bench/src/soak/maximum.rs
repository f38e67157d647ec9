//! How many steps a second the engine executes when there is always something to do: created, executed and pruned, all at
//! once.

use super::feeder::{self, Made};
use super::fleet::Fleet;
use super::plan::Plan;
use crate::progress::Progress;
use crate::room::{CREATED_AT_ONCE, PATIENCE};
use anyhow::{Context, Result, bail};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tasker_core::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// So many executions wait at the most: enough that nobody runs dry.
const AHEAD: u64 = 10_000;

/// The rate that lasts, in executions of steps per second. It is measured when as much is pruned as is created, and so not
/// before: the tables are as large then, and autovacuum as busy, as they stay.
///
/// # Errors
/// When creation fails, or what was created does not end.
pub(super) async fn maximum_rate(
    client: &Client,
    made: &Arc<Made>,
    fleet: &mut Fleet,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<f64> {
    let (settled, length) = (plan.settled_s(), plan.settled_s() + plan.calibrate_s);
    let (give_up, given_up) = mpsc::unbounded_channel();
    let mut cancelling = JoinSet::new();
    cancelling.spawn(feeder::cancel(client.clone(), Arc::clone(made), given_up));
    let mut measured: Option<(Instant, u64)> = None;
    let begun = Instant::now();
    let rate = loop {
        let (at_s, done) = (begun.elapsed().as_secs_f64(), fleet.executions().await?);
        progress.done(whole(at_s), whole(length));
        match measured {
            None if at_s >= settled => measured = Some((Instant::now(), done)),
            Some((since, before)) if at_s >= length => {
                #[allow(clippy::cast_precision_loss)] // a count
                break (done - before) as f64 / since.elapsed().as_secs_f64();
            }
            _ => {}
        }
        if let Some(ended) = cancelling.try_join_next() {
            ended?.context("cancelling a task failed")?;
            bail!("the cancelling of tasks ended too early");
        }
        if made.executions().saturating_sub(done) < AHEAD {
            made.create(client, CREATED_AT_ONCE / 2, &give_up).await?;
        } else {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    drop(give_up);
    while let Some(ended) = cancelling.join_next().await {
        ended?.context("cancelling a task failed")?;
    }
    let begun = Instant::now();
    while fleet.executions().await? < made.executions() {
        if begun.elapsed() > PATIENCE {
            bail!("the tasks of the first measurement do not end");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(rate)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole seconds
fn whole(seconds: f64) -> u64 {
    seconds as u64
}
