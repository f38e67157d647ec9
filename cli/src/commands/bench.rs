//! `tasker bench`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::{Screen, interrupted};
use crate::printer::Printer;
use crate::render::{self, Look};
use crate::session::configuration;
use clap::{Args, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tasker_bench::{Hands, Language, Options, Progress, SoakOptions, Workload};

/// Measure the engine on a database: live progress on standard error, one JSON object on standard output.
///
/// Works in a schema of its own, which is dropped at the end. Beside the engine it runs the same work as hand-written
/// batch SQL and as single commits on the same server, so that figures of different machines can be compared.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  tasker bench linear                            4,000 tasks of 5 steps in sequence
  tasker bench fanout --steps 10000              one task: root, 10,000 parallel steps, join
  tasker bench latency | jq .ratios              how far from a single commit a step is
  tasker bench jobs --workers 3 --concurrency 32
  tasker bench backlog --finished 500000         what a claim costs beside a long history
  tasker bench graph-size --steps 1000           graphs of 10, 100 and 1,000 steps
  tasker bench create --database-url postgres://app@db/empty
  tasker bench memory --runtime node             does the memory of a worker process stay flat?
  tasker bench lists | jq .points                lists by two filters, of 100,000 tasks
  tasker bench http | jq .points                 what creating costs over HTTP
  tasker bench linear --runtime python | jq .ratios.throughput_to_rust
  tasker bench linear --database-url postgres://app@pooler:6432/empty | jq .ratios.throughput_to_direct

Workloads:
  linear   tasks of 5 steps in sequence (--tasks 4000)
  diamond  A -> B, C -> D (--tasks 4000)
  fanout   root -> --steps (2000) parallel -> join (--tasks 1)
  jobs     tasks of one step (--tasks 20000)
  latency  one 5-step task after the other on an idle engine (--tasks 200)
  backlog  claims beside --waiting (1000000) ready steps of other handlers, as many paused ones, and --finished
           (10000000) finished ones; and on empty tables (--tasks 2000)
  graph-size  layered graphs of 10, 100, ... up to --steps (100000) steps
  create   creation only: in batches, one by one, inside a caller's transaction (--tasks 100000)
  memory   tasks of 5 steps in a worker process whose memory is looked at, after as many that do not
           count (--tasks 100000); ends with 1 if it grows by more than 5 %
  lists    lists by two filters and single tasks, over HTTP, beside --tasks (100000) tasks of --steps (7) steps
  http     creation over HTTP, by 64 connections and in bulk, in turns with the engine alone (--tasks 20000)
  soak     an hour of even load, with options of its own: tasker bench soak --help"
)]
pub(crate) struct Arguments {
    /// What to run: linear, diamond, fanout, jobs, latency, backlog, graph-size, create, memory, lists or http.
    #[arg(value_name = "WORKLOAD", required = true)]
    workload: Option<Workload>,
    #[command(subcommand)]
    other: Option<Other>,
    /// How many tasks; the workload's own number when left out.
    #[arg(long, value_name = "COUNT")]
    tasks: Option<u64>,
    /// How many steps a task has (linear, latency, create, memory, lists, http), how many run in parallel (fanout), or the largest graph
    /// (graph-size).
    #[arg(long, value_name = "COUNT")]
    steps: Option<u32>,
    /// backlog: how many ready steps of other handlers wait, and as many paused ones of the same handler.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    waiting: u64,
    /// backlog: how many finished steps there are.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000_000)]
    finished: u64,
    /// The language of the handlers. Another one than rust is run in turns with it, three rounds, and compared (memory: it
    /// alone, once).
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    runtime: Runtime,
    /// What the handlers are, where the language makes a difference.
    #[arg(long, value_name = "KIND", default_value = "sync")]
    handler_kind: HandlerKind,
    /// The worker of another language, a command line [default: TASKER_WORKER_<LANGUAGE>, else that of the repository, from
    /// its root].
    #[arg(long, value_name = "COMMAND")]
    worker_command: Option<String>,
    /// How many processes execute steps.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    workers: u32,
    /// How many steps each of them executes at once.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    concurrency: u32,
    /// How many bytes of text each task carries in its context.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    payload_bytes: usize,
    /// Where --database-url leads through a pooler: a URL that leads to the same database without it, for the yardsticks and
    /// for looking at the figures. Found out where the server is to be reached from here.
    #[arg(long, value_name = "URL")]
    direct_url: Option<String>,
    /// Leave the yardsticks out.
    #[arg(long)]
    no_reference: bool,
    /// Run although workers run in this database.
    #[arg(long)]
    force: bool,
}

