//! Which pages may ask. A browser says where a page comes from (`Origin`, `Sec-Fetch-Site`); programs say nothing of the kind.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use std::time::Duration;
use tasker_core::{Error, ErrorKind, Result};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// Where a page stands as seen from what it asks; browsers alone send it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// How long a browser may remember what it was told.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Pages of other sites that may ask, by their origins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    any: bool,
    listed: Vec<HeaderValue>,
}

impl Origins {
    /// Reads origins such as `https://ops.example`, or `*` for the pages of every site. Those may then read, and ask with a token; what
    /// nobody says who they are for is changed by pages that are listed, and never because of `*`.
    ///
    /// # Errors
    /// `ConfigInvalid` for what is no origin.
    pub fn new<Text: AsRef<str>>(origins: impl IntoIterator<Item = Text>) -> Result<Self> {
        let mut read = Self::default();
        for text in origins {
            match text.as_ref() {
                "*" => read.any = true,
                text => read.listed.push(origin(text)?),
            }
        }
        Ok(read)
    }

    /// Whether the pages of every site may ask.
    pub fn are_any(&self) -> bool {
        self.any
    }

    /// What tells browsers that these pages may ask; none where there are none.
    pub(crate) fn layer(&self) -> Option<CorsLayer> {
        let methods = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        let shown = [
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            header::ALLOW,
            crate::app::REQUEST_ID,
        ];
        let layer = CorsLayer::new()
            .allow_methods(methods)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(shown)
            .max_age(REMEMBERED);
        match (self.any, self.listed.is_empty()) {
            // No browser sends its cookies to where every page may ask, and none should.
            (true, _) => Some(layer.allow_origin(AllowOrigin::any())),
            (false, true) => None,
            (false, false) => Some(layer.allow_origin(self.listed.clone()).allow_credentials(true)),
        }
    }

    /// The page of another site that a request comes from, in words; none where it may come from nothing of the kind, or where the
    /// page is listed. `host` is what the request is for; a proxy may have changed it, and then what the browser says decides.
    pub(crate) fn stranger(&self, host: Option<&str>, headers: &HeaderMap) -> Option<String> {
        let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        if site == Some(b"same-origin") {
            return None;
        }
        let mut said = headers.get_all(header::ORIGIN).iter().peekable();
        if said.peek().is_some() {
            return said
                .find(|origin| !self.listed.contains(origin) && !is_of(origin, host))
                .map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned());
        }
        matches!(site, Some(b"cross-site" | b"same-site")).then(|| "another site".to_owned())
    }
}

/// What a request is for, with its port.
pub(crate) fn host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    match uri.authority() {
        Some(authority) => authority.as_str().rsplit('@').next(),
        None => headers.get(header::HOST)?.to_str().ok(),
    }
}

/// Whether a page of this origin is one of this host.
fn is_of(origin: &HeaderValue, host: Option<&str>) -> bool {
    let authority = origin
        .to_str()
        .ok()
        .and_then(|text| text.split_once("://"))
        .map(|(_, authority)| authority);
    match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// An origin, as browsers write it.
fn origin(text: &str) -> Result<HeaderValue> {
    let wrong = || {
        Error::new(
            ErrorKind::ConfigInvalid,
            format!(
                "'{text}' is no origin of a page: write it as https://ops.example or http://localhost:3000, without a path; or *"
            ),
        )
    };
    let lower = text.trim_end_matches('/').to_ascii_lowercase();
    let (scheme, authority) = lower.split_once("://").ok_or_else(wrong)?;
    let parsed: Authority = authority.parse().map_err(|_| wrong())?;
    let is_scheme = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if scheme.is_empty() || !is_scheme || parsed.host().is_empty() || authority.contains('@') {
        return Err(wrong());
    }
    // Browsers leave out the port that a scheme has by itself.
    let usual = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let authority = authority
        .strip_suffix(usual)
        .filter(|_| !usual.is_empty())
        .unwrap_or(authority);
    HeaderValue::from_str(&format!("{scheme}://{authority}")).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_stranger_is_a_page_of_another_site_that_is_not_listed() {
        let origins = Origins::new(["https://ops.example:443/", "*"]).unwrap();
        for (pairs, stranger) in [
            (vec![], false),
            (vec![("origin", "http://localhost:8080")], false),
            (vec![("origin", "http://LOCALHOST:8080")], false),
            (vec![("origin", "http://localhost:3000")], true),
            (vec![("origin", "http://localhost")], true),
            (vec![("origin", "https://ops.example")], false),
            (vec![("origin", "http://ops.example")], true),
            (vec![("origin", "https://evil.example")], true),
            (vec![("origin", "null")], true),
            (vec![("origin", "")], true),
            (
                vec![
                    ("origin", "http://localhost:8080"),
                    ("origin", "https://evil.example"),
                ],
                true,
            ),
            (vec![("sec-fetch-site", "cross-site")], true),
            (vec![("sec-fetch-site", "same-site")], true),
            (vec![("sec-fetch-site", "same-origin")], false),
            (vec![("sec-fetch-site", "none")], false),
            (
                vec![
                    ("origin", "https://outside.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                false,
            ),
            (
                vec![
                    ("origin", "https://outside.example"),
                    ("sec-fetch-site", "same-site"),
                ],
                true,
            ),
            (
                vec![
                    ("origin", "https://ops.example"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
        ] {
            let found = origins.stranger(Some("localhost:8080"), &headers(&pairs));
            assert_eq!(found.is_some(), stranger, "{pairs:?}: {found:?}");
        }
        let nowhere = origins.stranger(None, &headers(&[("origin", "http://localhost:8080")]));
        assert!(nowhere.is_some(), "whoever names no host has no page");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "ops.example",
            "https://",
            "https://ops.example/path",
            "https://a@ops.example",
            "null",
            "",
            "https://*.example/*",
            "ht tp://a",
        ] {
            assert_eq!(
                Origins::new([text]).unwrap_err().kind,
                ErrorKind::ConfigInvalid,
                "{text}"
            );
        }
    }
}
