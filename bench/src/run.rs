//! One run, from the first look to the report.

use crate::compare::compare;
use crate::hands::Hands;
use crate::measure::{
    EngineCpu, PostgresCpu, Spent, Stand, forget_peak, machine, postmaster_of, statements_sent, step_waits,
    task_times,
};
use crate::options::Options;
use crate::progress::Progress;
use crate::report::{Cpu, PerStep, Percentiles, Point, Ratios, Reference, Report, quotient, rounded};
use crate::room::Room;
use crate::workers::{ChildUsage, peak_of_all, statements_since};
use crate::yardstick::{BatchSql, Direct, SingleCommit};
use crate::{Workload, backlog, create, graph_size, http, latency, lists, memory, throughput};
use anyhow::Result;
use std::time::Duration;
use tasker_core::Error;
use tokio_util::sync::CancellationToken;

/// Runs a workload and reports. Ends early, and cleanly, when `stop` does.
///
/// # Errors
/// When the database cannot be used, somebody else is at work in it, or a task does not complete.
pub async fn run(
    options: &Options,
    progress: &dyn Progress,
    stop: impl Future<Output = ()>,
) -> Result<Option<Report>> {
    refuse_nonsense(options)?;
    let stopped = CancellationToken::new();
    let in_a_room = async |options: &Options| in_a_room(options, progress, &stopped).await;
    let measuring = async {
        match options.hands {
            Hands::Foreign(_) if options.workload != Workload::Memory => {
                compare(options, in_a_room, progress).await
            }
            _ => in_a_room(options).await,
        }
    };
    let (outcome, ()) = tokio::join!(
        async {
            let outcome = measuring.await;
            stopped.cancel();
            outcome
        },
        async {
            tokio::select! {
                () = stop => stopped.cancel(),
                () = stopped.cancelled() => {}
            }
        }
    );
    match outcome {
        Ok(report) => Ok(Some(report)),
        Err(error) if error.is::<Stopped>() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Somebody has had enough.
#[derive(Debug, thiserror::Error)]
#[error("the run was stopped")]
struct Stopped;

/// Measures in a schema that is dropped at the end, whatever happens.
async fn in_a_room(
    options: &Options,
    progress: &dyn Progress,
    stopped: &CancellationToken,
) -> Result<Report> {
    let mut room = Room::enter(&options.place(), &options.templates()).await?;
    let outcome = tokio::select! {
        outcome = measure(&mut room, options, progress) => outcome,
        () = stopped.cancelled() => Err(Stopped.into()),
    };
    progress.phase("dropping the schema");
    let left = room.leave().await;
    // What went wrong first is what matters.
    let report = outcome?;
    left?;
    Ok(report)
}

fn refuse_nonsense(options: &Options) -> Result<()> {
    if options.steps.is_some() && !options.workload.has_any_length() {
        return Err(Error::invalid_argument(format!(
            "--steps does not go with the workload {}, whose tasks are what they are",
            options.workload
        ))
        .into());
    }
    if options.tasks.is_some() && !options.workload.has_any_number() {
        return Err(Error::invalid_argument(format!(
            "--tasks does not go with the workload {}, which makes as many as it takes",
            options.workload
        ))
        .into());
    }
    if let Hands::Foreign(language) = &options.hands
        && !(options.workload.is_throughput()
            || matches!(options.workload, Workload::Latency | Workload::Memory))
    {
        return Err(Error::invalid_argument(format!(
            "--runtime {} does not go with the workload {}, in which no handler counts; it goes with linear, diamond, \
             fanout, jobs, latency and memory",
            language.name, options.workload
        ))
        .into());
    }
    if options.tasks() == 0 || options.steps == Some(0) || options.workers == 0 || options.concurrency == 0 {
        return Err(
            Error::invalid_argument("--tasks, --steps, --workers and --concurrency begin at 1").into(),
        );
    }
    Ok(())
}

/// What a workload measured itself.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) create_s: Option<f64>,
    pub(crate) run_s: Option<f64>,
    pub(crate) total_s: f64,
    /// Tasks made in `create_s`.
    pub(crate) created: u64,
    pub(crate) steps_executed: Option<u64>,
    pub(crate) step_ms: Option<Percentiles>,
    pub(crate) task_ms: Option<Percentiles>,
    pub(crate) points: Option<Vec<Point>>,
    pub(crate) children: Vec<ChildUsage>,
    /// What the yardstick did in between and is to be taken off.
    pub(crate) taken_off: Spent,
    /// Steps that the server's figures are divided by.
    pub(crate) steps: u64,
}

/// How often a single commit is measured before and after, where it is not interleaved.
const SINGLE_COMMITS: usize = 100;

async fn measure(room: &mut Room, options: &Options, progress: &dyn Progress) -> Result<Report> {
    let is_pooled = room.is_pooled();
    let machine = machine(&mut room.looker).await?;
    let postmaster = postmaster_of(&mut room.looker).await?;
    if postmaster.is_none() {
        progress.note(
            "PostgreSQL runs on another machine or in a container of its own: its CPU time is not known.",
        );
    }
    let steps = options.tasks() * u64::from(options.steps_per_task());
    let compares = options.reference && options.workload.is_throughput();
    let mut batch_sql = compares.then(|| BatchSql::new(&room.direct_url, steps));
    let mut direct = (compares && is_pooled).then(Direct::default);
    let mut single = match options.reference {
        true => Some(SingleCommit::on(room.another_connection().await?).await?),
        false => None,
    };

    around(
        room,
        (&mut batch_sql, &mut direct, &mut single),
        options,
        progress,
    )
    .await?;
    settle(room, progress).await?;
    forget_peak();
    let statements = statements_sent();
    let before = Stand::settled(&mut room.looker).await?;
    let (engine_cpu, postgres_cpu) = (EngineCpu::now()?, PostgresCpu::now(postmaster));

    let mut figures = match options.workload {
        Workload::Latency => latency::run(room, options, &mut single, progress).await?,
        Workload::Create => create::run(room, options, progress).await?,
        Workload::Backlog => backlog::run(room, options, progress).await?,
        Workload::GraphSize => graph_size::run(room, options, progress).await?,
        Workload::Memory => memory::run(room, options, progress).await?,
        Workload::Lists => lists::run(room, options, progress).await?,
        Workload::Http => http::run(room, options, progress).await?,
        _ => throughput::run(room, options, progress).await?,
    };

    let cpu = Cpu {
        engine: Some(rounded(EngineCpu::now()?.since(engine_cpu))),
        handlers: Some(0.0),
        postgres: PostgresCpu::now(postmaster)
            .zip(postgres_cpu)
            .map(|(now, then)| rounded(now.since(then))),
    };
    let peak_rss_mb = peak_of_all(&figures.children);
    if figures.step_ms.is_none() && figures.steps_executed.is_some() {
        // Read out of the tables only now: it is no part of what the run costs.
        figures.step_ms = step_waits(&mut room.looker).await?;
        figures.task_ms = task_times(&mut room.looker).await?;
    }
    let statements = statements_since(statements, &figures.children);
    let after = Stand::after_engine(&mut room.looker, &before, is_pooled).await?;
    let spent = after
        .since(&before, &mut room.looker)
        .await?
        .without(&figures.taken_off);
    if spent.wal_bytes.is_none() {
        progress.note("pg_walinspect cannot be used here: WAL without full-page images is not known.");
    }

    around(
        room,
        (&mut batch_sql, &mut direct, &mut single),
        options,
        progress,
    )
    .await?;
    let single_commit_ms = match single {
        Some(single) => single.finish().await?,
        None => None,
    };
    let batch = batch_sql.as_ref().and_then(BatchSql::best).map(rounded);
    let reference = Reference {
        single_commit_ms,
        batch_sql_steps_per_s: batch,
        rust_steps_per_s: None,
        direct_steps_per_s: direct.as_ref().and_then(Direct::steps_per_s).map(rounded),
    };
    let per_step = spent.per_step(figures.steps, statements);
    Ok(report(
        options,
        figures,
        per_step,
        (cpu, peak_rss_mb),
        reference,
        machine,
    ))
}

/// The yardsticks, once before and once after the measurement. `latency` interleaves its own.
async fn around(
    room: &Room,
    (batch_sql, direct, single): (
        &mut Option<BatchSql>,
        &mut Option<Direct>,
        &mut Option<SingleCommit>,
    ),
    options: &Options,
    progress: &dyn Progress,
) -> Result<()> {
    if let Some(batch_sql) = batch_sql {
        progress.phase("yardstick: hand-written batch SQL");
        batch_sql.round().await?;
    }
    if let Some(direct) = direct {
        progress.phase("yardstick: the same without the pooler");
        direct.round(room, options).await?;
    }
    if let Some(single) = single
        && options.workload != Workload::Latency
    {
        progress.phase("yardstick: single commits");
        single.times(SINGLE_COMMITS).await?;
    }
    Ok(())
}

/// Writes everything to disk, so that nobody pays for what came before.
async fn settle(room: &mut Room, progress: &dyn Progress) -> Result<()> {
    progress.phase("checkpoint");
    if sqlx::query("checkpoint")
        .execute(room.looker.once())
        .await
        .is_err()
    {
        progress.note("This user may not CHECKPOINT: the run may pay for writes of what came before it.");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(())
}

fn report(
    options: &Options,
    figures: Figures,
    per_step: PerStep,
    (cpu_s, peak_rss_mb): (Cpu, Option<f64>),
    reference: Reference,
    machine: crate::report::Machine,
) -> Report {
    #[allow(clippy::cast_precision_loss)] // counts
    let per_second = |count: u64, seconds: f64| quotient(count as f64, seconds);
    let steps_per_s = figures
        .steps_executed
        .and_then(|steps| per_second(steps, figures.total_s));
    let ratios = Ratios {
        throughput_to_batch_sql: steps_per_s
            .zip(reference.batch_sql_steps_per_s)
            .and_then(|(own, batch)| quotient(own, batch)),
        throughput_to_direct: steps_per_s
            .zip(reference.direct_steps_per_s)
            .and_then(|(own, direct)| quotient(own, direct)),
        step_p50_to_single_commit: figures
            .step_ms
            .zip(reference.single_commit_ms)
            .and_then(|(own, single)| quotient(own.p50, single)),
        last_point_to_first: figures.points.as_deref().and_then(last_to_first),
        ..Ratios::default()
    };
    let (tasks, steps) = match options.workload {
        // As many tasks as it takes.
        Workload::GraphSize => (figures.created, figures.steps),
        _ => (
            options.tasks(),
            options.tasks() * u64::from(options.steps_per_task()),
        ),
    };
    Report {
        workload: options.workload,
        runtime: options.hands.runtime(),
        tasks,
        steps,
        workers: options.workers,
        concurrency: options.concurrency,
        create_s: figures.create_s.map(rounded),
        run_s: figures.run_s.map(rounded),
        total_s: rounded(figures.total_s),
        steps_per_s,
        steps_per_s_without_creation: figures
            .steps_executed
            .zip(figures.run_s)
            .and_then(|(steps, seconds)| per_second(steps, seconds)),
        tasks_per_s_created: figures
            .create_s
            .and_then(|seconds| per_second(figures.created, seconds)),
        step_ms: figures.step_ms,
        task_ms: figures.task_ms,
        per_step,
        cpu_s,
        peak_rss_mb,
        reference,
        ratios,
        points: figures.points,
        machine,
    }
}

/// What the last costs against what the first does: a claim, else a step, else memory.
fn last_to_first(points: &[Point]) -> Option<f64> {
    let cost = |point: &Point| {
        let claim_ms = point.claim_ms.map(|claim| claim.p50);
        claim_ms.or(point.us_per_step).or(point.worker_rss_mb)
    };
    quotient(cost(points.last()?)?, cost(points.first()?)?)
}
