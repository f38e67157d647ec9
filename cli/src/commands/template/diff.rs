//! `tasker template diff`.

use super::sources::{self, Reference};
use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::render;
use crate::session::Session;
use clap::Args;
use tasker_core::Client;
use tasker_core::model::TemplateContent;
use tasker_core::template::{CompiledTemplate, TemplateDiff};

/// Compare two contents of a template: what new tasks would do otherwise.
///
/// A content is a version, `latest`, a file, or the first characters of a digest, which also finds contents that were
/// replaced under their version (`tasker template show` lists them). Compared is what templates compile to: writing out
/// a default is no difference.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker template diff ecommerce.process_order                      the version before the latest, and the latest
  tasker template diff ecommerce.process_order 1.0.0                that one, and the latest
  tasker template diff process_order 1.0.0 1.2.0 --namespace ecommerce
  tasker template diff process_order latest order.yaml              what registering the file would change
  tasker template diff process_order 3f9a1c 1.0.0                   a content that was replaced, by its digest
  tasker template diff process_order 1.0.0 1.2.0 --json | jq '.added[].name'

The exit code is 0 when both make the same tasks and 1 when they differ.")]
pub(crate) struct Arguments {
    /// The name of the template: [NAMESPACE.]NAME.
    #[arg(value_name = "NAME")]
    name: String,
    /// What to compare: a version, latest, a file, or the first characters of a digest; the version before the latest when left out.
    #[arg(value_name = "BEFORE")]
    before: Option<String>,
    /// With what; the latest version when left out.
    #[arg(value_name = "AFTER")]
    after: Option<String>,
    /// The namespace, where NAME does not say.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let mut named = Reference::parse(&arguments.name);
    if named.version.is_some() {
        return Err(Failure::usage(format!("{} has a version in it.", arguments.name))
            .next("give the versions after the name: tasker template diff NAME 1.0.0 1.1.0"));
    }
    if let Some(namespace) = &arguments.namespace {
        // A dot in the name is its own then.
        named = Reference {
            namespace,
            name: &arguments.name,
            version: None,
        };
    }
    let session = Session::new(global)?;
    let finder = Finder {
        client: &session.client,
        named: &named,
    };
    let after = finder
        .find(arguments.after.as_deref().unwrap_or("latest"))
        .await?;
    let before = match &arguments.before {
        Some(before) => finder.find(before).await?,
        None => finder.version_before(&after).await?,
    };
    let diff = TemplateDiff::between(&before, &after);
    printer.answer(&diff, |look| render::template_diff(&diff, look));
    Ok(if diff.same {
        ExitStatus::Ok
    } else {
        ExitStatus::Failed
    })
}

struct Finder<'a> {
    client: &'a Client,
    named: &'a Reference<'a>,
}

impl Finder<'_> {
    /// The content that a word on the command line means.
    async fn find(&self, word: &str) -> Result<CompiledTemplate, Failure> {
        let Reference { namespace, name, .. } = *self.named;
        if word == "latest" {
            return Ok(self.client.template(namespace, name, None).await?);
        }
        if is_version(word) {
            return Ok(self.client.template(namespace, name, Some(word)).await?);
        }
        // A file comes before a digest: what is there is meant.
        match sources::from_file(word)? {
            Some(template) => Ok(template),
            None if is_digest(word) => Ok(self.client.template_content(namespace, name, word).await?),
            None => Err(Failure::usage(format!(
                "'{word}' is no version such as 1.0.0, no file, and no beginning of a digest."
            ))
            .next(format!(
                "see what there is: tasker template show {namespace}.{name}"
            ))),
        }
    }

    /// The version below the one of `after`.
    async fn version_before(&self, after: &CompiledTemplate) -> Result<CompiledTemplate, Failure> {
        let Reference { namespace, name, .. } = *self.named;
        let contents = self.client.template_contents(namespace, name).await?;
        // Newest first, so that the first other version that comes later in the list is the one.
        let mut older = contents
            .iter()
            .skip_while(|content| content.version != after.version);
        let other = |content: &&TemplateContent| content.version != after.version;
        match older.find(other) {
            Some(content) => Ok(self
                .client
                .template(namespace, name, Some(&content.version))
                .await?),
            None => Err(Failure::usage(format!(
                "There is no version of {namespace}.{name} before {}.",
                after.version
            ))
            .next("say what to compare: a version, a file, or the beginning of a digest")),
        }
    }
}

fn is_version(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_digest(word: &str) -> bool {
    (4..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}
