//! Creates tasks evenly, however quickly they are done: an open loop.

use super::mix::{Kind, executions_per_task};
use crate::room::CREATED_AT_ONCE;
use anyhow::{Context, Result, bail};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tasker_core::model::{Operator, TaskId, TaskRequest};
use tasker_core::{Client, Error, ErrorKind};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

/// How often it looks what is due.
const TICK: Duration = Duration::from_millis(50);
/// How long a task that is to be cancelled has for its first attempt.
const CANCELLED_AFTER: Duration = Duration::from_secs(2);

/// What has been created so far.
#[derive(Debug, Default)]
pub(super) struct Made {
    tasks: AtomicU64,
    executions: AtomicU64,
    cancelled: AtomicU64,
    paused: AtomicBool,
    finished: AtomicBool,
}

impl Made {
    pub(super) fn tasks(&self) -> u64 {
        self.tasks.load(Ordering::Acquire)
    }

    /// How often handlers will have been called when all tasks have ended.
    pub(super) fn executions(&self) -> u64 {
        self.executions.load(Ordering::Acquire)
    }

    pub(super) fn cancelled(&self) -> u64 {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Makes `count` tasks in one call, and hands on those that are to be cancelled later.
    ///
    /// # Errors
    /// When creation fails, or nobody cancels any more.
    pub(super) async fn create(
        &self,
        client: &Client,
        count: u64,
        give_up: &UnboundedSender<(Instant, TaskId)>,
    ) -> Result<()> {
        let first = self.tasks();
        let kinds: Vec<Kind> = (first..first + count).map(Kind::of).collect();
        let requests: Vec<TaskRequest> = (first..)
            .zip(&kinds)
            .map(|(number, kind)| kind.request(number))
            .collect();
        let created = client.create_tasks(&requests).await?;
        self.tasks.fetch_add(count, Ordering::Release);
        let executions = kinds.iter().map(|kind| kind.executions()).sum();
        self.executions.fetch_add(executions, Ordering::Release);
        for (created, kind) in created.iter().zip(&kinds) {
            if *kind == Kind::Cancelled {
                give_up.send((Instant::now() + CANCELLED_AFTER, created.task_id))?;
            }
        }
        Ok(())
    }

    /// Cancels a task.
    async fn cancel(&self, client: &Client, task_id: TaskId) -> Result<()> {
        match client.cancel_task(task_id, &Operator::named("soak")).await {
            Ok(_) => {}
            // It is cancelled, and has been pruned before it could be read again.
            Err(Error {
                kind: ErrorKind::NotFound,
                ..
            }) => {}
            Err(error) => return Err(error.into()),
        }
        self.cancelled.fetch_add(1, Ordering::Release);
        Ok(())
    }
}

/// The open loop, in tasks of the runtime. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Feeder {
    pub(super) made: Arc<Made>,
    started: Instant,
    tasks_per_s: f64,
    tasks_before: u64,
    running: JoinSet<Result<()>>,
}

impl Feeder {
    /// Begins: so many executions of steps are asked for each second.
    pub(super) fn start(client: &Client, made: Arc<Made>, executions_per_s: f64) -> Self {
        let tasks_per_s = executions_per_s / executions_per_task();
        let mut running = JoinSet::new();
        let (give_up, given_up) = mpsc::unbounded_channel();
        running.spawn(feed(client.clone(), Arc::clone(&made), tasks_per_s, give_up));
        running.spawn(cancel(client.clone(), Arc::clone(&made), given_up));
        Self {
            tasks_before: made.tasks(),
            made,
            started: Instant::now(),
            tasks_per_s,
            running,
        }
    }

    /// How many tasks are due by now, and how many of them have been made.
    #[allow(clippy::cast_precision_loss)] // counts
    pub(super) fn due_and_made(&self) -> (f64, f64) {
        let due = self.started.elapsed().as_secs_f64() * self.tasks_per_s;
        (due, (self.made.tasks() - self.tasks_before) as f64)
    }

    /// Creates nothing until [`Feeder::go_on`], which makes up for it.
    pub(super) fn pause(&self) {
        self.made.paused.store(true, Ordering::Release);
    }

    pub(super) fn go_on(&self) {
        self.made.paused.store(false, Ordering::Release);
    }

    /// Fails as soon as creation has failed.
    pub(super) async fn check(&mut self) -> Result<()> {
        match self.running.try_join_next() {
            None => Ok(()),
            Some(Ok(Ok(()))) => bail!("creation ended too early"),
            Some(ended) => ended?.context("creating the load failed"),
        }
    }

    /// Creates no more, cancels what is left to be cancelled, and ends.
    pub(super) async fn finish(mut self) -> Result<()> {
        self.made.finished.store(true, Ordering::Release);
        while let Some(ended) = self.running.join_next().await {
            ended?.context("creating the load failed")?;
        }
        Ok(())
    }
}

async fn feed(
    client: Client,
    made: Arc<Made>,
    tasks_per_s: f64,
    give_up: UnboundedSender<(Instant, TaskId)>,
) -> Result<()> {
    let (started, before) = (Instant::now(), made.tasks());
    while !made.finished.load(Ordering::Acquire) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count
        let due = before + (started.elapsed().as_secs_f64() * tasks_per_s) as u64;
        let missing = due.saturating_sub(made.tasks());
        if missing == 0 || made.paused.load(Ordering::Acquire) {
            tokio::time::sleep(TICK).await;
            continue;
        }
        made.create(&client, missing.min(CREATED_AT_ONCE), &give_up)
            .await?;
    }
    Ok(())
}

/// Cancels what is to be cancelled, each task when it has had its first attempt. Ends when no more can come.
///
/// # Errors
/// When a task cannot be cancelled.
pub(super) async fn cancel(
    client: Client,
    made: Arc<Made>,
    mut given_up: UnboundedReceiver<(Instant, TaskId)>,
) -> Result<()> {
    while let Some((at, task_id)) = given_up.recv().await {
        tokio::time::sleep_until(at.into()).await;
        made.cancel(&client, task_id).await?;
    }
    Ok(())
}
