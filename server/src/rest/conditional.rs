//! Requests that count only for what is still as it was shown: `ETag` and `If-Match` (RFC 9110, 13.1.1).

use crate::extract::list_header;
use crate::problem::Refusal;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header as names};
use axum::response::Response;
use serde::Serialize;
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use tasker_core::ErrorKind;

/// The `ETag` of what is shown: another one whenever anything of it is another.
pub(super) fn tag_of(shown: &impl Serialize) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(shown).unwrap_or_default().hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// An answer with its `ETag`.
pub(super) fn tagged(mut response: Response, tag: &str) -> Response {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(names::ETAG, tag);
    }
    response
}

/// The tags of `If-Match`.
#[derive(Debug)]
pub(super) struct IfMatch(String);

impl IfMatch {
    /// The condition of a request; none where it has none, or takes whatever there is (`*`).
    ///
    /// # Errors
    /// A header that is no text.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let tags = list_header(headers, "if-match")?;
        Ok(tags.filter(|tags| tags.trim() != "*").map(Self))
    }

    /// Whether one of the tags is that of what there is now.
    pub(super) fn is_met(&self, now: &str) -> bool {
        self.0.split(',').any(|tag| tag.trim() == now)
    }

    /// What is told where none of them is.
    pub(super) fn refusal(&self, what: impl Display) -> Refusal {
        Refusal::new(
            ErrorKind::IllegalTransition,
            format!("{what} is not as it was shown with {}: look at it again", self.0),
        )
        .with_status(StatusCode::PRECONDITION_FAILED)
    }
}
