//! Tasks: created, shown, changed, and operated on.

use crate::problem;
use crate::support::Shop;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn a_task_is_created_wrapped_or_bare_and_shown_with_its_steps() {
    let shop = Shop::open().await;
    for body in [
        json!({"name": "one", "namespace": "shop"}),
        json!({"task": {"name": "one", "namespace": "shop"}}),
    ] {
        let created = shop.post("/tasks", body).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
        let task = created.json()["task"].clone();
        assert_eq!(
            created.header("location"),
            format!("/tasks/{}", task["task_id"].as_str().unwrap())
        );
        assert_eq!(
            (&task["status"], &task["workflow_steps"][0]["name"]),
            (&json!("pending"), &json!("only"))
        );
        assert_eq!(task["task_annotations"], json!([]));
        assert_eq!(shop.get(created.header("location")).await["task"], task);
    }
}

#[tokio::test]
async fn one_task_for_all_requests_with_a_key() {
    let shop = Shop::open().await;
    let with_key = |key: &str, context: Value| {
        let body = json!({"name": "one", "namespace": "shop", "context": context});
        Request::post("/tasks")
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let first = shop.send(with_key("k", json!({"n": 1}))).await;
    let again = shop.send(with_key("k", json!({"n": 1}))).await;
    assert_eq!(
        (first.status, again.status),
        (StatusCode::CREATED, StatusCode::OK)
    );
    assert_eq!(first.json()["task"]["task_id"], again.json()["task"]["task_id"]);
    problem(
        &shop.send(with_key("k", json!({"n": 2}))).await,
        409,
        "idempotency_mismatch",
    );
    let mut both = with_key("k", json!({}));
    *both.body_mut() =
        Body::from(json!({"name": "one", "namespace": "shop", "idempotency_key": "other"}).to_string());
    problem(&shop.send(both).await, 422, "invalid_argument");
}

#[tokio::test]
async fn a_task_is_changed_only_if_it_is_still_as_it_was_shown() {
    let shop = Shop::open().await;
    let task = format!("/tasks/{}", shop.one(json!({})).await);
    let shown = shop.ask(Method::GET, &task, None).await;
    let tag = shown.header("etag").to_owned();
    let patch = |body: Value, tag: &str| {
        Request::patch(&task)
            .header("content-type", "application/json")
            .header("if-match", tag)
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let changed = shop
        .send(patch(
            json!({"task": {"reason": "asked twice", "tags": ["vip"]}}),
            &tag,
        ))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(changed.json()["task"]["tags"], json!(["vip"]));
    assert_ne!(changed.header("etag"), tag);
    let late = shop.send(patch(json!({"reason": "late"}), &tag)).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{}", late.text);
    let put = shop.ask(Method::PUT, &task, Some(json!({"priority": 1}))).await;
    assert_eq!(put.json()["task"]["priority"], 1);
    problem(
        &shop
            .ask(Method::PATCH, &task, Some(json!({"priority": 12})))
            .await,
        422,
        "invalid_argument",
    );
}

#[tokio::test]
async fn operators_step_in_and_what_is_illegal_is_a_conflict() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    let verb = async |path: &str, body: Value| shop.post(&format!("/tasks/{task}{path}"), body).await;
    assert_eq!(
        verb("/pause", json!({"by": "anna"})).await.json()["task"]["paused"],
        true
    );
    let why = shop.get(&format!("/tasks/{task}/why")).await;
    assert_eq!(why["why"][0]["reason"], "paused", "{why}");
    assert_eq!(verb("/resume", json!({})).await.json()["task"]["paused"], false);
    problem(&verb("/retry", json!({})).await, 409, "illegal_transition");
    problem(&verb("/resolve", json!({})).await, 409, "illegal_transition");
    problem(
        &verb("/workflow_steps/only/retry", json!({})).await,
        409,
        "illegal_transition",
    );
    let step = format!("/tasks/{task}/workflow_steps/only");
    let changed = shop
        .ask(
            Method::PATCH,
            &step,
            Some(json!({"workflow_step": {"retry_limit": 7, "inputs": {"n": 1}}})),
        )
        .await;
    assert_eq!(
        (
            &changed.json()["step"]["retry_limit"],
            &changed.json()["step"]["inputs"]
        ),
        (&json!(7), &json!({"n": 1}))
    );
    let resolved = verb(
        "/workflow_steps/1/resolve",
        json!({"results": {"by": "hand"}, "by": "anna", "reason": "paid in cash"}),
    )
    .await;
    assert_eq!(
        resolved.json()["step"]["results"],
        json!({"by": "hand"}),
        "{}",
        resolved.text
    );
    problem(
        &shop.ask(Method::DELETE, &step, None).await,
        409,
        "illegal_transition",
    );
    let timeline = shop.get(&format!("/tasks/{task}/timeline")).await;
    let last = timeline["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["to_state"] == "resolved_manually")
        .unwrap();
    assert_eq!(
        (&last["metadata"]["by"], &last["metadata"]["reason"]),
        (&json!("anna"), &json!("paid in cash"))
    );
    let trail = shop.get(&format!("{step}/transitions")).await;
    assert_eq!(trail["transitions"].as_array().unwrap().len(), 2);
    let other = shop.one(json!({})).await;
    let cancelled = shop.ask(Method::DELETE, &format!("/tasks/{other}"), None).await;
    assert_eq!(cancelled.json(), json!({"cancelled": true}));
    assert_eq!(
        shop.get(&format!("/tasks/{other}/workflow_steps/only")).await["step"]["status"],
        "cancelled"
    );
}
