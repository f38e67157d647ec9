//! How much a worker may hold, and from where it takes it.
//!
//! It may hold one step for each slot, and a buffer beside that follows from how fast steps are run: what is done in a
//! tenth of a second. Sticky claims do not starve what waits: while something waits in the index, at least a quarter of
//! all claims come from there, and the next one after four flushes with sticky claims in a row does.

use std::time::{Duration, Instant};

/// The buffer holds what is run in this time.
const BUFFER_SECONDS: f64 = 0.1;
/// How often the speed is measured.
const MEASURE_EVERY: Duration = Duration::from_millis(50);
/// Sticky claims that one claim from the index allows.
const STICKY_PER_INDEX: usize = 3;
/// Flushes with sticky claims after which the next claim comes from the index.
const STICKY_IN_A_ROW: u32 = 4;
/// The lowest priority there is.
const LOWEST_PRIORITY: i32 = 9;

#[derive(Debug)]
pub(super) struct Capacity {
    concurrency: usize,
    max_buffered: usize,
    rate: f64,
    measured_at: Instant,
    measured_count: u64,
    reserved: usize,
    /// Completions on their way to the database: held until the answer comes, and then gone.
    flushing: usize,
    credit: usize,
    waiting: Option<i32>,
    in_a_row: u32,
    slot_waiting: bool,
}

impl Capacity {
    pub(super) fn new(concurrency: usize, max_buffered: usize, now: Instant) -> Self {
        Self {
            concurrency,
            max_buffered,
            rate: 0.0,
            measured_at: now,
            measured_count: 0,
            reserved: 0,
            flushing: 0,
            credit: 0,
            waiting: None,
            in_a_row: 0,
            slot_waiting: false,
        }
    }

    /// Notes how many steps have been run so far.
    pub(super) fn measure(&mut self, completed: u64, now: Instant) {
        let elapsed = now.duration_since(self.measured_at);
        if elapsed >= MEASURE_EVERY {
            #[expect(clippy::cast_precision_loss, reason = "a count of steps in a moment is small")]
            let rate = (completed - self.measured_count) as f64 / elapsed.as_secs_f64();
            self.rate = if rate > self.rate {
                rate
            } else {
                self.rate.mul_add(0.7, rate * 0.3)
            };
            self.measured_at = now;
            self.measured_count = completed;
        }
    }

