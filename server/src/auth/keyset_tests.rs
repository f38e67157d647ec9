// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The keys of a set that another implementation made: RSA, P-256, P-384, P-521.
fn given() -> Vec<Value> {
    let given: Value = serde_json::from_str(include_str!("../../tests/tokens/pyjwt.json")).unwrap();
    given["jwks"]["keys"].as_array().unwrap().clone()
}

/// A set in a file.
struct Filed {
    set: Arc<KeySet>,
    folder: TempDir,
}

impl Filed {
    fn new(keys: &[Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        let set = Arc::new(KeySet::at(file.to_str().unwrap(), 300.0).unwrap());
        let filed = Self { set, folder };
        filed.write(&json!({ "keys": keys }).to_string());
        filed
    }

    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("keys.json"), text).unwrap();
    }

    async fn count(&self, kid: Option<&str>) -> usize {
        self.set.keys(kid).await.len()
    }

    fn ago(&self, read: u64, tried: u64) {
        self.set.ago(read, tried);
    }
}

impl KeySet {
    /// As if it had been read, or had been tried to, so many seconds ago.
    pub(in super::super) fn ago(&self, read: u64, tried: u64) {
        let now = Instant::now();
        let ago = |seconds| now.checked_sub(Duration::from_secs(seconds));
        let mut known = self.known.write().unwrap();
        (known.read, known.tried) = (ago(read), ago(tried));
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_id_or_among_all() {
    let filed = Filed::new(&given());
    for (kid, count) in [
        (None, 4),
        (Some("key-RS"), 1),
        (Some("key-ES384"), 1),
        (Some("other"), 0),
        (Some(""), 0),
    ] {
        assert_eq!(filed.count(kid).await, count, "{kid:?}");
    }
}

#[tokio::test]
async fn an_unknown_key_has_the_set_read_at_once_but_not_all_the_time() {
    let filed = Filed::new(&given()[..1]);
    assert_eq!(filed.count(Some("key-ES256")).await, 0);
    filed.write(&json!({ "keys": given() }).to_string());
    filed.ago(9, 9);
    assert_eq!(
        filed.count(Some("key-ES256")).await,
        0,
        "it was tried nine seconds ago"
    );
    filed.ago(11, 11);
    assert_eq!(filed.count(Some("key-ES256")).await, 1, "and not for eleven");
    filed.write(&json!({ "keys": given()[..1] }).to_string());
    for (tried, count) in [(9, 4), (11, 1)] {
        filed.ago(11, tried);
        filed.set.read_again().await;
        assert_eq!(filed.count(None).await, count, "tried {tried} seconds ago");
    }
}

#[tokio::test]
async fn a_set_that_is_too_old_is_read_again_while_its_keys_count() {
    let filed = Filed::new(&given());
    assert_eq!(filed.count(None).await, 4);
    filed.write(&json!({ "keys": given()[..1] }).to_string());
    filed.ago(299, 299);
    assert_eq!(filed.count(None).await, 4);
    assert_eq!(Arc::strong_count(&filed.set), 1, "nobody reads it again");
    filed.ago(301, 301);
    assert_eq!(filed.count(None).await, 4, "for this it comes too late");
    assert_eq!(Arc::strong_count(&filed.set), 2, "somebody reads it again");
    while Arc::strong_count(&filed.set) > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(filed.count(None).await, 1);
    // Whoever comes while it is tried leaves it.
    filed.write(&json!({ "keys": given() }).to_string());
    filed.ago(301, 9);
    assert_eq!(filed.count(None).await, 1);
    while Arc::strong_count(&filed.set) > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(filed.count(None).await, 1);
}

#[tokio::test]
async fn a_set_that_nobody_asked_for_in_long_is_read_before_it_counts() {
    let filed = Filed::new(&given());
    assert_eq!(filed.count(None).await, 4);
    filed.write(&json!({ "keys": given()[..1] }).to_string());
    filed.ago(601, 601);
    assert_eq!(
        filed.count(None).await,
        1,
        "what was taken out of it counts no more"
    );
    // Where it cannot be read, nobody waits for it again and again.
    filed.write("no set");
    filed.ago(601, 601);
    assert_eq!(filed.count(None).await, 1);
    filed.ago(601, 11);
    assert_eq!(filed.count(None).await, 1);
    assert_eq!(Arc::strong_count(&filed.set), 2, "it is read beside");
}

#[tokio::test]
async fn a_set_that_cannot_be_read_any_more_counts_for_a_day() {
    let filed = Filed::new(&given());
    assert_eq!(filed.count(None).await, 4);
    filed.write("no set");
    for (hours, count) in [(23, 4), (25, 0)] {
        filed.ago(hours * 3600, 3600);
        let reading = filed.set.reading.lock().await;
        filed.set.refresh().await;
        drop(reading);
        assert_eq!(filed.set.known().named(None).len(), count, "after {hours} h");
    }
}

#[tokio::test]
async fn a_key_that_says_that_it_is_for_something_else_is_none() {
    for (change, count) in [
        (json!({}), 1),
        (json!({"use": null}), 1),
        (json!({"use": "enc"}), 0),
        (json!({"alg": "RS512"}), 1),
        (json!({"alg": "ES256"}), 0),
        (json!({"alg": "HS256"}), 0),
        (json!({"alg": "none"}), 0),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), 0),
        (json!({"kty": "EC"}), 0),
        (json!({"n": ""}), 0),
        (json!({"e": "="}), 0),
    ] {
        let mut key = given()[0].clone();
        key.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        assert_eq!(Filed::new(&[key]).count(None).await, count, "{change}");
    }
    for (change, count) in [
        (json!({"crv": "P-521"}), 1),
        (json!({"crv": "P-256"}), 0),
        (json!({"crv": "secp256k1"}), 0),
        (json!({"x": ""}), 0),
    ] {
        let mut key = given()[3].clone();
        key.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        assert_eq!(Filed::new(&[key]).count(None).await, count, "{change}");
    }
}

