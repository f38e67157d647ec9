//! What changes the catalogue: registering templates, and pauses of more than a task.

use super::gate::{allowed, gate, may};
use super::operate::{Mutated, operator};
use crate::problem::Refusal;
use async_graphql::{Context, InputObject, MergedObject, Object, Result, SimpleObject};
use serde_json::{Value, json};
use tasker_core::model::PauseScope;
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};
use tasker_core::{Client, Error};

/// What to register.
#[derive(Debug, InputObject)]
struct RegisterTemplateInput {
    /// The template: YAML as a text, or the same as JSON. `${VARIABLE}` is not filled.
    template: Value,
    /// The section of `environments` that is merged in.
    environment: Option<String>,
    /// Also content that was replaced before.
    #[graphql(default_with = "Some(false)")]
    force: Option<bool>,
    /// Given back.
    client_mutation_id: Option<String>,
}

/// What registering did.
#[derive(Debug, SimpleObject)]
struct Registration {
    /// The namespace.
    namespace: String,
    /// The name.
    name: String,
    /// The version.
    version: String,
    /// What happened: new, unchanged, replaced or superseded.
    registered: Value,
    /// What is allowed and probably not meant.
    warnings: Vec<String>,
}

/// What registering did.
#[derive(MergedObject)]
struct RegisterTemplatePayload(Registration, Mutated);

/// What to pause or to resume: a namespace, a named task of it, or a handler everywhere.
#[derive(Debug, InputObject)]
struct ScopeInput {
    /// A namespace.
    namespace: Option<String>,
    /// A named task of the namespace, all its versions.
    name: Option<String>,
    /// A handler, in all namespaces.
    handler: Option<String>,
    /// Who, where nobody has to say who they are.
    by: Option<String>,
    /// Why; kept in the trail.
    reason: Option<String>,
    /// Given back.
    client_mutation_id: Option<String>,
}

/// Whether something is paused now.
#[derive(Debug, SimpleObject)]
struct PausePayload {
    /// Whether it is.
    paused: bool,
    /// As it was given.
    client_mutation_id: Option<String>,
}

/// Verbs on the catalogue.
#[derive(Debug, Default)]
pub(super) struct CatalogueVerbs;

#[Object]
impl CatalogueVerbs {
    /// Register a template. Takes tasker.template:register.
    async fn register_template(
        &self,
        context: &Context<'_>,
        input: RegisterTemplateInput,
    ) -> Result<Option<RegisterTemplatePayload>> {
        allowed(context, may("tasker.template", "register")).await?;
        let template = compile(&input.template, input.environment)?;
        let client = context.data_unchecked::<Client>();
        let registered = Box::pin(client.register_template(&template, input.force.unwrap_or(false))).await?;
        let registration = Registration {
            namespace: template.namespace,
            name: template.name,
            version: template.version,
            registered: json!(registered),
            warnings: template
                .warnings
                .into_iter()
                .map(|one| one.message)
                .chain(registered.warning().map(str::to_owned))
                .collect(),
        };
        let client_mutation_id = input.client_mutation_id;
        Ok(Some(RegisterTemplatePayload(
            registration,
            Mutated { client_mutation_id },
        )))
    }

    /// Claim nothing more of a namespace, a named task or a handler; what runs goes on. Takes tasker.task:pause and
    /// tasker.task:bulk.
    async fn pause(&self, context: &Context<'_>, input: ScopeInput) -> Result<Option<PausePayload>> {
        wide(context, "pause").await?;
        let scope = scope(&input)?;
        let operator = operator(context, input.by, input.reason)?;
        Box::pin(context.data_unchecked::<Client>().pause(&scope, &operator)).await?;
        Ok(Some(PausePayload {
            paused: true,
            client_mutation_id: input.client_mutation_id,
        }))
    }

    /// Go on with what was paused. Takes tasker.task:resume and tasker.task:bulk.
    async fn resume(&self, context: &Context<'_>, input: ScopeInput) -> Result<Option<PausePayload>> {
        wide(context, "resume").await?;
        let scope = scope(&input)?;
        let operator = operator(context, input.by, input.reason)?;
        Box::pin(context.data_unchecked::<Client>().resume(&scope, &operator)).await?;
        Ok(Some(PausePayload {
            paused: false,
            client_mutation_id: input.client_mutation_id,
        }))
    }
}

fn compile(template: &Value, environment: Option<String>) -> Result<CompiledTemplate, Error> {
    let options = ParseOptions {
        file: None,
        environment,
        // The environment of the server is nobody's business.
        variables: &|_| None,
    };
    let compiled = match template {
        Value::String(yaml) => Template::parse(yaml, &options),
        json => Template::from_json(json, &options),
    };
    Ok(compiled?)
}

async fn wide(context: &Context<'_>, action: &str) -> Result<(), Refusal> {
    let questions = [may("tasker.task", action), may("tasker.task", "bulk")];
    gate(context).require(&questions).await
}

fn scope(input: &ScopeInput) -> Result<PauseScope, Error> {
    match (&input.namespace, &input.name, &input.handler) {
        (Some(namespace), Some(name), None) => Ok(PauseScope::NamedTask {
            namespace: namespace.clone(),
            name: name.clone(),
        }),
        (Some(namespace), None, None) => Ok(PauseScope::Namespace(namespace.clone())),
        (None, None, Some(handler)) => Ok(PauseScope::Handler(handler.clone())),
        _ => Err(Error::invalid_argument(
            "input: give `namespace`, or `namespace` and `name`, or `handler`",
        )),
    }
}
