//! `tasker migrate`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use clap::Args;
use serde_json::json;

/// Create Tasker's schema in the database, or bring it up to date.
///
/// Safe to run by many processes at once, and to run again. Touches only its own schema, beside the tables of the
/// application.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker migrate                                               the database that the environment names
  tasker migrate --database-url postgres://app@db/shop
  tasker migrate --schema workflows                            in a schema of another name")]
pub(crate) struct Arguments {}

pub(crate) async fn run(global: &GlobalOptions, printer: &Printer) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let report = session.client.migrate().await?;
    let database = session.describe_database().await?;
    printer.answer(
        &json!({"schema": report.schema, "version": report.version, "applied": report.applied, "database": database}),
        |look| render::migration(&report, &database, look),
    );
    Ok(ExitStatus::Ok)
}
