//! Many tasks at once: creating them, and the verbs of operators by filter.

use super::shown::{self, Part, TaskBody};
use crate::app::App;
use crate::auth::Access;
use crate::extract::{Body, BodyFormat, Path, bytes, json, unsupported};
use crate::problem::{Problem, Refusal, is_about_the_request};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header as names};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::stream::{BoxStream, StreamExt, try_unfold};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use tasker_core::model::{
    BulkOutcome, BulkVerb, Created, State as TaskState, TaskFilter, TaskId, TaskRequest, TotalRelation,
};
use tasker_core::{Client, Error, ErrorKind};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Lines that go into one transaction.
const LINES: usize = 500;
/// Tasks that a verb takes in one transaction.
const BATCH: u32 = 100;
/// Tasks that a verb takes in one request, unless told otherwise.
const AT_ONCE: u64 = 1000;
/// Counting ends here.
const COUNTED: i64 = 100_000;
const SAMPLE: u32 = 20;

pub(super) fn routes(bulk_bytes: usize) -> OpenApiRouter<App> {
    let create = OpenApiRouter::new()
        .routes(routes!(create))
        .layer(DefaultBodyLimit::max(bulk_bytes));
    OpenApiRouter::new().merge(create).routes(routes!(operate))
}

/// What became of many requests.
#[derive(Debug, Serialize, ToSchema)]
struct ManyCreated {
    /// In the order of the requests.
    tasks: Vec<Created>,
}

/// Create many tasks: a JSON array in one transaction, or JSON lines (`application/x-ndjson`) in batches.
///
/// Of an array all are created or none; what is wrong is told by index. Of lines each is answered by a line, in order, as soon
/// as it is committed: `{"index", "task_id", "created", "pruned"}` or `{"index", "problem"}`; whatever was answered stays.
#[utoipa::path(post, path = "/tasks/bulk", tag = "bulk", operation_id = "create_tasks", security(("token" = ["tasker.task:create", "tasker.task:bulk"])),
    request_body(content(
        (Vec<TaskRequest> = "application/json", example = json!([{"name": "process_order", "namespace": "shop", "context": {"order_id": "7"}}])),
        (String = "application/x-ndjson", example = "{\"name\": \"process_order\", \"namespace\": \"shop\"}\n"))),
    responses((status = 201, content((ManyCreated = "application/json"), (String = "application/x-ndjson"))), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn create(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    match BodyFormat::of(request.headers()) {
        Some(BodyFormat::Json) => {}
        Some(BodyFormat::JsonLines) => return Ok(create_lines(app, request)),
        Some(BodyFormat::Yaml) | None => {
            return Err(unsupported(
                "the body has to be a JSON array, with the header Content-Type: application/json, or JSON lines, with \
                 Content-Type: application/x-ndjson",
            ));
        }
    }
    let requests = read_array(&bytes(request, &app).await?)?;
    let tasks = app.client.create_tasks(&requests).await?;
    Ok((StatusCode::CREATED, Json(ManyCreated { tasks })).into_response())
}

fn read_array(bytes: &[u8]) -> Result<Vec<TaskRequest>, Refusal> {
    let mut value = json(bytes)?;
    if let Value::Object(members) = &mut value
        && let Some(tasks) = members.remove("tasks")
    {
        value = tasks;
    }
    let Value::Array(items) = value else {
        return Err(Refusal::new(
            ErrorKind::InvalidArgument,
            "the body: an array of requests is needed, alone or as `tasks`; or JSON lines with Content-Type: application/x-ndjson",
        ));
    };
    let mut wrong: Vec<Value> = Vec::new();
    let mut requests = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        match serde_json::from_value(item) {
            Ok(request) => requests.push(request),
            Err(error) => wrong.push(json!({"index": index, "message": error.to_string()})),
        }
    }
    if let Some(first) = wrong.first() {
        let detail = format!(
            "{} of the requests cannot be read, and none was taken: the one at index {}: {}",
            wrong.len(),
            first["index"],
            first["message"].as_str().unwrap_or_default()
        );
        let error = Error::invalid_argument(detail).with_details(json!({ "requests": wrong }));
        return Err(error.into());
    }
    Ok(requests)
}

