//! What headers say of a request.

use crate::problem;
use crate::support::{Answer, Shop};
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::io::Write;
use tasker_server::Options;

const ONE: &str = r#"{"name": "one", "namespace": "shop"}"#;
const TEMPLATE: &str =
    "{name: two, namespace_name: shop, version: 1.0.0, step_templates: [{name: only, handler: work}]}";

async fn send(
    shop: &Shop,
    method: Method,
    path: &str,
    headers: &[(&str, &[u8])],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::new(body.into());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(name, value);
    }
    shop.send(request).await
}

const JSON: (&str, &[u8]) = ("content-type", b"application/json");

#[tokio::test]
async fn a_body_is_what_its_content_type_says_and_nothing_else() {
    let shop = Shop::open().await;
    let harmless: &[&[(&str, &[u8])]] = &[
        &[],
        &[("content-type", b"text/plain")],
        &[("content-type", b"text/plain; a=ndjson")],
        &[("content-type", b"text/plain; a=application/json")],
        &[("content-type", b"text/plain;yaml")],
        &[("content-type", b"application/x-www-form-urlencoded")],
        &[("content-type", b"multipart/form-data; boundary=application/json")],
        &[("content-type", b"text/plain+json")],
        &[JSON, ("content-type", b"text/plain")],
        &[("content-type", b"application/octet-stream")],
    ];
    for headers in harmless {
        for (path, body) in [
            ("/tasks", ONE.to_owned()),
            ("/tasks/bulk", format!("[{ONE}]")),
            ("/tasks/bulk", format!("{ONE}\n")),
            ("/templates", TEMPLATE.to_owned()),
            ("/templates/validate", TEMPLATE.to_owned()),
            ("/graphql", r#"{"query": "{ tasks { taskId } }"}"#.to_owned()),
        ] {
            let refused = send(&shop, Method::POST, path, headers, body).await;
            problem(&refused, 415, "invalid_argument");
        }
    }
    let listed = shop.get("/tasks").await;
    assert_eq!(listed["tasks"], json!([]));
    for (path, kind, body, status) in [
        ("/tasks", "application/vnd.shop+json; charset=utf-8", ONE, 201),
        ("/tasks/bulk", "Application/JSON", "[]", 200),
        ("/tasks/bulk", "application/x-ndjson", ONE, 201),
        ("/tasks/bulk", "application/jsonl; charset=utf-8", ONE, 201),
        ("/templates", "application/yaml", TEMPLATE, 201),
        ("/templates", "text/yaml", TEMPLATE, 200),
        ("/templates/validate", "application/x-yaml", TEMPLATE, 200),
        ("/templates/validate", "application/x-ndjson", TEMPLATE, 415),
        ("/tasks", "application/x-ndjson", ONE, 415),
    ] {
        let headers = [("content-type", kind.as_bytes())];
        let answer = send(&shop, Method::POST, path, &headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {kind}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_idempotency_key_is_any_text_and_stands_once() {
    let shop = Shop::open().await;
    let create = async |keys: &[&[u8]]| {
        let mut headers = vec![JSON];
        headers.extend(keys.iter().map(|key| ("idempotency-key", *key)));
        send(&shop, Method::POST, "/tasks", &headers, ONE).await
    };
    let first = create(&["schön".as_bytes()]).await;
    let again = create(&["schön".as_bytes()]).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.json()["task"]["task_id"], again.json()["task"]["task_id"]);
    for wrong in [&[&b"sch\xf6n"[..]][..], &[b"a", b"b"], &[b"a", b"a"]] {
        let refused = problem(&create(wrong).await, 400, "invalid_argument");
        assert!(
            refused["detail"].as_str().unwrap().contains("idempotency-key"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn tags_to_match_may_stand_in_several_lines() {
    let shop = Shop::open().await;
    let task = format!("/tasks/{}", shop.one(json!({})).await);
    let tag = shop.ask(Method::GET, &task, None).await.header("etag").to_owned();
    let change = async |tags: &[&str]| {
        let mut headers = vec![JSON];
        headers.extend(tags.iter().map(|tag| ("if-match", tag.as_bytes())));
        let changed = send(&shop, Method::PATCH, &task, &headers, r#"{"reason": "x"}"#).await;
        changed.status
    };
    assert_eq!(change(&["\"x\"", "\"y\""]).await, StatusCode::PRECONDITION_FAILED);
    assert_eq!(change(&["\"x\"", &tag]).await, StatusCode::OK);
    let other = [JSON, ("if-match", &b"\"\xff\""[..])];
    let refused = send(&shop, Method::PATCH, &task, &other, "{}").await;
    problem(&refused, 400, "invalid_argument");
}

#[tokio::test]
async fn a_body_may_be_gzip_up_to_what_it_is_unpacked() {
    let shop = Shop::with(Options {
        body_bytes: 1000,
        ..Options::default()
    })
    .await;
    let gzip = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let create = async |encodings: &[&[u8]], body: Vec<u8>| {
        let mut headers = vec![JSON];
        headers.extend(encodings.iter().map(|encoding| ("content-encoding", *encoding)));
        send(&shop, Method::POST, "/tasks", &headers, body).await
    };
    let created = create(&[b"gzip"], gzip(ONE)).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
    let same = create(&[b"identity"], ONE.into()).await;
    assert_eq!(same.status, StatusCode::CREATED, "{}", same.text);
    let large = format!("{ONE}{}", " ".repeat(1000));
    problem(&create(&[b"gzip"], gzip(&large)).await, 413, "invalid_argument");
    problem(&create(&[b"gzip"], ONE.into()).await, 400, "invalid_argument");
    for wrong in [
        &[&b"br"[..]][..],
        &[b"gzip, gzip"],
        &[b"gzip", b"gzip"],
        &[b"zstd"],
    ] {
        problem(&create(wrong, ONE.into()).await, 415, "invalid_argument");
    }
    let lines = [
        ("content-type", &b"application/x-ndjson"[..]),
        ("content-encoding", b"gzip"),
    ];
    let created = send(
        &shop,
        Method::POST,
        "/tasks/bulk",
        &lines,
        gzip(&format!("{ONE}\n{ONE}")),
    )
    .await;
    assert_eq!(
        created.text.matches("\"created\":true").count(),
        2,
        "{}",
        created.text
    );
}

#[tokio::test]
async fn a_request_keeps_its_id_if_it_is_a_plain_one() {
    let shop = Shop::open().await;
    let long = "x".repeat(201);
    for (given, kept) in [
        (&["1f3a:7/b+c=d@e_f.g-h"][..], true),
        (&[&long[1..]], true),
        (&[&long], false),
        (&[""], false),
        (&["a b"], false),
        (&["a\"b"], false),
        (&["<b>"], false),
        (&["schön"], false),
        (&["a", "b"], false),
    ] {
        let headers: Vec<_> = given.iter().map(|id| ("x-request-id", id.as_bytes())).collect();
        let answer = send(&shop, Method::GET, "/health/live", &headers, Body::empty()).await;
        let id = answer.header("x-request-id");
        assert_eq!(id == given[0], kept, "{given:?}: {id}");
        assert!((1..=200).contains(&id.len()), "{given:?}: {id}");
    }
}
