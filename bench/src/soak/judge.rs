//! The verdicts: counts and ratios of a run against its own beginning, never against another machine.
//!
//! What a criterion says would be cheap if the run had not been what it should be. So the run itself is judged first: the
//! load, the snapshot and the pruning must really have been there.

use super::ending::Ending;
use super::plan::{Phase, Plan};
use super::sample::Sample;
use crate::report::rounded;
use serde::Serialize;

/// What is required, what was found, and whether that is good enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // the keys are explained in docs/reference/bench.md
pub struct Verdict {
    pub name: &'static str,
    /// What the numbers are.
    pub what: &'static str,
    pub bound: f64,
    /// None where nothing could be measured: that holds never.
    pub measured: Option<f64>,
    pub holds: bool,
}

impl Verdict {
    fn new(
        name: &'static str,
        what: &'static str,
        bound: f64,
        measured: Option<f64>,
        holds: fn(&f64, &f64) -> bool,
    ) -> Self {
        Self {
            name,
            what,
            bound,
            measured: measured.map(rounded),
            holds: measured.is_some_and(|measured| measured.is_finite() && holds(&measured, &bound)),
        }
    }

    fn at_most(name: &'static str, what: &'static str, bound: f64, measured: Option<f64>) -> Self {
        Self::new(name, what, bound, measured, f64::le)
    }

    fn at_least(name: &'static str, what: &'static str, bound: f64, measured: Option<f64>) -> Self {
        Self::new(name, what, bound, measured, f64::ge)
    }
}

/// How much of the load must have been carried.
const LEAST_LOAD: f64 = 0.95;
/// How much of what is due must have been pruned.
const LEAST_PRUNED: f64 = 0.9;
/// How many times the dead tuples must have grown for the snapshot to have been felt.
const LEAST_FELT: f64 = 2.0;
/// How many times the buffers of the start a claim may touch.
const MOST_BUFFERS: f64 = 2.0;
/// How old the oldest ready step may get, in seconds.
const MOST_BACKLOG_S: f64 = 10.0;
/// How much larger the tables may be at the end of a steady time than at its beginning.
const MOST_GROWTH: f64 = 1.1;
/// Dead tuples are back at so many times what they were before the snapshot, and these on top.
const BACK_TO: f64 = 1.5;
const BACK_TO_PLUS: f64 = 1_000.0;
/// How much of its throughput, in ratio to the reference, the engine must keep.
const LEAST_THROUGHPUT: f64 = 0.75;
/// How much more memory the workers may hold at the end.
const MOST_MEMORY: f64 = 1.25;
/// The start is these samples.
const START: usize = 3;

/// All verdicts.
pub(super) fn judge(plan: &Plan, samples: &[Sample], ending: &Ending) -> Vec<Verdict> {
    let run = Run { plan, samples };
    vec![
        Verdict::at_least(
            "load",
            "steps executed ÷ steps asked for, the least of the three parts of the run",
            LEAST_LOAD,
            run.load(),
        ),
        Verdict::at_least(
            "snapshot_held",
            "transactions that the held snapshot is old at its end ÷ transactions since it was taken",
            0.9,
            run.snapshot_held(),
        ),
        Verdict::at_least(
            "snapshot_felt",
            "the most dead tuples while it is held ÷ the most before",
            LEAST_FELT,
            run.snapshot_felt(),
        ),
        Verdict::at_least(
            "pruned",
            "tasks pruned ÷ tasks old enough, of the whole run and of its last quarter, the lesser",
            LEAST_PRUNED,
            run.pruned(),
        ),
        Verdict::at_most(
            "claim_buffers",
            "the most buffers a claim touches ÷ the start's",
            MOST_BUFFERS,
            run.worst_to_start(|sample| sample.claim_buffers),
        ),
        Verdict::at_most(
            "backlog_age_s",
            "the greatest age of the oldest ready step, in seconds",
            MOST_BACKLOG_S,
            most(samples.iter().map(|sample| sample.backlog_age_s)),
        ),
        Verdict::at_most(
            "table_growth",
            "all tables with their indexes: the most in the second half of a steady time ÷ the most in its first half, \
             before the snapshot and after the recovery, the greater",
            MOST_GROWTH,
            run.growth(),
        ),
        Verdict::at_most(
            "dead_tuples_back_s",
            "seconds from the end of the snapshot until there are at most 1.5 × as many dead tuples as before it + 1000",
            plan.recovered_by_s - plan.pinned_until_s,
            run.recovery_s(),
        ),
        Verdict::at_least(
            "throughput",
            "the engine's capacity ÷ the reference's: the median while the snapshot is held and after it, the lesser, \
             ÷ the median before",
            LEAST_THROUGHPUT,
            run.throughput(),
        ),
        Verdict::at_most(
            "memory",
            "memory of the workers: the most in the last quarter of the run ÷ the most in the second",
            MOST_MEMORY,
            run.memory(),
        ),
        Verdict::at_most(
            "problems",
            "things that are wrong with the tasks when all have ended",
            0.0,
            Some(ending.problems.len() as f64),
        ),
    ]
}

struct Run<'a> {
    plan: &'a Plan,
    samples: &'a [Sample],
}