/// Runs of another kind.
#[derive(Debug, Subcommand)]
enum Other {
    Soak(SoakArguments),
}

/// Run an even load for a long time, with retention on and beside a held snapshot, and judge whether anything grows.
///
/// Half of the maximum rate, which is measured first with retention at work, is asked for whatever happens. For half of the time a REPEATABLE READ
/// transaction holds its snapshot, so that no dead row can be removed. Every minute everything is looked at; at the end
/// each criterion is told with its bound and what was measured, and the exit code is 1 if one does not hold.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bench soak --minutes 60 --output soak.jsonl    the whole hour
  tasker bench soak --minutes 12                        the same in small; all times scale
  tasker bench soak --rate 500 --pinned-from 5 --pinned-minutes 10 --minutes 30

How to read it: docs/operations/soak.md")]
pub(crate) struct SoakArguments {
    /// How long the load runs, in minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 60.0)]
    minutes: f64,
    /// The time between two looks, in seconds [default: a sixtieth of the run, a second at least].
    #[arg(long, value_name = "SECONDS")]
    every: Option<f64>,
    /// How many steps are asked for each second [default: half of what is measured].
    #[arg(long, value_name = "STEPS_PER_S")]
    rate: Option<f64>,
    /// How long the maximum rate is measured, in seconds, from when as much is pruned as is created [default: a third of
    /// the retention].
    #[arg(long, value_name = "SECONDS")]
    calibrate: Option<f64>,
    /// When the snapshot is taken, in minutes [default: after a quarter of the run].
    #[arg(long, value_name = "MINUTES")]
    pinned_from: Option<f64>,
    /// How long it is held, in minutes [default: half of the run].
    #[arg(long, value_name = "MINUTES")]
    pinned_minutes: Option<f64>,
    /// The age from which finished tasks are pruned, in seconds [default: a twentieth of the run].
    #[arg(long, value_name = "SECONDS")]
    retention: Option<f64>,
    /// How long dead rows may take to be gone after the snapshot, in seconds [default: a twelfth of the run, and no less
    /// than two and a half rounds of autovacuum].
    #[arg(long, value_name = "SECONDS")]
    recovery: Option<f64>,
    /// How many processes execute steps.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    workers: u32,
    /// How many steps each of them executes at once.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    concurrency: u32,
    /// How often a worker is killed and another one started, in seconds [default: never].
    #[arg(long, value_name = "SECONDS")]
    kill_every: Option<f64>,
    /// Where the samples go, a line each, and the report as the last line.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Run although workers run in this database.
    #[arg(long)]
    force: bool,
}

/// The languages of handlers; more come with their bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Runtime {
    /// Handlers in Rust, in the worker's own process.
    Rust,
    /// Functions or coroutines of Python.
    Python,
    /// Functions of JavaScript.
    Node,
    /// Functions of C.
    C,
    /// Blocks, methods and classes of Ruby.
    Ruby,
}

/// What handlers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HandlerKind {
    /// Functions.
    Sync,
    /// Coroutines.
    Async,
}

/// Where the repository has the workers of other languages.
const WORKERS: &str = "bench/workers";

fn hands(arguments: &Arguments) -> Result<Hands, Failure> {
    let name = match arguments.runtime {
        Runtime::Rust => return Ok(Hands::Here),
        Runtime::Python => "python",
        Runtime::Node => "node",
        Runtime::C => "c",
        Runtime::Ruby => "ruby",
    };
    let variable = format!("TASKER_WORKER_{}", name.to_uppercase());
    let ours = Path::new(WORKERS).join(name);
    let command = arguments
        .worker_command
        .clone()
        .or_else(|| std::env::var(&variable).ok())
        .or_else(|| ours.exists().then(|| ours.display().to_string()))
        .ok_or_else(|| {
            Failure::usage(format!(
                "there is no worker for {name}: run this from the root of the repository, or name a command by \
                 --worker-command or {variable}"
            ))
        })?;
    Ok(Hands::Foreign(Language {
        name,
        command,
        handler_kind: match arguments.handler_kind {
            HandlerKind::Sync => "sync",
            HandlerKind::Async => "async",
        },
    }))
}

