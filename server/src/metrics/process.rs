//! What the client of this process and its workers counted.

use super::families;
use super::page::Page;
use tasker_core::metrics::{AttemptOutcome, ClaimOutcome, ClaimSource, FlushKind, Metrics, PoolOwner};

pub(super) fn show(metrics: &Metrics, page: &mut Page) {
    page.count(&families::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1);
    for (namespace, work) in metrics.work() {
        let namespace = namespace.as_str();
        for outcome in AttemptOutcome::ALL {
            let count = work.attempts(outcome);
            page.counter(&families::STEP_ATTEMPTS, &[namespace, outcome.as_str()], count);
        }
        page.counter(&families::STEP_RETRIES, &[namespace], work.retries.get());
        for (family, histogram) in [
            (&families::STEP_ATTEMPT_DURATION, &work.attempt_duration),
            (&families::STEP_QUEUE_LATENCY, &work.queue_latency),
            (&families::TASK_DURATION, &work.task_duration),
        ] {
            page.histogram(family, &[namespace], histogram.read());
        }
    }
    for outcome in ClaimOutcome::ALL {
        page.counter(&families::CLAIMS, &[outcome.as_str()], metrics.looks(outcome));
    }
    for source in ClaimSource::ALL {
        let read = metrics.claims(source).read();
        page.histogram(&families::CLAIM_BATCH, &[source.as_str()], read);
    }
    for kind in FlushKind::ALL {
        let (flushes, kind) = (metrics.flushes(kind), [kind.as_str()]);
        page.histogram(&families::FLUSH_BATCH, &kind, flushes.batch.read());
        page.histogram(&families::FLUSH_DURATION, &kind, flushes.duration.read());
        page.counter(&families::FLUSH_FAILURES, &kind, flushes.failed.get());
    }
    for owner in PoolOwner::ALL {
        let (pool, owner) = (metrics.pool(owner), owner.as_str());
        for (state, connections) in [("busy", pool.busy), ("idle", pool.idle)] {
            page.gauge(&families::POOL_CONNECTIONS, &[owner, state], as_f64(connections));
        }
        page.gauge(&families::POOL_CONNECTIONS_MAX, &[owner], as_f64(pool.limit));
        page.gauge(&families::POOL_WAITING, &[owner], as_f64(pool.waiting));
    }
}

#[allow(clippy::cast_precision_loss)] // What Prometheus has is floating.
fn as_f64(count: usize) -> f64 {
    count as f64
}
