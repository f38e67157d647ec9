//! `tasker template register`.

use super::sources;
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use tasker_core::model::{NamedTask, Registered};
use tasker_core::template::CompiledTemplate;

/// Make workflows known to the engine, so that tasks can be created from them.
///
/// All files are checked first; if one is bad, none is registered. Registering the same content again changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template register order.yaml
  tasker template register workflows/ --dry-run    what would be new, unchanged or replaced
  tasker template register order.yaml --force      bring back a content that was replaced before

Other content under a version that is registered already replaces it for new tasks; tasks that exist keep the
graph they were created with. Change the version to keep both.")]
pub(crate) struct Arguments {
    /// Files, folders, or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Register a content that was replaced before, too.
    #[arg(long)]
    force: bool,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let templates = sources::all_good(sources::check(&arguments.paths)?)?;
    let session = Session::new(global)?;
    let known = if arguments.dry_run {
        session.client.named_tasks(None).await?
    } else {
        Vec::new()
    };
    let mut answers = Vec::new();
    let mut superseded = Vec::new();
    for template in &templates {
        let outcome = if arguments.dry_run {
            foresee(template, &known)
        } else {
            session
                .client
                .register_template(template, arguments.force)
                .await?
        };
        if outcome == Registered::Superseded {
            superseded.push(render::full_name(template));
        }
        printer.text(&render::registered(
            template,
            outcome,
            arguments.dry_run,
            &printer.out,
        ));
        answers.push(json!({
            "namespace": template.namespace,
            "name": template.name,
            "version": template.version,
            "digest": template.digest,
            "outcome": outcome,
            "dry_run": arguments.dry_run,
        }));
    }
    if printer.json {
        printer.document(&json!({"templates": answers}));
    }
    if superseded.is_empty() {
        return Ok(ExitStatus::Ok);
    }
    Err(Failure::conflict(format!(
        "{}: this content was replaced by a newer one and does not come back by itself.",
        superseded.join(", ")
    ))
    .next("give it a new version, or register it with --force"))
}

/// What registering would do, from what is registered. A content that was replaced before is only known to the engine.
fn foresee(template: &CompiledTemplate, known: &[NamedTask]) -> Registered {
    let same = known.iter().find(|one| {
        one.namespace == template.namespace && one.name == template.name && one.version == template.version
    });
    match same {
        None => Registered::New,
        Some(one) if one.digest == template.digest => Registered::Unchanged,
        Some(_) => Registered::Replaced,
    }
}
