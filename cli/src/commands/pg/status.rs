//! `tasker pg status`.

use super::{DATABASE, locate};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::Look;
use clap::Args;
use serde_json::json;
use tasker_core::cluster::ClusterStatus;

/// Show whether the private cluster runs, and where everything of it is. Starts nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker pg status                               exit code 5 when it does not run
  tasker pg status --json | jq -r .database_url")]
pub(crate) struct Arguments {}

pub(super) fn run(printer: &Printer) -> Result<ExitStatus, Failure> {
    let cluster = locate()?;
    let status = cluster.status();
    let url = if status.running {
        Some(cluster.database_url(DATABASE)?)
    } else {
        None
    };
    printer.answer(
        &json!({
            "exists": status.exists,
            "running": status.running,
            "pid": status.pid,
            "version": status.version,
            "data_dir": status.data_dir,
            "socket_dir": status.socket_dir,
            "log": status.log,
            "database_url": url,
        }),
        |look| text(&status, url.as_deref(), look),
    );
    Ok(if status.running {
        ExitStatus::Ok
    } else {
        ExitStatus::Database
    })
}

fn text(status: &ClusterStatus, url: Option<&str>, look: &Look) -> String {
    let state = match (status.exists, status.running, status.pid) {
        (_, true, Some(pid)) => format!("{} running, process {pid}", look.good("●")),
        (_, true, None) => format!("{} running", look.good("●")),
        (true, false, _) => format!(
            "{} stopped; start it: {}",
            look.dim("○"),
            look.command("tasker pg start")
        ),
        (false, false, _) => format!(
            "{} not created yet; do so: {}",
            look.dim("○"),
            look.command("tasker pg start")
        ),
    };
    let mut lines = vec![format!("{state}")];
    let mut fact =
        |label: &str, value: String| lines.push(format!("  {} {value}", look.dim(&format!("{label:<8}"))));
    fact("version", format!("PostgreSQL {}", status.version));
    fact("data", status.data_dir.display().to_string());
    if let Some(socket) = &status.socket_dir {
        fact("socket", socket.display().to_string());
    }
    fact("log", status.log.display().to_string());
    if let Some(url) = url {
        fact("url", url.to_owned());
    }
    lines.join("\n")
}
