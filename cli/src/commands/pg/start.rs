//! `tasker pg start`.

use super::{DATABASE, locate};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Args;
use serde_json::json;

/// Start the private cluster, creating it the first time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker pg start
  export TASKER_DATABASE_URL=$(tasker pg start --json | jq -r .database_url)")]
pub(crate) struct Arguments {}

pub(super) async fn run(printer: &Printer) -> Result<ExitStatus, Failure> {
    let mut cluster = locate()?;
    let was_running = cluster.status().running;
    cluster.start().await?;
    let url = cluster.ensure_database(DATABASE).await?;
    let status = cluster.status();
    printer.answer(
        &json!({"started": !was_running, "pid": status.pid, "version": status.version, "database_url": url}),
        |look| {
            let what = if was_running { "runs already" } else { "started" };
            format!("{} PostgreSQL {} {what}\n  {url}", look.good("✔"), status.version)
        },
    );
    Ok(ExitStatus::Ok)
}
