//! From where a claim looks at its lanes.
//!
//! Nearly always that is the watermark of the lane, a moment behind the newest step that was claimed there: everything
//! before it has been taken. Steps whose transaction was slow to commit, or that somebody had locked, are behind it; sweeps
//! find them. What a look costs is what lies there: while somebody holds a snapshot, an index entry for every step claimed
//! since. So the further back a sweep looks, the more rarely it is made, and what lies further back still is walked through
//! piece by piece, from the youngest to the oldest: no claim takes long for it, and all of them a small share of the time.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How far behind the newest claim a lane is looked at.
const MARGIN: TimeDelta = TimeDelta::milliseconds(100);
/// How far behind it sweeps begin, and how often they are made.
const PARTIAL: [(TimeDelta, Duration); 3] = [
    (TimeDelta::milliseconds(500), Duration::from_millis(100)),
    (TimeDelta::seconds(2), Duration::from_millis(500)),
    (TimeDelta::seconds(10), Duration::from_secs(2)),
];
/// How often a walk through all that lies behind begins where it costs nothing.
const WALK_EVERY: Duration = Duration::from_secs(2);
/// It takes at most one part in so many of the time.
const WALK_SHARE: u32 = 50;
/// A piece of it should not take longer, and the next one is larger if it took less than this.
const PIECE_TAKES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));
/// The first piece once the whole takes too long; pieces grow and shrink by this factor.
const FIRST_PIECE: TimeDelta = TimeDelta::seconds(64);
const PIECE_GROWS: i32 = 8;
/// Pieces are no shorter than this; one that would be longer than that is the whole.
const PIECES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::days(365));

/// Where a claim looks. By default: at each lane from its beginning.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Lanes with a watermark.
    pub(super) lanes: Vec<i32>,
    /// From which instant to look at each of them.
    pub(super) marks: Vec<DateTime<Utc>>,
    /// From which instant to look at the others; none: from the beginning.
    pub(super) since: Option<DateTime<Utc>>,
    /// Up to which instant; none: up to the present.
    pub(super) until: Option<DateTime<Utc>>,
}

/// The watermarks of the lanes, and when they are to be left aside.
#[derive(Debug)]
pub(super) struct Sweeps {
    newest: HashMap<i32, DateTime<Utc>>,
    partial_due: [Instant; PARTIAL.len()],
    walk: Walk,
}

/// A walk through what lies behind.
#[derive(Debug)]
struct Walk {
    due: Instant,
    /// How long a piece is; none: all at once.
    piece: Option<TimeDelta>,
    /// Where this walk has got to; none: it has not begun.
    reached: Option<DateTime<Utc>>,
    /// The piece that is being looked through: since when, and from where it reaches to what has been walked through.
    under_way: Option<(Instant, Option<DateTime<Utc>>)>,
}

impl Sweeps {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            newest: HashMap::new(),
            partial_due: PARTIAL.map(|(_, every)| now + every),
            walk: Walk {
                due: now + WALK_EVERY,
                piece: None,
                reached: None,
                under_way: None,
            },
        }
    }

    /// Where the claim that begins now looks.
    pub(super) fn begin(&mut self, now: Instant) -> Look {
        let newest = self.newest.values().max().copied();
        if now >= self.walk.due {
            return self.walk.next_piece(now, newest);
        }
        self.walk.under_way = None;
        let mut margin = MARGIN;
        // The furthest that is due; it does the work of the nearer ones.
        let mut is_due = false;
        for ((reach, every), due) in PARTIAL.into_iter().zip(&mut self.partial_due).rev() {
            if !is_due && now >= *due {
                margin = reach;
                is_due = true;
            }
            if is_due {
                *due = now + every;
            }
        }
        Look {
            lanes: self.newest.keys().copied().collect(),
            marks: self
                .newest
                .values()
                .map(|newest| before(*newest, margin))
                .collect(),
            ..Look::default()
        }
    }

    /// That claim has been answered; `more`: it had not room for all that it found.
    pub(super) fn end(&mut self, now: Instant, more: bool) {
        let Some((began, from)) = self.walk.under_way.take() else {
            return;
        };
        let is_whole = from.is_none() && self.walk.reached.is_none();
        self.walk.end(now, began, from, more && !is_whole);
    }

    /// A step of this lane that became ready at this instant was claimed.
    pub(super) fn claimed(&mut self, lane_id: i32, ready_at: DateTime<Utc>) {
        let newest = self.newest.entry(lane_id).or_insert(ready_at);
        *newest = (*newest).max(ready_at);
    }
}