/// The lines of a request on their way: nothing more is read than the answer is taken for.
struct Lines {
    client: Client,
    body: BoxStream<'static, Result<Bytes, axum::Error>>,
    buffer: Vec<u8>,
    index: u64,
    longest: usize,
    ended: bool,
}

fn create_lines(app: App, request: Request) -> Response {
    let lines = Lines {
        client: app.client,
        body: request.into_body().into_data_stream().boxed(),
        buffer: Vec::new(),
        index: 0,
        longest: app.options.body_bytes,
        ended: false,
    };
    let answers = try_unfold(lines, |mut lines| async move {
        let answer = lines.next().await;
        Ok::<_, Infallible>(answer.map(|answer| (answer, lines)))
    });
    let mut response = (StatusCode::CREATED, axum::body::Body::from_stream(answers)).into_response();
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(names::CONTENT_TYPE, kind);
    response
}

impl Lines {
    /// The answers to the next batch of lines; none where there are no more.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let lines = self.take_lines();
            if !lines.is_empty() {
                return Some(self.create(lines).await);
            }
            if self.ended {
                return None;
            }
            if self.buffer.len() > self.longest {
                self.ended = true;
                self.buffer.clear();
                return Some(self.refuse(&Refusal::malformed("the line is longer than a request may be")));
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    self.ended = true;
                    self.buffer.clear();
                    return Some(self.refuse(&Refusal::malformed(format!("the body broke off: {error}"))));
                }
                None => self.ended = true,
            }
        }
    }

    /// Whole lines that are there, blank ones left out.
    fn take_lines(&mut self) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut from = 0;
        while lines.len() < LINES {
            let rest = self.buffer.get(from..).unwrap_or_default();
            let end = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => end,
                None if self.ended && !rest.is_empty() => rest.len(),
                None => break,
            };
            let line = rest.get(..end).unwrap_or_default().trim_ascii();
            if !line.is_empty() {
                lines.push(line.to_vec());
            }
            from = (from + end + 1).min(self.buffer.len());
        }
        self.buffer.drain(..from);
        lines
    }

    /// Creates a batch in one transaction; where one of it is refused, each alone, so that the others are made.
    async fn create(&mut self, lines: Vec<Vec<u8>>) -> Bytes {
        let requests: Vec<Result<TaskRequest, Refusal>> = lines.iter().map(|line| read_line(line)).collect();
        let readable: Vec<TaskRequest> = requests
            .iter()
            .filter_map(|one| one.as_ref().ok().cloned())
            .collect();
        let mut together = match self.client.create_tasks(&readable).await {
            Ok(created) => Some(Ok(created.into_iter())),
            Err(error) if is_about_the_request(&error) => None,
            // What became of the transaction is not known: a second time could make every task twice.
            Err(error) => Some(Err(Refusal::from(error))),
        };
        let mut answer = Vec::new();
        for request in requests {
            let outcome = match (request, &mut together) {
                (Err(problem), _) => Err(problem),
                (Ok(_), Some(Err(refusal))) => Err(refusal.clone()),
                (Ok(_), Some(Ok(created))) => created
                    .next()
                    .ok_or_else(|| Refusal::new(ErrorKind::Internal, "a task was lost on the way")),
                (Ok(request), None) => self.client.create_task(&request).await.map_err(Refusal::from),
            };
            self.answer(&mut answer, outcome);
        }
        answer.into()
    }

    fn refuse(&mut self, problem: &Refusal) -> Bytes {
        let mut answer = Vec::new();
        self.answer(&mut answer, Err(problem.clone()));
        answer.into()
    }

    fn answer(&mut self, into: &mut Vec<u8>, outcome: Result<Created, Refusal>) {
        let line = match outcome {
            Ok(created) => json!({
                "index": self.index, "task_id": created.task_id, "created": created.created, "pruned": created.pruned,
            }),
            Err(problem) => json!({"index": self.index, "problem": problem}),
        };
        self.index += 1;
        into.extend_from_slice(line.to_string().as_bytes());
        into.push(b'\n');
    }
}

