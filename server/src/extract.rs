//! Reading requests: what cannot be read is a [`Refusal`] that says where.

use crate::app::App;
use crate::problem::Refusal;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use tasker_core::values::{check_json, from_json};
use tasker_core::{Error, ErrorKind};

/// The query of a request. A name may come several times, for a list; one that is not known is refused, and so is one without a
/// value: what was meant to be a filter would otherwise let everything through.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(Refusal::malformed(
                "the query is no UTF-8: send its texts as UTF-8",
            ));
        }
        if let Some((name, _)) = form_urlencoded::parse(query.as_bytes()).find(|(_, value)| value.is_empty())
        {
            return Err(Refusal::malformed(format!(
                "the query: {name:?} has no value; give it one, or leave it out"
            )));
        }
        let pairs = serde_html_form::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs)
            .map(Params)
            .map_err(|error| Refusal::malformed(format!("the query: {}", placed(&error))))
    }
}

/// What is wrong, and where.
fn placed<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> String {
    let (place, what) = (error.path().to_string(), error.inner().to_string());
    if place == "." || what.starts_with(&format!("unknown field `{place}`")) {
        what
    } else {
        format!("{place}: {what}")
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
        let json = BodyFormat::of(request.headers()) == Some(BodyFormat::Json);
        let bytes = bytes(request, state).await?;
        if !json && !bytes.is_empty() {
            return Err(unsupported(
                "the body has to be JSON, with the header Content-Type: application/json",
            ));
        }
        Ok(Self(bytes))
    }
}

impl Body {
    /// A body that says a value.
    pub(crate) fn of(value: &Value) -> Self {
        Self(value.to_string().into_bytes())
    }

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

/// The value of a member that may be left out, and is never null: nobody knows whether null is to stay, or to go.
///
/// # Errors
/// What a value of this type is, where it is null.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    member: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// What an object says. It may stand alone, or as the one member `wrapper` of an object, as the ancestor wants it.
pub(crate) fn read<T: DeserializeOwned>(mut value: Value, wrapper: Option<&str>) -> Result<T, Error> {
    if let (Some(wrapper), Value::Object(members)) = (wrapper, &mut value)
        && members.get(wrapper).is_some_and(Value::is_object)
        && let Some(inside) = members.remove(wrapper)
    {
        if let Some(other) = members.keys().next() {
            return Err(Error::invalid_argument(format!(
                "`{other}` stands beside `{wrapper}`, which has to be alone: put it into it, or leave it out"
            )));
        }
        value = inside;
    }
    // A list of values would be taken for an object without names.
    if !value.is_object() {
        return Err(Error::invalid_argument("an object is needed"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| Error::invalid_argument(placed(&error)))
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

/// How a body is written, by its media type. A page of any site may send what browsers take for harmless (`text/plain`, forms, no
/// type at all) without asking, so that none of it is taken for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    /// JSON.
    Json,
    /// A JSON value a line.
    JsonLines,
    /// YAML.
    Yaml,
}

impl BodyFormat {
    /// The format that a request says its body has; none where it says nothing, or something else.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let media = media_type(headers)?;
        match media.as_str() {
            "application/json" => Some(Self::Json),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines"
            | "application/json-lines" => Some(Self::JsonLines),
            "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" => Some(Self::Yaml),
            media if !media.starts_with("application/") => None,
            media if media.ends_with("+json") => Some(Self::Json),
            media if media.ends_with("+yaml") => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// The media type of a body in small letters, without parameters; none where it is not given, or given several times.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (given.next(), given.next()) else {
        return None;
    };
    let essence = one.to_str().ok()?.split(';').next()?;
    Some(essence.trim().to_ascii_lowercase())
}

/// The refusal of a body in a format that a route does not take.
pub(crate) fn unsupported(detail: &str) -> Refusal {
    Refusal::new(ErrorKind::InvalidArgument, detail).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

/// The value of a header that stands at most once; none where it is absent.
///
/// # Errors
/// 400 where it stands several times, or is no UTF-8.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::malformed(format!(
            "the header {name} stands several times, and may once"
        )));
    }
    first.map(|value| text(name, value)).transpose()
}

/// The value of a header that is a list, and may be given in several lines (RFC 9110, 5.3); none where it is absent.
///
/// # Errors
/// 400 where it is no UTF-8.
pub(crate) fn list_header(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let lines = headers.get_all(name).iter().map(|value| text(name, value));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    Ok((!lines.is_empty()).then(|| lines.join(", ")))
}

fn text<'h>(name: &str, value: &'h HeaderValue) -> Result<&'h str, Refusal> {
    std::str::from_utf8(value.as_bytes())
        .map_err(|_| Refusal::malformed(format!("the header {name} is no UTF-8: send its text as UTF-8")))
}

/// The trace that a request belongs to; one that cannot be read is none, as W3C Trace Context has it.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("traceparent")?;
    value.to_str().ok().map(str::to_owned)
}
