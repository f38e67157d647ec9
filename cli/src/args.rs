//! The arguments of the command: global options and the tree of verbs. Each verb keeps its own beside its code.

use crate::commands::{
    bench, bench_worker, bulk, completions, config, demo, doctor, handler, key, man, migrate, namespace, pg,
    prune, serve, step, task, template, why, worker,
};
use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Args, Parser, Subcommand, ValueEnum};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const ABOUT: &str =
    "Durable workflows on PostgreSQL: graphs of steps with retries, recovery and a full audit trail";

const AFTER_HELP: &str = "\
Examples:
  tasker demo                                    run an order workflow, live, on a private database
  tasker template register workflow.yaml         make a workflow known
  tasker task create process_order --context '{\"order_id\": 7}'
  tasker task watch 0198c0de-0000-7000-8000-000000000000
  tasker task list --status error --json | jq .
  tasker why 0198c0de-0000-7000-8000-000000000000          what keeps it from going on, and what to do
  tasker doctor                                  what is wrong with the database, the schema or the workers

Which database: --database-url, else TASKER_DATABASE_URL, else DATABASE_URL, else a private cluster
that Tasker makes from the installed PostgreSQL (`tasker pg status`). `tasker config show` tells it.

Exit codes:
  0    done
  1    failed; the task that was waited for did not complete; or what was compared differs
  2    wrong arguments or settings
  3    no such task, step or template
  4    illegal transition, duplicate, or attempt lost
  5    database unavailable, or its schema does not fit
  6    invalid template or context
  7    took longer than allowed
  8    not authenticated or not allowed
  9    `tasker doctor` found a problem
  70   a defect of Tasker; please report it
  130  interrupted (Ctrl-C or SIGTERM)";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "tasker",
    version,
    about = ABOUT,
    after_help = AFTER_HELP,
    styles = STYLES,
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    infer_subcommands = false
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// The PostgreSQL database, such as postgres://user@host/database.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// The schema that holds Tasker's tables; else TASKER_SCHEMA, else the configuration's, else tasker.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Write JSON for programs: answers on standard output, errors on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours; NO_COLOR is respected.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Log more to standard error: -v info, -vv debug, -vvv everything; or set TASKER_LOG.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On terminals.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Arguments),
    Migrate(migrate::Arguments),
    #[command(subcommand)]
    Template(template::Command),
    #[command(subcommand)]
    Task(task::Command),
    Why(why::Arguments),
    #[command(subcommand)]
    Step(step::Command),
    #[command(subcommand)]
    Bulk(bulk::Command),
    #[command(subcommand)]
    Worker(worker::Command),
    #[command(subcommand)]
    Namespace(namespace::Command),
    #[command(subcommand)]
    Handler(handler::Command),
    Doctor(doctor::Arguments),
    Serve(serve::Arguments),
    #[command(subcommand)]
    Key(key::Command),
    Prune(prune::Arguments),
    #[command(subcommand)]
    Config(config::Command),
    #[command(subcommand)]
    Pg(pg::Command),
    Bench(bench::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    /// A worker of `bench`, in a process of its own.
    #[command(hide = true)]
    BenchWorker(bench_worker::Arguments),
}

impl Command {
    /// How many threads it wants, if not as many as the machine has processors.
    pub(crate) fn threads(&self) -> Option<usize> {
        match self {
            Self::Serve(arguments) => arguments.threads(),
            _ => None,
        }
    }
}
