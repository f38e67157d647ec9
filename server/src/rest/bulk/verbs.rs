//! The verbs of operators on all tasks that a filter lets through.

use crate::app::{App, Began};
use crate::auth::{Access, Question};
use crate::extract::{Body, Path};
use crate::problem::{Problem, Refusal};
use crate::rest::shown::{self, Part, TaskBody};
use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tasker_core::model::{
    BulkOutcome, BulkVerb, Operator, State as TaskState, TaskFilter, TaskId, TotalRelation,
};
use tasker_core::{Error, ErrorKind};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Tasks that a verb takes in one transaction.
const BATCH: u32 = 100;
/// Tasks that a verb takes in one request, unless told otherwise.
const AT_ONCE: u64 = 1000;
/// Tasks that a verb takes in one request at most.
const MOST: u64 = 10_000;
/// After this share of the time that a request may take no batch begins.
const BEGINNING: f64 = 0.75;
/// After this share a batch is waited for no longer: what the ones before did has to be answered in time.
const WAITING: f64 = 0.9;
/// Counting ends here.
const COUNTED: i64 = 100_000;
const SAMPLE: u32 = 20;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(operate))
}

/// Which tasks a verb is for. At least one member besides `dry_run`, `limit`, `cursor`, `by` and `reason`, or `all`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct BulkRequest {
    /// Only of this namespace.
    namespace: Option<String>,
    /// Only of this name.
    name: Option<String>,
    /// Only of this version.
    version: Option<String>,
    /// Only in these states; those in which the verb has something to do unless given.
    status: Vec<TaskState>,
    /// Only with all of these tags.
    tags: Vec<String>,
    /// Only asked for by this one.
    initiator: Option<String>,
    /// Only asked for by this system.
    source_system: Option<String>,
    /// Only created at or after.
    created_since: Option<DateTime<Utc>>,
    /// Only created before.
    created_before: Option<DateTime<Utc>>,
    /// Only ended at or after.
    completed_since: Option<DateTime<Utc>>,
    /// Only ended before.
    completed_before: Option<DateTime<Utc>>,
    /// Only those that are paused by themselves, or only those that are not.
    paused: Option<bool>,
    /// Only with a failed step of which the last failure has this code.
    error_code: Option<String>,
    /// Only with an annotation like this: `type`, `key`, `value`.
    #[schema(value_type = Option<Object>)]
    annotation: Option<Map<String, Value>>,
    /// Only where the context has these values. Needs `name`; and `created_since` or `created_before` where the template does not
    /// list each of them as `searchable`.
    context: Map<String, Value>,
    /// All tasks in which the verb has something to do.
    all: bool,
    /// Only say how many there are, and show some.
    dry_run: bool,
    /// How many tasks this request is for at most; 1,000 unless given, at most 10,000.
    #[schema(minimum = 1)]
    limit: Option<i64>,
    /// `next_cursor` of the request before, with the same filter.
    #[schema(value_type = Option<uuid::Uuid>)]
    cursor: Option<TaskId>,
    /// Who, where the request is not authenticated.
    #[schema(max_length = 256)]
    by: Option<String>,
    /// Why.
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

impl BulkRequest {
    fn filter(&self, verb: BulkVerb) -> Result<TaskFilter, Refusal> {
        let filter = TaskFilter {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            status: self.status.clone(),
            tags: self.tags.clone(),
            since: self.created_since,
            created_before: self.created_before,
            paused: self.paused,
            error_code: self.error_code.clone(),
            initiator: self.initiator.clone(),
            source_system: self.source_system.clone(),
            annotation: self
                .annotation
                .clone()
                .map(|members| serde_json::from_value(Value::Object(members)))
                .transpose()
                .map_err(|error| {
                    Refusal::new(
                        ErrorKind::InvalidArgument,
                        format!("the body: annotation: {error}"),
                    )
                })?,
            completed_since: self.completed_since,
            completed_before: self.completed_before,
            context: self.context.clone(),
            after: self.cursor,
            limit: BATCH,
        };
        if filter.is_everything() && !self.all {
            return Err(Refusal::new(
                ErrorKind::InvalidArgument,
                "the body names no tasks: give a filter (namespace, name, status, tags, …), or `all: true` for all of them",
            ));
        }
        let status = if filter.status.is_empty() {
            verb.states().to_vec()
        } else {
            filter.status.clone()
        };
        Ok(TaskFilter { status, ..filter })
    }

    /// For how many tasks it is at most.
    fn most(&self) -> Result<u64, Refusal> {
        match self.limit {
            None => Ok(AT_ONCE),
            Some(limit) => match u64::try_from(limit) {
                Ok(limit @ 1..) => Ok(limit.min(MOST)),
                _ => Err(Refusal::new(
                    ErrorKind::InvalidArgument,
                    format!("the body: limit is 1 or more, not {limit}"),
                )),
            },
        }
    }
}

