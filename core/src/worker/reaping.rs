//! Who may take back what others hold. Only a process whose own heartbeats have succeeded for a full lease without a gap:
//! after a boot, an outage or a suspend the others' heartbeats may be old for the reason that ours were.

use std::time::{Duration, Instant, SystemTime};

/// The heartbeats of one worker id.
#[derive(Debug)]
pub(super) struct Reaping {
    lease: Duration,
    longest_gap: Duration,
    unbroken: Option<Unbroken>,
}

#[derive(Debug, Clone, Copy)]
struct Unbroken {
    worker_id: i64,
    since: Instant,
    last: Instant,
    /// The clock on the wall goes on while a machine sleeps; the other one may not.
    last_on_the_wall: SystemTime,
}

impl Reaping {
    /// `interval`: between two heartbeats, at most a third of the lease. A database that stood still for longer than the
    /// lease less one interval may have made every worker look dead, so such a gap in our own begins the wait anew.
    pub(super) fn new(lease: Duration, interval: Duration) -> Self {
        Self {
            lease,
            longest_gap: lease.saturating_sub(interval),
            unbroken: None,
        }
    }

    /// A heartbeat succeeded. Whether this worker may reap now.
    pub(super) fn beat(&mut self, worker_id: i64, now: Instant, on_the_wall: SystemTime) -> bool {
        let goes_on = self.unbroken.filter(|before| {
            let slept = on_the_wall
                .duration_since(before.last_on_the_wall)
                .unwrap_or_default();
            before.worker_id == worker_id && now.duration_since(before.last).max(slept) < self.longest_gap
        });
        let since = goes_on.map_or(now, |before| before.since);
        self.unbroken = Some(Unbroken {
            worker_id,
            since,
            last: now,
            last_on_the_wall: on_the_wall,
        });
        now.duration_since(since) >= self.lease
    }

    /// A heartbeat failed, or was refused.
    pub(super) fn missed(&mut self) {
        self.unbroken = None;
    }

    /// Whether the last heartbeat succeeded.
    pub(super) fn is_unbroken(&self) -> bool {
        self.unbroken.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(30);
    const INTERVAL: Duration = Duration::from_secs(10);

    /// Heartbeats at these seconds; what the last one says.
    struct Hearts {
        reaping: Reaping,
        start: Instant,
        wall: SystemTime,
    }

    impl Hearts {
        fn new() -> Self {
            Self {
                reaping: Reaping::new(LEASE, INTERVAL),
                start: Instant::now(),
                wall: SystemTime::now(),
            }
        }

        fn beat(&mut self, worker_id: i64, second: u64) -> bool {
            let after = Duration::from_secs(second);
            self.reaping
                .beat(worker_id, self.start + after, self.wall + after)
        }
    }

    #[test]
    fn a_worker_may_reap_after_a_full_lease_of_heartbeats_and_not_before() {
        let mut hearts = Hearts::new();
        for second in [0, 10, 20, 29] {
            assert!(!hearts.beat(1, second), "at {second} s");
        }
        assert!(hearts.beat(1, 30));
        assert!(hearts.beat(1, 40));
    }

    #[test]
    fn a_boot_waits_a_full_lease_whatever_the_machine_did_before() {
        assert!(!Hearts::new().beat(1, 1000));
    }

    #[test]
    fn a_missed_heartbeat_starts_the_wait_again() {
        let mut hearts = Hearts::new();
        for second in [0, 10, 20, 30] {
            hearts.beat(1, second);
        }
        hearts.reaping.missed();
        assert!(!hearts.reaping.is_unbroken());
        for second in [31, 41, 51, 60] {
            assert!(!hearts.beat(1, second), "at {second} s");
        }
        assert!(hearts.beat(1, 61));
    }

    #[test]
    fn a_stop_or_a_database_that_stood_still_starts_the_wait_again() {
        let mut hearts = Hearts::new();
        for second in [0, 10, 20, 30] {
            hearts.beat(1, second);
        }
        // The next one took twenty seconds: others, whose last one is ten older, may look dead and are not.
        assert!(!hearts.beat(1, 50));
        assert!(!hearts.beat(1, 60));
        assert!(!hearts.beat(1, 70));
        assert!(hearts.beat(1, 80));
    }

    #[test]
    fn a_suspend_during_which_the_monotonic_clock_stood_starts_the_wait_again() {
        let mut hearts = Hearts::new();
        for second in [0, 10, 20, 30] {
            hearts.beat(1, second);
        }
        hearts.wall += Duration::from_secs(3600);
        assert!(!hearts.beat(1, 40));
        assert!(hearts.reaping.is_unbroken());
    }

    #[test]
    fn a_clock_set_back_breaks_nothing() {
        let mut hearts = Hearts::new();
        for second in [0, 10, 20] {
            hearts.beat(1, second);
        }
        hearts.wall -= Duration::from_secs(3600);
        assert!(hearts.beat(1, 30));
    }

    #[test]
    fn a_new_worker_id_is_a_new_boot() {
        let mut hearts = Hearts::new();
        for second in [0, 10, 20, 30] {
            hearts.beat(1, second);
        }
        assert!(!hearts.beat(2, 40));
        assert!(!hearts.beat(2, 50));
        assert!(!hearts.beat(2, 60));
        assert!(hearts.beat(2, 70));
    }
}
