//! Sets of public keys (JWKS, RFC 7517), in a file or behind an https URL, read again when keys change.

use super::signature::{Jwk, Key};
use axum::body::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};
use tasker_core::{Error, ErrorKind, Result};

/// A set is not read more often than this, whatever tokens name.
const NOT_BEFORE: Duration = Duration::from_secs(10);
/// Reading takes no longer.
const WITHIN: Duration = Duration::from_secs(5);
/// A set that cannot be read any more counts no longer than this.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// No set is larger, in bytes.
const LARGEST: usize = 1 << 20;

/// A set of keys at a place.
#[derive(Debug)]
pub(super) struct KeySet {
    place: Place,
    max_age: Duration,
    known: RwLock<Known>,
    /// Held by whoever reads the set.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Url(Box<Remote>),
}

#[derive(Debug)]
struct Remote {
    url: http::Uri,
    client: OnceLock<HttpsClient>,
}

type HttpsClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

#[derive(Debug, Default)]
struct Known {
    keys: Vec<(Option<String>, Key)>,
    /// When they were read.
    read: Option<Instant>,
    /// When that was last tried.
    tried: Option<Instant>,
}

/// How old a set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// As it should be.
    Fresh,
    /// Too old by less than it may be old, or it could not be read when that was tried last.
    Old,
    /// Nobody has asked for so long that a key may have been taken out of it a while ago.
    Forgotten,
}

impl Known {
    fn age(&self, max_age: Duration) -> Age {
        let Some(read) = self.read else {
            return Age::Old;
        };
        let age = read.elapsed();
        if age <= max_age {
            Age::Fresh
        } else if age <= max_age.saturating_mul(2) || self.tried.is_some_and(|tried| tried > read) {
            Age::Old
        } else {
            Age::Forgotten
        }
    }

    /// The keys of this id, or all where there is none.
    fn named(&self, kid: Option<&str>) -> Vec<Key> {
        let keys = self.keys.iter();
        keys.filter(|(id, _)| kid.is_none() || id.as_deref() == kid)
            .map(|(_, key)| key.clone())
            .collect()
    }
}

#[derive(Debug, Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// The set at an https URL, or in a file. Nothing is read yet.
    ///
    /// # Errors
    /// `ConfigInvalid`.
    pub(super) fn at(place: &str, max_age_seconds: f64) -> Result<Self> {
        let place = if place.starts_with("https://") {
            let url = place.parse().map_err(|error| {
                Error::new(
                    ErrorKind::ConfigInvalid,
                    format!("auth.jwt_jwks: '{place}' is no URL: {error}"),
                )
            })?;
            Place::Url(Box::new(Remote {
                url,
                client: OnceLock::new(),
            }))
        } else {
            Place::File(PathBuf::from(place))
        };
        Ok(Self {
            place,
            max_age: Duration::try_from_secs_f64(max_age_seconds).unwrap_or_default(),
            known: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
        })
    }

    /// The keys that a token may be signed with: those of its id, or all where it names none. Keys of a set that is a little too old
    /// count at once, while it is read again; for others, and where nobody has asked for long, that is waited for.
    pub(super) async fn keys(self: &Arc<Self>, kid: Option<&str>) -> Vec<Key> {
        let (found, age) = {
            let known = self.known();
            (known.named(kid), known.age(self.max_age))
        };
        if found.is_empty() || age == Age::Forgotten {
            // Somebody else may read it just now, and find the key.
            let _reading = self.reading.lock().await;
            let is_needed = {
                let known = self.known();
                known.named(kid).is_empty() || known.age(self.max_age) == Age::Forgotten
            };
            if is_needed && self.may_read() {
                self.refresh().await;
            }
            return self.known().named(kid);
        }
        if age == Age::Old {
            let set = Arc::clone(self);
            tokio::spawn(async move {
                if let Ok(_reading) = set.reading.try_lock()
                    && set.may_read()
                {
                    set.refresh().await;
                }
            });
        }
        found
    }

    /// Reads the set again, unless that was tried just now.
    pub(super) async fn read_again(&self) {
        let _reading = self.reading.lock().await;
        if self.may_read() {
            self.refresh().await;
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time to read the set again; then it is no more for some seconds.
    fn may_read(&self) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.tried.is_some_and(|tried| tried.elapsed() < NOT_BEFORE) {
            return false;
        }
        known.tried = Some(Instant::now());
        true
    }

    /// Reads the set anew, for whoever holds `reading`.
    async fn refresh(&self) {
        let read = self.read().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(keys) => {
                known.keys = keys;
                known.read = Some(Instant::now());
            }
            Err(error) => {
                tracing::warn!(error, "the keys of tokens (auth.jwt_jwks) could not be read");
                if known.read.is_none_or(|read| read.elapsed() > STALE) {
                    known.keys = Vec::new();
                }
            }
        }
    }

    async fn read(&self) -> std::result::Result<Vec<(Option<String>, Key)>, String> {
        let bytes = match &self.place {
            Place::File(path) => tokio::fs::read(path)
                .await
                .map_err(|error| format!("{}: {error}", path.display()))?,
            Place::Url(remote) => {
                let url = &remote.url;
                tokio::time::timeout(WITHIN, fetch(remote.client()?, url))
                    .await
                    .map_err(|_| format!("{url}: no answer within {} s", WITHIN.as_secs()))?
                    .map_err(|error| format!("{url}: {error}"))?
            }
        };
        read_keys(&bytes)
    }
}

fn read_keys(bytes: &[u8]) -> std::result::Result<Vec<(Option<String>, Key)>, String> {
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| format!("no set of keys: {error}"))?;
    // Keys of kinds that are not known here are passed over, as RFC 7517 (5) wants.
    let keys = document.keys.into_iter().filter_map(|value| {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        Some((jwk.kid.clone(), Key::from_jwk(&jwk)?))
    });
    Ok(keys.collect())
}

impl Remote {
    /// HTTPS with the certificates that the system trusts (or `SSL_CERT_FILE`).
    fn client(&self) -> std::result::Result<&HttpsClient, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| format!("the certificates that the system trusts cannot be read: {error}"))?;
        let connector = builder.https_only().enable_http1().build();
        Ok(self
            .client
            .get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }
}

async fn fetch(client: &HttpsClient, url: &http::Uri) -> std::result::Result<Vec<u8>, String> {
    let response = client.get(url.clone()).await.map_err(|error| {
        // What happened is in the sources of it.
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(deeper) = source {
            text = format!("{text}: {deeper}");
            source = deeper.source();
        }
        text
    })?;
    if !response.status().is_success() {
        return Err(format!("it answers {}", response.status()));
    }
    let body = Limited::new(response.into_body(), LARGEST);
    Ok(body
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes()
        .into())
}

#[cfg(test)]
#[path = "keyset_tests.rs"]
mod tests;
