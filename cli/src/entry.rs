//! From the arguments of the process to its exit code.

use crate::args::{Cli, GlobalOptions};
use crate::commands;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command with these arguments (the name of the program first) and returns its exit code.
///
/// Writes to standard output and standard error, which only our own commands may; call it from a `main` and nowhere
/// else: it also installs a `tracing` subscriber and listens for interrupts.
pub fn run<Arguments, Argument>(arguments: Arguments) -> ExitCode
where
    Arguments: IntoIterator<Item = Argument>,
    Argument: Into<OsString> + Clone,
{
    status(arguments).into()
}

/// As [`run`], for a host that ends its process itself: the exit code as a number.
pub fn run_for_code<Arguments, Argument>(arguments: Arguments) -> u8
where
    Arguments: IntoIterator<Item = Argument>,
    Argument: Into<OsString> + Clone,
{
    status(arguments).code()
}

fn status<Arguments, Argument>(arguments: Arguments) -> ExitStatus
where
    Arguments: IntoIterator<Item = Argument>,
    Argument: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refusal) => return refuse(&refusal),
    };
    let printer = Printer::new(&cli.global);
    log_to_stderr(&cli.global, printer.err.color);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = cli.command.threads() {
        runtime.worker_threads(threads);
    }
    let outcome = runtime
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| {
            let outcome = runtime.block_on(commands::dispatch(cli, &printer));
            // A handler that blocks its thread must not keep the command from ending.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(status) => status,
        Err(failure) => {
            printer.failure(&failure);
            failure.status
        }
    }
}

/// Help and version are answers and go to standard output; everything else is a usage error.
fn refuse(refusal: &clap::Error) -> ExitStatus {
    // Nothing is left to tell anybody when even this cannot be written.
    let _ = refusal.print();
    match refusal.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitStatus::Ok,
        _ => ExitStatus::Usage,
    }
}

fn log_to_stderr(global: &GlobalOptions, color: bool) {
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    use tracing_subscriber::{EnvFilter, Layer, fmt};

    let wanted = match global.verbose {
        // Notices of PostgreSQL are for those who look into it.
        0 => "warn,sqlx::postgres::notice=error",
        1 => "info",
        2 => "debug,sqlx=info",
        _ => "trace",
    };
    let asked = std::env::var("TASKER_LOG").ok().filter(|text| !text.is_empty());
    let (filter, wrong) = match asked.as_deref().map(EnvFilter::try_new) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new(wanted), Some(error)),
        None => (EnvFilter::new(wanted), None),
    };
    let text = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .with_filter(filter);
    // Refused only where the host program has a subscriber already; then that one is the right one.
    let _ = tracing_subscriber::registry()
        .with(tasker_bench::statement_counter())
        .with(text)
        .try_init();
    if let Some(error) = wrong {
        tracing::warn!(
            "TASKER_LOG is left out of account: {error}; it is a level, or target=level, as in info,sqlx=warn"
        );
    }
}
