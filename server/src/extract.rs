//! Reading requests: what cannot be read is a [`Refusal`] that says where.

use crate::app::App;
use crate::problem::Refusal;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use tasker_core::values::{check_json, from_json};
use tasker_core::{Error, ErrorKind};

/// The query of a request. A name may come several times, for a list; one that is not known is refused.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        let parsed = serde_html_form::from_str(query);
        parsed
            .map(Params)
            .map_err(|error| Refusal::malformed(format!("the query: {error}")))
    }
}

/// The parts of the path of a request. What is no id names nothing.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(parsed)) => Ok(Self(parsed)),
            Err(rejection) => Err(Refusal::new(
                ErrorKind::NotFound,
                format!("there is nothing at {}: {rejection}", parts.uri.path()),
            )),
        }
    }
}

/// The path that everything is mounted under, for links: what the host says of this request, else what the options say.
#[derive(Debug, Clone)]
pub(crate) struct Prefix(pub(crate) Arc<str>);

impl FromRequestParts<App> for Prefix {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let said = parts.extensions.get::<Self>().cloned();
        Ok(said.unwrap_or_else(|| Self(app.options.prefix.as_str().into())))
    }
}

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct Body(Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let json = is_json(request.headers());
        let bytes = bytes(request, state).await?;
        if !json && !bytes.is_empty() {
            return Err(Refusal::new(
                ErrorKind::InvalidArgument,
                "the body has to be JSON, with the header Content-Type: application/json",
            )
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        Ok(Self(bytes))
    }
}

impl Body {
    /// The JSON of the body. No body is an empty object.
    pub(crate) fn value(&self) -> Result<Value, Refusal> {
        if self.0.is_empty() {
            Ok(Value::Object(serde_json::Map::new()))
        } else {
            json(&self.0)
        }
    }

    /// What the body says, alone or as the one member `wrapper`. No body is an empty object.
    pub(crate) fn read<T: DeserializeOwned>(&self, wrapper: Option<&str>) -> Result<T, Refusal> {
        read(self.value()?, wrapper).map_err(|mut error| {
            error.message = format!("the body: {}", error.message);
            error.into()
        })
    }
}

/// What an object says. It may stand alone, or as the one member `wrapper` of an object, as the ancestor wants it.
pub(crate) fn read<T: DeserializeOwned>(mut value: Value, wrapper: Option<&str>) -> Result<T, Error> {
    if let (Some(wrapper), Value::Object(members)) = (wrapper, &mut value)
        && members.len() == 1
        && members.get(wrapper).is_some_and(Value::is_object)
        && let Some(inside) = members.remove(wrapper)
    {
        value = inside;
    }
    // A list of values would be taken for an object without names.
    if !value.is_object() {
        return Err(Error::invalid_argument("an object is needed"));
    }
    serde_json::from_value(value).map_err(|error| Error::invalid_argument(error.to_string()))
}

/// JSON that can be stored: what is not even JSON is malformed, what jsonb cannot hold is invalid.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    match check_json(bytes, usize::MAX) {
        Ok(text) => from_json(text).map_err(|error| Refusal::malformed(format!("the body: {error}"))),
        Err(problem) => match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Err(error) if !error.is_eof() || std::str::from_utf8(bytes).is_ok() => {
                Err(Refusal::malformed(format!("the body is no JSON: {error}")))
            }
            _ => Err(Refusal::new(
                ErrorKind::InvalidArgument,
                format!("the body: {problem}"),
            )),
        },
    }
}

/// The whole body, up to the limit of its route.
pub(crate) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Vec<u8>, Refusal> {
    match axum::body::Bytes::from_request(request, state).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(rejection) => {
            let status = rejection.status();
            let detail = if status == StatusCode::PAYLOAD_TOO_LARGE {
                "the body is larger than this route takes".to_owned()
            } else {
                rejection.body_text()
            };
            Err(Refusal::malformed(detail).with_status(status))
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = content_type.map(|text| {
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    essence.is_some_and(|essence| {
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
    })
}
