//! What the database says of all processes, looked at now and then.

use super::families;
use super::page::Page;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tasker_core::Client;
use tasker_core::model::{Measurements, ServerMeasurements, State, WorkMeasurements};
use tokio::sync::Mutex;

/// How long a look is good for, also one in vain, unless it took too long. The help of `tasker_database_look_age_seconds` says so.
const GOOD_FOR: Duration = Duration::from_secs(15);
/// How long a look may take: less than the ten seconds that Prometheus waits.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Look {
    at: Instant,
    took: Duration,
    good_for: Duration,
    found: Option<Measurements>,
}

/// The last look at the database.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<Option<Look>>);

impl Looks {
    /// Shows the last look, after a new one where that is too old; one request looks for all that come meanwhile.
    pub(super) async fn show(&self, client: &Client, page: &mut Page) {
        let mut last = self.0.lock().await;
        if last
            .as_ref()
            .is_none_or(|look| look.at.elapsed() >= look.good_for)
        {
            *last = None;
        }
        let look = match &mut *last {
            Some(look) => look,
            none => none.insert(look(client).await),
        };
        page.count(&families::DATABASE_UP, &[], u64::from(look.found.is_some()));
        page.gauge(&families::DATABASE_LOOK_AGE, &[], look.at.elapsed().as_secs_f64());
        page.gauge(&families::DATABASE_LOOK_DURATION, &[], look.took.as_secs_f64());
        if let Some(found) = &look.found {
            show_work(&found.work, page);
            show_server(&found.server, page);
        }
    }
}

async fn look(client: &Client) -> Look {
    let began = Instant::now();
    let mut good_for = GOOD_FOR;
    let found = match tokio::time::timeout(LOOK_WITHIN, client.measurements()).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            tracing::warn!(%error, "metrics without the database");
            None
        }
        Err(_) => {
            let seconds = LOOK_WITHIN.as_secs();
            tracing::warn!(seconds, "metrics without the database: it did not answer in time");
            // The statement may run on as long as one may: it gets no company.
            let longest = client.settings().database.statement_timeout_seconds;
            good_for = Duration::try_from_secs_f64(longest).map_or(good_for, |longest| longest.max(GOOD_FOR));
            None
        }
    };
    Look {
        at: Instant::now(),
        took: began.elapsed(),
        good_for,
        found,
    }
}

fn show_work(work: &WorkMeasurements, page: &mut Page) {
    let tasks = work
        .tasks
        .iter()
        .map(|of| (of.namespace.as_str(), of.state, of.count));
    let steps = work
        .steps
        .iter()
        .map(|of| (of.namespace.as_str(), of.state, of.count));
    let known: Vec<&str> = work.ready.iter().map(|of| of.namespace.as_str()).collect();
    for (family, counts) in [
        (&families::TASKS, by_state(&known, tasks)),
        (&families::STEPS, by_state(&known, steps)),
    ] {
        for ((namespace, state), count) in counts {
            page.count(family, &[namespace, state.as_str()], count);
        }
    }
    let mut failed: BTreeMap<&str, u64> = known.iter().map(|namespace| (*namespace, 0)).collect();
    for of in &work.steps {
        *failed.entry(&of.namespace).or_default() += of.failed_for_good;
    }
    for (namespace, count) in failed {
        page.count(&families::STEPS_FAILED_FOR_GOOD, &[namespace], count);
    }
    for of in &work.ready {
        let namespace = [of.namespace.as_str()];
        page.count(&families::READY_STEPS, &namespace, of.ready);
        page.count(&families::READY_STEPS_PAUSED, &namespace, of.paused);
        page.gauge(
            &families::READY_STEP_AGE,
            &namespace,
            of.oldest_seconds.unwrap_or_default(),
        );
    }
    for state in ["alive", "draining", "lost"] {
        let of = work.workers.iter().find(|of| of.state == state);
        page.count(&families::WORKERS, &[state], of.map_or(0, |of| of.count));
        page.count(&families::WORKER_SLOTS, &[state], of.map_or(0, |of| of.slots));
    }
}

/// Counts by namespace and state, zeros included: an alert cannot see what is not there.
fn by_state<'a>(
    known: &[&'a str],
    counts: impl Iterator<Item = (&'a str, State, u64)>,
) -> BTreeMap<(&'a str, State), u64> {
    let zeros = known
        .iter()
        .flat_map(|namespace| State::ALL.map(|state| ((*namespace, state), 0)));
    let mut all: BTreeMap<_, _> = zeros.collect();
    all.extend(counts.map(|(namespace, state, count)| ((namespace, state), count)));
    all
}

fn show_server(server: &ServerMeasurements, page: &mut Page) {
    let own = server.used_of_database;
    page.count(&families::DATABASE_CONNECTIONS, &["own"], own);
    let others = server.used_connections.saturating_sub(own);
    page.count(&families::DATABASE_CONNECTIONS, &["others"], others);
    page.count(&families::DATABASE_CONNECTIONS_MAX, &[], server.max_connections);
    page.gauge(
        &families::DATABASE_OLDEST_TRANSACTION,
        &[],
        server.oldest_transaction_seconds,
    );
    for table in &server.tables {
        page.count(&families::TABLE_ROWS, &[&table.name], table.rows);
        page.count(&families::TABLE_DEAD_ROWS, &[&table.name], table.dead_rows);
    }
}
