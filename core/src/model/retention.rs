//! What is kept, and for how long.

use super::{State, TaskId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How long finished tasks, their trail and what else is left behind are kept. Tasks and the trail are kept for ever unless
/// a rule says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionSettings {
    /// The age, in seconds since its end, from which a task that is complete, cancelled or resolved is pruned where no rule
    /// fits it. None: it is kept.
    pub finished_seconds: Option<f64>,
    /// Rules, the first that fits a task decides.
    pub rules: Vec<RetentionRule>,
    /// Where pruned tasks are written to before they are deleted; nowhere unless set.
    pub archive_directory: Option<PathBuf>,
    /// How they are written.
    pub archive_format: ArchiveFormat,
    /// How many tasks are deleted in one transaction at the most.
    pub batch_size: u32,
    /// The time between two sweeps, of all processes together, in seconds.
    pub interval_seconds: f64,
    /// The age, in seconds, from which partitions of the trail are dropped, of tasks that still exist too. None: with their
    /// tasks only.
    pub trail_seconds: Option<f64>,
    /// How much time a partition of the trail covers, in seconds.
    pub partition_seconds: f64,
    /// How long workers that ended are remembered, in seconds. None: for ever.
    pub workers_seconds: Option<f64>,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            finished_seconds: None,
            rules: Vec::new(),
            archive_directory: None,
            archive_format: ArchiveFormat::Jsonl,
            batch_size: 500,
            interval_seconds: 300.0,
            trail_seconds: None,
            partition_seconds: 604_800.0,
            workers_seconds: Some(2_592_000.0),
        }
    }
}

/// The shortest age of the trail: a task may be made with an id of a day ago.
const SHORTEST_TRAIL_SECONDS: f64 = 172_800.0;

impl RetentionSettings {
    /// All rules in order: the listed ones, then `finished_seconds`. Empty when every task is kept.
    pub fn all_rules(&self) -> Vec<RetentionRule> {
        let finished = self.finished_seconds.map(|seconds| RetentionRule {
            older_than_seconds: Some(seconds),
            ..RetentionRule::default()
        });
        let rules: Vec<_> = self.rules.iter().cloned().chain(finished).collect();
        if rules.iter().all(|rule| rule.older_than_seconds.is_none()) {
            return Vec::new();
        }
        rules
    }

    /// Everything that is wrong, one sentence each.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let ages = self.rules.iter().enumerate().map(|(at, rule)| {
            let name = format!("retention.rules[{at}].older_than_seconds");
            (name, rule.older_than_seconds, 0.0)
        });
        let own = [
            ("finished_seconds", self.finished_seconds, 0.0),
            ("trail_seconds", self.trail_seconds, SHORTEST_TRAIL_SECONDS),
            ("workers_seconds", self.workers_seconds, 0.0),
            ("interval_seconds", Some(self.interval_seconds), 0.001),
            ("partition_seconds", Some(self.partition_seconds), 60.0),
        ];
        let own = own
            .into_iter()
            .map(|(name, value, least)| (format!("retention.{name}"), value, least));
        for (name, value, least) in own.chain(ages) {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= least)) {
                problems.push(format!(
                    "{name} must be a number of seconds from {least}, not {value}"
                ));
            }
        }
        for (at, rule) in self.rules.iter().enumerate() {
            if let Some(state @ (State::Pending | State::InProgress)) = rule.state {
                problems.push(format!(
                    "retention.rules[{at}].state is {state}, but a task that is not finished is never pruned"
                ));
            }
        }
        if !self.archive_format.is_built() {
            problems.push(format!(
                "retention.archive_format is {}, but this library was built without the feature of that name",
                self.archive_format.ending()
            ));
        }
        if !(1..=100_000).contains(&self.batch_size) {
            problems.push(format!(
                "retention.batch_size is a number of tasks from 1 to 100000, not {}",
                self.batch_size
            ));
        }
        problems
    }
}

/// Which tasks, and how long after their end they go. What is left out fits every task, but a rule without a state does not
/// speak of tasks in `error`: somebody still has to look at those, so they have to be named.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionRule {
    /// The namespace.
    pub namespace: Option<String>,
    /// The name of the task.
    pub name: Option<String>,
    /// The state: complete, error, cancelled or resolved_manually.
    pub state: Option<State>,
    /// The age, in seconds since the task ended. None: what fits is kept.
    pub older_than_seconds: Option<f64>,
}

/// How pruned tasks are written to the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveFormat {
    /// One JSON object a line, one line a task.
    #[default]
    Jsonl,
    /// The same, compressed with zstd.
    JsonlZstd,
    /// Parquet, one row a task; in libraries with the feature `parquet`.
    Parquet,
}

impl ArchiveFormat {
    /// What the names of its files end in.
    pub const fn ending(self) -> &'static str {
        match self {
            ArchiveFormat::Jsonl => "jsonl",
            ArchiveFormat::JsonlZstd => "jsonl.zst",
            ArchiveFormat::Parquet => "parquet",
        }
    }

    /// Whether this library can write it.
    pub const fn is_built(self) -> bool {
        match self {
            ArchiveFormat::Jsonl | ArchiveFormat::JsonlZstd => true,
            ArchiveFormat::Parquet => cfg!(feature = "parquet"),
        }
    }
}

/// What one batch of pruning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PrunedBatch {
    /// How many tasks were deleted.
    pub tasks: i64,
    /// How many steps they had.
    pub steps: i64,
    /// Where the next batch goes on; none at the end of the history.
    pub next_after: Option<TaskId>,
}

/// How many tasks of one name and state would be pruned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prunable {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The state.
    pub state: String,
    /// How many tasks.
    pub tasks: i64,
    /// How many steps they have.
    pub steps: i64,
}

/// A partition of the trail that was old enough to be dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OldPartition {
    /// Its name.
    pub partition: String,
    /// A task of its time that may still run or be retried, because of which it was kept; none where it was dropped.
    pub blocked_by: Option<TaskId>,
}