impl Walk {
    /// The next piece, going back from ten seconds behind the newest claim.
    fn next_piece(&mut self, now: Instant, newest: Option<DateTime<Utc>>) -> Look {
        let [.., (last, _)] = PARTIAL;
        let (Some(piece), Some(newest)) = (self.piece, newest) else {
            // What is left, in one.
            self.under_way = Some((now, None));
            return Look {
                until: self.reached,
                ..Look::default()
            };
        };
        let until = *self.reached.get_or_insert(before(newest, last));
        let from = Some(before(until, piece)).filter(|from| *from > DateTime::<Utc>::UNIX_EPOCH);
        self.under_way = Some((now, from));
        Look {
            since: from,
            until: Some(until),
            ..Look::default()
        }
    }

    /// A piece that reaches back to `from` (none: to the beginning) has been looked through; `again`: there is more in it.
    fn end(&mut self, now: Instant, began: Instant, from: Option<DateTime<Utc>>, again: bool) {
        let took = now - began;
        if again {
            // What waits there is work like any other: turn by turn with what becomes ready now.
            self.due = now + took;
            return;
        }
        self.reached = from;
        let rest = if from.is_none() {
            WALK_EVERY
        } else {
            Duration::ZERO
        };
        self.due = began + (took * WALK_SHARE).max(rest);
        let (short, long) = PIECE_TAKES;
        let (least, most) = PIECES;
        if took > long {
            self.piece = Some(
                self.piece
                    .map_or(FIRST_PIECE, |piece| (piece / PIECE_GROWS).max(least)),
            );
        } else if took < short {
            self.piece = self
                .piece
                .map(|piece| piece * PIECE_GROWS)
                .filter(|piece| *piece < most);
        }
    }
}

