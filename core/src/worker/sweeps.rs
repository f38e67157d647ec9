//! From where a claim looks at its lanes.
//!
//! Nearly always that is the watermark of the lane, a moment behind the newest step that was claimed there: everything
//! before it has been taken. Steps whose transaction was slow to commit, or that somebody had locked, are behind it; sweeps
//! find them. What a look costs is what lies there: while somebody holds a snapshot, an index entry for every step claimed
//! since. So the further back a sweep looks, the more rarely it is made; one from the beginning takes a small share of the
//! time.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How far behind the newest claim a lane is looked at.
const MARGIN: TimeDelta = TimeDelta::milliseconds(250);
/// How far behind it sweeps begin, and how often they are made.
const PARTIAL: [(TimeDelta, Duration); 2] = [
    (TimeDelta::seconds(2), Duration::from_millis(500)),
    (TimeDelta::seconds(10), Duration::from_secs(2)),
];
/// How often a sweep from the beginning is made where it costs nothing.
const WHOLE_EVERY: Duration = Duration::from_secs(2);
/// It takes at most one part in so many of the time.
const WHOLE_SHARE: u32 = 50;

/// The watermarks of the lanes, and when they are to be left aside.
#[derive(Debug)]
pub(super) struct Sweeps {
    newest: HashMap<i32, DateTime<Utc>>,
    partial_due: [Instant; PARTIAL.len()],
    whole_due: Instant,
    /// Since when a sweep from the beginning has been on its way.
    whole_since: Option<Instant>,
}

impl Sweeps {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            newest: HashMap::new(),
            partial_due: PARTIAL.map(|(_, every)| now + every),
            whole_due: now + WHOLE_EVERY,
            whole_since: None,
        }
    }

    /// Lanes, and from which instant to look at each; one that is not named is looked at from the beginning. A claim with
    /// these begins now.
    pub(super) fn begin(&mut self, now: Instant) -> (Vec<i32>, Vec<DateTime<Utc>>) {
        let is_whole = now >= self.whole_due;
        self.whole_since = is_whole.then_some(now);
        let mut margin = MARGIN;
        // The furthest that is due; it does the work of the nearer ones.
        let mut is_due = is_whole;
        for ((reach, every), due) in PARTIAL.into_iter().zip(&mut self.partial_due).rev() {
            if !is_due && now >= *due {
                margin = reach;
                is_due = true;
            }
            if is_due {
                *due = now + every;
            }
        }
        if is_whole {
            self.whole_due = now + WHOLE_EVERY;
            return (Vec::new(), Vec::new());
        }
        // PostgreSQL has no year before 4713 BC.
        let from = |newest: &DateTime<Utc>| (*newest - margin).max(DateTime::<Utc>::UNIX_EPOCH);
        (
            self.newest.keys().copied().collect(),
            self.newest.values().map(from).collect(),
        )
    }

    /// That claim has been answered.
    pub(super) fn end(&mut self, now: Instant) {
        if let Some(began) = self.whole_since.take() {
            self.whole_due = began + ((now - began) * WHOLE_SHARE).max(WHOLE_EVERY);
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

    /// Milliseconds between the newest step of the lane and where a claim at this moment begins; none: at the beginning.
    fn behind(sweeps: &mut Sweeps, at: Instant, newest: DateTime<Utc>) -> Option<i64> {
        let (lanes, marks) = sweeps.begin(at);
        assert_eq!(lanes.len(), marks.len());
        marks.first().map(|mark| (newest - *mark).num_milliseconds())
    }

    fn with_one_lane() -> (Sweeps, Instant, DateTime<Utc>) {
        let (start, newest) = (Instant::now(), Utc::now());
        let mut sweeps = Sweeps::new(start);
        sweeps.claimed(7, newest);
        (sweeps, start, newest)
    }

    #[test]
    fn a_claim_begins_a_moment_behind_the_newest_step_of_its_lane() {
        let (mut sweeps, start, newest) = with_one_lane();
        sweeps.claimed(7, newest - TimeDelta::seconds(5));
        assert_eq!(behind(&mut sweeps, start + 10 * MS, newest), Some(250));
        let mut unknown = Sweeps::new(start);
        assert_eq!(behind(&mut unknown, start, newest), None);
    }

    #[test]
    fn where_it_costs_nothing_a_sweep_is_from_the_beginning_every_two_seconds() {
        let (mut sweeps, start, newest) = with_one_lane();
        for round in 1..=3 {
            let at = start + 2_000 * MS * round;
            assert_eq!(behind(&mut sweeps, at, newest), None);
            sweeps.end(at + 5 * MS);
            assert_eq!(behind(&mut sweeps, at + 6 * MS, newest), Some(250));
        }
    }

    #[test]
    fn one_that_took_long_is_not_repeated_soon_and_the_last_seconds_are_swept_in_between() {
        let (mut sweeps, start, newest) = with_one_lane();
        let at = start + 2_000 * MS;
        assert_eq!(behind(&mut sweeps, at, newest), None);
        sweeps.end(at + 100 * MS);
        // A hundred milliseconds are a fiftieth of five seconds.
        let expected = [
            (100, Some(250)),
            (500, Some(2_000)),
            (600, Some(250)),
            (1_999, Some(2_000)),
            (2_000, Some(10_000)),
            (2_400, Some(250)),
            (2_500, Some(2_000)),
            (4_999, Some(10_000)),
            (5_000, None),
            (5_001, Some(250)),
        ];
        for (ms, margin) in expected {
            assert_eq!(behind(&mut sweeps, at + ms * MS, newest), margin, "after {ms} ms");
            sweeps.end(at + ms * MS);
        }
    }

    #[test]
    fn a_sweep_that_was_never_answered_is_made_again() {
        let (mut sweeps, start, newest) = with_one_lane();
        assert_eq!(behind(&mut sweeps, start + 2_000 * MS, newest), None);
        assert_eq!(behind(&mut sweeps, start + 2_100 * MS, newest), Some(250));
        assert_eq!(behind(&mut sweeps, start + 4_000 * MS, newest), None);
    }

    #[test]
    fn a_mark_is_never_before_what_postgresql_can_hold() {
        let mut sweeps = Sweeps::new(Instant::now());
        sweeps.claimed(7, DateTime::<Utc>::MIN_UTC + TimeDelta::seconds(20));
        let (_, marks) = sweeps.begin(Instant::now());
        assert_eq!(marks, [DateTime::<Utc>::UNIX_EPOCH]);
    }
}
