//! The yardstick of throughput: `bench_reference.sql`, driven as it says.

use crate::room::CREATED_AT_ONCE;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use std::str::FromStr;
use std::time::Instant;

const SQL: &str = include_str!("../bench_reference.sql");
/// What serves it best is among these.
pub(crate) const BATCHES: [i32; 3] = [100, 200, 500];
const CONNECTIONS: i32 = 4;
const STEPS_PER_TASK: u64 = 5;

/// Chains of five steps by hand-written batch SQL.
#[derive(Debug)]
pub(crate) struct BatchSql {
    url: String,
    tasks: u64,
    /// Steps per second for each batch size, one value a round.
    rounds: Vec<[f64; BATCHES.len()]>,
}

impl BatchSql {
    /// As many tasks as make (at least) `steps` steps.
    pub(crate) fn new(url: &str, steps: u64) -> Self {
        Self {
            url: url.to_owned(),
            tasks: steps.div_ceil(STEPS_PER_TASK).max(1),
            rounds: Vec::new(),
        }
    }

    /// Runs every batch size once.
    pub(crate) async fn round(&mut self) -> Result<()> {
        let mut figures = [0.0; BATCHES.len()];
        for (figure, batch) in figures.iter_mut().zip(BATCHES) {
            *figure = self.once(batch).await?;
        }
        self.rounds.push(figures);
        Ok(())
    }

    /// Steps per second with the batch size that serves it best, the mean over the rounds: the rounds lie before and
    /// after the measurement, so that a machine that got slower or faster meanwhile favours neither side.
    #[allow(clippy::cast_precision_loss)] // a handful of rounds
    pub(crate) fn best(&self) -> Option<f64> {
        let mean = |index: usize| {
            self.rounds
                .iter()
                .filter_map(|round| round.get(index))
                .sum::<f64>()
                / self.rounds.len() as f64
        };
        if self.rounds.is_empty() {
            return None;
        }
        (0..BATCHES.len()).map(mean).max_by(f64::total_cmp)
    }

    /// Steps per second with one batch size, once.
    pub(crate) async fn once(&self, batch: i32) -> Result<f64> {
        let mut first = self.connect().await?;
        sqlx::raw_sql(SQL).execute(&mut first).await?;
        let mut connections = vec![first];
        while connections.len() < CONNECTIONS.unsigned_abs() as usize {
            connections.push(self.connect().await?);
        }
        let started = Instant::now();
        if let Some(first) = connections.first_mut() {
            self.create(first).await?;
        }
        let workers: Vec<_> = connections
            .into_iter()
            .zip(1..)
            .map(|(connection, number)| tokio::spawn(work(connection, number, batch)))
            .collect();
        let mut connections = Vec::new();
        for worker in workers {
            connections.push(worker.await??);
        }
        let seconds = started.elapsed().as_secs_f64();
        self.check(&mut connections).await?;
        #[allow(clippy::cast_precision_loss)] // a count
        let steps = (self.tasks * STEPS_PER_TASK) as f64;
        Ok(steps / seconds)
    }

    async fn connect(&self) -> Result<PgConnection> {
        let options = PgConnectOptions::from_str(&self.url)?.application_name("tasker-bench-reference");
        Ok(options.disable_statement_logging().connect().await?)
    }

    async fn create(&self, connection: &mut PgConnection) -> Result<()> {
        let mut made = 0;
        while made < self.tasks {
            let count = CREATED_AT_ONCE.min(self.tasks - made);
            let contexts: Vec<Value> = (made..made + count)
                .map(|number| json!({"order_id": number}))
                .collect();
            sqlx::query("select bench_reference.create_tasks($1)")
                .bind(contexts)
                .execute(&mut *connection)
                .await?;
            made += count;
        }
        Ok(())
    }

    /// A figure counts only if the work was done.
    async fn check(&self, connections: &mut Vec<PgConnection>) -> Result<()> {
        if let Some(connection) = connections.first_mut() {
            let complete: i64 =
                sqlx::query_scalar("select count(*) from bench_reference.task where state = 'c'")
                    .fetch_one(&mut *connection)
                    .await?;
            ensure!(
                complete.unsigned_abs() == self.tasks,
                "the reference completed {complete} of {} tasks",
                self.tasks
            );
            sqlx::raw_sql("drop schema bench_reference cascade")
                .execute(connection)
                .await?;
        }
        for connection in connections.drain(..) {
            connection.close().await?;
        }
        Ok(())
    }
}

/// One connection: claims when it holds nothing, else completes and goes on with what that hands back. Steps that wait
/// come only out of completions, so an empty claim is the end.
async fn work(mut connection: PgConnection, number: i32, batch: i32) -> Result<PgConnection> {
    let mut held: Vec<(i64, i32)> = Vec::new();
    loop {
        if held.is_empty() {
            held = sqlx::query_as("select task_id, step_no from bench_reference.claim($1, $2)")
                .bind(number)
                .bind(batch)
                .fetch_all(&mut connection)
                .await?;
            if held.is_empty() {
                return Ok(connection);
            }
        }
        let (tasks, steps): (Vec<i64>, Vec<i32>) = held.iter().copied().unzip();
        let results = vec![json!({"ok": true}); held.len()];
        held = sqlx::query_as("select task_id, step_no from bench_reference.complete($1, $2, $3, $4)")
            .bind(number)
            .bind(tasks)
            .bind(steps)
            .bind(results)
            .fetch_all(&mut connection)
            .await?;
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn the_best_batch_is_best_over_all_rounds() {
        let rounds = vec![[10.0, 30.0, 40.0], [10.0, 50.0, 20.0]];
        let batch = BatchSql {
            url: String::new(),
            tasks: 1,
            rounds,
        };
        assert_eq!(batch.best(), Some(40.0));
    }

    #[test]
    fn as_many_steps_as_the_workload_are_run() {
        assert_eq!(BatchSql::new("", 20_000).tasks, 4_000);
        assert_eq!(BatchSql::new("", 2_002).tasks, 401);
    }
}
