//! `tasker pg …`: the private PostgreSQL cluster.

mod psql;
mod start;
mod status;
mod stop;

use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Subcommand;
use std::time::Duration;
use tasker_core::cluster::{Cluster, ClusterOptions};

/// The database inside the private cluster that holds Tasker's schema.
const DATABASE: &str = "tasker";

/// Start, stop and look into the private PostgreSQL cluster.
///
/// Tasker uses it when no database is named. It is a plain PostgreSQL of the installed binaries, on a unix socket, in
/// TASKER_DATA_DIR or the user's data directory; it starts by itself and stays until it is stopped.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  tasker pg status
  tasker pg psql                                 look into the tables
  tasker pg psql -- -c 'select * from tasker.workers'
  tasker pg stop"
)]
pub(crate) enum Command {
    Start(start::Arguments),
    Stop(stop::Arguments),
    Status(status::Arguments),
    Psql(psql::Arguments),
}

pub(crate) async fn run(command: Command, printer: &Printer) -> Result<ExitStatus, Failure> {
    match command {
        Command::Start(_) => start::run(printer).await,
        Command::Stop(arguments) => stop::run(&arguments, printer).await,
        Command::Status(_) => status::run(printer),
        Command::Psql(arguments) => psql::run(&arguments).await,
    }
}

fn locate() -> Result<Cluster, Failure> {
    Ok(Cluster::locate(ClusterOptions::default())?)
}

fn with_patience(seconds: u64) -> ClusterOptions {
    ClusterOptions {
        start_timeout: Duration::from_secs(seconds),
        ..ClusterOptions::default()
    }
}
