//! A soak from the first look to the verdicts.

use super::backlog::Backlog;
use super::capacity::Capacity;
use super::claims::ClaimProbe;
use super::ending::{self, Ending};
use super::feeder::{Feeder, Made};
use super::fleet::{Fleet, Use};
use super::judge::judge;
use super::maximum::maximum_rate;
use super::mix::Kind;
use super::pin::Pin;
use super::plan::{Plan, SoakOptions};
use super::report::SoakReport;
use super::sample::{Sample, ServerStand};
use crate::measure::{PostgresCpu, machine, postmaster_of};
use crate::options::Place;
use crate::progress::Progress;
use crate::report::{quotient, rounded};
use crate::room::Room;
use anyhow::{Context, Result};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tasker_core::{Client, Error};

/// Runs a soak. Ends early, and cleanly, when `stop` does.
///
/// # Errors
/// When the options do not make sense, the database cannot be used, or the engine comes to a standstill.
pub async fn soak(
    options: &SoakOptions,
    progress: &dyn Progress,
    stop: impl Future<Output = ()>,
) -> Result<Option<SoakReport>> {
    refuse_nonsense(options)?;
    let place = Place {
        database_url: options.database_url.clone(),
        direct_url: None,
        guarded_schema: options.guarded_schema.clone(),
        force: options.force,
    };
    let mut room = Room::enter(&place, &Kind::ALL.map(Kind::template)).await?;
    let outcome = tokio::select! {
        outcome = run(&mut room, options, progress) => outcome.map(Some),
        () = stop => Ok(None),
    };
    progress.phase("dropping the schema");
    let left = room.leave().await;
    // What went wrong first is what matters.
    let report = outcome?;
    left?;
    Ok(report)
}

fn refuse_nonsense(options: &SoakOptions) -> Result<()> {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    let numbers = [
        options.rate,
        options.kill_every_seconds,
        options.calibrate_seconds,
    ];
    if !numbers.into_iter().flatten().all(positive) || options.workers == 0 || options.concurrency == 0 {
        return Err(Error::invalid_argument(
            "--rate, --kill-every and --calibrate are numbers above 0, --workers and --concurrency begin at 1",
        )
        .into());
    }
    Ok(())
}

async fn run(room: &mut Room, options: &SoakOptions, progress: &dyn Progress) -> Result<SoakReport> {
    let naptime_s: f64 = sqlx::query_scalar(
        "select extract(epoch from current_setting('autovacuum_naptime')::interval)::float8",
    )
    .fetch_one(room.looker.once())
    .await?;
    let plan = Plan::new(options, naptime_s)?;
    let mut output = Output::open(options)?;
    let machine = machine(&mut room.looker).await?;
    let client = room.engine()?;
    let mut fleet = Fleet::start(room, options, plan.settings()).await?;
    let made = Arc::<Made>::default();

    let (maximum, asked) = match options.rate {
        Some(rate) => (None, rate),
        None => {
            progress.phase("measuring the maximum rate");
            let maximum = maximum_rate(&client, &made, &mut fleet, &plan, progress).await?;
            progress.note(&format!("{maximum:.0} steps/s at the most"));
            (Some(rounded(maximum)), maximum / 2.0)
        }
    };
    progress.phase(&format!("running at {asked:.0} steps/s"));
    let mut watch = Watch::new(room, &client, plan, asked).await?;
    let feeder = Feeder::start(&client, Arc::clone(&made), asked);
    let samples = watch.run(room, &mut fleet, feeder, &mut output, progress).await?;

    progress.phase("waiting for the last tasks");
    ending::drain(room).await?;
    let workers_killed = fleet.kills;
    fleet.stop().await?;
    client.close().await;
    let ending: Ending = ending::look(room, &made).await?;
    let verdicts = judge(&plan, &samples, &ending);
    let report = SoakReport {
        workload: "soak",
        minutes: options.minutes,
        workers: options.workers,
        concurrency: options.concurrency,
        workers_killed,
        maximum_steps_per_s: maximum,
        asked_steps_per_s: rounded(asked),
        plan,
        samples: samples.len(),
        ending,
        holds: verdicts.iter().all(|verdict| verdict.holds),
        verdicts,
        machine,
    };
    output.line(&report)?;
    Ok(report)
}