/// What a verb did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkAnswer {
    /// Whether nothing was changed.
    dry_run: bool,
    /// For how many tasks it was done, or would be.
    count: u64,
    /// Whether that is all, or at least so many.
    count_relation: TotalRelation,
    /// For which it was refused, and why.
    refused: Vec<BulkOutcome>,
    /// Of a dry run: some of the tasks, for whoever may list them (`tasker.task:index`).
    sample: Vec<TaskBody>,
    /// There may be more: give it back as `cursor`. Null where there are none.
    #[schema(value_type = Option<uuid::Uuid>)]
    next_cursor: Option<TaskId>,
    /// What came in the way after some batches were done; they stay. `next_cursor` goes on with the one that was not.
    #[schema(value_type = Option<Problem>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Refusal>,
}

/// Cancel, retry, resolve, pause or resume all tasks that a filter lets through, newest first.
///
/// In batches of 100, each a transaction of its own. What is refused for one task is told, and the others go on. Before the time of
/// the request is up, or when the server stops, it ends with what was done; `next_cursor` goes on. Where a later batch fails, `problem`
/// says why.
#[utoipa::path(post, path = "/tasks/bulk/{verb}", tag = "bulk", operation_id = "operate_on_tasks", security(("token" = ["tasker.task:{verb}", "tasker.task:bulk"])), request_body = BulkRequest,
    params(("verb" = String, Path, pattern = "^(cancel|retry|resolve|pause|resume)$", description = "`cancel`, `retry`, `resolve`, `pause` or `resume`.")),
    responses((status = 200, body = BulkAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn operate(
    State(app): State<App>,
    Extension(Began(began)): Extension<Began>,
    Path(verb): Path<String>,
    access: Access,
    body: Body,
) -> Result<Json<BulkAnswer>, Refusal> {
    let verb = match verb.as_str() {
        "cancel" => BulkVerb::Cancel,
        "retry" => BulkVerb::Retry,
        "resolve" => BulkVerb::Resolve,
        "pause" => BulkVerb::Pause,
        "resume" => BulkVerb::Resume,
        other => {
            return Err(Refusal::new(
                ErrorKind::NotFound,
                format!("there is no verb '{other}' for many tasks: cancel, retry, resolve, pause, resume"),
            ));
        }
    };
    let request: BulkRequest = body.read(None)?;
    let filter = request.filter(verb)?;
    let most = request.most()?;
    let operator = access.operator(request.by, request.reason)?;
    if request.dry_run {
        return forecast(&app, &access, &filter).await.map(Json);
    }
    go_through(&app, began, verb, filter, &operator, most)
        .await
        .map(Json)
}

/// Batch by batch, as long as there is time.
async fn go_through(
    app: &App,
    began: Instant,
    verb: BulkVerb,
    mut filter: TaskFilter,
    operator: &Operator,
    most: u64,
) -> Result<BulkAnswer, Refusal> {
    let last_begin = began + app.options.timeout.mul_f64(BEGINNING);
    let waited_for = began + app.options.timeout.mul_f64(WAITING);
    let mut answer = BulkAnswer {
        dry_run: false,
        count: 0,
        count_relation: TotalRelation::Exact,
        refused: Vec::new(),
        sample: Vec::new(),
        next_cursor: None,
        problem: None,
    };
    let mut handled = 0;
    while handled < most {
        filter.limit = u32::try_from(most - handled).unwrap_or(BATCH).min(BATCH);
        let batch = app.client.operate_in_bulk(verb, &filter, operator);
        let outcomes = match timeout_at(waited_for, batch)
            .await
            .unwrap_or_else(|_| Err(late()))
        {
            Ok(outcomes) => outcomes,
            Err(error) if handled == 0 => return Err(error.into()),
            Err(error) => {
                answer.problem = Some(error.into());
                break;
            }
        };
        handled += outcomes.len() as u64;
        let ended = u32::try_from(outcomes.len()).is_ok_and(|count| count < filter.limit);
        filter.after = BulkOutcome::cursor(&outcomes).or(filter.after);
        answer.next_cursor = filter.after.filter(|_| !ended);
        let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(BulkOutcome::is_done);
        answer.count += done.len() as u64;
        answer.refused.extend(refused);
        if ended || Instant::now() >= last_begin || app.options.stop.is_cancelled() {
            break;
        }
    }
    if answer.next_cursor.is_some() {
        answer.count_relation = TotalRelation::AtLeast;
    }
    Ok(answer)
}

fn late() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "a batch was not done before the time of the request was up, and may yet be: tasks of it may be locked; go on later",
    )
}

async fn forecast(app: &App, access: &Access, filter: &TaskFilter) -> Result<BulkAnswer, Refusal> {
    let count = app.client.count_tasks(filter, COUNTED + 1).await?;
    let may_see = access.may(&[Question::new("tasker.task", "index")]).await?;
    let sample = if may_see == [true] {
        let sample = app.client.sample_tasks(filter, SAMPLE).await?;
        shown::bodies(&app.client, sample, &Part::every()).await?
    } else {
        Vec::new()
    };
    Ok(BulkAnswer {
        dry_run: true,
        count: count.min(COUNTED).unsigned_abs(),
        count_relation: if count > COUNTED {
            TotalRelation::AtLeast
        } else {
            TotalRelation::Exact
        },
        refused: Vec::new(),
        sample,
        next_cursor: None,
        problem: None,
    })
}
