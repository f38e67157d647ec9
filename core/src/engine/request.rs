//! A request as the database reads it: context validated, defaults and settings filled in. Needs no connection.

use crate::error::{Error, Result};
use crate::model::{IdentityStrategy, OnDuplicate, Settings, TaskRequest};
use crate::template::{ContextSchema, invalid_context};
use serde_json::{Map, Value, json};

/// What `tasker.create_tasks` reads. `plan`: the plan that the request means, and the schema of its context; without one
/// the task is stored unvalidated, and its first claim validates it.
///
/// # Errors
/// `InvalidContext` with every mistake; `InvalidArgument`.
pub(crate) fn complete_request(
    settings: &Settings,
    request: &TaskRequest,
    plan: Option<(i32, Option<&ContextSchema>)>,
) -> Result<Value> {
    request.check_bounds()?;
    let engine = &settings.engine;
    let context = match plan.and_then(|(_, schema)| schema) {
        Some(schema) => schema
            .validate_and_fill(request.context.clone())
            .map_err(|problems| {
                tracing::info!(
                    task = request.name,
                    problems = problems.len(),
                    "a context breaks its schema; no task was created"
                );
                invalid_context(&problems)
            })?,
        None => request.context.clone(),
    };
    let size = serde_json::to_string(&context).map_or(0, |text| text.len());
    let limit = settings.execution.max_context_bytes;
    if size > limit {
        return Err(Error::invalid_argument(format!(
            "the context has {size} bytes, and execution.max_context_bytes allows {limit}: keep large data elsewhere and \
             put a reference into the context"
        )));
    }
    let mut json = serde_json::to_value(request)
        .map_err(|error| Error::internal("a request does not serialize").with_source(error))?;
    if let Value::Object(fields) = &mut json {
        fields.insert("context".to_owned(), Value::Object(context));
        fields.insert(
            "task_id".to_owned(),
            json!(request.task_id.unwrap_or_else(uuid::Uuid::now_v7)),
        );
        add_settings(settings, fields, request);
        fields.insert("plan_id".to_owned(), json!(plan.map(|(plan_id, _)| plan_id)));
    }
    if engine.identity_strategy == IdentityStrategy::Custom && request.idempotency_key.is_none() {
        return Err(Error::invalid_argument(
            "engine.identity_strategy is custom, so the application gives each request its idempotency_key",
        ));
    }
    Ok(json)
}

fn add_settings(settings: &Settings, fields: &mut Map<String, Value>, request: &TaskRequest) {
    let engine = &settings.engine;
    fields.insert("identity_strategy".to_owned(), json!(engine.identity_strategy));
    fields.insert(
        "identity_window_seconds".to_owned(),
        json!(engine.identity_window_seconds),
    );
    let on_duplicate: OnDuplicate = request.on_duplicate.unwrap_or(engine.on_duplicate);
    fields.insert("on_duplicate".to_owned(), json!(on_duplicate));
}
