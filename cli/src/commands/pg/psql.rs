//! `tasker pg psql`.

use super::{DATABASE, locate};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use clap::Args;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Open psql on the private cluster, starting it if need be.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker pg psql
  tasker pg psql -- -c 'select task_id, status from tasker.tasks limit 5'
  tasker pg psql -- -f report.sql --csv")]
pub(crate) struct Arguments {
    /// Passed on to psql.
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

pub(super) async fn run(arguments: &Arguments) -> Result<ExitStatus, Failure> {
    let mut cluster = locate()?;
    cluster.start().await?;
    let url = cluster.ensure_database(DATABASE).await?;
    let program = cluster.bin_dir().join("psql");
    // Takes the place of this process, so that Ctrl-C, job control and the exit code are psql's own.
    let refusal = Command::new(&program)
        .arg("--dbname")
        .arg(url)
        .args(&arguments.arguments)
        .exec();
    Err(
        Failure::failed(format!("{} cannot be run: {refusal}.", program.display())).next(
            "install the PostgreSQL client programs, or use any client with the URL of `tasker pg status`",
        ),
    )
}
