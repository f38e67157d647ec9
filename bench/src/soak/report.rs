//! What a soak comes to.

use super::ending::Ending;
use super::judge::Verdict;
use super::plan::Plan;
use crate::report::Machine;
use serde::Serialize;

/// What a soak came to: the last line of its output.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the keys are explained in docs/reference/bench.md
pub struct SoakReport {
    pub workload: &'static str,
    pub minutes: f64,
    pub workers: u32,
    pub concurrency: u32,
    pub workers_killed: u64,
    /// None where the rate was given.
    pub maximum_steps_per_s: Option<f64>,
    pub asked_steps_per_s: f64,
    pub plan: Plan,
    pub samples: usize,
    pub ending: Ending,
    pub verdicts: Vec<Verdict>,
    /// Whether all of them hold.
    pub holds: bool,
    pub machine: Machine,
}
