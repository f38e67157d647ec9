//! `tasker task pause` and `tasker task resume`.

use super::selection::OperatorArguments;
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::Session;
use clap::Args;
use serde_json::json;
use tasker_core::model::{Operator, PauseScope, TaskId};

/// What to pause or resume.
#[derive(Debug, Args)]
struct Scope {
    /// The id of a task.
    #[arg(value_name = "TASK", conflicts_with_all = ["namespace", "handler"])]
    task: Option<TaskId>,
    /// A whole namespace, or the one of --name.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// All tasks of this name, in --namespace (default).
    #[arg(long, value_name = "NAME", conflicts_with_all = ["task", "handler"])]
    name: Option<String>,
    /// All steps of this handler, in every namespace.
    #[arg(long, value_name = "NAME", conflicts_with = "namespace")]
    handler: Option<String>,
}

impl Scope {
    fn read(&self) -> Result<(PauseScope, String), Failure> {
        match (self.task, &self.namespace, &self.name, &self.handler) {
            (Some(task), ..) => Ok((PauseScope::Task(task), format!("task {task}"))),
            (_, namespace, Some(name), _) => {
                let namespace = namespace.clone().unwrap_or_else(|| "default".to_owned());
                let words = format!("all tasks named {namespace}.{name}");
                Ok((
                    PauseScope::NamedTask {
                        namespace,
                        name: name.clone(),
                    },
                    words,
                ))
            }
            (_, Some(namespace), ..) => Ok((
                PauseScope::Namespace(namespace.clone()),
                format!("namespace {namespace}"),
            )),
            (.., Some(handler)) => Ok((PauseScope::Handler(handler.clone()), format!("handler {handler}"))),
            _ => Err(Failure::usage("Nothing is named.")
                .next("give the id of a task, or --namespace, --name or --handler")),
        }
    }
}

/// Claim nothing more of a task, a name, a namespace or a handler; what runs goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task pause 0198c0de-0000-7000-8000-000000000000
  tasker task pause --namespace ecommerce --name process_order --by anna --reason 'stock count'
  tasker task pause --handler charge_card --reason 'gateway is down'")]
pub(crate) struct PauseArguments {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    operator: OperatorArguments,
}

/// Go on with what was paused.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task resume 0198c0de-0000-7000-8000-000000000000
  tasker task resume --handler charge_card --reason 'gateway is back'")]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    operator: OperatorArguments,
}

pub(super) async fn pause(
    arguments: &PauseArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let (scope, words) = arguments.scope.read()?;
    set_paused(&scope, &words, true, &arguments.operator, global, printer).await
}

pub(super) async fn resume(
    arguments: &ResumeArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let (scope, words) = arguments.scope.read()?;
    set_paused(&scope, &words, false, &arguments.operator, global, printer).await
}

/// Pauses or resumes, and says so.
pub(crate) async fn set_paused(
    scope: &PauseScope,
    words: &str,
    paused: bool,
    operator: &OperatorArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let operator = Operator::from(operator);
    if paused {
        session.client.pause(scope, &operator).await?;
    } else {
        session.client.resume(scope, &operator).await?;
    }
    answer(paused, words, printer);
    Ok(ExitStatus::Ok)
}

fn answer(paused: bool, scope: &str, printer: &Printer) {
    printer.answer(&json!({"paused": paused, "scope": scope}), |look| {
        format!(
            "{} {scope} {}",
            look.good("✔"),
            if paused {
                "is paused; what runs goes on"
            } else {
                "goes on"
            }
        )
    });
}
