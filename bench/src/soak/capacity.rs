//! What the engine can do now, against what the same server does without an engine at the same moment.

use super::feeder::Feeder;
use super::fleet::Fleet;
use super::mix::executions_per_task;
use super::plan::Plan;
use crate::report::rounded;
use crate::room::PATIENCE;
use crate::yardstick::BatchSql;
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// The batch size of the reference: in the middle of those that the yardstick tries.
const BATCH: i32 = 200;
/// How long nothing may happen before the engine counts as idle.
const QUIET: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(10);

/// The reference, as large as the time for it allows.
#[derive(Debug)]
pub(super) struct Capacity {
    reference: BatchSql,
    steps_per_s: f64,
    longest: Duration,
}

/// Both figures, in steps per second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) capacity: f64,
    pub(super) reference: f64,
}

impl Capacity {
    /// Tries the reference out, to see how much of it fits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count
    pub(super) async fn new(url: &str, plan: &Plan, steps_per_s: f64) -> Result<Self> {
        let speed = BatchSql::new(url, 2_000).once(BATCH).await?;
        Ok(Self {
            reference: BatchSql::new(url, (speed * plan.probe_s()) as u64),
            steps_per_s,
            longest: Duration::from_secs_f64(plan.every_s / 3.0),
        })
    }

    /// Holds the load back, runs the reference on the server that is idle then, and lets the load make up for it: what
    /// has gathered is done as quickly as the engine can.
    pub(super) async fn measure(&self, fleet: &mut Fleet, feeder: &Feeder) -> Result<Measured> {
        feeder.pause();
        let behind = until_quiet(fleet, feeder).await?;
        let reference = self.reference.once(BATCH).await?;
        let executions = fleet.executions().await?;
        let begun = Instant::now();
        feeder.go_on();
        loop {
            tokio::time::sleep(PAUSE).await;
            let now = fleet.executions().await?;
            let seconds = begun.elapsed().as_secs_f64();
            let (due, made) = feeder.due_and_made();
            #[allow(clippy::cast_precision_loss)] // counts
            let left = feeder.made.executions() as f64 - now as f64 - behind;
            // A tenth of a second of the load is as little as there ever is. Where the machine has become so slow that
            // the load is not made up for soon, what was done until then is as much as it can.
            let little = self.steps_per_s * 0.1;
            let made_up = (due - made) * executions_per_task() < little && left < little;
            if made_up || begun.elapsed() > self.longest {
                #[allow(clippy::cast_precision_loss)] // a count
                let done = (now - executions) as f64;
                return Ok(Measured {
                    capacity: rounded(done / seconds),
                    reference: rounded(reference),
                });
            }
        }
    }
}

/// Waits until no handler has been called for a while. Returns how many calls are outstanding then: those that waited for
/// a process that was killed, and none else.
async fn until_quiet(fleet: &mut Fleet, feeder: &Feeder) -> Result<f64> {
    let begun = Instant::now();
    let mut last = (0, Instant::now());
    loop {
        let now = fleet.executions().await?;
        if now != last.0 {
            last = (now, Instant::now());
        }
        if last.1.elapsed() >= QUIET {
            #[allow(clippy::cast_precision_loss)] // counts
            return Ok(feeder.made.executions() as f64 - now as f64);
        }
        if begun.elapsed() > PATIENCE {
            bail!("the engine does not come to rest although nothing is created");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