pub(crate) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let hands = hands(&arguments)?;
    if let Some(Other::Soak(arguments)) = arguments.other {
        return soak(arguments, global, printer).await;
    }
    // Required where there is no subcommand.
    let workload = arguments
        .workload
        .ok_or_else(|| Failure::usage("a workload is missing"))?;
    let options = Options {
        workload,
        hands,
        tasks: arguments.tasks,
        steps: arguments.steps,
        waiting: arguments.waiting,
        finished: arguments.finished,
        workers: arguments.workers,
        concurrency: arguments.concurrency,
        payload_bytes: arguments.payload_bytes,
        reference: !arguments.no_reference,
        force: arguments.force,
        database_url: global.database_url.clone(),
        direct_url: arguments.direct_url,
        guarded_schema: configuration(global)?.schema().0.to_owned(),
    };
    let shown = Shown::new(options.workload.name(), printer);
    let outcome = tasker_bench::run(&options, &shown, interrupted()).await;
    shown.finish();
    match outcome? {
        Some(report) => {
            printer.document(&report);
            Ok(match report.is_flat() {
                Some(false) => ExitStatus::Failed,
                _ => ExitStatus::Ok,
            })
        }
        None => Err(Failure::interrupted()),
    }
}

async fn soak(
    arguments: SoakArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let options = SoakOptions {
        minutes: arguments.minutes,
        every_seconds: arguments.every,
        rate: arguments.rate,
        calibrate_seconds: arguments.calibrate,
        pinned_from: arguments.pinned_from,
        pinned_minutes: arguments.pinned_minutes,
        retention_seconds: arguments.retention,
        recovery_seconds: arguments.recovery,
        workers: arguments.workers,
        concurrency: arguments.concurrency,
        kill_every_seconds: arguments.kill_every,
        output: arguments.output,
        force: arguments.force,
        database_url: global.database_url.clone(),
        guarded_schema: configuration(global)?.schema().0.to_owned(),
    };
    let shown = Shown::new("soak", printer);
    let outcome = tasker_bench::soak(&options, &shown, interrupted()).await;
    shown.finish();
    let Some(report) = outcome? else {
        return Err(Failure::interrupted());
    };
    printer.document(&report);
    for verdict in &report.verdicts {
        let measured = verdict
            .measured
            .map_or("nothing".to_owned(), |value| value.to_string());
        let (holds, bound) = (if verdict.holds { "holds" } else { "FAILS" }, verdict.bound);
        printer.progress(&format!("{holds}  {}: {measured}, bound {bound}", verdict.name));
    }
    Ok(if report.holds {
        ExitStatus::Ok
    } else {
        ExitStatus::Failed
    })
}

/// Progress on standard error: one line that is redrawn on a terminal, a line a phase elsewhere.
struct Shown<'a> {
    workload: &'static str,
    printer: &'a Printer,
    state: Mutex<State>,
}

struct State {
    screen: Option<Screen<std::io::Stderr>>,
    phase: String,
    since: Instant,
    drawn: Option<Instant>,
}

impl<'a> Shown<'a> {
    fn new(workload: &'static str, printer: &'a Printer) -> Self {
        let screen = printer.live_err.then(|| Screen::new(std::io::stderr()));
        let state = State {
            screen,
            phase: String::new(),
            since: Instant::now(),
            drawn: None,
        };
        Self {
            workload,
            printer,
            state: Mutex::new(state),
        }
    }

    /// Takes the line away and gives the cursor back.
    fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut screen) = state.screen.take() {
            // A terminal that has gone needs no clearing.
            let _ = screen.clear();
        }
    }

    fn draw(&self, state: &mut State, line: String) {
        state.drawn = Some(Instant::now());
        if let Some(screen) = &mut state.screen {
            // Figures do not depend on whether they can be watched.
            let _ = screen.draw(&[line]);
        }
    }
}

impl Progress for Shown<'_> {
    fn phase(&self, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone_into(&mut state.phase);
        state.since = Instant::now();
        if state.screen.is_some() {
            let line = format!("{}  {text}", self.printer.err.bold(self.workload));
            self.draw(&mut state, line);
        } else {
            self.printer.progress(&format!("{}: {text}", self.workload));
        }
    }

    fn done(&self, done: u64, of: u64) {
        const EVERY: Duration = Duration::from_millis(100);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.screen.is_none() || state.drawn.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        let line = counted(
            self.workload,
            &state.phase,
            (done, of),
            state.since.elapsed(),
            &self.printer.err,
        );
        self.draw(&mut state, line);
    }

    fn note(&self, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(screen) = &mut state.screen {
            let _ = screen.clear();
        }
        self.printer.progress(&self.printer.err.dim(text));
    }
}

fn counted(workload: &str, phase: &str, (done, of): (u64, u64), taken: Duration, look: &Look) -> String {
    #[allow(clippy::cast_precision_loss)] // for the eye
    let rate = done as f64 / taken.as_secs_f64().max(0.001);
    format!(
        "{}  {phase}  {} {done}/{of}  {}",
        look.bold(workload),
        render::bar(done, of, 24),
        look.dim(&format!("{rate:.0}/s"))
    )
}
