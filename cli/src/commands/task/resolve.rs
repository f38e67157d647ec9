//! `tasker task resolve`.

use super::selection::{
    OperatorArguments, Target, illegal, json_argument, show_forecast, show_step, show_task,
};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::Session;
use clap::Args;
use serde_json::json;
use tasker_core::Client;
use tasker_core::model::{Operator, State};

/// Declare a step done by hand, with its results, or a whole task.
///
/// The steps that wait for a resolved step go on at once. Resolving a task cancels its open steps.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task resolve 0198c0de-0000-7000-8000-000000000000 --step charge_payment \\
      --results '{\"charge_id\": \"by hand\"}' --by anna --reason 'charged in the back office'
  tasker task resolve 0198c0de-0000-7000-8000-000000000000 --reason 'settled by phone'
  tasker task resolve 0198c0de-0000-7000-8000-000000000000 --dry-run")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
    /// What the step counts as having returned, in JSON; {} when left out.
    #[arg(long, value_name = "JSON", requires = "step")]
    pub(crate) results: Option<String>,
    #[command(flatten)]
    pub(crate) operator: OperatorArguments,
    /// Only say what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let results = match &arguments.results {
        Some(text) => json_argument("--results", text)?,
        None => json!({}),
    };
    let session = Session::new(global)?;
    let client = &session.client;
    if arguments.dry_run {
        return forecast(client, &arguments.target, printer).await;
    }
    let operator = Operator::from(&arguments.operator);
    match arguments.target.selector() {
        Some(step) => {
            let step = client
                .resolve_step(arguments.target.task, &step, results, &operator)
                .await?;
            show_step(&step, "resolved", printer);
        }
        None => {
            let task = client.resolve_task(arguments.target.task, &operator).await?;
            show_task(client, &task, "resolved", printer).await?;
        }
    }
    Ok(ExitStatus::Ok)
}

async fn forecast(client: &Client, target: &Target, printer: &Printer) -> Result<ExitStatus, Failure> {
    let to = State::ResolvedManually;
    let task = client.task(target.task).await?;
    if let Some(selector) = target.selector() {
        let step = client.step(target.task, &selector).await?;
        if !step.status.step_may_become(to) {
            return Err(illegal(&step, to));
        }
        show_forecast(&task, &[&step], to, printer);
        return Ok(ExitStatus::Ok);
    }
    if !task.status.task_may_become(to) {
        return Err(Failure::conflict(format!(
            "Task {} is {}; only a task in error can be resolved.",
            task.task_id, task.status
        )));
    }
    let steps = client.steps(target.task).await?;
    let open: Vec<_> = steps
        .iter()
        .filter(|step| matches!(step.status, State::Pending | State::InProgress))
        .collect();
    show_forecast(&task, &open, State::Cancelled, printer);
    Ok(ExitStatus::Ok)
}