/// Numbers may come with leading zeros, and coordinates without them.
#[test]
fn numbers_and_points_have_the_length_that_they_need() {
    let key = |value: Value| Key::from_jwk(&serde_json::from_value(value).unwrap());
    let Some(Key::Rsa { n, e }) = key(json!({"kty": "RSA", "n": "AAABAg", "e": "AAEAAQ"})) else {
        panic!("it is a key of RSA");
    };
    assert_eq!((n, e), (vec![1, 2], vec![1, 0, 1]));
    let Some(Key::P256(point)) = key(json!({"kty": "EC", "crv": "P-256", "x": "Bw", "y": "CQ"})) else {
        panic!("it is a point");
    };
    let mut expected = vec![0; 65];
    (expected[0], expected[32], expected[64]) = (4, 7, 9);
    assert_eq!(point, expected);
}

#[test]
fn nothing_but_https_is_an_address() {
    let place = |place: &str| KeySet::at(place, 1.0).unwrap().place;
    assert!(matches!(place("https://login.example/keys"), Place::Url(_)));
    assert!(matches!(place("http://login.example/keys"), Place::File(_)));
    assert!(KeySet::at("https://", 1.0).is_err());
}

#[tokio::test]
async fn only_an_answer_that_is_one_and_not_too_large_is_a_set() {
    let set = || json!({ "keys": given() }).to_string();
    let routes = Router::new()
        .route("/keys", get(move || async move { set() }))
        .route(
            "/gone",
            get(move || async move { (StatusCode::NOT_FOUND, set()) }),
        )
        .route("/large", get(|| async { vec![b' '; LARGEST + 1] }))
        .route("/full", get(|| async { vec![b' '; LARGEST] }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .unwrap()
        .https_or_http()
        .enable_http1()
        .build();
    let client: HttpsClient = Client::builder(TokioExecutor::new()).build(connector);
    let url = |path: &str| format!("http://{address}{path}").parse().unwrap();
    let found = fetch(&client, &url("/keys")).await.unwrap();
    assert_eq!(read_keys(&found).unwrap().len(), 4);
    assert!(fetch(&client, &url("/gone")).await.unwrap_err().contains("404"));
    assert!(fetch(&client, &url("/large")).await.is_err());
    assert_eq!(fetch(&client, &url("/full")).await.unwrap().len(), LARGEST);

    // And the one that is really used asks nobody in the clear.
    let remote = Remote {
        url: url("/keys"),
        client: OnceLock::new(),
    };
    assert!(fetch(remote.client().unwrap(), &remote.url).await.is_err());
}
