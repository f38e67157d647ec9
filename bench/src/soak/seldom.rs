//! Looks that take the longer the longer a snapshot is held: a part of the time, or the run would measure them.

use std::time::{Duration, Instant};

/// One part in so many of the time.
const SHARE: u32 = 100;

/// When the next such look may begin.
#[derive(Debug, Default)]
pub(super) struct Seldom(Option<Instant>);

impl Seldom {
    /// The beginning of a look, if it is time for one.
    pub(super) fn begin(&self) -> Option<Instant> {
        let now = Instant::now();
        self.0.is_none_or(|due| now >= due).then_some(now)
    }

    /// Such a look has ended; tells how long it took.
    pub(super) fn end(&mut self, begun: Instant) -> Duration {
        let took = begun.elapsed();
        self.0 = Some(begun + took * SHARE);
        took
    }
}
