//! `tasker template validate`.

use super::sources::{self, Checked};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Check template files and tell every problem at once. Needs no database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template validate order.yaml
  tasker template validate workflows/            every .yaml and .yml file below the folder
  generate | tasker template validate -
  tasker template validate workflows/ --json     for editors and CI; exit code 6 if a file is bad")]
pub(crate) struct Arguments {
    /// Files, folders, or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, printer: &Printer) -> Result<ExitStatus, Failure> {
    let checked = sources::check(&arguments.paths)?;
    if printer.json {
        printer.document(&json!({"files": checked.iter().map(document).collect::<Vec<Value>>()}));
    } else {
        for one in &checked {
            if let Ok(template) = &one.outcome {
                printer.text(&render::validated(&one.origin, template, &printer.out));
            }
        }
    }
    let bad = checked.iter().filter(|one| one.outcome.is_err()).count();
    if bad == 0 {
        return Ok(ExitStatus::Ok);
    }
    sources::all_good(checked).map(|_| ExitStatus::Invalid)
}

fn document(one: &Checked) -> Value {
    match &one.outcome {
        Ok(template) => json!({
            "file": one.origin,
            "valid": true,
            "namespace": template.namespace,
            "name": template.name,
            "version": template.version,
            "digest": template.digest,
            "warnings": template.warnings,
        }),
        Err(errors) => json!({"file": one.origin, "valid": false, "problems": errors.problems}),
    }
}
