//! Creating tasks and completing steps on the host's own connection, in the host's own transaction: SQL and parameters,
//! needing neither runtime nor connection here.
//!
//! A statement is executed as it stands, its parameters sent as text; each row that comes back is one text, which the
//! `read_…` functions understand. A binding rewrites the placeholders for its library.

use super::message::AttemptMessage;
use crate::engine::complete_request;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Created, Settings, TaskId, TaskRequest};
use crate::store::{Foreign, Plan, Prepared};
use crate::template::{ContextSchema, DEFAULT_NAMESPACE};
use crate::values::{check_results, from_json};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::collections::HashMap;

/// The statement that tells what a request means at present: its plan, and what its context must look like. Give the
/// rows to [`read_plan`]. What it says may be kept; a plan that was replaced since makes the creation fail with SQLSTATE
/// `TK009`: ask again.
pub fn prepare_plan(sql: &Foreign, request: &TaskRequest) -> Prepared {
    let namespace = request.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    sql.find_plan(namespace, &request.name, request.version.as_deref())
}

/// The plan; none where no template is registered for the request.
///
/// # Errors
/// `Internal` where these are no rows of [`prepare_plan`].
pub fn read_plan(rows: &[String]) -> Result<Option<Plan>> {
    #[derive(Deserialize)]
    struct Row {
        plan_id: i32,
        version: String,
        schema: Option<String>,
    }
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let row: Row = parse(row)?;
    Ok(Some(Plan {
        plan_id: row.plan_id,
        version: row.version,
        schema: row.schema.as_deref().map(parse::<Value>).transpose()?,
    }))
}

/// [`prepare_plan`], and which database this is. Give the rows to [`read_plan_here`].
pub(super) fn prepare_plan_here(sql: &Foreign, request: &TaskRequest) -> Prepared {
    let namespace = request.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    sql.find_plan_here(namespace, &request.name, request.version.as_deref())
}

/// The identity of the database, and the plan.
///
/// # Errors
/// `Internal` where these are no rows of [`prepare_plan_here`].
pub(super) fn read_plan_here(rows: &[String]) -> Result<(String, Option<Plan>)> {
    #[derive(Deserialize)]
    struct Row {
        database: String,
        plan_id: Option<i32>,
    }
    let row = rows.first().map_or("", String::as_str);
    let here: Row = parse(row)?;
    let plan = here.plan_id.map(|_| read_plan(rows)).transpose()?;
    Ok((here.database, plan.flatten()))
}

/// The statement that creates a task in the transaction of the connection. With a plan the context is validated and its
/// defaults are filled in here; without one the task is stored unvalidated, and its first claim validates it.
///
/// # Errors
/// `InvalidContext` with every mistake; `InvalidArgument`.
pub fn prepare_create(
    sql: &Foreign,
    settings: &Settings,
    request: &TaskRequest,
    plan: Option<&Plan>,
) -> Result<Prepared> {
    let completed = to_be_created(settings, request, plan)?;
    Ok(prepare_create_all(sql, vec![completed]))
}

/// A request as it is created: see [`prepare_create`].
pub(super) fn to_be_created(
    settings: &Settings,
    request: &TaskRequest,
    plan: Option<&Plan>,
) -> Result<Value> {
    let schema = plan
        .and_then(|plan| plan.schema.as_ref())
        .map(ContextSchema::compile)
        .transpose()
        .map_err(|_| {
            Error::internal(format!(
                "the stored schema of the task '{}' does not compile",
                request.name
            ))
        })?;
    complete_request(
        settings,
        request,
        plan.map(|plan| (plan.plan_id, schema.as_ref())),
    )
}

/// The statement that creates tasks from what [`to_be_created`] gives.
pub(super) fn prepare_create_all(sql: &Foreign, completed: Vec<Value>) -> Prepared {
    sql.create_tasks(Value::Array(completed).to_string())
}

/// What [`prepare_create`] created or found.
///
/// # Errors
/// `Internal` where these are no rows of it.
pub fn read_created(rows: &[String]) -> Result<Created> {
    let row = rows.first().ok_or_else(|| {
        Error::internal("nothing was answered to a request: give the rows back as they came")
    })?;
    parse(row)
}

/// What [`prepare_create_all`] created or found, in the order of the requests.
pub(super) fn read_created_all(rows: &[String]) -> Result<Vec<Created>> {
    rows.iter().map(|row| parse(row)).collect()
}

/// The statement that completes a step in the handler's own transaction, so that it takes effect exactly once. Raises
/// SQLSTATE `TK001` when the attempt is no longer held: roll back.
///
/// # Errors
/// `InvalidArgument` where `results` cannot be stored.
pub fn prepare_complete(
    sql: &Foreign,
    attempt: &AttemptMessage,
    results: &str,
    max_bytes: usize,
) -> Result<Prepared> {
    let checked = check_results(results.as_bytes(), max_bytes).map_err(|problem| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("the results cannot be stored: {problem}"),
        )
    })?;
    Ok(sql.complete_step(&(*attempt).into(), checked.get()))
}

/// The statement that reads the results of every step of a task that ended well, for a handler that asks for more than
/// came along.
pub fn prepare_results(sql: &Foreign, task_id: TaskId) -> Prepared {
    sql.step_results(task_id)
}

/// Results by the name of the step.
///
/// # Errors
/// `Internal` where these are no rows of [`prepare_results`].
pub fn read_results(rows: &[String]) -> Result<HashMap<String, Box<RawValue>>> {
    #[derive(Deserialize)]
    struct Row {
        name: String,
        results: Option<String>,
    }
    rows.iter()
        .map(|row| {
            let row: Row = parse(row)?;
            let text = row.results.unwrap_or_else(|| "null".to_owned());
            let results = RawValue::from_string(text)
                .map_err(|error| Error::internal("stored results are not JSON").with_source(error))?;
            Ok((row.name, results))
        })
        .collect()
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    from_json(text).map_err(|error| {
        Error::internal(format!(
            "a row is not of the expected shape ({error}): give the rows of a prepared statement back as they came"
        ))
        .with_source(error)
    })
}
