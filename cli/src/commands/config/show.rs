//! `tasker config show`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render::{self, Candidate};
use crate::session::configuration;
use clap::Args;
use serde_json::{Value, json};
use tasker_core::cluster::{self, DatabaseLocation, DatabaseSource};
use tasker_core::config::{Configuration, Origin, Setting, is_secret, without_password};

/// Show every setting, its value and where it came from, and which database is used and by which rule.
///
/// Nothing is opened: no connection is made, and no private cluster is started. Passwords in URLs are left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker config show
  tasker config show --changed                 only what somebody set
  tasker config show execution retention       only these blocks, or settings whose names contain the words
  tasker config show --json | jq '.settings[] | select(.origin.kind == \"file\")'

A setting is taken from the environment variable TASKER_<BLOCK>__<KEY>, such as TASKER_EXECUTION__LEASE_SECONDS,
else from the file that TASKER_CONFIG names (tasker.yaml in the working directory when it is not set), else it has
its default. docs/reference/configuration.md lists all.")]
pub(crate) struct Arguments {
    /// Only settings whose names contain one of these.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Only settings that somebody set.
    #[arg(long)]
    changed: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let configuration = configuration(global)?;
    let candidates = candidates(global);
    // That no database can be used is one of the things to see here.
    let refusal = chosen(global).err().map(|error| error.message);
    let settings: Vec<Setting> = configuration
        .list()
        .iter()
        .filter(|setting| !arguments.changed || setting.origin != Origin::Default)
        .filter(|setting| {
            arguments.names.is_empty() || arguments.names.iter().any(|name| setting.name.contains(name))
        })
        .cloned()
        .map(masked)
        .collect();
    if settings.is_empty() && !arguments.names.is_empty() && !arguments.changed {
        return Err(Failure::not_found(format!(
            "No setting's name contains {}.",
            arguments.names.join(" or ")
        ))
        .next("see all: tasker config show"));
    }
    printer.answer(
        &document(&configuration, &candidates, refusal.as_deref(), &settings),
        |look| render::config(&configuration, &candidates, refusal.as_deref(), &settings, look),
    );
    Ok(ExitStatus::Ok)
}

fn chosen(global: &GlobalOptions) -> tasker_core::Result<cluster::DatabaseChoice> {
    cluster::resolve_database(global.database_url.as_deref(), &|name| std::env::var(name).ok())
}

/// Everything that may name the database, in the order in which it is asked.
fn candidates(global: &GlobalOptions) -> Vec<Candidate> {
    let used = chosen(global).ok();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let candidate = |source: DatabaseSource, name: &'static str, url: Option<String>| Candidate {
        name,
        used: used.as_ref().is_some_and(|choice| choice.source == source),
        url: url.map(|url| without_password(&url)),
    };
    let private = used
        .as_ref()
        .is_some_and(|choice| choice.location == DatabaseLocation::Embedded);
    vec![
        candidate(
            DatabaseSource::Explicit,
            "--database-url",
            global.database_url.clone(),
        ),
        candidate(
            DatabaseSource::TaskerDatabaseUrl,
            "TASKER_DATABASE_URL",
            variable("TASKER_DATABASE_URL"),
        ),
        candidate(
            DatabaseSource::DatabaseUrl,
            "DATABASE_URL",
            variable("DATABASE_URL"),
        ),
        Candidate {
            name: "private cluster",
            used: private,
            url: None,
        },
    ]
}

/// The setting without what must not be shown.
fn masked(mut setting: Setting) -> Setting {
    if is_secret(&setting.name) && !setting.value.is_null() {
        setting.value = Value::String("(not shown)".to_owned());
    }
    if let Value::String(text) = &setting.value {
        setting.value = Value::String(without_password(text));
    }
    setting
}

fn document(
    configuration: &Configuration,
    candidates: &[Candidate],
    refusal: Option<&str>,
    settings: &[Setting],
) -> Value {
    let (schema, origin) = configuration.schema();
    let used = candidates.iter().find(|candidate| candidate.used);
    json!({
        "database": {
            "source": used.map(|candidate| candidate.name),
            "url": used.and_then(|candidate| candidate.url.clone()),
            "problem": refusal,
            "candidates": candidates,
        },
        "schema": {"value": schema, "origin": origin},
        "file": configuration.file(),
        "settings": settings,
    })
}
