//! `tasker bulk step …`: an operator verb on every step that a filter lets through.

use super::{Consent, REFUSALS, SAMPLE};
use crate::args::GlobalOptions;
use crate::commands::step::filter::StepSelection;
use crate::commands::task::selection::{OperatorArguments, json_argument};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::Screen;
use crate::printer::Printer;
use crate::render::{self, What};
use crate::session::Session;
use chrono::Utc;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use tasker_core::Client;
use tasker_core::model::{Operator, StepOutcome, StepSearch, StepVerb, TaskId};

/// Cancel, retry, resolve or update every step that a filter lets through, whichever tasks they belong to.
///
/// In batches, newest tasks first, each batch in a transaction of its own: what is done stays done when something goes
/// wrong later. What the state machine does not allow for a step is told, and the others go on.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker bulk step retry --handler shop.process_order.charge_payment --error-code gateway_unavailable --dry-run
  tasker bulk step retry --handler shop.process_order.charge_payment --failed-for-good --by anna --reason 'gateway is back'
  tasker bulk step resolve --task-name process_order --step send_receipt --status error --reason 'sent by hand' --yes
  tasker bulk step update --handler shop.process_order.charge_payment --retry-limit 10 --yes"
)]
pub(crate) enum Command {
    Cancel(CancelArguments),
    Retry(RetryArguments),
    Resolve(ResolveArguments),
    Update(UpdateArguments),
}

/// Which steps, who, and how.
#[derive(Debug, Args)]
struct Common {
    /// Only of this task.
    #[arg(long, value_name = "TASK")]
    task: Option<TaskId>,
    #[command(flatten)]
    selection: StepSelection,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    consent: Consent,
}

/// Give up steps that have not ended (pending, in_progress, error); what waits for them does not run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk step cancel --namespace shop --step award_points --status pending --dry-run
  tasker bulk step cancel --handler shop.process_order.award_points --by anna --reason 'the programme has ended' --yes")]
pub(crate) struct CancelArguments {
    #[command(flatten)]
    common: Common,
}

/// Try failed steps again, now; those that wait for their next attempt, too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk step retry --handler shop.process_order.charge_payment --failed-for-good --dry-run
  tasker bulk step retry --error-code gateway_unavailable --since 2h --by anna --reason 'gateway is back'
  tasker bulk step retry --error-code poison_pill --reset-attempts --yes")]
pub(crate) struct RetryArguments {
    #[command(flatten)]
    common: Common,
    /// Count the attempts from the beginning.
    #[arg(long)]
    reset_attempts: bool,
}

/// Declare steps done by hand, with the same results for each; what waits for them goes on at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk step resolve --step send_receipt --status error --results '{\"sent\": \"by hand\"}' --dry-run
  tasker bulk step resolve --step send_receipt --failed-for-good --by anna --reason 'sent by hand' --yes")]
pub(crate) struct ResolveArguments {
    #[command(flatten)]
    common: Common,
    /// What each step counts as having returned, in JSON; {} when left out.
    #[arg(long, value_name = "JSON")]
    results: Option<String>,
}

/// Change how many attempts steps may have; raising it makes exhausted ones run again by themselves.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker bulk step update --handler shop.process_order.charge_payment --retry-limit 10 --dry-run
  tasker bulk step update --error-code gateway_unavailable --retry-limit 10 --by anna --yes")]
pub(crate) struct UpdateArguments {
    #[command(flatten)]
    common: Common,
    /// How many attempts there may be in total.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=32_767))]
    retry_limit: i32,
}

pub(super) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let (verb, common) = read(command)?;
    let search = search(&verb, &common)?;
    common.consent.check()?;
    let session = Session::new(global)?;
    let client = &session.client;
    let count = client.count_steps(&search, i64::MAX).await?;
    let what = What::steps(&verb);
    if common.consent.dry_run {
        let sample = StepSearch {
            limit: SAMPLE,
            ..search
        };
        let sample = client.find_steps(&sample).await?;
        printer.answer(
            &json!({"dry_run": true, "verb": verb.as_str(), "count": count, "sample": sample}),
            |look| {
                let list = render::found_steps(&sample, Utc::now(), look);
                render::bulk_forecast(what, count, sample.len(), &list, look)
            },
        );
        return Ok(ExitStatus::Ok);
    }
    common.consent.ask(what, count, printer).await?;
    let (done, refused) = work(client, &verb, search, count, &common, printer).await?;
    printer.answer(
        &json!({"verb": verb.as_str(), "done": done, "refused": refused.len(), "refusals": refused}),
        |look| {
            let told: Vec<&str> = refused
                .iter()
                .filter_map(|outcome| outcome.refusal.as_deref())
                .collect();
            render::bulk_done(what, done, &told, REFUSALS, look)
        },
    );
    Ok(ExitStatus::Ok)
}

fn read(command: Command) -> Result<(StepVerb, Common), Failure> {
    Ok(match command {
        Command::Cancel(arguments) => (StepVerb::Cancel, arguments.common),
        Command::Retry(arguments) => (
            StepVerb::Retry {
                reset_attempts: arguments.reset_attempts,
            },
            arguments.common,
        ),
        Command::Resolve(arguments) => {
            let results = match &arguments.results {
                Some(text) => json_argument("--results", text)?,
                None => Value::Object(Map::new()),
            };
            (StepVerb::Resolve { results }, arguments.common)
        }
        Command::Update(arguments) => (
            StepVerb::Update {
                retry_limit: arguments.retry_limit,
            },
            arguments.common,
        ),
    })
}

/// The search, with the states in which the verb has something to do.
fn search(verb: &StepVerb, common: &Common) -> Result<StepSearch, Failure> {
    let everything = common.task.is_none() && common.selection.is_everything();
    common.consent.narrowed(everything, "step")?;
    let mut search = StepSearch {
        task: common.task,
        // In tasks that have ended nothing of this is allowed.
        of_open_tasks: true,
        limit: common.consent.batch,
        ..common.selection.read(Utc::now())?
    };
    if search.status.is_empty() {
        search.status = verb.states().to_vec();
    }
    Ok(search)
}

/// Batch by batch to the end. What was done before a failure stays done, and the failure says how much it was.
async fn work(
    client: &Client,
    verb: &StepVerb,
    mut search: StepSearch,
    count: i64,
    common: &Common,
    printer: &Printer,
) -> Result<(u64, Vec<StepOutcome>), Failure> {
    let operator = Operator::from(&common.operator);
    let what = What::steps(verb);
    let mut screen = printer.live_err.then(|| Screen::new(std::io::stderr()));
    let (mut done, mut refused) = (0, Vec::new());
    loop {
        let outcomes = match client.operate_on_steps(verb, &search, &operator).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                return Err(Failure::from(error)
                    .details(json!({"done": done, "refused": refused.len(), "after": search.after}))
                    .next(format!(
                        "{done} steps were done before; the same command goes on with the rest"
                    )));
            }
        };
        let Some(cursor) = StepSearch::cursor(&outcomes) else {
            break;
        };
        search.after = Some(cursor);
        done += outcomes.iter().filter(|outcome| outcome.is_done()).count() as u64;
        refused.extend(outcomes.into_iter().filter(|outcome| !outcome.is_done()));
        let handled = done + refused.len() as u64;
        let line = render::bulk_progress(what, handled, count.unsigned_abs(), &printer.err);
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
