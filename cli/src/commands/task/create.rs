//! `tasker task create`.

use super::selection::{context_of, status_of};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::watch;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tasker_core::model::{OnDuplicate, TaskId, TaskRequest};

/// Create a task from a registered template.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task create process_order --namespace ecommerce --context '{\"order_id\": 7}'
  tasker task create process_order --context-file order.json --wait
  generate-order | tasker task create process_order --context-file -
  tasker task create process_order --key order-7 --on-duplicate reject
  tasker task create process_order --priority 0 --tag urgent --bypass send_receipt

With --wait the exit code is 0 when the task completes and 1 when it ends otherwise.")]
pub(crate) struct Arguments {
    /// The name of the template.
    name: String,
    /// Its namespace.
    #[arg(long, value_name = "NAME", default_value = "default")]
    namespace: String,
    /// Its version; the latest when left out.
    #[arg(long, value_name = "SEMVER")]
    version: Option<String>,
    /// The input of the task, a JSON object.
    #[arg(long, value_name = "JSON", conflicts_with = "context_file")]
    context: Option<String>,
    /// A file with the input; - is standard input.
    #[arg(long, value_name = "FILE")]
    context_file: Option<PathBuf>,
    /// A key that makes one task of many equal requests.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// How long the key counts, in seconds; for ever when left out.
    #[arg(long, value_name = "SECONDS", requires = "key")]
    key_ttl: Option<f64>,
    /// What to do when the same request was made before; the engine's setting when left out.
    #[arg(long, value_name = "WHAT")]
    on_duplicate: Option<Duplicate>,
    /// 0 (first) to 9 (last).
    #[arg(long, value_name = "0-9", value_parser = clap::value_parser!(i16).range(0..=9))]
    priority: Option<i16>,
    /// A label; may be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// A skippable step to leave out; may be given several times.
    #[arg(long = "bypass", value_name = "STEP")]
    bypass: Vec<String>,
    /// Who asks for the task.
    #[arg(long, value_name = "WHO")]
    initiator: Option<String>,
    /// The system that asks for it.
    #[arg(long, value_name = "NAME")]
    source_system: Option<String>,
    /// Why it is asked for.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The id of the task, a UUIDv7; a new one when left out.
    #[arg(long, value_name = "UUID")]
    task_id: Option<TaskId>,
    /// Follow the task until it has ended.
    #[arg(long)]
    wait: bool,
    /// How long to wait at most, in seconds.
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    timeout: Option<f64>,
}

/// What to do with a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Duplicate {
    /// Answer with the task that exists.
    Return,
    /// Fail with exit code 4.
    Reject,
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let (wait, patience) = (arguments.wait, super::watch::patience(arguments.timeout)?);
    let request = request(arguments)?;
    let session = Session::new(global)?;
    let created = session.client.create_task(&request).await?;
    if !wait {
        printer.answer(&created, |look| {
            let next = look.dim(&format!("  tasker task watch {}", created.task_id));
            format!("{}\n{next}", render::created(&created, look))
        });
        return Ok(ExitStatus::Ok);
    }
    printer.note(&render::created(&created, &printer.err));
    if printer.json {
        let task = super::watch::until_ended(&session.client, created.task_id, patience).await?;
        let steps = session.client.steps(created.task_id).await?;
        printer.document(&json!({"created": created.created, "task": task, "steps": steps}));
        return Ok(status_of(task.status));
    }
    let (task, _) = super::watch::within(patience, watch(&session.client, created.task_id, printer)).await?;
    printer.note(&render::status_line(&task, Utc::now(), &printer.err));
    Ok(status_of(task.status))
}

fn request(arguments: Arguments) -> Result<TaskRequest, Failure> {
    let context = context_of(arguments.context.as_deref(), arguments.context_file.as_deref())?;
    Ok(TaskRequest {
        name: arguments.name,
        namespace: Some(arguments.namespace),
        version: arguments.version,
        context,
        task_id: arguments.task_id,
        initiator: arguments
            .initiator
            .or_else(|| std::env::var("USER").ok().filter(|user| !user.is_empty())),
        source_system: arguments.source_system.or_else(|| Some("tasker-cli".to_owned())),
        reason: arguments.reason,
        tags: arguments.tags,
        bypass_steps: arguments.bypass,
        priority: arguments.priority,
        idempotency_key: arguments.key,
        idempotency_ttl_seconds: arguments.key_ttl,
        on_duplicate: arguments.on_duplicate.map(|what| match what {
            Duplicate::Return => OnDuplicate::Return,
            Duplicate::Reject => OnDuplicate::Reject,
        }),
        ..TaskRequest::default()
    })
}

/// The longest wait that is worth a name.
pub(super) const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);
