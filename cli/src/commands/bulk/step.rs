//! `tasker bulk step …`: an operator verb on every step that a filter lets through.

use super::consent::Consent;
use super::drive::{Targets, drive};
use crate::args::GlobalOptions;
use crate::commands::step::filter::StepSelection;
use crate::commands::task::selection::{OperatorArguments, json_argument};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Look, What};
use crate::session::Session;
use chrono::Utc;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use tasker_core::model::{FoundStep, Operator, StepNo, StepOutcome, StepSearch, StepVerb, TaskId};
use tasker_core::{Client, Result as EngineResult};

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
    let targets = Steps {
        client: &session.client,
        verb,
        search,
        operator: Operator::from(&common.operator),
    };
    drive(targets, &common.consent, printer).await
}

/// A verb on steps.
struct Steps<'a> {
    client: &'a Client,
    verb: StepVerb,
    search: StepSearch,
    operator: Operator,
}

impl Targets for Steps<'_> {
    type Shown = FoundStep;
    type Outcome = StepOutcome;
    type Cursor = (TaskId, StepNo);

    fn what(&self) -> What {
        What::steps(&self.verb)
    }

    fn verb(&self) -> &'static str {
        self.verb.as_str()
    }

    fn things(&self) -> &'static str {
        "steps"
    }

    async fn count(&self) -> EngineResult<i64> {
        self.client.count_steps(&self.search, i64::MAX).await
    }

    async fn sample(&self, limit: u32) -> EngineResult<Vec<FoundStep>> {
        let search = StepSearch {
            limit,
            ..self.search.clone()
        };
        self.client.find_steps(&search).await
    }

    fn list(sample: &[FoundStep], look: &Look) -> String {
        render::found_steps(sample, Utc::now(), look)
    }

    async fn next_batch(&mut self) -> EngineResult<Vec<StepOutcome>> {
        let outcomes = self
            .client
            .operate_on_steps(&self.verb, &self.search, &self.operator)
            .await?;
        self.search.after = StepSearch::cursor(&outcomes).or(self.search.after);
        Ok(outcomes)
    }

    fn after(&self) -> Option<(TaskId, StepNo)> {
        self.search.after
    }

    fn refusal(outcome: &StepOutcome) -> Option<&str> {
        outcome.refusal.as_deref()
    }
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