impl<'a> Run<'a> {
    fn of(&self, phase: Phase) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.phase == phase)
    }

    fn between(&self, from_s: f64, until_s: f64) -> impl Iterator<Item = &'a Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.at_s > from_s && sample.at_s <= until_s)
    }

    /// Each part by itself, so that one in which the engine stood still is not made up for by another.
    fn load(&self) -> Option<f64> {
        least_of([Phase::Before, Phase::Pinned, Phase::After].map(|phase| {
            let sum = |of: fn(&Sample) -> f64| {
                self.of(phase)
                    .map(|sample| of(sample) * sample.seconds)
                    .sum::<f64>()
            };
            quotient(
                sum(|sample| sample.steps_per_s),
                sum(|sample| sample.steps_asked_per_s),
            )
        }))
    }

    fn snapshot_held(&self) -> Option<f64> {
        let pinned: Vec<&Sample> = self
            .of(Phase::Pinned)
            .filter(|sample| sample.pinned_age.is_some())
            .collect();
        let (first, last) = (pinned.first()?, pinned.last()?);
        // Of the whole time that it was to be held, not only of the samples that saw it.
        let seen = self.of(Phase::Pinned).count();
        if pinned.len() * 10 < seen * 9 || pinned.len() < 2 {
            return Some(0.0);
        }
        let begun = count(last.next_xid.saturating_sub(first.next_xid));
        let older = count(last.pinned_age?.saturating_sub(first.pinned_age?));
        quotient(older, begun)
    }

    fn snapshot_felt(&self) -> Option<f64> {
        quotient(
            most(self.of(Phase::Pinned).map(|sample| count(sample.dead_tuples)))?,
            self.dead_before()?,
        )
    }

    /// Once as much is pruned as is created.
    fn dead_before(&self) -> Option<f64> {
        most(
            self.between(self.plan.settled_s(), self.plan.pinned_from_s)
                .map(|sample| count(sample.dead_tuples)),
        )
    }

    fn pruned(&self) -> Option<f64> {
        let end = self.plan.length_s;
        let young = self.plan.retention_s + 2.0 * self.plan.retention_interval_s + self.plan.every_s;
        let ratio = |from_s: f64| {
            let due: u64 = self
                .between(from_s - young, end - young)
                .map(|sample| sample.tasks_created)
                .sum();
            let pruned: u64 = self.between(from_s, end).map(|sample| sample.tasks_pruned).sum();
            quotient(count(pruned), count(due))
        };
        least_of([ratio(0.0), ratio(end * 0.75)])
    }

    fn worst_to_start(&self, of: fn(&Sample) -> f64) -> Option<f64> {
        let start = median(self.samples.iter().take(START).map(of).collect())?;
        quotient(most(self.samples.iter().map(of))?, start)
    }

    /// A time is steady when retention has set in and nothing holds back dead rows.
    fn growth(&self) -> Option<f64> {
        let plan = self.plan;
        let growth = |from_s: f64, until_s: f64| {
            let middle = f64::midpoint(from_s, until_s);
            let bytes =
                |from_s, until_s| most(self.between(from_s, until_s).map(|sample| count(sample.bytes)));
            quotient(bytes(middle, until_s)?, bytes(from_s, middle)?)
        };
        most_of([
            growth(plan.settled_s(), plan.pinned_from_s),
            growth(plan.recovered_by_s, plan.length_s),
        ])
    }

    fn recovery_s(&self) -> Option<f64> {
        let level = self.dead_before()? * BACK_TO + BACK_TO_PLUS;
        self.of(Phase::After)
            .find(|sample| count(sample.dead_tuples) <= level)
            .map(|sample| sample.at_s - self.plan.pinned_until_s)
    }

    fn throughput(&self) -> Option<f64> {
        let ratio = |phase| median(self.of(phase).map(|sample| sample.ratio).collect());
        let before = ratio(Phase::Before)?;
        least_of([Phase::Pinned, Phase::After].map(|phase| quotient(ratio(phase)?, before)))
    }

    fn memory(&self) -> Option<f64> {
        let quarter = self.plan.length_s / 4.0;
        let most = |from_s: f64| {
            most(
                self.between(from_s, from_s + quarter)
                    .map(|sample| sample.worker_rss_mb),
            )
        };
        quotient(most(3.0 * quarter)?, most(quarter)?)
    }
}

#[allow(clippy::cast_precision_loss)] // bytes and rows
fn count(value: u64) -> f64 {
    value as f64
}

fn quotient(value: f64, by: f64) -> Option<f64> {
    (by > 0.0).then(|| value / by)
}

fn most(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.max_by(f64::total_cmp)
}

/// The least; none where one of them is not known.
fn least_of<const N: usize>(values: [Option<f64>; N]) -> Option<f64> {
    let known: Option<Vec<f64>> = values.into_iter().collect();
    known?.into_iter().min_by(f64::total_cmp)
}

/// The greatest; none where one of them is not known.
fn most_of<const N: usize>(values: [Option<f64>; N]) -> Option<f64> {
    let known: Option<Vec<f64>> = values.into_iter().collect();
    most(known?.into_iter())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
