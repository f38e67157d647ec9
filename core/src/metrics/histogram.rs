//! Numbers that only grow.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a histogram is of, and so where its buckets end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How long work takes or waits, up to a day; shown in seconds.
    Work,
    /// How long a call takes, up to half a minute; shown in seconds.
    Call,
    /// How many there are in a batch.
    Batch,
}

/// Microseconds.
const WORK: [u64; 19] = [
    1_000,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    900_000_000,
    3_600_000_000,
    14_400_000_000,
    86_400_000_000,
];
/// Microseconds.
const CALL: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000, 30_000_000,
];
const BATCH: [u64; 10] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];

impl Unit {
    fn bounds(self) -> &'static [u64] {
        match self {
            Self::Work => &WORK,
            Self::Call => &CALL,
            Self::Batch => &BATCH,
        }
    }

    fn per_unit(self) -> f64 {
        match self {
            Self::Work | Self::Call => 1e6,
            Self::Batch => 1.0,
        }
    }
}

/// How many values there were, by size, and their sum. Sums are integers, so that adding is one instruction: of durations
/// microseconds, which last for half a million years.
#[derive(Debug)]
pub struct Histogram {
    unit: Unit,
    /// One for each bound, and one for what is beyond the last.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramReading {
    /// The sum of all values, in the unit that is shown.
    pub sum: f64,
    /// How many values there were.
    pub count: u64,
    /// Upper bounds, the last one infinite, with how many values there were up to each and beyond the one before.
    pub buckets: Vec<(f64, u64)>,
}

impl Histogram {
    /// An empty histogram.
    pub fn new(unit: Unit) -> Self {
        Self {
            unit,
            buckets: (0..=unit.bounds().len()).map(|_| AtomicU64::default()).collect(),
            sum: AtomicU64::default(),
        }
    }

    /// Counts a value: a number of things.
    pub fn record(&self, value: u64) {
        let bucket = self.unit.bounds().partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a duration.
    pub fn record_duration(&self, duration: Duration) {
        self.record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// What was counted so far.
    #[allow(clippy::cast_precision_loss)] // What Prometheus has is floating.
    pub fn read(&self) -> HistogramReading {
        let per_unit = self.unit.per_unit();
        let bounds = self.unit.bounds().iter().map(|bound| *bound as f64 / per_unit);
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::INFINITY])
            .zip(self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)))
            .collect();
        HistogramReading {
            sum: self.sum.load(Ordering::Relaxed) as f64 / per_unit,
            // Not a counter of its own: it is what the buckets add up to, also while others record.
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_ascend_and_a_value_on_a_bound_belongs_below_it() {
        for unit in [Unit::Work, Unit::Call, Unit::Batch] {
            assert!(unit.bounds().is_sorted_by(|one, next| one < next), "{unit:?}");
        }
        let histogram = Histogram::new(Unit::Batch);
        for value in [0, 1, 2, 3, 1_000, 1_001] {
            histogram.record(value);
        }
        let read = histogram.read();
        assert_eq!(read.count, 6);
        assert!((read.sum - 2_007.0).abs() < f64::EPSILON);
        let filled: Vec<_> = read.buckets.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(
            filled,
            [
                &(1.0, 2),
                &(2.0, 1),
                &(5.0, 1),
                &(1_000.0, 1),
                &(f64::INFINITY, 1)
            ]
        );
    }

    #[test]
    fn durations_are_shown_in_seconds() {
        let histogram = Histogram::new(Unit::Work);
        histogram.record_duration(Duration::from_millis(2_500));
        histogram.record_duration(Duration::from_hours(48));
        let read = histogram.read();
        assert!((read.sum - 172_802.5).abs() < 1e-6, "{}", read.sum);
        assert!(read.buckets.contains(&(2.5, 1)), "{read:?}");
        assert_eq!(read.buckets.last(), Some(&(f64::INFINITY, 1)));
    }

    #[test]
    fn nothing_is_lost_when_many_record_at_once() {
        let histogram = Histogram::new(Unit::Batch);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|value| histogram.record(value % 7)));
            }
        });
        assert_eq!(histogram.read().count, 40_000);
    }
}
