//! The yardstick of latency: one row in one transaction, four round trips.

use crate::measure::{Spent, Stand};
use crate::report::Percentiles;
use crate::room::Looker;
use anyhow::Result;
use sqlx::{Connection, PgConnection};
use std::time::Instant;

/// `BEGIN; INSERT one row; UPDATE one row; COMMIT`, prepared, over one connection.
#[derive(Debug)]
pub(crate) struct SingleCommit {
    connection: PgConnection,
    milliseconds: Vec<f64>,
}

impl SingleCommit {
    /// On a connection whose search path leads to the table `single_commit`.
    pub(crate) async fn on(connection: PgConnection) -> Result<Self> {
        let mut this = Self {
            connection,
            milliseconds: Vec::new(),
        };
        // The first ones prepare the statements and warm the table; they do not count.
        this.times(5).await?;
        this.milliseconds.clear();
        Ok(this)
    }

    /// Once.
    pub(crate) async fn once(&mut self) -> Result<()> {
        let connection = &mut self.connection;
        let started = Instant::now();
        sqlx::query("begin").execute(&mut *connection).await?;
        let id: i64 = sqlx::query_scalar("insert into single_commit (value) values (1) returning id")
            .fetch_one(&mut *connection)
            .await?;
        sqlx::query("update single_commit set value = 2 where id = $1")
            .bind(id)
            .execute(&mut *connection)
            .await?;
        sqlx::query("commit").execute(&mut *connection).await?;
        self.milliseconds.push(started.elapsed().as_secs_f64() * 1000.0);
        Ok(())
    }

    /// So many times.
    pub(crate) async fn times(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.once().await?;
        }
        self.tell_server().await
    }

    /// Makes the server count what this connection did: a backend tells of it seconds later by itself, which may be
    /// in the middle of a measurement.
    pub(crate) async fn tell_server(&mut self) -> Result<()> {
        sqlx::query("select pg_stat_force_next_flush()")
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// What `count` of them cost the server, from a hundred that are measured alone.
    pub(crate) async fn cost(&mut self, count: usize, looker: &mut Looker) -> Result<Spent> {
        const SAMPLE: usize = 100;
        let kept = self.milliseconds.len();
        let before = Stand::settled(looker).await?;
        self.times(SAMPLE).await?;
        self.milliseconds.truncate(kept);
        let spent = Stand::settled(looker).await?.since(&before, looker).await?;
        #[allow(clippy::cast_precision_loss)] // counts
        let share = count as f64 / SAMPLE as f64;
        // One commit for each, and one for telling the server.
        #[allow(clippy::cast_precision_loss)]
        let commits = count as f64 + 1.0;
        Ok(Spent {
            commits,
            ..spent.times(share)
        })
    }

    /// Ends the connection, which makes the server count all of it.
    pub(crate) async fn finish(self) -> Result<Option<f64>> {
        let p50 = self.p50();
        self.connection.close().await?;
        Ok(p50)
    }

    /// How often, so far.
    pub(crate) fn count(&self) -> usize {
        self.milliseconds.len()
    }

    fn p50(&self) -> Option<f64> {
        Percentiles::of(self.milliseconds.clone()).map(|percentiles| percentiles.p50)
    }
}
