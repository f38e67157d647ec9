//! `tasker bulk …`: an operator verb on every task that a filter lets through.

use crate::args::GlobalOptions;
use crate::commands::task::filter::Selection;
use crate::commands::task::selection::OperatorArguments;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::Screen;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use tasker_core::Client;
use tasker_core::model::{BulkOutcome, BulkVerb, Operator, TaskFilter};

/// How many tasks a dry run shows.
const SAMPLE: u32 = 5;
/// How many refusals are told one by one.
const REFUSALS: usize = 20;

/// Cancel, retry, resolve, pause or resume every task that a filter lets through.
///
/// In batches, newest tasks first, each batch in a transaction of its own: what is done stays done when something goes
/// wrong later. What the state machine does not allow for a task is told, and the others go on.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker bulk retry --name process_order --error-code gateway_unavailable --dry-run
  tasker bulk retry --name process_order --error-code gateway_unavailable --by anna --reason 'gateway is back'
  tasker bulk cancel --namespace shop --created-before 30d --yes
  tasker bulk pause --tag batch && tasker bulk resume --tag batch"
)]
pub(crate) enum Command {
    Cancel(CancelArguments),
    Retry(RetryArguments),
    Resolve(ResolveArguments),
    Pause(PauseArguments),
    Resume(ResumeArguments),
}

/// Which tasks, who, and how.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    selection: Selection,
    /// All tasks: instead of a filter.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    /// Only count, and show the first few.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; needed where there is no terminal to ask on.
    #[arg(long, short = 'y')]
    yes: bool,
    /// How many tasks a transaction takes.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    batch: u32,
}

/// Give up tasks that have not ended well (pending, in_progress, error), with their open steps.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk cancel --namespace shop --name import --status pending --dry-run
  tasker bulk cancel --tag test --created-before 1d --by anna --yes")]
pub(crate) struct CancelArguments {
    #[command(flatten)]
    common: Common,
}

/// Try again every step that failed for good, in tasks in error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk retry --since 2h --error-code gateway_unavailable --dry-run
  tasker bulk retry --since 2h --error-code gateway_unavailable --by anna --reason 'gateway is back'
  tasker bulk retry --status in_progress,error --name process_order    also tasks that still run")]
pub(crate) struct RetryArguments {
    #[command(flatten)]
    common: Common,
}

/// Declare tasks in error done.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk resolve --name process_order --created-before 90d --by anna --reason 'settled by phone'")]
pub(crate) struct ResolveArguments {
    #[command(flatten)]
    common: Common,
}

/// Pause tasks one by one. For a whole name, namespace or handler `tasker task pause` is one row, and counts for new
/// tasks too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk pause --name process_order --tag vip --by anna")]
pub(crate) struct PauseArguments {
    #[command(flatten)]
    common: Common,
}

/// Go on with tasks that are paused by themselves.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk resume --name process_order --tag vip --by anna
  tasker bulk resume --all --yes")]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    common: Common,
}

pub(crate) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let (verb, common) = match command {
        Command::Cancel(arguments) => (BulkVerb::Cancel, arguments.common),
        Command::Retry(arguments) => (BulkVerb::Retry, arguments.common),
        Command::Resolve(arguments) => (BulkVerb::Resolve, arguments.common),
        Command::Pause(arguments) => (BulkVerb::Pause, arguments.common),
        Command::Resume(arguments) => (BulkVerb::Resume, arguments.common),
    };
    let filter = filter(verb, &common)?;
    let may_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !common.dry_run && !common.yes && !may_ask {
        return Err(
            Failure::usage("There is no terminal to ask on whether this is meant.")
                .next("look with --dry-run, then give --yes"),
        );
    }
    let session = Session::new(global)?;
    let client = &session.client;
    let count = client.count_tasks(&filter, i64::MAX).await?;
    if common.dry_run {
        let sample = client.sample_tasks(&filter, SAMPLE).await?;
        printer.answer(
            &json!({"dry_run": true, "verb": verb.as_str(), "count": count, "sample": sample}),
            |look| render::bulk_forecast(verb, count, &sample, Utc::now(), look),
        );
        return Ok(ExitStatus::Ok);
    }
    if count > 0 && !common.yes && !confirmed(verb, count, printer)? {
        return Err(Failure::failed("Nothing was changed.").next("answer yes, or give --yes"));
    }
    let (done, refused) = work(client, verb, filter, count, &common, printer).await?;
    printer.answer(
        &json!({"verb": verb.as_str(), "done": done, "refused": refused.len(), "refusals": refused}),
        |look| render::bulk_done(verb, done, &refused, REFUSALS, look),
    );
    Ok(ExitStatus::Ok)
}

/// The filter, with the states in which the verb has something to do.
fn filter(verb: BulkVerb, common: &Common) -> Result<TaskFilter, Failure> {
    if common.selection.is_everything() != common.all {
        return Err(if common.all {
            Failure::usage("--all does not go with a filter.").next("leave one of them out")
        } else {
            Failure::usage("No filter is given, and this would be every task.")
                .next("give a filter such as --name or --status, or --all")
        });
    }
    let mut filter = common.selection.read(Utc::now())?;
    if filter.status.is_empty() {
        filter.status = verb.states().to_vec();
    }
    filter.limit = common.batch;
    match verb {
        BulkVerb::Resume => filter.paused = Some(true),
        BulkVerb::Pause => filter.paused = filter.paused.or(Some(false)),
        BulkVerb::Cancel | BulkVerb::Retry | BulkVerb::Resolve => {}
    }
    Ok(filter)
}

/// Asks on standard error; yes has to be said.
fn confirmed(verb: BulkVerb, count: i64, printer: &Printer) -> Result<bool, Failure> {
    let question = render::bulk_question(verb, count, &printer.err);
    write!(std::io::stderr(), "{question} [y/N] ")?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Batch by batch to the end. What was done before a failure stays done, and the failure says how much it was.
async fn work(
    client: &Client,
    verb: BulkVerb,
    mut filter: TaskFilter,
    count: i64,
    common: &Common,
    printer: &Printer,
) -> Result<(u64, Vec<BulkOutcome>), Failure> {
    let operator = Operator::from(&common.operator);
    let mut screen = printer.live_err.then(|| Screen::new(std::io::stderr()));
    let (mut done, mut refused) = (0, Vec::new());
    loop {
        let outcomes = match client.operate_in_bulk(verb, &filter, &operator).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                return Err(Failure::from(error)
                    .details(json!({"done": done, "refused": refused.len(), "after": filter.after}))
                    .next(format!(
                        "{done} tasks were done before; the same command goes on with the rest"
                    )));
            }
        };
        let Some(cursor) = BulkOutcome::cursor(&outcomes) else {
            break;
        };
        filter.after = Some(cursor);
        done += outcomes.iter().filter(|outcome| outcome.is_done()).count() as u64;
        refused.extend(outcomes.into_iter().filter(|outcome| !outcome.is_done()));
        let handled = done + refused.len() as u64;
        let line = render::bulk_progress(verb, handled, count.unsigned_abs(), &printer.err);
        match &mut screen {
            Some(screen) => screen.draw(&[line])?,
            None => printer.note(&line),
        }
    }
    if let Some(screen) = &mut screen {
        screen.clear()?;
    }
    Ok((done, refused))
}
