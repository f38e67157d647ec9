//! `tasker bench-worker`, hidden: the child process of `tasker bench --workers N`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::session::configuration;
use clap::Args;

/// A worker of `tasker bench`, told what to do on its standard input.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many steps it executes at once.
    #[arg(long)]
    concurrency: u32,
    /// The settings of a worker of a soak, as JSON.
    #[arg(long)]
    soak: Option<String>,
}

pub(crate) async fn run(arguments: Arguments, global: &GlobalOptions) -> Result<ExitStatus, Failure> {
    let soak = arguments
        .soak
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Failure::usage(format!("--soak is not settings: {error}")))?;
    tasker_bench::serve_worker(configuration(global)?.schema().0, arguments.concurrency, soak).await?;
    Ok(ExitStatus::Ok)
}
