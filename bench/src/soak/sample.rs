//! One look at everything: what was done since the last one, and how large everything is.

use super::plan::Phase;
use crate::report::{quotient, rounded};
use crate::room::Looker;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;

/// One line of the output.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the keys are explained in docs/reference/bench.md
pub(super) struct Sample {
    pub at_s: f64,
    pub phase: Phase,
    pub seconds: f64,
    pub tasks_created: u64,
    pub tasks_pruned: u64,
    pub steps_asked_per_s: f64,
    pub steps_per_s: f64,
    pub claim_buffers: f64,
    pub sweep_buffers: Option<f64>,
    pub backlog_age_s: f64,
    pub backlog_look_ms: Option<f64>,
    pub capacity_steps_per_s: f64,
    pub reference_steps_per_s: f64,
    pub ratio: f64,
    pub bytes: u64,
    pub live_tuples: u64,
    pub dead_tuples: u64,
    pub tables: BTreeMap<String, Table>,
    pub hot_share: Option<f64>,
    pub wal_bytes_per_step: Option<f64>,
    pub autovacuums: u64,
    pub xmin_age: u64,
    /// How many transactions have begun since the snapshot that is held was taken, by its backend.
    pub pinned_age: Option<u64>,
    /// The number of the next transaction.
    pub next_xid: u64,
    pub worker_rss_mb: f64,
    pub worker_peak_rss_mb: f64,
    pub engine_cpu_us_per_step: Option<f64>,
    pub postgres_cpu_us_per_step: Option<f64>,
}

/// A table, all its partitions together.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[allow(missing_docs)]
pub(super) struct Table {
    pub table_bytes: u64,
    pub index_bytes: u64,
    pub live_tuples: u64,
    pub dead_tuples: u64,
    pub autovacuums: u64,
    #[serde(skip)]
    updates: u64,
    #[serde(skip)]
    hot_updates: u64,
    #[serde(skip)]
    deleted: u64,
}

/// Where the server stands at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerStand {
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) wal_bytes: f64,
    pub(super) xmin_age: u64,
    pub(super) pinned_age: Option<u64>,
    pub(super) next_xid: u64,
}

/// Tables in which nothing moves stay out: the catalogue is the same all the time.
const TABLES: &str = "\
select coalesce(p.relname, c.relname)::text as name,
  sum(pg_table_size(c.oid))::bigint as table_bytes, sum(pg_indexes_size(c.oid))::bigint as index_bytes,
  sum(s.n_live_tup)::bigint as live_tuples, sum(s.n_dead_tup)::bigint as dead_tuples,
  sum(s.autovacuum_count)::bigint as autovacuums, sum(s.n_tup_upd)::bigint as updates,
  sum(s.n_tup_hot_upd)::bigint as hot_updates, sum(s.n_tup_del)::bigint as deleted
from pg_class c join pg_stat_user_tables s on s.relid = c.oid
left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = i.inhparent
where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname <> 'single_commit'
group by 1 having sum(s.n_tup_upd + s.n_tup_del) > 0 or bool_or(c.relname like '%transitions%')";

const SERVER: &str = "\
select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8,
  coalesce((select max(age(a.backend_xmin)) from pg_stat_activity a
            where a.datname = current_database() and a.pid <> pg_backend_pid()), 0)::bigint,
  (select age(a.backend_xmin) from pg_stat_activity a where a.pid = $1)::bigint,
  pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

/// name and the figures of a [`Table`], in its order
type Row = (String, i64, i64, i64, i64, i64, i64, i64, i64);

impl From<Row> for Table {
    fn from(row: Row) -> Self {
        let (_, table_bytes, index_bytes, live, dead, autovacuums, updates, hot_updates, deleted) = row;
        Self {
            table_bytes: table_bytes.unsigned_abs(),
            index_bytes: index_bytes.unsigned_abs(),
            live_tuples: live.unsigned_abs(),
            dead_tuples: dead.unsigned_abs(),
            autovacuums: autovacuums.unsigned_abs(),
            updates: updates.unsigned_abs(),
            hot_updates: hot_updates.unsigned_abs(),
            deleted: deleted.unsigned_abs(),
        }
    }
}

impl ServerStand {
    pub(super) async fn read(looker: &mut Looker, pinned_by: Option<i32>) -> Result<Self> {
        let tables: Vec<Row> = sqlx::query_as(TABLES).fetch_all(looker.once()).await?;
        let (wal_bytes, xmin_age, pinned_age, next_xid): (f64, i64, Option<i64>, i64) =
            sqlx::query_as(SERVER)
                .bind(pinned_by)
                .fetch_one(looker.once())
                .await?;
        Ok(Self {
            tables: tables
                .into_iter()
                .map(|row| (row.0.clone(), row.into()))
                .collect(),
            wal_bytes,
            xmin_age: xmin_age.unsigned_abs(),
            pinned_age: pinned_age.map(i64::unsigned_abs),
            next_xid: next_xid.unsigned_abs(),
        })
    }

    /// How many tasks have been deleted since the schema was made.
    pub(super) fn tasks_pruned(&self) -> u64 {
        self.tables.get("tasks").map_or(0, |tasks| tasks.deleted)
    }

    pub(super) fn sum(&self, of: impl Fn(&Table) -> u64) -> u64 {
        self.tables.values().map(of).sum()
    }

    /// The share of the updates since `before` that touched no index.
    #[allow(clippy::cast_precision_loss)] // counts
    pub(super) fn hot_share(&self, before: &Self) -> Option<f64> {
        let since = |of: fn(&Table) -> u64| self.sum(of).saturating_sub(before.sum(of)) as f64;
        quotient(since(|table| table.hot_updates), since(|table| table.updates))
    }

    /// Bytes of WAL since `before` for each step.
    pub(super) fn wal_per_step(&self, before: &Self, steps: f64) -> Option<f64> {
        quotient(rounded(self.wal_bytes - before.wal_bytes), steps)
    }
}
