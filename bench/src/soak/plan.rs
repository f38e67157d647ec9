//! When what happens in a soak. Everything scales with its length.

use anyhow::Result;
use std::path::PathBuf;
use tasker_core::Error;
use tasker_core::model::{RetentionRule, RetentionSettings, Settings, State};

/// What to soak, and for how long.
#[derive(Debug, Clone)]
pub struct SoakOptions {
    /// How long the load runs, in minutes.
    pub minutes: f64,
    /// The time between two looks, in seconds; a sixtieth of the run when left out, but a second at least.
    pub every_seconds: Option<f64>,
    /// How many steps are asked for each second; half of what is measured before when left out.
    pub rate: Option<f64>,
    /// How long the maximum rate is measured, in seconds, from when as much is pruned as is created; a third of what
    /// finished tasks are kept for when left out.
    pub calibrate_seconds: Option<f64>,
    /// When the snapshot is taken, in minutes; after a quarter of the run when left out.
    pub pinned_from: Option<f64>,
    /// How long it is held, in minutes; half of the run when left out.
    pub pinned_minutes: Option<f64>,
    /// The age, in seconds, from which finished tasks are pruned; a twentieth of the run when left out.
    pub retention_seconds: Option<f64>,
    /// How long dead tuples may take to be gone after the snapshot, in seconds; a twelfth of the run when left out, but no
    /// less than two and a half rounds of autovacuum.
    pub recovery_seconds: Option<f64>,
    /// How many processes execute steps.
    pub workers: u32,
    /// How many steps each of them executes at once.
    pub concurrency: u32,
    /// How often one of them is killed and another started, in seconds; never when left out.
    pub kill_every_seconds: Option<f64>,
    /// Where the samples go, one JSON object a line.
    pub output: Option<PathBuf>,
    /// Whether to run beside an engine that is at work in the same database.
    pub force: bool,
    /// The database; resolved like everywhere when left out.
    pub database_url: Option<String>,
    /// The schema whose workers must not be disturbed.
    pub guarded_schema: String,
}

/// When what happens, in seconds from the start of the load.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[allow(missing_docs)] // the keys are explained in docs/reference/bench.md
pub struct Plan {
    pub length_s: f64,
    pub every_s: f64,
    pub pinned_from_s: f64,
    pub pinned_until_s: f64,
    /// By then dead tuples have to be back.
    pub recovered_by_s: f64,
    pub retention_s: f64,
    pub retention_interval_s: f64,
    /// How long the maximum rate is measured, after so long a time that as much is pruned as is created.
    pub calibrate_s: f64,
}

/// Of an hour, five minutes.
const RECOVERY_SHARE: f64 = 1.0 / 12.0;
/// Autovacuum looks at a database this often (`autovacuum_naptime`) and works for a while; recovery cannot be quicker.
const NAPS_TO_RECOVER: f64 = 2.5;
/// How many samples each part of a run must have at the least, so that there is something to judge.
const FEWEST_SAMPLES: f64 = 4.0;

impl Plan {
    /// The plan of these options, on a server whose autovacuum sleeps so long between two rounds.
    ///
    /// # Errors
    /// `InvalidArgument` where a part of the run would be too short to be judged.
    pub(super) fn new(options: &SoakOptions, naptime_s: f64) -> Result<Self> {
        let length = options.minutes * 60.0;
        let every = options.every_seconds.unwrap_or((length / 60.0).max(1.0));
        let from = options.pinned_from.map_or(length / 4.0, |minutes| minutes * 60.0);
        let pinned = options
            .pinned_minutes
            .map_or(length / 2.0, |minutes| minutes * 60.0);
        let recovery = options
            .recovery_seconds
            .unwrap_or((length * RECOVERY_SHARE).max(naptime_s * NAPS_TO_RECOVER));
        let retention = options.retention_seconds.unwrap_or(length / 20.0);
        let plan = Self {
            length_s: length,
            every_s: every,
            pinned_from_s: from,
            pinned_until_s: from + pinned,
            recovered_by_s: from + pinned + recovery,
            retention_s: retention,
            retention_interval_s: (retention / 10.0).max(0.5),
            calibrate_s: options.calibrate_seconds.unwrap_or(retention / 3.0),
        };
        let numbers = [length, every, from, pinned, retention, recovery];
        if !numbers.iter().all(|number| number.is_finite() && *number > 0.0) {
            return Err(Error::invalid_argument(
                "the length of a soak, of its parts and of retention are numbers above 0",
            )
            .into());
        }
        let settled = plan.settled_s();
        for (what, seconds) in [
            ("between the first pruning and the snapshot", from - settled),
            ("of the snapshot", pinned),
            (
                "after the snapshot and the time to recover from it",
                length - plan.recovered_by_s,
            ),
        ] {
            if seconds < FEWEST_SAMPLES * every {
                return Err(Error::invalid_argument(format!(
                    "the time {what} is {seconds:.0} s, but has to hold {FEWEST_SAMPLES} samples, one every {every:.0} s: \
                     let it run longer, look more often (--every), or move the snapshot (--pinned-from, --pinned-minutes). \
                     Recovery takes {recovery:.0} s here: a twelfth of the run, and no less than {NAPS_TO_RECOVER} × \
                     autovacuum_naptime, unless --recovery says otherwise"
                ))
                .into());
            }
        }
        Ok(plan)
    }