fn read_line(line: &[u8]) -> Result<TaskRequest, Refusal> {
    serde_json::from_value(json(line)?)
        .map_err(|error| Refusal::new(ErrorKind::InvalidArgument, error.to_string()))
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
    /// Only those that are paused by themselves, or only those that are not.
    paused: Option<bool>,
    /// Only with a failed step of which the last failure has this code.
    error_code: Option<String>,
    /// Only with an annotation like this: `type`, `key`, `value`.
    #[schema(value_type = Option<Object>)]
    annotation: Option<Map<String, Value>>,
    /// All tasks in which the verb has something to do.
    all: bool,
    /// Only say how many there are, and show some.
    dry_run: bool,
    /// How many tasks this request is for at most; 1,000 unless given, at most 10,000.
    limit: Option<u64>,
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
            completed_since: None,
            completed_before: None,
            context: Map::new(),
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
    /// Of a dry run: some of the tasks.
    sample: Vec<TaskBody>,
    /// There may be more: give it back as `cursor`. Null where there are none.
    #[schema(value_type = Option<uuid::Uuid>)]
    next_cursor: Option<TaskId>,
}

/// Cancel, retry, resolve, pause or resume all tasks that a filter lets through, newest first.
///
/// In batches of 100, each a transaction of its own. What is refused for one task is told, and the others go on.
#[utoipa::path(post, path = "/tasks/bulk/{verb}", tag = "bulk", operation_id = "operate_on_tasks", security(("token" = ["tasker.task:{verb}", "tasker.task:bulk"])), request_body = BulkRequest,
    params(("verb" = String, Path, pattern = "^(cancel|retry|resolve|pause|resume)$", description = "`cancel`, `retry`, `resolve`, `pause` or `resume`.")),
    responses((status = 200, body = BulkAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn operate(
    State(app): State<App>,
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
    if request.dry_run {
        return forecast(&app, &filter).await.map(Json);
    }
    let operator = access.operator(request.by, request.reason);
    let most = request.limit.unwrap_or(AT_ONCE).clamp(1, 10_000);
    let mut answer = BulkAnswer {
        dry_run: false,
        count: 0,
        count_relation: TotalRelation::Exact,
        refused: Vec::new(),
        sample: Vec::new(),
        next_cursor: None,
    };
    let mut filter = filter;
    let mut handled = 0;
    while handled < most {
        filter.limit = u32::try_from(most - handled).unwrap_or(BATCH).min(BATCH);
        let outcomes = app.client.operate_in_bulk(verb, &filter, &operator).await?;
        handled += outcomes.len() as u64;
        let ended = u32::try_from(outcomes.len()).is_ok_and(|count| count < filter.limit);
        filter.after = BulkOutcome::cursor(&outcomes).or(filter.after);
        answer.next_cursor = filter.after.filter(|_| !ended);
        let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(BulkOutcome::is_done);
        answer.count += done.len() as u64;
        answer.refused.extend(refused);
        if ended {
            break;
        }
    }
    if answer.next_cursor.is_some() {
        answer.count_relation = TotalRelation::AtLeast;
    }
    Ok(Json(answer))
}

async fn forecast(app: &App, filter: &TaskFilter) -> Result<BulkAnswer, Refusal> {
    let count = app.client.count_tasks(filter, COUNTED + 1).await?;
    let sample = app.client.sample_tasks(filter, SAMPLE).await?;
    let sample = shown::bodies(&app.client, sample, &Part::every()).await?;
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
    })
}
