//! `tasker key …`: the API keys that programs say by who they are over HTTP.

use crate::args::GlobalOptions;
use crate::commands::span::seconds;
use crate::commands::task::selection::OperatorArguments;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::{Session, configuration};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde_json::json;
use tasker_core::model::{NewApiKey, Operator};
use tasker_server::check_grant;

/// Make, see and revoke the API keys that programs say by who they are over HTTP.
#[derive(Debug, Subcommand)]
#[command(
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
A server takes keys where auth.api_keys is set:
  TASKER_AUTH__API_KEYS=true tasker serve --bind 0.0.0.0:8080

Examples:
  tasker key create prometheus --permission tasker.metrics:index
  tasker key create dashboard --role viewer --expires-in 90d
  tasker key list
  tasker key revoke dashboard"
)]
pub(crate) enum Command {
    Create(CreateArguments),
    List(ListArguments),
    Revoke(RevokeArguments),
}

/// Make a key. It is shown this once: only a hash of it is kept.
#[derive(Debug, Args)]
#[command(after_help = "\
The roles that there are unless auth.roles says otherwise: viewer (sees everything), operator (also steps in), admin (everything).

Examples:
  tasker key create dashboard --role viewer --expires-in 90d
  tasker key create shop --permission tasker.task:create --permission tasker.task:show
  KEY=$(tasker --json key create ci --role operator | jq -r .key)")]
pub(crate) struct CreateArguments {
    /// Who it is, in the audit trail; of no other key, revoked ones included.
    #[arg(value_name = "NAME")]
    name: String,
    /// A role of auth.roles; may be given several times.
    #[arg(long = "role", value_name = "ROLE", required_unless_present = "permissions")]
    roles: Vec<String>,
    /// A permission, resource:action, where either may be *; may be given several times.
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// How long it counts: 45s, 30m, 12h, 90d. Until it is revoked when left out.
    #[arg(long, value_name = "SPAN")]
    expires_in: Option<String>,
    #[command(flatten)]
    operator: OperatorArguments,
}

/// List the keys, oldest first, with when each was used last.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker key list
  tasker --json key list | jq '.keys[] | select(.revoked_at == null) | .name'")]
pub(crate) struct ListArguments {}

/// Let nobody in with a key any more. A server that runs may take it for five seconds longer.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker key revoke dashboard --by anna
  tasker key revoke 0k3n2m1b7x9a")]
pub(crate) struct RevokeArguments {
    /// Its name or its id.
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    operator: OperatorArguments,
}

pub(crate) async fn run(
    command: Command,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    match command {
        Command::Create(arguments) => create(arguments, global, printer).await,
        Command::List(ListArguments {}) => list(global, printer).await,
        Command::Revoke(arguments) => revoke(&arguments, global, printer).await,
    }
}

async fn create(
    arguments: CreateArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let known = configuration(global)?.settings().auth.roles.clone();
    for role in &arguments.roles {
        if !known.contains_key(role) {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(
                Failure::usage(format!("auth.roles has no role '{role}'.")).next(format!(
                    "name one of {}; or add it to auth.roles, here and where the server runs",
                    names.join(", ")
                )),
            );
        }
    }
    for permission in &arguments.permissions {
        check_grant(permission).map_err(|problem| Failure::usage(format!("--permission: {problem}.")))?;
    }
    let expires_at = match &arguments.expires_in {
        None => None,
        Some(span) => {
            let seconds = seconds("--expires-in", span)?;
            let span = TimeDelta::from_std(std::time::Duration::from_secs_f64(seconds)).ok();
            Some(
                span.and_then(|span| Utc::now().checked_add_signed(span))
                    .ok_or_else(|| Failure::usage("--expires-in is beyond all calendars."))?,
            )
        }
    };
    let new = NewApiKey {
        name: arguments.name,
        roles: arguments.roles,
        permissions: arguments.permissions,
        expires_at,
        by: Operator::from(&arguments.operator).by,
    };
    let session = Session::new(global)?;
    let (key, text) = session.client.create_api_key(&new).await?;
    let mut answer = serde_json::to_value(&key).unwrap_or_default();
    answer["key"] = json!(text);
    printer.answer(&answer, |look| {
        format!(
            "{}\nThis is the only time that it is shown. Use it as: {}",
            look.bold(&text),
            look.command(&format!("curl -H 'Authorization: Bearer {text}' …"))
        )
    });
    Ok(ExitStatus::Ok)
}

async fn list(global: &GlobalOptions, printer: &Printer) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let keys = session.client.list_api_keys().await?;
    printer.answer(&json!({ "keys": keys }), |look| {
        render::keys(&keys, Utc::now(), look)
    });
    Ok(ExitStatus::Ok)
}

async fn revoke(
    arguments: &RevokeArguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let session = Session::new(global)?;
    let by = Operator::from(&arguments.operator).by;
    let key = session
        .client
        .revoke_api_key(&arguments.key, by.as_deref())
        .await?;
    printer.answer(&json!(key), |_| {
        format!(
            "The key {} counts no more; a server that runs may take it for five seconds longer.",
            key.name
        )
    });
    Ok(ExitStatus::Ok)
}