/// What looks on while the load runs.
struct Watch {
    plan: Plan,
    asked: f64,
    claims: ClaimProbe,
    backlog: Backlog,
    capacity: Capacity,
    postmaster: Option<i32>,
    last: Last,
}

/// What the last look saw.
struct Last {
    at: Instant,
    tasks: u64,
    executions: u64,
    server: ServerStand,
    usage: Use,
    postgres: Option<PostgresCpu>,
}

/// How often the heads of the lanes are looked at, at the least.
const BACKLOG_EVERY: Duration = Duration::from_secs(2);

impl Watch {
    async fn new(room: &mut Room, client: &Client, plan: Plan, asked: f64) -> Result<Self> {
        let postmaster = postmaster_of(&mut room.looker).await?;
        Ok(Self {
            plan,
            asked,
            claims: ClaimProbe::new(room, client).await?,
            backlog: Backlog::new(room).await?,
            capacity: Capacity::new(&room.url, &plan, asked).await?,
            postmaster,
            last: Last {
                at: Instant::now(),
                tasks: 0,
                executions: 0,
                server: ServerStand::default(),
                usage: Use::default(),
                postgres: None,
            },
        })
    }

    /// Until the end of the load: a sample whenever one is due, the snapshot taken and let go when it is time.
    async fn run(
        &mut self,
        room: &mut Room,
        fleet: &mut Fleet,
        mut feeder: Feeder,
        output: &mut Output,
        progress: &dyn Progress,
    ) -> Result<Vec<Sample>> {
        let plan = self.plan;
        let begun = Instant::now();
        let mut samples = Vec::new();
        let mut pin: Option<Pin> = None;
        let mut due_s = plan.every_s;
        self.last = self.now(room, fleet, &feeder, None).await?;
        let backlog_every = BACKLOG_EVERY.min(Duration::from_secs_f64(plan.every_s / 3.0));
        while due_s <= plan.length_s + plan.every_s / 2.0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            feeder.check().await?;
            let at_s = begun.elapsed().as_secs_f64();
            let is_pinned = at_s >= plan.pinned_from_s && at_s < plan.pinned_until_s;
            match pin.take() {
                None if is_pinned => {
                    pin = Some(Pin::take(room).await?);
                    progress.note(&format!("{at_s:.0} s: a snapshot is held from now on"));
                }
                Some(held) if !is_pinned => {
                    held.let_go().await?;
                    progress.note(&format!("{at_s:.0} s: the snapshot has been let go"));
                }
                as_it_is => pin = as_it_is,
            }
            fleet.kill_one_if_due(room).await?;
            if self.backlog.is_due(backlog_every) {
                self.backlog.look().await?;
            }
            if at_s >= due_s {
                let sample = self.sample(room, fleet, &feeder, (at_s, pin.as_ref())).await?;
                output.line(&sample)?;
                progress.note(&in_a_line(&sample));
                progress.done(seconds(at_s), seconds(plan.length_s));
                samples.push(sample);
                // One that came late does not make the next one come early.
                while due_s <= begun.elapsed().as_secs_f64() {
                    due_s += plan.every_s;
                }
            }
        }
        feeder.finish().await?;
        Ok(samples)
    }

    async fn now(
        &self,
        room: &mut Room,
        fleet: &mut Fleet,
        feeder: &Feeder,
        pin: Option<&Pin>,
    ) -> Result<Last> {
        Ok(Last {
            at: Instant::now(),
            tasks: feeder.made.tasks(),
            executions: fleet.executions().await?,
            server: ServerStand::read(&mut room.looker, pin.map(Pin::backend)).await?,
            usage: fleet.usage()?,
            postgres: PostgresCpu::now(self.postmaster),
        })
    }

    /// Everything since the last sample; then the measurements that take a while, which belong to the next one.
    #[allow(clippy::cast_precision_loss)] // counts
    async fn sample(
        &mut self,
        room: &mut Room,
        fleet: &mut Fleet,
        feeder: &Feeder,
        (at_s, pin): (f64, Option<&Pin>),
    ) -> Result<Sample> {
        let backlog_look_ms = self.backlog.look_at_all().await?;
        let now = self.now(room, fleet, feeder, pin).await?;
        let last = &self.last;
        let seconds = now.at.duration_since(last.at).as_secs_f64();
        let steps = (now.executions - last.executions) as f64;
        let micros = |seconds: f64| quotient(seconds * 1e6, steps);
        let buffers = self.claims.buffers().await?;
        let measured = self.capacity.measure(fleet, feeder).await?;
        let sample = Sample {
            at_s: rounded(at_s),
            phase: self.plan.phase(at_s),
            seconds: rounded(seconds),
            tasks_created: now.tasks - last.tasks,
            tasks_pruned: now
                .server
                .tasks_pruned()
                .saturating_sub(last.server.tasks_pruned()),
            steps_asked_per_s: rounded(self.asked),
            steps_per_s: rounded(steps / seconds),
            claim_buffers: buffers.claim,
            sweep_buffers: buffers.sweep,
            backlog_age_s: rounded(self.backlog.worst()),
            backlog_look_ms: backlog_look_ms.map(rounded),
            capacity_steps_per_s: measured.capacity,
            reference_steps_per_s: measured.reference,
            ratio: rounded(measured.capacity / measured.reference),
            bytes: now.server.sum(|table| table.table_bytes + table.index_bytes),
            live_tuples: now.server.sum(|table| table.live_tuples),
            dead_tuples: now.server.sum(|table| table.dead_tuples),
            hot_share: now.server.hot_share(&last.server),
            wal_bytes_per_step: now.server.wal_per_step(&last.server, steps),
            autovacuums: now
                .server
                .sum(|table| table.autovacuums)
                .saturating_sub(last.server.sum(|table| table.autovacuums)),
            xmin_age: now.server.xmin_age,
            pinned_age: now.server.pinned_age,
            next_xid: now.server.next_xid,
            worker_rss_mb: rounded(now.usage.rss_mb),
            worker_peak_rss_mb: rounded(now.usage.peak_rss_mb),
            engine_cpu_us_per_step: micros(now.usage.cpu_s - last.usage.cpu_s),
            postgres_cpu_us_per_step: now
                .postgres
                .zip(last.postgres)
                .and_then(|(now, last)| micros(now.since(last))),
            tables: now.server.tables.clone(),
        };
        self.last = now;
        Ok(sample)
    }
}

