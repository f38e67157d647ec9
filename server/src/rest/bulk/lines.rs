//! Requests that come as lines, each answered by a line.

use super::stopping;
use crate::app::App;
use crate::auth::Access;
use crate::extract::{json as stored_json, read as read_object};
use crate::problem::{Refusal, is_about_the_request};
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header as names};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{BoxStream, StreamExt, try_unfold};
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use tasker_core::model::{Created, TaskRequest};
use tasker_core::{Client, ErrorKind};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Lines that go into one transaction.
const LINES: usize = 500;

/// The lines of a request on their way: nothing more is read than the answer is taken for.
struct Lines {
    client: Client,
    access: Access,
    body: BoxStream<'static, Result<Bytes, axum::Error>>,
    buffer: Vec<u8>,
    index: u64,
    longest: usize,
    /// How long the next byte may take.
    idle: Duration,
    stop: CancellationToken,
    ended: bool,
}

/// Answers each line, as soon as it is committed.
pub(super) fn create(app: App, access: Access, request: Request) -> Response {
    let lines = Lines {
        client: app.client,
        access,
        body: request.into_body().into_data_stream().boxed(),
        buffer: Vec::new(),
        index: 0,
        longest: app.options.body_bytes,
        idle: app.options.timeout,
        stop: app.options.stop.clone(),
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
            if self.stop.is_cancelled() && !(self.ended && self.buffer.is_empty()) {
                return Some(self.end(&stopping("nothing from here on was created")));
            }
            let lines = self.take_lines();
            if !lines.is_empty() {
                return Some(self.create(lines).await);
            }
            if self.ended {
                return None;
            }
            if self.buffer.len() > self.longest {
                return Some(self.end(&Refusal::malformed("the line is longer than a request may be")));
            }
            let arrived = tokio::select! {
                arrived = timeout(self.idle, self.body.next()) => arrived,
                () = self.stop.cancelled() => continue,
            };
            match arrived {
                Ok(Some(Ok(bytes))) => self.buffer.extend_from_slice(&bytes),
                Ok(Some(Err(error))) => {
                    return Some(self.end(&Refusal::malformed(format!("the body broke off: {error}"))));
                }
                Ok(None) => self.ended = true,
                Err(_) => {
                    let waited = self.idle.as_secs_f64();
                    return Some(self.end(&Refusal::new(
                        ErrorKind::Timeout,
                        format!(
                            "nothing more of the body came within {waited} s, and nothing from here on was created: send the rest anew"
                        ),
                    )));
                }
            }
        }
    }

    /// The last answer: nothing that came later is taken.
    fn end(&mut self, problem: &Refusal) -> Bytes {
        self.ended = true;
        self.buffer.clear();
        let mut answer = Vec::new();
        self.answer(&mut answer, Err(problem.clone()));
        answer.into()
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
        let requests: Vec<Result<TaskRequest, Refusal>> = lines.iter().map(|line| self.read(line)).collect();
        let readable: Vec<TaskRequest> = requests
            .iter()
            .filter_map(|one| one.as_ref().ok().cloned())
            .collect();
        let mut together = match self.client.try_create_tasks(&readable).await {
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

    fn read(&self, line: &[u8]) -> Result<TaskRequest, Refusal> {
        let mut request: TaskRequest = read_object(stored_json(line)?, Some("task"))?;
        self.access.sign(&mut request);
        Ok(request)
    }
}
