//! `tasker pg stop`.

use super::with_patience;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::{Args, ValueEnum};
use serde_json::json;
use tasker_core::cluster::{Cluster, StopMode};

/// Stop the private cluster. Nothing is lost: tasks go on when it is started again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker pg stop
  tasker pg stop --mode smart --timeout 300      wait until every client has gone
  tasker pg stop --mode immediate                as if the power had failed; the next start recovers
  tasker pg stop --dry-run")]
pub(crate) struct Arguments {
    /// How to stop it.
    #[arg(long, value_name = "MODE", default_value = "fast")]
    mode: Mode,
    /// How long to wait for it, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Only say what would be stopped.
    #[arg(long)]
    dry_run: bool,
}

/// How to stop the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Wait until every client has gone.
    Smart,
    /// Roll back what is open and disconnect everyone.
    Fast,
    /// Stop at once; the next start recovers from the log.
    Immediate,
}

impl From<Mode> for StopMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Smart => StopMode::Smart,
            Mode::Fast => StopMode::Fast,
            Mode::Immediate => StopMode::Immediate,
        }
    }
}

pub(super) async fn run(arguments: &Arguments, printer: &Printer) -> Result<ExitStatus, Failure> {
    let cluster = Cluster::locate(with_patience(arguments.timeout))?;
    let status = cluster.status();
    if status.running && !arguments.dry_run {
        cluster.stop(arguments.mode.into()).await?;
    }
    let place = status.data_dir.display().to_string();
    let stopped = status.running && !arguments.dry_run;
    printer.answer(
        &json!({"stopped": stopped, "was_running": status.running, "data_dir": place}),
        |look| match (status.running, status.pid) {
            (false, _) => format!("{} the private cluster does not run", look.dim("=")),
            (true, Some(pid)) if arguments.dry_run => {
                format!("would stop PostgreSQL (process {pid}) of {place}")
            }
            _ if arguments.dry_run => format!("would stop the PostgreSQL of {place}"),
            _ => format!("{} stopped; its data stays in {place}", look.good("✔")),
        },
    );
    Ok(ExitStatus::Ok)
}
