//! `tasker task watch`.

use super::create::FOR_EVER;
use super::selection::status_of;
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::{self, ENDED};
use crate::printer::Printer;
use crate::session::Session;
use clap::Args;
use std::time::Duration;
use tasker_core::Client;
use tasker_core::model::{Task, TaskId};

/// Follow a task until it has ended: live on a terminal, one line a change elsewhere.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker task watch 0198c0de-0000-7000-8000-000000000000
  tasker task watch 0198c0de-0000-7000-8000-000000000000 --timeout 60 > log.txt
  tasker task watch 0198c0de-0000-7000-8000-000000000000 --json   one JSON line a change

The exit code is 0 when the task completes, 1 when it ends otherwise, 7 when the time is over. Ctrl-C only ends the
watching.")]
pub(crate) struct Arguments {
    /// The id of the task.
    #[arg(value_name = "TASK")]
    task: TaskId,
    /// How long to watch at most, in seconds.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let patience = patience(arguments.timeout)?;
    let session = Session::new(global)?;
    let (task, _) = within(patience, live::watch(&session.client, arguments.task, printer)).await?;
    Ok(status_of(task.status))
}

/// The time that `--timeout` gives; nearly for ever without it.
pub(super) fn patience(timeout: Option<f64>) -> Result<Duration, Failure> {
    timeout.map_or(Ok(FOR_EVER), |seconds| {
        Duration::try_from_secs_f64(seconds).map_err(|_| {
            Failure::usage(format!(
                "--timeout must be a number of seconds from 0, not {seconds}."
            ))
        })
    })
}

/// Lets `work` take that long.
pub(super) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
        Err(Failure::timeout(format!(
            "The task has not ended within {} s.",
            patience.as_secs_f64()
        ))
        .next("it goes on; a worker with its handlers must be running"))
    })
}

/// Waits for the end of a task without showing it.
pub(super) async fn until_ended(client: &Client, id: TaskId, patience: Duration) -> Result<Task, Failure> {
    within(patience, async { Ok(client.wait(id, &ENDED, FOR_EVER).await?) }).await
}
