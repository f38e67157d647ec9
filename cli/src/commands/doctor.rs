//! `tasker doctor`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::client;
use clap::Args;
use tasker_core::model::{CheckStatus, DoctorLimits, DoctorReport};

/// Say what is wrong with the database, the schema, its tables and the work in it, and what to do.
///
/// Looks at the way to the database (poolers included), the server and its disks, the migrations and the rights of the
/// role, how the tables are doing, and at workers and what waits for them. Changes nothing. Takes a second or less.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker doctor                                  everything, section by section
  tasker doctor --quiet                          only what was found
  tasker doctor --database-url postgres://app@db/shop --schema jobs
  tasker doctor --strict || page-somebody        warnings count too
  tasker doctor --json | jq '.checks[] | select(.status == \"problem\") | {finding, message, advice}'

What the marks say:
  ✔ ok        as it should be
  · note      good to know, or it could not be looked at
  ! warning   it works, and will not for ever, or not as well as it could
  ✖ problem   something does not work, or is in danger

Exit code 9 where a problem was found (with --strict also where a warning was), 0 otherwise; also a database that
cannot be reached is an answer. All findings, with what to do: docs/operations/doctor.md.
One task does not go on? `tasker why TASK`.")]
pub(crate) struct Arguments {
    /// Warnings are problems too: exit code 9.
    #[arg(long)]
    strict: bool,
    /// Leave out what is as it should be.
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let client = client(global)?;
    let report = client.doctor(&DoctorLimits::default()).await;
    client.close().await;
    printer.answer(&report, |look| render::doctor(&report, arguments.quiet, look));
    Ok(status(&report, arguments.strict))
}

fn status(report: &DoctorReport, strict: bool) -> ExitStatus {
    let worst = if strict {
        CheckStatus::Warning
    } else {
        CheckStatus::Problem
    };
    if report.status >= worst {
        ExitStatus::Unwell
    } else {
        ExitStatus::Ok
    }
}
