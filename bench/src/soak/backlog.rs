//! How long the oldest step that may run has been waiting for a worker.

use super::seldom::Seldom;
use crate::room::Room;
use anyhow::Result;
use sqlx::PgConnection;
use std::time::{Duration, Instant};

/// Looks at the heads of the lanes, on a connection of its own.
#[derive(Debug)]
pub(super) struct Backlog {
    connection: PgConnection,
    /// What became ready before this instant of the database's clock, in seconds since 1970, has been claimed.
    from_s: f64,
    worst_s: f64,
    looked: Instant,
    whole: Seldom,
}

/// How far behind the oldest step found the next look begins, for steps whose transaction was slow to commit, in seconds.
const MARGIN_S: f64 = 5.0;

const OLDEST: &str = "\
select extract(epoch from now())::float8, extract(epoch from min(s.ready_at))::float8
from lanes l cross join lateral (
  select s.ready_at from workflow_steps s
  where s.lane_id = l.lane_id and s.ready_at >= to_timestamp($1) and s.ready_at <= now()
  order by s.ready_at limit 1) s";

impl Backlog {
    pub(super) async fn new(room: &Room) -> Result<Self> {
        let mut connection = room.another_connection().await?;
        // The index must be walked in order; the planner would rather read everything that is ready and sort it.
        sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off")
            .execute(&mut connection)
            .await?;
        Ok(Self {
            connection,
            from_s: 0.0,
            worst_s: 0.0,
            looked: Instant::now(),
            whole: Seldom::default(),
        })
    }

    /// The age of the oldest ready step, remembered if it is the worst since the last [`Backlog::worst`].
    pub(super) async fn look(&mut self) -> Result<()> {
        let (now_s, oldest_s): (f64, Option<f64>) = sqlx::query_as(OLDEST)
            .bind(self.from_s)
            .fetch_one(&mut self.connection)
            .await?;
        self.worst_s = self
            .worst_s
            .max(oldest_s.map_or(0.0, |oldest_s| now_s - oldest_s));
        self.from_s = oldest_s.unwrap_or(now_s) - MARGIN_S;
        self.looked = Instant::now();
        Ok(())
    }

    /// As [`Backlog::look`], from the beginning: nothing has been left behind. Tells how long that took, in milliseconds:
    /// it walks over every index entry of steps that somebody's snapshot keeps from being removed. None when it is not time
    /// for that.
    pub(super) async fn look_at_all(&mut self) -> Result<Option<f64>> {
        let Some(begun) = self.whole.begin() else {
            return Ok(None);
        };
        self.from_s = 0.0;
        self.look().await?;
        Ok(Some(self.whole.end(begun).as_secs_f64() * 1000.0))
    }

    /// The worst age since the last call, in seconds.
    pub(super) fn worst(&mut self) -> f64 {
        std::mem::take(&mut self.worst_s)
    }

    /// Whether it is time for another look.
    pub(super) fn is_due(&self, every: Duration) -> bool {
        self.looked.elapsed() >= every
    }
}
