//! The yardstick of a pooler: the same engine with the same work, straight to PostgreSQL.

use crate::options::Options;
use crate::progress::Silent;
use crate::room::Room;
use crate::throughput;
use anyhow::Result;

/// The workload without the pooler, once a round in a schema of its own.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    /// Steps per second, one value a round.
    rounds: Vec<f64>,
}

impl Direct {
    /// Runs the workload once.
    pub(crate) async fn round(&mut self, room: &Room, options: &Options) -> Result<()> {
        let mut straight = room.straight(&options.templates()).await?;
        let figures = throughput::run(&mut straight, options, &Silent).await;
        let left = straight.leave().await;
        let figures = figures?;
        left?;
        #[allow(clippy::cast_precision_loss)] // a count
        self.rounds.push(figures.steps as f64 / figures.total_s);
        Ok(())
    }

    /// The mean over the rounds, which lie before and after the measurement: a machine that got slower or faster meanwhile
    /// favours neither side.
    #[allow(clippy::cast_precision_loss)] // a handful of rounds
    pub(crate) fn steps_per_s(&self) -> Option<f64> {
        let sum: f64 = self.rounds.iter().sum();
        (!self.rounds.is_empty()).then(|| sum / self.rounds.len() as f64)
    }
}
