//! How many buffers a claim touches: a count, the same on a busy machine and on an idle one.

use super::mix::Kind;
use super::seldom::Seldom;
use crate::report::rounded;
use crate::room::Room;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use tasker_core::Client;

/// Claims as one of the workers, of the lanes that carry the load, and takes it back.
#[derive(Debug)]
pub(super) struct ClaimProbe {
    client: Client,
    connection: PgConnection,
    number: u64,
    sweeps: Seldom,
}

/// How many steps a claim takes; as many are made for it just before.
const ROOM: u64 = 20;
/// How many claims make a sample.
const CLAIMS: usize = 7;

/// Buffers that a claim touches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buffers {
    /// From the watermark, as nearly all claims go: the median of some.
    pub(super) claim: f64,
    /// From the beginning of each lane, over everything that a snapshot keeps; none when it is not time for that.
    pub(super) sweep: Option<f64>,
}

impl ClaimProbe {
    pub(super) async fn new(room: &Room, client: &Client) -> Result<Self> {
        Ok(Self {
            client: client.clone(),
            connection: room.another_connection().await?,
            number: 0,
            sweeps: Seldom::default(),
        })
    }

    pub(super) async fn buffers(&mut self) -> Result<Buffers> {
        // Of a worker that has been at work: its row has been written as often as that of any.
        let worker_id: i64 = sqlx::query_scalar(
            "select worker_id from workers join worker_heartbeats using (worker_id) where state = 'alive' and stopped_at is null \
             order by heartbeat_at desc limit 1",
        )
        .fetch_one(&mut self.connection)
        .await?;
        // The first one plans; what it reads of the catalogue is not the claim's.
        self.one(worker_id, true).await?;
        let mut claims = Vec::with_capacity(CLAIMS);
        for _ in 0..CLAIMS {
            claims.push(self.one(worker_id, true).await?);
        }
        let sweep = match self.sweeps.begin() {
            Some(begun) => {
                let sweep = rounded(self.one(worker_id, false).await?);
                self.sweeps.end(begun);
                Some(sweep)
            }
            None => None,
        };
        Ok(Buffers {
            claim: median(claims),
            sweep,
        })
    }

    /// One claim inside a transaction that is rolled back. The steps that it takes are made in the same transaction:
    /// nobody else sees them, they are the youngest of their lanes, and the claim meets all that lies before them.
    async fn one(&mut self, worker_id: i64, from_mark: bool) -> Result<f64> {
        // The engine's clock stands still in this transaction: making the steps takes as long as it takes, and the claim looks
        // through a tenth of a second all the same.
        sqlx::raw_sql("begin; select set_config('tasker.now', clock_timestamp()::text, true)")
            .execute(&mut self.connection)
            .await?;
        for _ in 0..ROOM {
            self.number += 1;
            let kind = if self.number.is_multiple_of(2) {
                Kind::Chain
            } else {
                Kind::Diamond
            };
            self.client
                .create_task_in(&mut self.connection, &kind.request(self.number))
                .await?;
        }
        // As the dispatcher does under load: a tenth of a second behind the step that it claimed last, which is just now.
        let marks = if from_mark {
            let lanes = format!(
                "from lanes l join workers w on l.handler = any (w.handlers) where w.worker_id = {worker_id}"
            );
            let (lanes, marks): (Vec<i32>, Vec<String>) = sqlx::query_as(AssertSqlSafe(format!(
                "select array_agg(l.lane_id), array_agg((clock() - interval '100 milliseconds')::text) {lanes}"
            )))
            .fetch_one(&mut self.connection)
            .await?;
            format!(
                ", p_lanes => array{lanes:?}::int[], p_marks => array['{}']::timestamptz[]",
                marks.join("', '")
            )
        } else {
            String::new()
        };
        let explained: Value = sqlx::query_scalar(AssertSqlSafe(format!(
            "explain (analyze, buffers, timing off, format json) select * from claim_steps({worker_id}, {ROOM}{marks})"
        )))
        .fetch_one(&mut self.connection)
        .await?;
        sqlx::raw_sql("rollback").execute(&mut self.connection).await?;
        let plan = explained
            .pointer("/0/Plan")
            .context("EXPLAIN did not give a plan")?;
        let figure = |key: &str| plan.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        let rows = figure("Actual Rows");
        #[allow(clippy::cast_precision_loss)] // a handful
        let enough = ROOM as f64;
        ensure!(
            rows >= enough,
            "a claim took {rows} of the {ROOM} steps that were made for it"
        );
        Ok(figure("Shared Hit Blocks") + figure("Shared Read Blocks"))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().map_or(0.0, rounded)
}
