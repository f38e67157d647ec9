//! Requests over HTTP: to the router that every language mounts, in this process.

use super::Run;
use crate::matching::{brief, difference};
use crate::scenario::Http;
use anyhow::{Context, Result, bail};
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use serde_json::{Map, Value};
use tasker_server::{Options, router};
use tower::ServiceExt;

impl Run<'_> {
    /// Makes a request, and holds its answer against what is expected: without a status and a body, that it went well.
    pub(super) async fn http(&self, asked: &Http) -> Result<()> {
        let path = self.fill_in(&asked.path)?;
        let method: Method = asked.method.parse().context("the method")?;
        let mut request = Request::builder().method(method).uri(&path);
        let kind = asked
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        let body = match &asked.body {
            None => Body::empty(),
            // A text of another kind goes as it is: YAML, lines.
            Some(Value::String(text)) if kind.is_some_and(|(_, kind)| !kind.contains("/json")) => {
                Body::from(self.fill_in(text)?)
            }
            Some(body) => {
                if kind.is_none() {
                    request = request.header(header::CONTENT_TYPE, "application/json");
                }
                Body::from(self.filled(body)?.to_string())
            }
        };
        let router = router(self.client.clone(), Options::default());
        let response = router.oneshot(request.body(body)?).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await?;
        let text = String::from_utf8_lossy(&bytes);
        let told = || format!("{} {path} was answered with {status}: {text}", asked.method);
        self.journal.say(&format!("  http: {}", told()));
        if let Some(expected) = &asked.status
            && let Some(difference) = difference("status", expected, &Value::from(status.as_u16()))
        {
            bail!("{difference}; {}", told());
        }
        match &asked.json {
            Some(expected) => {
                let found = serde_json::from_slice(&bytes).with_context(|| format!("no JSON: {}", told()))?;
                match difference("json", &self.filled(expected)?, &found) {
                    Some(difference) => bail!("{difference}; {status}: {}", brief(&found)),
                    None => Ok(()),
                }
            }
            None if asked.status.is_none() && !status.is_success() => bail!("{}", told()),
            None => Ok(()),
        }
    }

    /// A value in whose texts `{t}` is the id of task `t`.
    fn filled(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill_in(text)?),
            Value::Array(items) => items
                .iter()
                .map(|item| self.filled(item))
                .collect::<Result<_>>()?,
            Value::Object(members) => members
                .iter()
                .map(|(name, item)| Ok((name.clone(), self.filled(item)?)))
                .collect::<Result<Map<_, _>>>()?
                .into(),
            other => other.clone(),
        })
    }
}
