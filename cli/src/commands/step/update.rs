//! `tasker step update`.

use super::Named;
use crate::args::GlobalOptions;
use crate::commands::task::selection::{OperatorArguments, json_argument, show_step};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::Session;
use clap::Args;
use serde_json::Value;
use tasker_core::model::{Operator, StepSelector, StepUpdate};

/// Change the number of attempts or the inputs of a step that has not ended.
///
/// Raising the limit of a step that has failed as often as it may makes it run again by itself.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker step update 0198c0de-0000-7000-8000-000000000000 charge_payment --retry-limit 10 --by anna
  tasker step update 0198c0de-0000-7000-8000-000000000000 3 --inputs '{\"order_id\": 8}'")]
pub(crate) struct Arguments {
    #[command(flatten)]
    named: Named,
    /// How many attempts there may be in total.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=32_767))]
    retry_limit: Option<i32>,
    /// What the step gets instead of the context of the task, a JSON object.
    #[arg(long, value_name = "JSON")]
    inputs: Option<String>,
    #[command(flatten)]
    operator: OperatorArguments,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let inputs = match &arguments.inputs {
        None => None,
        Some(text) => match json_argument("--inputs", text)? {
            Value::Object(inputs) => Some(inputs),
            _ => {
                return Err(Failure::usage(
                    "--inputs must be a JSON object such as {\"order_id\": 8}.",
                ));
            }
        },
    };
    if inputs.is_none() && arguments.retry_limit.is_none() {
        return Err(Failure::usage("Nothing is to be changed.").next("give --retry-limit or --inputs"));
    }
    let update = StepUpdate {
        retry_limit: arguments.retry_limit,
        inputs,
    };
    let session = Session::new(global)?;
    let step = session
        .client
        .update_step(
            arguments.named.task,
            &StepSelector::parse(&arguments.named.step),
            &update,
            &Operator::from(&arguments.operator),
        )
        .await?;
    show_step(&step, "updated", printer);
    Ok(ExitStatus::Ok)
}