fn in_a_line(sample: &Sample) -> String {
    #[allow(clippy::cast_precision_loss)] // for the eye
    let megabytes = sample.bytes as f64 / f64::from(1 << 20);
    let from_the_beginning = |buffers: f64| format!(" ({buffers} from the beginning)");
    let sweep = sample.sweep_buffers.map(from_the_beginning).unwrap_or_default();
    format!(
        "{:.0} s: {:.0} steps/s, ratio {:.2}, {} buffers a claim{sweep}, backlog {:.2} s, {} dead, {megabytes:.0} MB, \
         {} pruned, workers {:.0} MB",
        sample.at_s,
        sample.steps_per_s,
        sample.ratio,
        sample.claim_buffers,
        sample.backlog_age_s,
        sample.dead_tuples,
        sample.tasks_pruned,
        sample.worker_rss_mb
    )
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole seconds of a run
fn seconds(value: f64) -> u64 {
    value as u64
}

/// Where the lines go.
struct Output(Option<std::fs::File>);

impl Output {
    fn open(options: &SoakOptions) -> Result<Self> {
        let Some(path) = &options.output else {
            return Ok(Self(None));
        };
        let file = std::fs::File::create(path)
            .with_context(|| format!("the samples cannot be written to {}", path.display()))?;
        Ok(Self(Some(file)))
    }

    fn line(&mut self, value: &impl serde::Serialize) -> Result<()> {
        if let Some(file) = &mut self.0 {
            writeln!(file, "{}", serde_json::to_string(value)?).context("the samples cannot be written")?;
        }
        Ok(())
    }
}
