//! `tasker step retry`, `cancel` and `resolve`: the verbs of `tasker task` on the step that is named.

use super::Named;
use crate::args::GlobalOptions;
use crate::commands::task::selection::{OperatorArguments, Target};
use crate::commands::task::{cancel as cancelling, resolve as resolving, retry as retrying};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Args;

impl From<Named> for Target {
    fn from(named: Named) -> Self {
        Target {
            task: named.task,
            step: Some(named.step),
        }
    }
}

/// Try a failed step again, now.
///
/// A step whose attempts are used up is granted one more; --reset-attempts gives the whole number back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker step retry 0198c0de-0000-7000-8000-000000000000 charge_payment --by anna --reason 'gateway is back'
  tasker step retry 0198c0de-0000-7000-8000-000000000000 3 --reset-attempts
  tasker step retry 0198c0de-0000-7000-8000-000000000000 3 --dry-run")]
pub(crate) struct RetryArguments {
    #[command(flatten)]
    named: Named,
    /// Count the attempts from the beginning.
    #[arg(long)]
    reset_attempts: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
}

/// Give up a step; what waits for it does not run.
///
/// A handler that runs is told, and what it still reports is refused. Cancelling what is cancelled changes nothing and
/// succeeds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker step cancel 0198c0de-0000-7000-8000-000000000000 send_receipt --by anna --reason 'customer withdrew'
  tasker step cancel 0198c0de-0000-7000-8000-000000000000 5 --dry-run")]
pub(crate) struct CancelArguments {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    operator: OperatorArguments,
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
}

/// Declare a step done by hand, with its results; the steps that wait for it go on at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker step resolve 0198c0de-0000-7000-8000-000000000000 charge_payment \\
      --results '{\"charge_id\": \"by hand\"}' --by anna --reason 'charged in the back office'
  tasker step resolve 0198c0de-0000-7000-8000-000000000000 3 --dry-run")]
pub(crate) struct ResolveArguments {
    #[command(flatten)]
    named: Named,
    /// What the step counts as having returned, in JSON; {} when left out.
    #[arg(long, value_name = "JSON")]
    results: Option<String>,
    #[command(flatten)]
    operator: OperatorArguments,
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn retry(
    arguments: RetryArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let arguments = retrying::Arguments {
        target: arguments.named.into(),
        reset_attempts: arguments.reset_attempts,
        operator: arguments.operator,
        dry_run: arguments.dry_run,
    };
    retrying::run(&arguments, global, printer).await
}

pub(super) async fn cancel(
    arguments: CancelArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let arguments = cancelling::Arguments {
        target: arguments.named.into(),
        operator: arguments.operator,
        dry_run: arguments.dry_run,
    };
    cancelling::run(&arguments, global, printer).await
}

pub(super) async fn resolve(
    arguments: ResolveArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let arguments = resolving::Arguments {
        target: arguments.named.into(),
        results: arguments.results,
        operator: arguments.operator,
        dry_run: arguments.dry_run,
    };
    resolving::run(&arguments, global, printer).await
}
