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
/// application. With --roles it also makes the roles that database users are given for what they do with Tasker, as far
/// as the user that it connects as may; it prints the statements that are left to somebody else, and ends with 8 then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker migrate                                               the database that the environment names
  tasker migrate --database-url postgres://app@db/shop
  tasker migrate --schema workflows                            in a schema of another name
  tasker migrate --roles                                       and tasker_enqueue, tasker_work, tasker_operate
  tasker migrate --roles --dry-run                             what --roles would do; nothing is changed")]
pub(crate) struct Arguments {
    /// Make the roles <prefix>_enqueue, <prefix>_work and <prefix>_operate and grant them what they are for
    #[arg(long)]
    roles: bool,
    /// What the names of the roles begin with; roles belong to the whole server [default: the schema's name]
    #[arg(long, value_name = "NAME", requires = "roles")]
    role_prefix: Option<String>,
    /// Change nothing, not even the schema: print the statements that --roles would run
    #[arg(long, requires = "roles")]
    dry_run: bool,
}

pub(crate) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let migration = match arguments.dry_run {
        true => None,
        false => Some(session.client.migrate().await?),
    };
    let prefix = arguments.role_prefix.as_deref();
    let roles = match arguments.roles {
        true => Some(session.client.grant_roles(prefix, arguments.dry_run).await?),
        false => None,
    };
    let database = session.describe_database().await?;
    let mut answer = json!({"database": database});
    if let Some(report) = &migration {
        answer["schema"] = json!(report.schema);
        answer["version"] = json!(report.version);
        answer["applied"] = json!(report.applied);
    }
    if let Some(report) = &roles {
        answer["roles"] = json!(report);
    }
    printer.answer(&answer, |look| {
        let migration = migration
            .as_ref()
            .map(|report| render::migration(report, &database, look));
        let roles = roles.as_ref().map(|report| render::roles(report, look));
        let parts: Vec<String> = migration.into_iter().chain(roles).collect();
        parts.join("\n\n")
    });
    Ok(match roles {
        Some(report) if !report.left.is_empty() && !report.dry_run => ExitStatus::Refused,
        _ => ExitStatus::Ok,
    })
}
