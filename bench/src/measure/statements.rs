//! How many statements the engine sent, counted where the database library tells of them.

use std::sync::atomic::{AtomicU64, Ordering};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Where sqlx tells of every statement that it sent. Connections of the bench's own are made not to.
const TARGET: &str = "sqlx::query";

static SENT: AtomicU64 = AtomicU64::new(0);

struct Counter;

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        SENT.fetch_add(1, Ordering::Relaxed);
    }
}

/// The layer that counts: part of the process's `tracing` subscriber, or else `per_step.statements` stays null.
pub fn statement_counter<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    let only_statements: Targets = Targets::new().with_target(TARGET, LevelFilter::TRACE);
    Counter.with_filter(only_statements)
}

/// How many statements this process has sent; none where nobody counts.
pub(crate) fn statements_sent() -> Option<u64> {
    let counted = tracing::enabled!(target: "sqlx::query", tracing::Level::DEBUG);
    counted.then(|| SENT.load(Ordering::Relaxed))
}
