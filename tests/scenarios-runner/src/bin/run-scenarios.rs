//! `run-scenarios`: see `--help`.

// Reports and errors of a command belong on its standard output and error.
#![allow(clippy::print_stderr)]

use clap::Parser;
use std::process::ExitCode;
use tasker_scenarios::options::Options;
use tasker_scenarios::suite::run_suite;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Nothing could be run.
const UNUSABLE: u8 = 2;
/// Stopped by Ctrl-C.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let interrupted = CancellationToken::new();
    if let Err(error) = stop_on_signals(interrupted.clone()) {
        eprintln!("run-scenarios: cannot listen for signals: {error}");
        return ExitCode::from(UNUSABLE);
    }
    let done = run_suite(options, interrupted.clone(), &mut std::io::stdout()).await;
    match done {
        Err(error) => {
            eprintln!("run-scenarios: {error:#}");
            ExitCode::from(UNUSABLE)
        }
        Ok(_) if interrupted.is_cancelled() => ExitCode::from(INTERRUPTED),
        Ok(sum) if sum.failed > 0 => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
    }
}

/// The first Ctrl-C (or TERM) stops all scenarios and cleans up; the second one does not wait for that.
fn stop_on_signals(interrupted: CancellationToken) -> std::io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        loop {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if interrupted.is_cancelled() {
                std::process::exit(i32::from(INTERRUPTED));
            }
            eprintln!(
                "run-scenarios: stopping, workers and databases are removed; once more to leave at once"
            );
            interrupted.cancel();
        }
    });
    Ok(())
}
