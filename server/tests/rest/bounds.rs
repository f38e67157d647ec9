//! What is out of bounds is told so, and is no error of the server.

use crate::problem;
use crate::support::{Answer, Shop};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use tasker_server::{Caller, Principal};

fn refused(answer: &Answer, words: &str) {
    let problem = problem(answer, 422, "invalid_argument");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(words), "'{words}' in: {detail}");
}

#[tokio::test]
async fn times_that_there_are_not_are_refused_with_the_bound() {
    let shop = Shop::open().await;
    let far = "-262143-01-01T00:00:00Z";
    for name in [
        "created_since",
        "created_before",
        "completed_since",
        "completed_before",
    ] {
        let answer = shop.ask(Method::GET, &format!("/tasks?{name}={far}"), None).await;
        refused(&answer, "years 0000 to 9999");
    }
    let bulk = json!({"created_since": far, "dry_run": true});
    refused(&shop.post("/tasks/bulk/cancel", bulk).await, "years 0000 to 9999");
    let request = |more: Value| {
        let mut body = json!({"name": "one", "namespace": "shop"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (more, words) in [
        (json!({"requested_at": far}), "requested_at must be in the years"),
        (
            json!({"idempotency_key": "k", "idempotency_ttl_seconds": 1e14}),
            "a thousand years",
        ),
        (
            json!({"idempotency_key": "k", "idempotency_ttl_seconds": 1e300}),
            "a thousand years",
        ),
        (
            json!({"initiator": "i".repeat(257)}),
            "initiator has 257 characters, and 256 are allowed",
        ),
        (
            json!({"source_system": "i".repeat(1 << 20)}),
            "source_system has 1048576 characters",
        ),
        (
            json!({"reason": "r".repeat(4097)}),
            "reason has 4097 characters, and 4096 are allowed",
        ),
        (json!({"tags": vec!["t"; 101]}), "at most 100 tags"),
        (
            json!({"tags": ["t".repeat(129)]}),
            "a tag has 129 characters, and 128 are allowed",
        ),
    ] {
        refused(&shop.post("/tasks", request(more.clone())).await, words);
        let many = shop.post("/tasks/bulk", json!([request(more)])).await;
        assert_eq!(many.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", many.text);
        assert!(many.text.contains(words), "{}", many.text);
    }
}

#[tokio::test]
async fn who_and_why_have_bounds() {
    let shop = Shop::open().await;
    let at = format!("/tasks/{}", shop.one(json!({})).await);
    for (path, body, words) in [
        (
            format!("{at}/pause"),
            json!({"by": "b".repeat(257)}),
            "by has 257 characters",
        ),
        (
            format!("{at}/cancel"),
            json!({"reason": "r".repeat(7_000_000)}),
            "4096 are allowed",
        ),
        (format!("{at}/cancel"), json!({"by": "b\u{0}"}), "U+0000"),
    ] {
        refused(&shop.post(&path, body).await, words);
    }
    // Whoever is known is not named by the request, and what it says has bounds all the same.
    let anna = Principal::with_grants("anna", ["tasker.task:pause"]);
    let body = json!({"by": "b".repeat(257)}).to_string();
    let known = Request::post(format!("{at}/pause"))
        .header("content-type", "application/json")
        .extension(Caller {
            principal: Some(Arc::new(anna)),
            from: None,
        })
        .body(Body::from(body))
        .unwrap();
    refused(&shop.send(known).await, "by has 257 characters");
    let patch = json!({"tags": vec!["t"; 101]});
    refused(
        &shop.ask(Method::PATCH, &at, Some(patch)).await,
        "at most 100 tags",
    );
    let inputs = json!({"inputs": {"text": "x".repeat(2 << 20)}});
    let step = format!("{at}/workflow_steps/only");
    refused(
        &shop.ask(Method::PATCH, &step, Some(inputs)).await,
        "execution.max_context_bytes allows 1048576",
    );
    assert_eq!(shop.get(&at).await["task"]["status"], "pending");
}

#[tokio::test]
async fn what_nobody_knows_is_not_paused() {
    let shop = Shop::open().await;
    for (scope, words) in [
        (json!({"namespace": ""}), "namespace is empty"),
        (json!({"namespace": "shop", "name": ""}), "name is empty"),
        (json!({"handler": ""}), "handler is empty"),
        (json!({"namespace": "n".repeat(4000)}), "64 are allowed"),
        (json!({"handler": "h".repeat(27_000)}), "258 are allowed"),
    ] {
        refused(&shop.post("/pause", scope.clone()).await, words);
        refused(&shop.post("/resume", scope).await, words);
    }
    for (scope, words) in [
        (json!({"namespace": "nope"}), "there is no namespace 'nope'"),
        (json!({"namespace": "shop", "name": "nope"}), "the task 'nope'"),
        (json!({"handler": "nope"}), "no template names a handler 'nope'"),
    ] {
        let problem = problem(&shop.post("/pause", scope.clone()).await, 404, "not_found");
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    let namespaces = shop.get("/namespaces").await;
    assert!(!namespaces.to_string().contains("nope"), "{namespaces}");
}
