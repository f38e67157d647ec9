//! Refusals, as `application/problem+json` (RFC 9457), with the `error` that the ancestor's clients read.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tasker_core::model::TaskId;
use tasker_core::{Error, ErrorKind};
use utoipa::ToSchema;

/// The media type of refusals.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem this is, as a URN: `urn:tasker:error:` and the kind.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    #[schema(value_type = u16)]
    #[serde(serialize_with = "number")]
    pub status: StatusCode,
    /// What was wrong, where, what was expected, what to do next.
    pub detail: String,
    /// The kind, as every language has it: see docs/reference/errors.md.
    pub kind: String,
    /// The number of the kind.
    pub code: u32,
    /// Whether the very same request may succeed later.
    pub retry: bool,
    /// More, for programs: what is wrong with each place of a context, for example.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub details: Value,
    /// What the ancestor's clients read: a text, or an object of lists of texts by field.
    pub error: Value,
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

/// A refusal, as routes return it.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Refusal(Box<Problem>);

impl Refusal {
    /// A refusal of a kind, with the status that the kind has.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self::from(Error::new(kind, detail))
    }

    /// A request that cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, detail).with_status(StatusCode::BAD_REQUEST)
    }

    /// The same refusal with another status.
    #[must_use]
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// The same refusal, with what the ancestor's clients read.
    #[must_use]
    pub(crate) fn with_error(mut self, text: &str) -> Self {
        self.0.error = Value::String(text.to_owned());
        self
    }

    /// What came in the way once a task had been created: asking again would create another one.
    #[must_use]
    pub(crate) fn after_creating(mut self, task_id: TaskId) -> Self {
        self.0.detail = format!(
            "task {task_id} was created, and could not be shown: {}",
            self.0.detail
        );
        self.0.error = Value::String(self.0.detail.clone());
        self.0.details = json!({ "task_id": task_id });
        self.0.retry = false;
        self
    }

    /// What came in the way of something that may be done all the same: asking again could do it twice.
    #[must_use]
    pub(crate) fn perhaps_done(mut self) -> Self {
        self.0.detail.push_str(
            "; what it asks for may be done all the same: look before you ask again, or create tasks with an Idempotency-Key",
        );
        self.0.error = Value::String(self.0.detail.clone());
        self.0.retry = false;
        self
    }

    /// Names that are not there are 404 where they are what was asked for, and 422 where they are part of a request.
    #[must_use]
    pub(crate) fn of_path(mut self) -> Self {
        if self.0.kind == ErrorKind::UnknownNamedTask.name() {
            self.0.status = StatusCode::NOT_FOUND;
        }
        self
    }
}

/// Whether an error is about what was asked for. Then nothing was done, and each part of it may be tried alone; after any other error
/// that is not known.
pub(crate) fn is_about_the_request(error: &Error) -> bool {
    status(error.kind).is_client_error()
}

/// The status of an engine error.
pub(crate) const fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::ConfigInvalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::AlreadyExists
        | ErrorKind::IdempotencyMismatch
        | ErrorKind::IllegalTransition
        | ErrorKind::AttemptLost => StatusCode::CONFLICT,
        ErrorKind::InvalidArgument
        | ErrorKind::InvalidTemplate
        | ErrorKind::CycleDetected
        | ErrorKind::UnknownNamedTask
        | ErrorKind::UnknownHandler
        | ErrorKind::InvalidContext => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::DatabaseUnavailable
        | ErrorKind::Timeout
        | ErrorKind::SchemaMismatch
        | ErrorKind::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal
        | ErrorKind::Panic
        | ErrorKind::NullPointer
        | ErrorKind::InvalidUtf8
        | ErrorKind::ForkedProcess => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = status(error.kind);
        if status.is_server_error() {
            tracing::warn!(kind = %error.kind, %error, "a request could not be answered");
        }
        let kind = error.kind.name();
        Self(Box::new(Problem {
            type_uri: format!("urn:tasker:error:{kind}"),
            title: kind.replace('_', " "),
            status,
            error: of_old(&error),
            detail: error.message,
            kind: kind.to_owned(),
            code: error.kind.code(),
            retry: error.retry,
            details: error.details,
        }))
    }
}

impl std::ops::Deref for Refusal {
    type Target = Problem;

    fn deref(&self) -> &Problem {
        &self.0
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

/// The ancestor says by field what is wrong with a request, and in a word who may not ask.
fn of_old(error: &Error) -> Value {
    match error.kind {
        ErrorKind::Unauthenticated => json!("Unauthorized"),
        ErrorKind::Forbidden => json!("Forbidden"),
        ErrorKind::InvalidContext => json!({ "context": [error.message] }),
        ErrorKind::UnknownNamedTask => json!({ "name": [error.message] }),
        _ => Value::String(error.message.clone()),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status;
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"tasker\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE && self.0.retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
