//! `tasker template show`.

use super::sources::{self, Reference};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use chrono::Utc;
use clap::Args;
use serde_json::json;

/// Show a template: its steps with their policies, its schema, its versions and the contents that they had.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template show ecommerce.process_order
  tasker template show ecommerce.process_order@1.2.0
  tasker template show order.yaml                                       a file that is not registered yet
  tasker template show process_order --raw > order.json                 as it was registered, ${…} unfilled
  tasker template show process_order --json | jq '.template.steps[].handler'")]
pub(crate) struct Arguments {
    /// A file, or a registered template: [NAMESPACE.]NAME[@VERSION].
    #[arg(value_name = "FILE|NAME")]
    source: String,
    /// Only the content as it was registered, in JSON, which is YAML, too.
    #[arg(long)]
    raw: bool,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let file = sources::from_file(&arguments.source)?;
    let (template, contents) = match file {
        Some(template) => (template, Vec::new()),
        None => {
            let wanted = Reference::parse(&arguments.source);
            let session = Session::new(global)?;
            let client = &session.client;
            (
                client
                    .template(wanted.namespace, wanted.name, wanted.version)
                    .await?,
                client.template_contents(wanted.namespace, wanted.name).await?,
            )
        }
    };
    if arguments.raw {
        printer.document(&template.source);
        return Ok(ExitStatus::Ok);
    }
    printer.answer(&json!({"template": template, "contents": contents}), |look| {
        render::template(&template, &contents, Utc::now(), look)
    });
    Ok(ExitStatus::Ok)
}