/// PostgreSQL has no year before 4713 BC.
fn before(instant: DateTime<Utc>, margin: TimeDelta) -> DateTime<Utc> {
    (instant - margin).max(DateTime::<Utc>::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Milliseconds between the newest step of the lane and where a claim at this moment begins; none: at the beginning.
    fn behind(sweeps: &mut Sweeps, at: Instant, newest: DateTime<Utc>) -> Option<i64> {
        let look = sweeps.begin(at);
        assert_eq!(look.lanes.len(), look.marks.len());
        assert_eq!(look.until, None);
        look.marks.first().map(|mark| (newest - *mark).num_milliseconds())
    }

    /// The piece that a claim at this moment looks through, in seconds behind the newest step: from, until.
    fn piece(sweeps: &mut Sweeps, at: Instant, newest: DateTime<Utc>) -> (Option<i64>, Option<i64>) {
        let look = sweeps.begin(at);
        assert_eq!(look.lanes, Vec::<i32>::new());
        let behind = |instant: DateTime<Utc>| (newest - instant).num_seconds();
        (look.since.map(behind), look.until.map(behind))
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
        assert_eq!(behind(&mut sweeps, start + 10 * MS, newest), Some(100));
        let mut unknown = Sweeps::new(start);
        assert_eq!(unknown.begin(start), Look::default());
    }

    #[test]
    fn the_last_seconds_are_swept_the_more_rarely_the_further_back() {
        let (mut sweeps, start, newest) = with_one_lane();
        sweeps.walk.due = start + 60_000 * MS;
        let expected = [
            (99, 100),
            (100, 500),
            (150, 100),
            (200, 500),
            (500, 2_000),
            (510, 100),
            (1_000, 2_000),
            (2_000, 10_000),
            (2_100, 500),
        ];
        for (ms, margin) in expected {
            assert_eq!(
                behind(&mut sweeps, start + ms * MS, newest),
                Some(margin),
                "after {ms} ms"
            );
            sweeps.end(start + ms * MS, false);
        }
    }

    #[test]
    fn where_it_costs_nothing_all_is_looked_at_from_the_beginning_every_two_seconds() {
        let (mut sweeps, start, newest) = with_one_lane();
        for round in 1..=3 {
            let at = start + 2_000 * MS * round;
            assert_eq!(sweeps.begin(at), Look::default());
            sweeps.end(at + 5 * MS, false);
            assert!(behind(&mut sweeps, at + 6 * MS, newest).is_some());
        }
    }

    #[test]
    fn where_it_takes_long_it_is_walked_through_backwards_in_pieces_that_fit() {
        let (mut sweeps, start, newest) = with_one_lane();
        let mut at = start + 2_000 * MS;
        assert_eq!(piece(&mut sweeps, at, newest), (None, None));
        sweeps.end(at + 100 * MS, false);
        // How long each piece is, and how long it takes: 64 s are too much, 8 s are right, 8 s cost next to nothing.
        let walk = [
            ((Some(74), Some(10)), 60),
            ((Some(82), Some(74)), 20),
            ((Some(90), Some(82)), 1),
            ((Some(154), Some(90)), 1),
            ((Some(666), Some(154)), 1),
            ((Some(4_762), Some(666)), 1),
            ((Some(37_530), Some(4_762)), 1),
            ((Some(299_674), Some(37_530)), 1),
            ((Some(2_396_826), Some(299_674)), 1),
            ((Some(19_174_042), Some(2_396_826)), 1),
            ((None, Some(19_174_042)), 1),
        ];
        at += 5_000 * MS;
        for (expected, takes) in walk {
            assert_eq!(piece(&mut sweeps, at, newest), expected);
            sweeps.end(at + takes * MS, false);
            // One part in fifty; claims between look at the present.
            assert!(behind(&mut sweeps, at + (takes * 50 - 1) * MS, newest).is_some());
            at += takes * 50 * MS;
        }
        // Nothing lies there any more: the next one is of all at once, two seconds after the last piece.
        at += 1_950 * MS;
        assert_eq!(sweeps.begin(at), Look::default());
    }

    #[test]
    fn a_piece_with_more_in_it_than_there_is_room_for_is_looked_at_again_turn_by_turn() {
        let (mut sweeps, start, newest) = with_one_lane();
        sweeps.walk.piece = Some(TimeDelta::seconds(30));
        let mut at = start + 2_000 * MS;
        for _ in 0..3 {
            assert_eq!(piece(&mut sweeps, at, newest), (Some(40), Some(10)));
            sweeps.end(at + 20 * MS, true);
            assert!(behind(&mut sweeps, at + 39 * MS, newest).is_some());
            at += 40 * MS;
        }
        assert_eq!(piece(&mut sweeps, at, newest), (Some(40), Some(10)));
        sweeps.end(at + 20 * MS, false);
        assert_eq!(piece(&mut sweeps, at + 1_000 * MS, newest), (Some(70), Some(40)));
    }

    #[test]
    fn one_that_was_never_answered_is_made_again() {
        let (mut sweeps, start, _) = with_one_lane();
        let at = start + 2_000 * MS;
        assert_eq!(sweeps.begin(at), Look::default());
        assert_eq!(sweeps.begin(at + MS), Look::default());
    }

    #[test]
    fn a_mark_is_never_before_what_postgresql_can_hold() {
        let mut sweeps = Sweeps::new(Instant::now());
        sweeps.claimed(7, DateTime::<Utc>::MIN_UTC + TimeDelta::seconds(20));
        assert_eq!(sweeps.begin(Instant::now()).marks, [DateTime::<Utc>::UNIX_EPOCH]);
    }
}
