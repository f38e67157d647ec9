//! The report: the keys of the contract, those that do not apply null.

use crate::Workload;
use crate::memory::FLAT;
use serde::Serialize;

/// What one run of a workload came to.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the keys are explained in docs/reference/bench.md, one place for people and programs
pub struct Report {
    pub workload: Workload,
    pub runtime: &'static str,
    pub tasks: u64,
    pub steps: u64,
    pub workers: u32,
    pub concurrency: u32,
    pub create_s: Option<f64>,
    pub run_s: Option<f64>,
    pub total_s: f64,
    pub steps_per_s: Option<f64>,
    pub steps_per_s_without_creation: Option<f64>,
    pub tasks_per_s_created: Option<f64>,
    pub step_ms: Option<Percentiles>,
    pub task_ms: Option<Percentiles>,
    pub per_step: PerStep,
    pub cpu_s: Cpu,
    pub peak_rss_mb: Option<f64>,
    pub reference: Reference,
    pub ratios: Ratios,
    pub points: Option<Vec<Point>>,
    pub machine: Machine,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[allow(missing_docs)]
pub struct Percentiles {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// What PostgreSQL did, divided by the number of steps.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)]
pub struct PerStep {
    pub commits: Option<f64>,
    pub wal_bytes: Option<f64>,
    pub wal_bytes_with_fpi: Option<f64>,
    pub hot_share: Option<f64>,
    pub statements: Option<f64>,
    pub rows_written: Option<f64>,
}

/// Seconds of CPU, over all processes, those that ended included.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)]
pub struct Cpu {
    pub engine: Option<f64>,
    pub handlers: Option<f64>,
    pub postgres: Option<f64>,
}

/// The yardsticks of the same run.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)]
pub struct Reference {
    pub single_commit_ms: Option<f64>,
    pub batch_sql_steps_per_s: Option<f64>,
    pub rust_steps_per_s: Option<f64>,
    pub direct_steps_per_s: Option<f64>,
}

/// The run against its yardsticks.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)]
pub struct Ratios {
    pub throughput_to_batch_sql: Option<f64>,
    pub step_p50_to_single_commit: Option<f64>,
    pub throughput_to_rust: Option<f64>,
    pub throughput_to_direct: Option<f64>,
    pub latency_to_rust: Option<f64>,
    pub last_point_to_first: Option<f64>,
}

/// One of several sizes or ways that a workload runs in.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)]
pub struct Point {
    pub way: &'static str,
    pub size: u64,
    pub us_per_task: Option<f64>,
    pub us_per_step: Option<f64>,
    pub tasks_per_s: Option<f64>,
    pub claim_ms: Option<Percentiles>,
    pub blocks_per_claim: Option<f64>,
    pub worker_rss_mb: Option<f64>,
    pub request_ms: Option<Percentiles>,
    pub ratio_to_engine: Option<f64>,
}

/// Where it ran.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct Machine {
    pub cpus: usize,
    pub memory_gb: Option<f64>,
    pub postgres: String,
    pub synchronous_commit: String,
    pub fsync: String,
}

impl Report {
    /// `memory`: whether the workers had at most 5 % more of it in the last tenth of the run than in the first. None for every
    /// other workload.
    pub fn is_flat(&self) -> Option<bool> {
        (self.workload == Workload::Memory)
            .then(|| self.ratios.last_point_to_first.is_some_and(|ratio| ratio <= FLAT))
    }
}

impl Percentiles {
    /// The percentiles of these values; none where there are none.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self {
            p50: at(&values, 0.50)?,
            p95: at(&values, 0.95)?,
            p99: at(&values, 0.99)?,
        })
    }

    /// The same divided by `parts`.
    pub(crate) fn divided(self, parts: f64) -> Self {
        Self {
            p50: rounded(self.p50 / parts),
            p95: rounded(self.p95 / parts),
            p99: rounded(self.p99 / parts),
        }
    }
}

/// The value below which `share` of the sorted values lie, between two of them where it falls between.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)] // an index
fn at(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let low = sorted.get(below)?;
    let high = sorted.get(below + 1).unwrap_or(low);
    Some(rounded(low + (high - low) * part))
}

/// Four digits that count: more would be noise.
pub(crate) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 3.0 - value.abs().log10().floor();
    let factor = 10f64.powf(digits.max(0.0));
    (value * factor).round() / factor
}

/// One number divided by another that may be zero.
pub(crate) fn quotient(value: f64, by: f64) -> Option<f64> {
    (by > 0.0).then(|| rounded(value / by))
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn percentiles_lie_between_their_neighbours() {
        let values = (1..=101).rev().map(f64::from).collect();
        let percentiles = Percentiles::of(values).unwrap();
        assert_eq!(
            (percentiles.p50, percentiles.p95, percentiles.p99),
            (51.0, 96.0, 100.0)
        );
        assert_eq!(Percentiles::of(vec![1.0, 2.0]).unwrap().p50, 1.5);
        assert!(Percentiles::of(vec![]).is_none());
    }

    #[test]
    fn four_digits_are_kept() {
        assert_eq!(
            [0.0, 0.012_345_6, 1.234_56, 28_765.432].map(rounded),
            [0.0, 0.012_35, 1.235, 28_765.0]
        );
    }
}
