//! Every metric that is served: its name, type, unit, labels and meaning. What is served, its HELP and the page
//! docs/reference/metrics.md are all made from this.

use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt::Write;

/// Where a metric comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Counted by this process, of its own doings since it began.
    Process,
    /// Read from the database, of all processes.
    Database,
}

/// A metric.
#[derive(Debug)]
pub(crate) struct Family {
    /// Without the unit and without `_total`, which the encoder adds.
    name: &'static str,
    pub(crate) kind: MetricType,
    pub(crate) unit: Option<Unit>,
    pub(crate) labels: &'static [&'static str],
    pub(crate) source: Source,
    pub(crate) help: &'static str,
}

macro_rules! unit {
    () => {
        None
    };
    (seconds) => {
        Some(Unit::Seconds)
    };
}

macro_rules! families {
    ($($id:ident: $kind:ident $name:literal $(in $unit:ident)?, [$($label:literal),*], $source:ident, $help:literal;)*) => {
        $(
            pub(crate) static $id: Family = Family {
                name: concat!("tasker_", $name),
                kind: MetricType::$kind,
                unit: unit!($($unit)?),
                labels: &[$($label),*],
                source: Source::$source,
                help: $help,
            };
        )*
        /// Every metric, in the order in which they are served.
        pub(crate) static ALL: &[&Family] = &[$(&$id),*];
    };
}

families! {
    BUILD_INFO: Gauge "build_info", ["version"], Process, "Always 1: which version of Tasker answers";
    STEP_ATTEMPTS: Counter "step_attempts", ["namespace", "outcome"], Process,
        "Attempts of steps that ended in workers of this process. failed: may be tried again as far as the handler is concerned; whether attempts are left is the database's to say. failed_permanently: the handler said that it is of no use. released: handed back without counting. lost: cancelled, or taken over by others. refused: could not be begun";
    STEP_ATTEMPT_DURATION: Histogram "step_attempt_duration" in seconds, ["namespace"], Process,
        "How long attempts took in workers of this process, from the handler's beginning to its outcome";
    STEP_QUEUE_LATENCY: Histogram "step_queue_latency" in seconds, ["namespace"], Process,
        "How long steps had been ready when workers of this process claimed them; 0 where a worker readied the step itself. By the clocks of database and process";
    STEP_RETRIES: Counter "step_retries", ["namespace"], Process,
        "Attempts that workers of this process claimed and that were not the first of their step";
    TASK_DURATION: Histogram "task_duration" in seconds, ["namespace"], Process,
        "How old tasks were when workers of this process completed them. Tasks with an id that carries no time, and tasks that a handler ended in its own transaction, are left out";
    CLAIMS: Counter "claims", ["outcome"], Process, "How often workers of this process looked for ready steps, and what came of it";
    CLAIM_BATCH: Histogram "claim_batch_steps", ["source"], Process,
        "Steps that each call of workers of this process brought: claims from the index, flushes and creations that claimed what they readied. Calls that brought none are left out";
    FLUSH_BATCH: Histogram "flush_batch_outcomes", ["kind"], Process,
        "Outcomes in each flush of workers of this process. A flush is one statement; one that is sent again counts again";
    FLUSH_DURATION: Histogram "flush_duration" in seconds, ["kind"], Process,
        "How long flushes of workers of this process took, the wait for a connection included";
    FLUSH_FAILURES: Counter "flush_failures", ["kind"], Process, "Flushes of workers of this process that the database did not take; they are sent again";
    POOL_CONNECTIONS: Gauge "pool_connections", ["owner", "state"], Process,
        "Connections to the database that this process has, of its client and of its workers, in use (or being opened) and idle";
    POOL_CONNECTIONS_MAX: Gauge "pool_connections_max", ["owner"], Process, "Connections to the database that the client and the workers of this process may have";
    POOL_WAITING: Gauge "pool_waiting", ["owner"], Process, "Calls of this process that wait for a connection at present";
    HTTP_REQUESTS: Counter "http_requests", ["route", "method", "status"], Process,
        "Requests that this interface answered, by template of the route, method and class of the status. A request to no route has the route none";
    HTTP_REQUEST_DURATION: Histogram "http_request_duration" in seconds, ["route", "method"], Process,
        "How long this interface took until it began to answer";

    DATABASE_UP: Gauge "database_up", [], Database, "1 if the last look at the database went well, within 5 s. Else 0, and all that is read from it is missing: it is away, too slow, or this process may not read it, as the log says";
    DATABASE_LOOK_AGE: Gauge "database_look_age" in seconds, [], Database,
        "How long ago the database was looked at. All that is read from it is as old: at most 15 s, unless the last look took longer than 5 s";
    DATABASE_LOOK_DURATION: Gauge "database_look_duration" in seconds, [], Database, "How long looking at the database took";
    TASKS: Gauge "tasks", ["namespace", "state"], Database, "Tasks by state, of the newest 20,000 tasks";
    STEPS: Gauge "steps", ["namespace", "state"], Database, "Steps by state, of the newest 100,000 steps";
    STEPS_FAILED_FOR_GOOD: Gauge "steps_failed_for_good", ["namespace"], Database,
        "Steps in state error that are not tried again unless an operator says so, of the newest 100,000 steps";
    READY_STEPS: Gauge "ready_steps", ["namespace"], Database,
        "Steps that may be claimed now, paused ones left out. Of all tasks, counted up to 10,000 for each handler of a named task";
    READY_STEPS_PAUSED: Gauge "ready_steps_paused", ["namespace"], Database,
        "Steps that could be claimed now if their namespace, named task or handler were not paused. Counted as tasker_ready_steps";
    READY_STEP_AGE: Gauge "ready_step_oldest_age" in seconds, ["namespace"], Database,
        "How long the oldest step that may be claimed now has been ready, paused ones left out; 0 where there is none. Of all tasks";
    WORKERS: Gauge "workers", ["state"], Database, "Workers of all processes that have not ended: alive, draining, or lost, which is beyond its lease";
    WORKER_SLOTS: Gauge "worker_slots", ["state"], Database, "Handlers that these workers may run at once";
    DATABASE_CONNECTIONS: Gauge "database_connections", ["database"], Database,
        "Connections to the server: those of this database, whoever has them, and those of all others";
    DATABASE_CONNECTIONS_MAX: Gauge "database_connections_max", [], Database, "Connections that the server takes (max_connections)";
    DATABASE_OLDEST_TRANSACTION: Gauge "database_oldest_transaction_age" in seconds, [], Database,
        "How long the oldest transaction in this database has lasted. Sessions of other roles are seen only with pg_read_all_stats";
    TABLE_ROWS: Gauge "table_rows", ["table"], Database, "About how many rows there are, by the server's statistics: of all tasks and steps, whatever their age";
    TABLE_DEAD_ROWS: Gauge "table_dead_rows", ["table"], Database, "About how many dead rows wait for vacuum, by the server's statistics";
}