    /// From then on as much is pruned as is created.
    pub(super) fn settled_s(&self) -> f64 {
        1.5 * self.retention_s
    }

    /// Which part of the run a moment is in.
    pub(super) fn phase(&self, at_s: f64) -> Phase {
        if at_s < self.pinned_from_s {
            Phase::Before
        } else if at_s <= self.pinned_until_s {
            Phase::Pinned
        } else {
            Phase::After
        }
    }

    /// How many seconds of work the reference and the burst are to be, out of the time between two looks.
    pub(super) fn probe_s(&self) -> f64 {
        (self.every_s * 0.03).clamp(0.2, 1.5)
    }

    /// The settings of the workers.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            retention: RetentionSettings {
                finished_seconds: Some(self.retention_s),
                rules: vec![RetentionRule {
                    state: Some(State::Error),
                    older_than_seconds: Some(self.retention_s),
                    ..RetentionRule::default()
                }],
                interval_seconds: self.retention_interval_s,
                ..RetentionSettings::default()
            },
            ..Settings::default()
        }
    }
}

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// Before the snapshot is taken.
    Before,
    /// While it is held.
    Pinned,
    /// After it has been let go.
    After,
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn options(minutes: f64) -> SoakOptions {
        SoakOptions {
            minutes,
            every_seconds: None,
            rate: None,
            calibrate_seconds: None,
            pinned_from: None,
            pinned_minutes: None,
            retention_seconds: None,
            recovery_seconds: None,
            workers: 2,
            concurrency: 64,
            kill_every_seconds: None,
            output: None,
            force: false,
            database_url: None,
            guarded_schema: "tasker".to_owned(),
        }
    }

    #[test]
    fn an_hour_holds_a_snapshot_for_thirty_minutes_and_gives_five_to_recover() {
        let plan = Plan::new(&options(60.0), 60.0).unwrap();
        assert_eq!((plan.pinned_from_s, plan.pinned_until_s), (900.0, 2700.0));
        assert_eq!((plan.recovered_by_s, plan.every_s), (3000.0, 60.0));
        assert_eq!((plan.retention_s, plan.retention_interval_s), (180.0, 18.0));
        assert_eq!((plan.settled_s(), plan.calibrate_s), (270.0, 60.0));
        assert_eq!(plan.phase(899.0), Phase::Before);
        assert_eq!(plan.phase(2700.0), Phase::Pinned);
        assert_eq!(plan.phase(2701.0), Phase::After);
    }

    #[test]
    fn a_short_run_is_the_same_in_small_and_never_quicker_than_autovacuum() {
        let plan = Plan::new(&options(6.0), 5.0).unwrap();
        assert_eq!(
            (plan.pinned_from_s, plan.recovered_by_s, plan.every_s),
            (90.0, 300.0, 6.0)
        );
        let said = Plan::new(&options(6.0), 60.0).unwrap_err().to_string();
        assert!(said.contains("autovacuum_naptime"), "{said}");
    }

    #[test]
    fn parts_that_hold_too_few_samples_are_refused() {
        let mut options = options(60.0);
        options.pinned_minutes = Some(1.0);
        let said = Plan::new(&options, 60.0).unwrap_err().to_string();
        assert!(said.contains("of the snapshot"), "{said}");
        options.pinned_minutes = Some(f64::NAN);
        assert!(Plan::new(&options, 60.0).is_err());
    }

    #[test]
    fn workers_prune_tasks_that_ended_badly_too() {
        let settings = Plan::new(&options(60.0), 60.0).unwrap().settings();
        settings.validate().unwrap();
        assert_eq!(settings.retention.all_rules().len(), 2);
    }
}
