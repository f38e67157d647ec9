//! `tasker worker list`.

use crate::args::GlobalOptions;
use crate::commands::listing::{Limit, tell_next};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::{Args, ValueEnum};
use serde_json::json;
use tasker_core::model::{WorkerFilter, WorkerHealth};

/// List workers, oldest first; without those that ended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker worker list
  tasker worker list --handler shop.process_order.charge_payment    who could run it?
  tasker worker list --health hangs,lost
  tasker worker list --ended --limit 100 --after 240                the next page
  tasker worker list --json | jq '.workers[].handlers'")]
pub(crate) struct Arguments {
    /// Only those that have this handler.
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// Only with this health, separated by commas.
    #[arg(long, value_name = "HEALTH", value_delimiter = ',')]
    health: Vec<Health>,
    /// Also those that ended.
    #[arg(long)]
    ended: bool,
    /// Only after the worker with this id: the next page.
    #[arg(long, value_name = "WORKER")]
    after: Option<i64>,
    #[command(flatten)]
    limit: Limit,
}

/// How a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Health {
    /// It lives and asks for work.
    Alive,
    /// Its process lives; its own code has stopped asking for work.
    Hangs,
    /// It claims no more and lets what runs end.
    Draining,
    /// It has not been heard of for longer than its lease.
    Lost,
    /// It has handed everything back and ended.
    Stopped,
    /// It was taken for dead.
    Dead,
}

impl From<Health> for WorkerHealth {
    fn from(health: Health) -> Self {
        match health {
            Health::Alive => WorkerHealth::Alive,
            Health::Hangs => WorkerHealth::Hangs,
            Health::Draining => WorkerHealth::Draining,
            Health::Lost => WorkerHealth::Lost,
            Health::Stopped => WorkerHealth::Stopped,
            Health::Dead => WorkerHealth::Dead,
        }
    }
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let health: Vec<WorkerHealth> = arguments
        .health
        .iter()
        .map(|health| WorkerHealth::from(*health))
        .collect();
    let filter = WorkerFilter {
        ended: arguments.ended
            || health
                .iter()
                .any(|health| matches!(health, WorkerHealth::Stopped | WorkerHealth::Dead)),
        worker_id: None,
        health,
        handler: arguments.handler,
        after: arguments.after,
        limit: arguments.limit.limit,
    };
    let session = Session::new(global)?;
    let workers = session.client.list_workers(&filter).await?;
    let next = arguments
        .limit
        .next(&workers, |worker| worker.worker_id.to_string());
    printer.answer(&json!({"workers": workers, "next": next}), |look| {
        render::worker_list(&workers, Utc::now(), look)
    });
    tell_next(next.as_deref(), printer);
    Ok(ExitStatus::Ok)
}
