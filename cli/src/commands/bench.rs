//! `tasker bench`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::{Screen, interrupted};
use crate::printer::Printer;
use crate::render::{self, Look};
use crate::session::configuration;
use clap::{Args, ValueEnum};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tasker_bench::{Options, Progress, Workload};

/// Measure the engine on a database: live progress on standard error, one JSON object on standard output.
///
/// Works in a schema of its own, which is dropped at the end. Beside the engine it runs the same work as hand-written
/// batch SQL and as single commits on the same server, so that figures of different machines can be compared.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bench linear                            4,000 tasks of 5 steps in sequence
  tasker bench fanout --steps 10000              one task: root, 10,000 parallel steps, join
  tasker bench latency | jq .ratios              how far from a single commit a step is
  tasker bench jobs --workers 3 --concurrency 32
  tasker bench backlog --finished 500000         what a claim costs beside a long history
  tasker bench graph-size --steps 1000           graphs of 10, 100 and 1,000 steps
  tasker bench create --database-url postgres://app@db/empty

Workloads:
  linear   tasks of 5 steps in sequence (--tasks 4000)
  diamond  A -> B, C -> D (--tasks 4000)
  fanout   root -> --steps (2000) parallel -> join (--tasks 1)
  jobs     tasks of one step (--tasks 20000)
  latency  one 5-step task after the other on an idle engine (--tasks 200)
  backlog  claims beside --waiting (1000000) ready steps of other handlers, as many paused ones, and --finished
           (10000000) finished ones; and on empty tables (--tasks 2000)
  graph-size  layered graphs of 10, 100, ... up to --steps (100000) steps
  create   creation only: in batches, one by one, inside a caller's transaction (--tasks 100000)")]
pub(crate) struct Arguments {
    /// What to run: linear, diamond, fanout, jobs, latency, backlog, graph-size or create.
    #[arg(value_name = "WORKLOAD")]
    workload: Workload,
    /// How many tasks; the workload's own number when left out.
    #[arg(long, value_name = "COUNT")]
    tasks: Option<u64>,
    /// How many steps a task has (linear, latency, create), how many run in parallel (fanout), or the largest graph
    /// (graph-size).
    #[arg(long, value_name = "COUNT")]
    steps: Option<u32>,
    /// backlog: how many ready steps of other handlers wait, and as many paused ones of the same handler.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    waiting: u64,
    /// backlog: how many finished steps there are.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000_000)]
    finished: u64,
    /// The language of the handlers.
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    runtime: Runtime,
    /// How many processes execute steps.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    workers: u32,
    /// How many steps each of them executes at once.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    concurrency: u32,
    /// How many bytes of text each task carries in its context.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    payload_bytes: usize,
    /// Leave the yardsticks out.
    #[arg(long)]
    no_reference: bool,
    /// Run although workers run in this database.
    #[arg(long)]
    force: bool,
}

/// The languages of handlers; more come with their bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Runtime {
    /// Handlers in Rust, in the worker's own process.
    Rust,
}

pub(crate) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let Runtime::Rust = arguments.runtime;
    let options = Options {
        workload: arguments.workload,
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
        guarded_schema: configuration(global)?.schema().0.to_owned(),
    };
    let shown = Shown::new(options.workload, printer);
    let outcome = tasker_bench::run(&options, &shown, interrupted()).await;
    shown.finish();
    match outcome? {
        Some(report) => {
            printer.document(&report);
            Ok(ExitStatus::Ok)
        }
        None => Err(Failure::interrupted()),
    }
}

/// Progress on standard error: one line that is redrawn on a terminal, a line a phase elsewhere.
struct Shown<'a> {
    workload: Workload,
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
    fn new(workload: Workload, printer: &'a Printer) -> Self {
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
            let line = format!("{}  {text}", self.printer.err.bold(self.workload.name()));
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

fn counted(workload: Workload, phase: &str, (done, of): (u64, u64), taken: Duration, look: &Look) -> String {
    #[allow(clippy::cast_precision_loss)] // for the eye
    let rate = done as f64 / taken.as_secs_f64().max(0.001);
    format!(
        "{}  {phase}  {} {done}/{of}  {}",
        look.bold(workload.name()),
        render::bar(done, of, 24),
        look.dim(&format!("{rate:.0}/s"))
    )
}
