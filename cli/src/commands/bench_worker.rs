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
}

pub(crate) async fn run(arguments: Arguments, global: &GlobalOptions) -> Result<ExitStatus, Failure> {
    tasker_bench::serve_worker(configuration(global)?.schema().0, arguments.concurrency).await?;
    Ok(ExitStatus::Ok)
}
