//! The handlers of another language beside those of Rust: the same work, round about, so that a machine that gets slower or
//! faster meanwhile favours neither.

use crate::Workload;
use crate::hands::Hands;
use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Report, quotient};
use anyhow::Result;

/// Rounds of each.
const ROUNDS: usize = 3;

/// Runs both in turns. The report is that of the median round of the other language, with what Rust reached beside it; both in
/// processes of their own.
pub(crate) async fn compare(
    options: &Options,
    measure: impl AsyncFn(&Options) -> Result<Report>,
    progress: &dyn Progress,
) -> Result<Report> {
    let rust = Options {
        hands: Hands::Apart,
        reference: false,
        ..options.clone()
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        progress.note(&format!(
            "round {round} of {ROUNDS}: rust, then {}",
            options.hands.runtime()
        ));
        ours.push(measure(&rust).await?);
        theirs.push(measure(options).await?);
    }
    let (ours, mut report) = (median(ours, options.workload), median(theirs, options.workload));
    report.reference.rust_steps_per_s = ours.steps_per_s;
    report.ratios.throughput_to_rust = report
        .steps_per_s
        .zip(ours.steps_per_s)
        .and_then(|(theirs, ours)| quotient(theirs, ours));
    report.ratios.latency_to_rust = report
        .task_ms
        .zip(ours.task_ms)
        .filter(|_| options.workload == Workload::Latency)
        .and_then(|(theirs, ours)| quotient(theirs.p50, ours.p50));
    Ok(report)
}

fn median(mut rounds: Vec<Report>, workload: Workload) -> Report {
    let cost = |report: &Report| match workload {
        Workload::Latency => report.task_ms.map_or(f64::MAX, |task| task.p50),
        _ => report.total_s,
    };
    rounds.sort_by(|one, other| cost(one).total_cmp(&cost(other)));
    rounds.swap_remove(rounds.len() / 2)
}