impl Family {
    /// The name that the encoder takes.
    pub(crate) fn bare_name(&self) -> &'static str {
        self.name
    }

    /// The name that is served. Of a histogram it is what `_bucket`, `_sum` and `_count` are put behind.
    pub(crate) fn name(&self) -> String {
        let unit = self.unit.iter().map(|unit| format!("_{}", unit.as_str()));
        let total = (self.kind == MetricType::Counter).then(|| "_total".to_owned());
        [self.name.to_owned()]
            .into_iter()
            .chain(unit)
            .chain(total)
            .collect()
    }
}

/// The page docs/reference/metrics.md.
pub fn metrics_reference() -> String {
    let mut page = "# Metrics\n\n<!-- Made by scripts/generate from server/src/metrics/families.rs. -->\n\n\
         What `GET /metrics` of the [HTTP interface](../guides/http.md) has, in the text format of Prometheus (version 0.0.4), or in that of \
         OpenMetrics for who accepts it. `namespace` is one of at most 100; the rest share `other`.\n"
        .to_owned();
    for (source, heading, about) in [
        (
            Source::Process,
            "Of this process",
            "Counted by the process that answers, since its client was made: of its own requests and of the workers of that client. \
             `tasker serve` runs no workers; a host that mounts the router over the client of its workers shows theirs. In Rust \
             `Client::metrics` has the same numbers. Rates over all processes are sums over all processes that are scraped.",
        ),
        (
            Source::Database,
            "Of the database",
            "Read from the database, so that every process answers the same. Looked at no more than once in 15 s, for at most 5 s. When the \
             database is away, `tasker_database_up` is 0 and what is read from it has no values.",
        ),
    ] {
        let _ = write!(
            page,
            "\n## {heading}\n\n{about}\n\n| Name | Type | Unit | Labels | Meaning |\n|---|---|---|---|---|\n"
        );
        for family in ALL.iter().filter(|family| family.source == source) {
            let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} | {}. |",
                family.name(),
                family.kind.as_str(),
                family.unit.as_ref().map_or("", Unit::as_str),
                labels.join(", "),
                family.help
            );
        }
    }
    page
}
