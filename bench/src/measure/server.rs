//! Figures of the server between two moments.

use crate::report::{PerStep, quotient};
use crate::room::Looker;
use anyhow::{Result, bail};
use sqlx::AssertSqlSafe;
use std::time::{Duration, Instant};

/// PostgreSQL's own interval is ten seconds.
const IDLE_BACKENDS_TELL: Duration = Duration::from_millis(10_500);

/// Where the counters of the server stood at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Stand {
    commits: i64,
    /// Transactions of the looker, which are no part of the run.
    looks: i64,
    wal: String,
    rows: i64,
    updates: i64,
    hot_updates: i64,
    /// Client connections to the database, ours included.
    clients: i64,
}

/// What happened on the server between two moments.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) commits: f64,
    pub(crate) wal_bytes: Option<f64>,
    pub(crate) wal_bytes_with_fpi: Option<f64>,
    pub(crate) rows: f64,
    pub(crate) hot_share: Option<f64>,
}

const READ: &str = "\
select (select xact_commit from pg_stat_database where datname = current_database()) as commits,
  pg_current_wal_flush_lsn()::text as wal,
  coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint as rows,
  coalesce(sum(n_tup_upd), 0)::bigint as updates,
  coalesce(sum(n_tup_hot_upd), 0)::bigint as hot_updates,
  (select count(*) from pg_stat_activity
   where datname = current_database() and backend_type = 'client backend') as clients
from pg_stat_user_tables where schemaname = current_schema() and relname <> 'single_commit'";

impl Stand {
    async fn read(looker: &mut Looker) -> Result<Self> {
        // What this connection has done itself is told at once, too.
        sqlx::query("select pg_stat_force_next_flush()")
            .execute(looker.once())
            .await?;
        let row: (i64, String, i64, i64, i64, i64) = sqlx::query_as(READ).fetch_one(looker.once()).await?;
        let (commits, wal, rows, updates, hot_updates, clients) = row;
        Ok(Self {
            commits,
            looks: looker.transactions(),
            wal,
            rows,
            updates,
            hot_updates,
            clients,
        })
    }

    /// The counters before a run. A backend tells what it did when it has been idle for a while or ends; so this waits
    /// until they stand still.
    pub(crate) async fn settled(looker: &mut Looker) -> Result<Self> {
        let mut last = Self::read(looker).await?;
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let next = Self::read(looker).await?;
            if next.commits - last.commits <= next.looks - last.looks && next.rows == last.rows
                || Instant::now() > deadline
            {
                return Ok(next);
            }
            last = next;
        }
    }

    /// The counters after a run: waits until the engine's connections, which were closed, have gone, because a
    /// backend tells everything at its end. The connections of a pooler stay; theirs tell within ten seconds of idleness.
    pub(crate) async fn after_engine(looker: &mut Looker, before: &Self, is_pooled: bool) -> Result<Self> {
        if is_pooled {
            tokio::time::sleep(IDLE_BACKENDS_TELL).await;
            return Self::settled(looker).await;
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let now = Self::settled(looker).await?;
            if now.clients <= before.clients {
                return Ok(now);
            }
            if Instant::now() > deadline {
                bail!(
                    "{} connections to the database are left over that were not there before the run; their figures \
                     are not complete. Is somebody else at work in this database?",
                    now.clients - before.clients
                );
            }
        }
    }

    /// What happened since `before`.
    pub(crate) async fn since(&self, before: &Self, looker: &mut Looker) -> Result<Spent> {
        #[allow(clippy::cast_precision_loss)] // counts
        let difference = |now: i64, then: i64| (now - then) as f64;
        let wal = wal_between(looker, &before.wal, &self.wal).await?;
        let updates = difference(self.updates, before.updates);
        Ok(Spent {
            commits: difference(self.commits - self.looks, before.commits - before.looks),
            wal_bytes: wal.0,
            wal_bytes_with_fpi: Some(wal.1),
            rows: difference(self.rows, before.rows),
            hot_share: quotient(difference(self.hot_updates, before.hot_updates), updates),
        })
    }
}

impl Spent {
    /// As much as `share` of this; the share of HOT updates and the rows are the engine's alone and stay out.
    pub(crate) fn times(&self, share: f64) -> Self {
        Self {
            commits: self.commits * share,
            wal_bytes: self.wal_bytes.map(|bytes| bytes * share),
            wal_bytes_with_fpi: self.wal_bytes_with_fpi.map(|bytes| bytes * share),
            rows: 0.0,
            hot_share: None,
        }
    }

    /// This without that.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let less = |own: Option<f64>, other: Option<f64>| own.map(|own| own - other.unwrap_or(0.0));
        Self {
            commits: self.commits - other.commits,
            wal_bytes: less(self.wal_bytes, other.wal_bytes),
            wal_bytes_with_fpi: less(self.wal_bytes_with_fpi, other.wal_bytes_with_fpi),
            rows: self.rows - other.rows,
            hot_share: self.hot_share,
        }
    }

    /// Divided by the number of steps.
    pub(crate) fn per_step(&self, steps: u64, statements: Option<f64>) -> PerStep {
        #[allow(clippy::cast_precision_loss)] // a count
        let each = |value: f64| quotient(value, steps as f64);
        PerStep {
            commits: each(self.commits.max(0.0)),
            wal_bytes: self.wal_bytes.and_then(each),
            wal_bytes_with_fpi: self.wal_bytes_with_fpi.and_then(each),
            hot_share: self.hot_share,
            statements: statements.and_then(each),
            rows_written: each(self.rows),
        }
    }
}

/// Bytes of WAL between two places: without full-page images where the server can tell, and with them.
async fn wal_between(looker: &mut Looker, from: &str, to: &str) -> Result<(Option<f64>, f64)> {
    let all: f64 = sqlx::query_scalar("select pg_wal_lsn_diff($1::pg_lsn, $2::pg_lsn)::float8")
        .bind(to)
        .bind(from)
        .fetch_one(looker.once())
        .await?;
    let Some(schema) = walinspect(looker).await? else {
        return Ok((None, all));
    };
    let quoted = schema.replace('"', "\"\"");
    let sums: Result<(f64, f64), sqlx::Error> = sqlx::query_as(AssertSqlSafe(format!(
        "select coalesce(sum(record_size), 0)::float8, coalesce(sum(combined_size), 0)::float8 \
         from \"{quoted}\".pg_get_wal_stats($1::pg_lsn, $2::pg_lsn)"
    )))
    .bind(from)
    .bind(to)
    .fetch_one(looker.once())
    .await;
    // The WAL of a long run may have been recycled.
    Ok(sums.map_or((None, all), |(records, combined)| (Some(records), combined)))
}

/// The schema of the extension that reads WAL: where it is already, or ours, where it goes when the run is over.
async fn walinspect(looker: &mut Looker) -> Result<Option<String>> {
    const WHERE: &str = "select n.nspname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace \
                         where e.extname = 'pg_walinspect'";
    let found: Option<String> = sqlx::query_scalar(WHERE).fetch_optional(looker.once()).await?;
    if found.is_some() {
        return Ok(found);
    }
    // Needs a superuser and the contrib package; without them the figure stays unknown.
    if sqlx::query("create extension pg_walinspect")
        .execute(looker.once())
        .await
        .is_err()
    {
        return Ok(None);
    }
    Ok(sqlx::query_scalar(WHERE).fetch_optional(looker.once()).await?)
}
