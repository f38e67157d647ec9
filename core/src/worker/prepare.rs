//! Claims → invocations: what a handler needs is put together from the claim, the caches, and where need be the database.

use super::core::Core;
use super::counting::count_claim;
use super::invocation::Invocation;
use super::line::on_line;
use crate::error::{Error, Result};
use crate::metrics::ClaimSource;
use crate::model::{ErrorCode, Failure, StepNo, TaskId};
use crate::store::{FlushRow, StepDefinition};
use crate::template::{ContextSchema, fill_config, invalid_context};
use crate::values::from_json;
use chrono::Utc;
use serde_json::{Value, value::RawValue};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

/// Results that this process has just reported, by step: parents of what it claims in return.
pub(crate) type Reported = HashMap<(TaskId, StepNo), Arc<str>>;

impl Core {
    /// Puts claims into the buffer. What cannot be run is reported as failed.
    pub(super) async fn accept(
        self: &Arc<Self>,
        claims: Vec<FlushRow>,
        reported: &Reported,
        source: ClaimSource,
    ) -> Result<()> {
        if claims.is_empty() {
            return Ok(());
        }
        self.client.metrics().claimed(source, claims.len());
        let claimed_at = Utc::now();
        let definitions = self.definitions_of(&claims).await?;
        let mut prepared = Vec::with_capacity(claims.len());
        for claim in claims {
            let Some(definition) = definitions.get(&claim.step_template_id) else {
                return Err(Error::internal(format!(
                    "step template {} is not in the catalogue",
                    claim.step_template_id
                )));
            };
            count_claim(&claim, definition, claimed_at, source);
            let unvalidated = claim.unvalidated;
            let (mut invocation, mut refusal) = invocation_of(
                claim,
                definition,
                reported,
                self.settings.execution.default_timeout_seconds,
            );
            if unvalidated && refusal.is_none() {
                refusal = self.validate_late(&mut invocation).await?.err();
            }
            prepared.push((invocation, refusal));
        }
        // All of a batch or nothing: a batch is done with when every step that is known of it is, and a step that went
        // wrong midway would be forgotten with it.
        let mut books = self.books();
        for (mut invocation, refusal) in prepared {
            if invocation.context.is_none() {
                invocation.context = books.ledger.context(invocation.key.task_id);
            }
            let invocation = Arc::new(invocation);
            match refusal {
                None => books.ledger.add(invocation, false),
                Some(failure) => books.ledger.add_refused(&invocation, Box::new(failure)),
            }
        }
        let refused = books.ledger.reports_waiting() > 0;
        drop(books);
        self.work_ready.notify_one();
        if refused {
            self.outcomes_came();
        }
        Ok(())
    }

    /// Whether nothing has to be read to prepare these claims.
    pub(super) fn knows_all(&self, claims: &[FlushRow]) -> bool {
        !claims.iter().any(|claim| claim.unvalidated)
            && self
                .definitions
                .know(claims.iter().map(|claim| claim.step_template_id))
    }

    /// A task made by raw SQL is checked against its schema at its first claim.
    async fn validate_late(&self, invocation: &mut Invocation) -> Result<Result<(), Failure>> {
        let task_id = invocation.key.task_id;
        let text = match &invocation.context {
            Some(text) => Arc::clone(text),
            None => self.fetch_context(task_id).await?,
        };
        let Some(schema) = self.definitions.schema_of(&invocation.definition.plan)? else {
            return Ok(Ok(()));
        };
        match check_context(&schema, &text) {
            Ok(filled) => {
                let line = self.errands.lock().await;
                on_line!(line, |store, connection| store.mark_validated(
                    connection,
                    task_id,
                    Some(&filled)
                ))?;
                invocation.context = Some(filled.into());
                Ok(Ok(()))
            }
            Err(failure) => Ok(Err(*failure)),
        }
    }

    /// The context of a task, where it was too large to come with the claim.
    pub(super) async fn fetch_context(&self, task_id: TaskId) -> Result<Arc<str>> {
        let line = self.errands.lock().await;
        let mut found = on_line!(line, |store, connection| store.contexts(connection, &[task_id]))?;
        found
            .remove(&task_id)
            .map(Into::into)
            .ok_or_else(|| Error::new(crate::ErrorKind::NotFound, format!("there is no task {task_id}")))
    }

    /// The results of every step of a task that ended well, by name, as JSON text.
    pub(super) async fn fetch_results(&self, task_id: TaskId) -> Result<HashMap<String, String>> {
        let line = self.errands.lock().await;
        on_line!(line, |store, connection| store.step_results(connection, task_id))
    }
}

/// The invocation of a claim, and why it cannot be run where it cannot. `reported`: results that the claim does not bring.
pub(crate) fn invocation_of(
    claim: FlushRow,
    definition: &Arc<StepDefinition>,
    reported: &Reported,
    default_timeout_seconds: Option<f64>,
) -> (Invocation, Option<Failure>) {
    let mut dependencies: BTreeMap<StepNo, Arc<str>> = definition
        .parents
        .iter()
        .filter_map(|(number, _)| Some((*number, Arc::clone(reported.get(&(claim.key.task_id, *number))?))))
        .collect();
    if let Some(text) = &claim.dependencies
        && let Ok(results) = serde_json::from_str::<HashMap<StepNo, &RawValue>>(text)
    {
        for (number, results) in results {
            dependencies.entry(number).or_insert_with(|| results.get().into());
        }
    }
    let filled = definition
        .config
        .as_ref()
        .map(|config| fill_config(config, &|name| std::env::var(name).ok()));
    let (config, refusal) = match filled {
        None => (None, None),
        Some(Ok(filled)) => (Some(Arc::new(filled)), None),
        Some(Err(error)) => (None, Some(config_failure(&error))),
    };
    let invocation = Invocation {
        key: claim.key,
        attempt: claim.attempt,
        batch: claim.batch,
        context: claim.context.map(Into::into),
        inputs: claim.inputs.map(Into::into),
        dependencies,
        config,
        timeout_seconds: definition.timeout_seconds.or(default_timeout_seconds),
        definition: Arc::clone(definition),
        deadline: OnceLock::new(),
        cancellation: tokio_util::sync::CancellationToken::new(),
    };
    (invocation, refusal)
}

/// The context of a task made by raw SQL with the defaults filled in, as JSON text; or the failure of its first step.
pub(crate) fn check_context(schema: &ContextSchema, text: &str) -> Result<String, Box<Failure>> {
    let Ok(Value::Object(given)) = from_json(text) else {
        return Err(Box::new(context_failure(
            "the context is not a JSON object".to_owned(),
            Value::Null,
        )));
    };
    match schema.validate_and_fill(given) {
        Ok(filled) => Ok(Value::Object(filled).to_string()),
        Err(problems) => {
            let error = invalid_context(&problems);
            Err(Box::new(context_failure(error.message, error.details)))
        }
    }
}

fn context_failure(message: String, details: Value) -> Failure {
    Failure {
        message,
        error_code: Some(ErrorCode::INVALID_CONTEXT.to_owned()),
        retryable: false,
        details,
        ..Failure::default()
    }
}

fn config_failure(error: &Error) -> Failure {
    Failure {
        message: format!(
            "the handler's configuration cannot be filled in: {}",
            error.message
        ),
        error_code: Some("config_invalid".to_owned()),
        retryable: true,
        ..Failure::default()
    }
}
