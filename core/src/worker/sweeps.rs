//! From where a claim looks at its lanes.
//!
//! Nearly always that is the watermark of the lane, a second behind the newest step that was claimed there: everything
//! before it has been taken. Steps whose transaction was slow to commit, or that somebody had locked, are behind it; a sweep
//! finds them. A sweep from the beginning costs what lies there, and while somebody holds a snapshot that is an index entry
//! for every step claimed since: so it takes a small share of the time, and sweeps of the last seconds are made in between.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How far behind the newest claim a lane is looked at.
const MARGIN: TimeDelta = TimeDelta::seconds(1);
/// How far behind it a sweep of the last seconds begins.
const NEAR: TimeDelta = TimeDelta::seconds(10);
/// How often one sweep or the other is made.
const EVERY: Duration = Duration::from_secs(2);
/// A sweep from the beginning takes at most one part in so many of the time.
const WHOLE_SHARE: u32 = 50;

/// What a claim looks through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Marks,
    Near,
    Whole,
}

/// The watermarks of the lanes, and when they are to be left aside.
#[derive(Debug)]
pub(super) struct Sweeps {
    newest: HashMap<i32, DateTime<Utc>>,
    swept_at: Instant,
    whole_due: Instant,
    /// How far the claim that is on its way looks, and since when it has been.
    looking: Option<(Reach, Instant)>,
}

impl Sweeps {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            newest: HashMap::new(),
            swept_at: now,
            whole_due: now + EVERY,
            looking: None,
        }
    }

    /// Lanes, and from which instant to look at each; one that is not named is looked at from the beginning. A claim with
    /// these begins now.
    pub(super) fn begin(&mut self, now: Instant) -> (Vec<i32>, Vec<DateTime<Utc>>) {
        let reach = if now < self.swept_at + EVERY {
            Reach::Marks
        } else if now < self.whole_due {
            Reach::Near
        } else {
            Reach::Whole
        };
        if reach != Reach::Marks {
            self.swept_at = now;
        }
        self.looking = Some((reach, now));
        let margin = match reach {
            Reach::Marks => MARGIN,
            Reach::Near => NEAR,
            Reach::Whole => return (Vec::new(), Vec::new()),
        };
        // PostgreSQL has no year before 4713 BC.
        let from = |newest: &DateTime<Utc>| (*newest - margin).max(DateTime::<Utc>::UNIX_EPOCH);
        (
            self.newest.keys().copied().collect(),
            self.newest.values().map(from).collect(),
        )
    }

    /// That claim has been answered.
    pub(super) fn end(&mut self, now: Instant) {
        if let Some((Reach::Whole, began)) = self.looking.take() {
            self.whole_due = now + ((now - began) * WHOLE_SHARE).max(EVERY);
        }
    }

    /// A step of this lane that became ready at this instant was claimed.
    pub(super) fn claimed(&mut self, lane_id: i32, ready_at: DateTime<Utc>) {
        let newest = self.newest.entry(lane_id).or_insert(ready_at);
        *newest = (*newest).max(ready_at);
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Seconds between the newest step of the lane and where a claim at this moment begins; none: at the beginning.
    fn behind(sweeps: &mut Sweeps, at: Instant, newest: DateTime<Utc>) -> Option<i64> {
        let (lanes, marks) = sweeps.begin(at);
        assert_eq!(lanes.len(), marks.len());
        marks.first().map(|mark| (newest - *mark).num_seconds())
    }

    #[test]
    fn a_claim_begins_a_second_behind_the_newest_step_of_its_lane() {
        let (start, newest) = (Instant::now(), Utc::now());
        let mut sweeps = Sweeps::new(start);
        assert_eq!(behind(&mut sweeps, start, newest), None, "no lane is known");
        sweeps.claimed(7, newest);
        sweeps.claimed(7, newest - TimeDelta::seconds(5));
        assert_eq!(behind(&mut sweeps, start + 10 * MS, newest), Some(1));
    }

    #[test]
    fn where_a_sweep_costs_nothing_every_one_is_from_the_beginning() {
        let (start, newest) = (Instant::now(), Utc::now());
        let mut sweeps = Sweeps::new(start);
        sweeps.claimed(7, newest);
        for round in 1..=3 {
            let at = start + 2_010 * MS * round;
            assert_eq!(behind(&mut sweeps, at, newest), None);
            sweeps.end(at + 5 * MS);
            assert_eq!(behind(&mut sweeps, at + 6 * MS, newest), Some(1));
        }
    }

    #[test]
    fn one_that_took_long_is_not_repeated_soon_and_the_last_seconds_are_swept_in_between() {
        let (start, newest) = (Instant::now(), Utc::now());
        let mut sweeps = Sweeps::new(start);
        sweeps.claimed(7, newest);
        let at = start + 2_000 * MS;
        assert_eq!(behind(&mut sweeps, at, newest), None);
        sweeps.end(at + 100 * MS);
        let after = |ms: u32| at + 100 * MS + ms * MS;
        assert_eq!(behind(&mut sweeps, after(1_000), newest), Some(1));
        assert_eq!(behind(&mut sweeps, after(2_000), newest), Some(10));
        sweeps.end(after(2_500));
        assert_eq!(behind(&mut sweeps, after(3_000), newest), Some(1));
        assert_eq!(behind(&mut sweeps, after(4_900), newest), Some(10));
        // A hundred milliseconds are a fiftieth of five seconds.
        assert_eq!(behind(&mut sweeps, after(5_000), newest), Some(1), "one sweep at a time");
        assert_eq!(behind(&mut sweeps, after(7_000), newest), None);
    }

    #[test]
    fn a_mark_is_never_before_what_postgresql_can_hold() {
        let mut sweeps = Sweeps::new(Instant::now());
        sweeps.claimed(7, DateTime::<Utc>::MIN_UTC + TimeDelta::seconds(2));
        let (_, marks) = sweeps.begin(Instant::now());
        assert_eq!(marks, [DateTime::<Utc>::UNIX_EPOCH]);
    }
}