    /// How many steps may be held at present.
    pub(super) fn target(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded just after"
        )]
        let buffer = (self.rate * BUFFER_SECONDS) as usize;
        // Steps that must start at once would never find a free slot behind a buffer that is always full.
        let buffer = if self.slot_waiting {
            0
        } else {
            buffer.min(self.max_buffered)
        };
        self.concurrency + buffer
    }

    /// How many more steps may be claimed when `held` are held.
    pub(super) fn available(&self, held: usize) -> usize {
        self.target().saturating_sub(held + self.reserved)
    }

    /// Slots that nothing runs in or waits for.
    pub(super) fn free_slots(&self, occupied: usize, buffered: usize) -> usize {
        self.idle_slots(occupied, buffered).saturating_sub(self.reserved)
    }

    /// Slots that nothing runs in; a call that is on its way may fill them.
    pub(super) fn idle_slots(&self, occupied: usize, buffered: usize) -> usize {
        self.concurrency.saturating_sub(occupied + buffered)
    }

    /// Keeps room for a call that is on its way.
    pub(super) fn reserve(&mut self, room: usize) {
        self.reserved += room;
    }

    /// Gives it back.
    pub(super) fn unreserve(&mut self, room: usize) {
        self.reserved -= room;
    }

    /// A flush of completions is on its way, with room for what it may claim in return.
    pub(super) fn flushing(&mut self, completions: usize, room: usize) {
        self.flushing += completions;
        self.reserve(room);
    }

    /// It was answered.
    pub(super) fn flushed(&mut self, completions: usize, room: usize) {
        self.flushing -= completions;
        self.unreserve(room);
    }

    /// Whether more waits in the index than was taken from it.
    pub(super) fn something_waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// How many sticky claims a flush of `completions` may ask for when `held` are held, these included.
    pub(super) fn sticky_room(&self, held: usize, completions: usize) -> usize {
        self.sticky_share(self.available(held.saturating_sub(self.flushing + completions)))
    }

    /// The part of the `available` room that sticky claims may take.
    fn sticky_share(&self, available: usize) -> usize {
        match self.waiting {
            // The next free slot is for a step that must start at once.
            _ if self.slot_waiting => 0,
            // What came since nobody knows: one place is left, so that the next claim looks.
            None if self.index_is_due() => available.saturating_sub(1),
            None => available,
            // The next claim is from the index; its room stays free, however many flushes come before it.
            Some(_) if self.index_is_due() => self.credit.min(available.saturating_sub(1 + available / 4)),
            Some(_) => self.credit.min(available - available / 4),
        }
    }

    /// The lowest priority (highest number) that a sticky claim may have.
    pub(super) fn sticky_priority(&self) -> i32 {
        self.waiting.unwrap_or(LOWEST_PRIORITY)
    }

    /// Whether the index has its turn, however full the buffer is.
    pub(super) fn index_is_due(&self) -> bool {
        self.in_a_row >= STICKY_IN_A_ROW
    }

    pub(super) fn took_sticky(&mut self, count: usize) {
        self.credit = self.credit.saturating_sub(count);
        self.in_a_row = if count > 0 {
            self.in_a_row + 1
        } else {
            self.in_a_row
        };
    }

    /// Whether steps wait that may only be claimed into a free slot; until they were, the buffer runs dry.
    pub(super) fn note_slot_waiting(&mut self, waiting: bool) {
        self.slot_waiting = waiting;
    }

    /// `waiting`: the priority from which more waits in the index; none: it was emptied.
    pub(super) fn took_from_index(&mut self, count: usize, waiting: Option<i32>) {
        self.waiting = waiting;
        self.in_a_row = 0;
        self.credit = (self.credit + count * STICKY_PER_INDEX)
            .min(self.max_buffered.max(self.concurrency) * STICKY_PER_INDEX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity() -> Capacity {
        Capacity::new(10, 100, Instant::now())
    }

    #[test]
    fn a_slow_worker_holds_one_step_a_slot_and_a_fast_one_more() {
        let start = Instant::now();
        let mut capacity = Capacity::new(10, 100, start);
        assert_eq!(capacity.target(), 10);
        capacity.measure(100, start + Duration::from_millis(200));
        assert_eq!(capacity.target(), 60, "500 steps a second are 50 in a tenth");
        capacity.measure(1_000_100, start + Duration::from_millis(400));
        assert_eq!(capacity.target(), 110, "never more than max_buffered");
    }

    #[test]
    fn with_nothing_waiting_all_room_is_for_sticky_claims() {
        assert_eq!(capacity().sticky_share(8), 8);
    }

    #[test]
    fn with_work_waiting_a_quarter_of_the_claims_come_from_the_index() {
        let mut capacity = capacity();
        capacity.took_from_index(2, Some(4));
        assert_eq!(
            capacity.sticky_share(100),
            6,
            "three for each claim from the index"
        );
        capacity.took_sticky(6);
        assert_eq!(capacity.sticky_share(100), 0);
    }

    #[test]
    fn a_step_that_must_start_at_once_stops_the_buffer_and_the_sticky_claims() {
        let start = Instant::now();
        let mut capacity = Capacity::new(10, 100, start);
        capacity.measure(1000, start + Duration::from_millis(200));
        assert_eq!(capacity.available(10), 100);
        capacity.note_slot_waiting(true);
        assert_eq!(capacity.available(10), 0);
        assert_eq!(capacity.sticky_share(5), 0);
        capacity.note_slot_waiting(false);
        assert_eq!(capacity.available(10), 100);
    }

    #[test]
    fn after_four_sticky_flushes_in_a_row_the_index_has_its_turn() {
        let mut capacity = capacity();
        capacity.took_from_index(20, Some(4));
        for _ in 0..4 {
            assert!(!capacity.index_is_due());
            capacity.took_sticky(1);
        }
        assert!(capacity.index_is_due());
        assert_eq!(capacity.sticky_share(1), 0, "the one place is for the index");
        assert_eq!(
            capacity.sticky_share(8),
            5,
            "so is a quarter of many, and one more"
        );
        assert_eq!(
            capacity.sticky_share(100),
            56,
            "three for each claim from the index, less four"
        );
        capacity.took_from_index(0, None);
        assert_eq!(capacity.sticky_share(5), 5);
    }

    #[test]
    fn what_another_flush_reports_and_asks_for_is_counted_once() {
        let mut capacity = capacity();
        assert_eq!(capacity.sticky_room(10, 4), 4, "ten held of ten, four of them go");
        capacity.flushing(4, 4);
        assert_eq!(capacity.sticky_room(10, 3), 3);
        capacity.flushing(3, 3);
        assert_eq!(capacity.available(10), 0);
        capacity.flushed(4, 4);
        capacity.flushed(3, 3);
        assert_eq!((capacity.available(3), capacity.sticky_room(3, 0)), (7, 7));
    }

    #[test]
    fn after_four_sticky_flushes_in_a_row_one_place_is_left_to_the_index_also_when_nothing_is_known_to_wait()
    {
        let mut capacity = capacity();
        for _ in 0..4 {
            assert_eq!(capacity.sticky_share(1), 1);
            capacity.took_sticky(1);
        }
        assert_eq!(
            capacity.sticky_share(1),
            0,
            "a worker with one slot would never look otherwise"
        );
        assert_eq!(capacity.sticky_share(8), 7);
        assert!(capacity.index_is_due());
        capacity.took_from_index(0, None);
        assert_eq!(capacity.sticky_share(8), 8);
    }

    #[test]
    fn a_sticky_claim_is_never_worse_than_what_waits() {
        let mut capacity = capacity();
        capacity.took_from_index(1, Some(2));
        assert_eq!(capacity.sticky_priority(), 2);
    }
}
