//! `tasker worker show`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;
use tasker_core::model::WorkerFilter;

/// Show a worker: how it is, what it holds, what has run in it for longest, which handlers it has.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker worker show 12
  tasker worker show 12 --json | jq .worker.oldest_running")]
pub(crate) struct Arguments {
    /// The id of the worker, as `tasker worker list` has it.
    #[arg(value_name = "WORKER")]
    worker: i64,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let filter = WorkerFilter {
        worker_id: Some(arguments.worker),
        ended: true,
        ..WorkerFilter::default()
    };
    let session = Session::new(global)?;
    let workers = session.client.list_workers(&filter).await?;
    let Some(worker) = workers.first() else {
        return Err(
            Failure::not_found(format!("There is no worker {}.", arguments.worker))
                .next("see `tasker worker list --ended`"),
        );
    };
    printer.answer(&json!({"worker": worker}), |look| {
        render::worker(worker, Utc::now(), look)
    });
    Ok(ExitStatus::Ok)
}
