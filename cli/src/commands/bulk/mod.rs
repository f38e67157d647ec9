//! `tasker bulk …`: an operator verb on every task that a filter lets through; `step` on every step.

mod consent;
mod drive;
mod step;

use crate::args::GlobalOptions;
use crate::commands::task::filter::Selection;
use crate::commands::task::selection::OperatorArguments;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Look, What};
use crate::session::Session;
use chrono::Utc;
use clap::{Args, Subcommand};
use consent::Consent;
use drive::{Targets, drive};
use tasker_core::model::{BulkOutcome, BulkVerb, Operator, Task, TaskFilter, TaskId};
use tasker_core::{Client, Result as EngineResult};

/// Cancel, retry, resolve, pause or resume every task that a filter lets through; or every step.
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
  tasker bulk pause --tag batch && tasker bulk resume --tag batch
  tasker bulk step retry --handler shop.process_order.charge_payment --failed-for-good --dry-run"
)]
pub(crate) enum Command {
    Cancel(CancelArguments),
    Retry(RetryArguments),
    Resolve(ResolveArguments),
    Pause(PauseArguments),
    Resume(ResumeArguments),
    #[command(subcommand)]
    Step(step::Command),
}

/// Which tasks, who, and how.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    consent: Consent,
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
        Command::Step(command) => return step::run(command, global, printer).await,
    };
    let filter = filter(verb, &common)?;
    common.consent.check()?;
    let session = Session::new(global)?;
    let targets = Tasks {
        client: &session.client,
        verb,
        filter,
        operator: Operator::from(&common.operator),
    };
    drive(targets, &common.consent, printer).await
}

/// A verb on tasks.
struct Tasks<'a> {
    client: &'a Client,
    verb: BulkVerb,
    filter: TaskFilter,
    operator: Operator,
}

impl Targets for Tasks<'_> {
    type Shown = Task;
    type Outcome = BulkOutcome;
    type Cursor = TaskId;

    fn what(&self) -> What {
        What::tasks(self.verb)
    }

    fn verb(&self) -> &'static str {
        self.verb.as_str()
    }

    fn things(&self) -> &'static str {
        "tasks"
    }

    async fn count(&self) -> EngineResult<i64> {
        self.client.count_tasks(&self.filter, i64::MAX).await
    }

    async fn sample(&self, limit: u32) -> EngineResult<Vec<Task>> {
        self.client.sample_tasks(&self.filter, limit).await
    }

    fn list(sample: &[Task], look: &Look) -> String {
        render::task_list(sample, Utc::now(), look)
    }

    async fn next_batch(&mut self) -> EngineResult<Vec<BulkOutcome>> {
        let outcomes = self
            .client
            .operate_in_bulk(self.verb, &self.filter, &self.operator)
            .await?;
        self.filter.after = BulkOutcome::cursor(&outcomes).or(self.filter.after);
        Ok(outcomes)
    }

    fn after(&self) -> Option<TaskId> {
        self.filter.after
    }

    fn refusal(outcome: &BulkOutcome) -> Option<&str> {
        outcome.refusal.as_deref()
    }
}

/// The filter, with the states in which the verb has something to do.
fn filter(verb: BulkVerb, common: &Common) -> Result<TaskFilter, Failure> {
    common
        .consent
        .narrowed(common.selection.is_everything(), "task")?;
    let mut filter = common.selection.read(Utc::now())?;
    if filter.status.is_empty() {
        filter.status = verb.states().to_vec();
    }
    filter.limit = common.consent.batch;
    match verb {
        BulkVerb::Resume => filter.paused = Some(true),
        BulkVerb::Pause => filter.paused = filter.paused.or(Some(false)),
        BulkVerb::Cancel | BulkVerb::Retry | BulkVerb::Resolve => {}
    }
    Ok(filter)
}
