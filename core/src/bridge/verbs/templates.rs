//! Verbs on templates.

use super::{Verb, answer};
use crate::engine::Client;
use crate::error::{Error, Result};
use crate::template::{CompiledTemplate, ParseOptions, Template};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) async fn templates(client: &Client, verb: &Verb<'_>) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        namespace: String,
        name: String,
        version: Option<String>,
    }
    #[derive(Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct InNamespace {
        namespace: Option<String>,
    }
    match verb.name {
        "named_tasks" => {
            let of: InNamespace = verb.read()?;
            answer(&client.named_tasks(of.namespace.as_deref()).await?)
        }
        "template" => {
            let of: Named = verb.read()?;
            let template = client
                .template(&of.namespace, &of.name, of.version.as_deref())
                .await?;
            answer(&template)
        }
        "template_contents" => {
            let of: Named = verb.read()?;
            answer(&client.template_contents(&of.namespace, &of.name).await?)
        }
        _ => register(client, verb.read()?).await,
    }
}

/// A template to register: the arguments of `register_template`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::bridge) struct Registration {
    /// YAML, or
    yaml: Option<String>,
    /// the same as JSON.
    template: Option<Value>,
    /// What messages call the source.
    file: Option<String>,
    /// The section of `environments`; `TASKER_ENV` when left out.
    environment: Option<String>,
    #[serde(default)]
    force: bool,
}

async fn register(client: &Client, registration: Registration) -> Result<String> {
    let force = registration.force;
    let compiled = compile(registration)?;
    let registered = client.register_template(&compiled, force).await?;
    answer(&json!({
        "namespace": compiled.namespace,
        "name": compiled.name,
        "version": compiled.version,
        "registered": registered,
    }))
}

/// Compiles a template as this process's environment has it.
pub(in crate::bridge) fn compile(registration: Registration) -> Result<CompiledTemplate> {
    let variables = |name: &str| std::env::var(name).ok();
    let options = ParseOptions {
        file: registration.file,
        environment: registration.environment.or_else(|| variables("TASKER_ENV")),
        variables: &variables,
    };
    match (registration.yaml, registration.template) {
        (Some(text), None) => Ok(Template::parse(&text, &options)?),
        (None, Some(value)) => Ok(Template::from_json(&value, &options)?),
        _ => Err(Error::invalid_argument(
            "register_template: give either 'yaml', a text, or 'template', the same as an object",
        )),
    }
}
