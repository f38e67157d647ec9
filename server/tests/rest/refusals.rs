//! What cannot be read or taken.

use crate::problem;
use crate::support::{Shop, UNKNOWN};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tasker_server::Options;

#[tokio::test]
async fn a_query_where_there_is_none_is_refused_and_nothing_is_done() {
    let shop = Shop::open().await;
    let task = format!("/tasks/{}", shop.one(json!({})).await);
    for (method, path) in [
        (Method::DELETE, task.clone()),
        (Method::POST, format!("{task}/cancel")),
        (Method::POST, "/tasks/bulk/cancel".to_owned()),
        (Method::GET, format!("{task}/why")),
    ] {
        let answer = shop
            .ask(method.clone(), &format!("{path}?dry_run=true"), Some(json!({})))
            .await;
        let refused = problem(&answer, 400, "invalid_argument");
        let detail = refused["detail"].as_str().unwrap();
        assert!(
            detail.contains(&format!("{path} takes none, and this one is \"dry_run=true\"")),
            "{detail}"
        );
    }
    assert_eq!(
        shop.get(&format!("{task}?fields=status")).await["task"]["status"],
        "pending"
    );
    // Probes may be asked with anything.
    assert!(shop.get("/health/live?x=1").await.is_object());
}

#[tokio::test]
async fn a_condition_that_nothing_looks_at_is_refused_and_nothing_is_done() {
    let shop = Shop::open().await;
    let task = format!("/tasks/{}", shop.one(json!({})).await);
    let many = json!([{"name": "one", "namespace": "shop"}]);
    for (method, path, name, body) in [
        (Method::DELETE, task.clone(), "if-match", json!({})),
        (Method::POST, format!("{task}/cancel"), "if-match", json!({})),
        (
            Method::POST,
            format!("{task}/cancel"),
            "idempotency-key",
            json!({}),
        ),
        (Method::POST, "/tasks/bulk".to_owned(), "idempotency-key", many),
        (
            Method::POST,
            "/graphql".to_owned(),
            "idempotency-key",
            json!({"query": "mutation { createTask(input: {name: \"one\", namespace: \"shop\"}) { taskId } }"}),
        ),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(&path)
            .header("content-type", "application/json")
            .header(name, "\"k\"")
            .body(Body::from(body.to_string()))
            .unwrap();
        let refused = problem(&shop.send(request).await, 422, "invalid_argument");
        let detail = refused["detail"].as_str().unwrap();
        assert!(
            detail.contains(&format!("{path} takes no header {name}")),
            "{detail}"
        );
    }
    let tasks = shop.get("/tasks").await;
    assert_eq!(tasks["pagination"]["total"], 1);
    assert_eq!(tasks["tasks"][0]["status"], "pending");
}

#[tokio::test]
async fn requests_that_cannot_be_read_or_taken_say_why() {
    let shop = Shop::open().await;
    let raw = async |kind: &str, text: &str| {
        let request = Request::post("/tasks")
            .header("content-type", kind)
            .body(Body::from(text.to_owned()))
            .unwrap();
        shop.send(request).await
    };
    problem(
        &raw("application/json", "{\"name\": ").await,
        400,
        "invalid_argument",
    );
    problem(
        &raw("application/json", "\u{fffd}").await,
        400,
        "invalid_argument",
    );
    problem(&raw("text/plain", "{}").await, 415, "invalid_argument");
    problem(&raw("application/json", "{}").await, 422, "invalid_argument");
    problem(&raw("application/json", "[1]").await, 422, "invalid_argument");
    problem(
        &raw("application/json", r#"{"name": "one", "colour": 1}"#).await,
        422,
        "invalid_argument",
    );
    problem(
        &raw(
            "application/json",
            r#"{"name": "one", "context": {"n": 99999999999999999999}}"#,
        )
        .await,
        422,
        "invalid_argument",
    );
    let unknown = problem(
        &shop.post("/tasks", json!({"name": "none"})).await,
        422,
        "unknown_named_task",
    );
    assert!(unknown["error"]["name"][0].is_string(), "{unknown}");
    let invalid = problem(
        &shop
            .post("/tasks", json!({"name": "process_order", "namespace": "shop"}))
            .await,
        422,
        "invalid_context",
    );
    assert!(invalid["error"]["context"][0].is_string(), "{invalid}");
    assert!(!invalid["details"].is_null(), "{invalid}");
    for path in [
        format!("/tasks/{UNKNOWN}"),
        "/tasks/7".to_owned(),
        format!("/tasks/{UNKNOWN}/why"),
        "/nothing".to_owned(),
        format!("/tasks/{UNKNOWN}/workflow_steps"),
        format!("/tasks/{UNKNOWN}/timeline"),
        format!("/tasks/{UNKNOWN}/annotations"),
        "/workers/7".to_owned(),
        "/handlers/none".to_owned(),
        "/handlers/shop/none".to_owned(),
    ] {
        problem(&shop.ask(Method::GET, &path, None).await, 404, "not_found");
    }
    problem(
        &shop.ask(Method::GET, "/templates/shop/none", None).await,
        404,
        "unknown_named_task",
    );
    problem(
        &shop.ask(Method::DELETE, "/tasks", None).await,
        405,
        "invalid_argument",
    );
    for query in [
        "colour=red",
        "status=sleeping",
        "limit=many",
        "sort_by=colour",
        "sort_order=up",
        "cursor=7",
        "page=0",
        "page=1&offset=3",
        "fields=colour",
        "fields=,",
        "name=%ff",
        "created_since=",
        "namespace=",
        "name=a&limit=",
        "cursor=01a21fff-b2cc-7103-b2f4-b61d414ea8bc&offset=3",
        "cursor=01a21fff-b2cc-7103-b2f4-b61d414ea8bc&page=2",
        "cursor=01a21fff-b2cc-7103-b2f4-b61d414ea8bc.priority.61&sort_by=priority",
        "cursor=01a21fff-b2cc-7103-b2f4-b61d414ea8bc.requested_at.61&sort_by=requested_at",
    ] {
        let refused = shop.ask(Method::GET, &format!("/tasks?{query}"), None).await;
        problem(&refused, 400, "invalid_argument");
    }
    let unbounded = shop
        .ask(Method::GET, "/tasks?context=%7B%22a%22%3A1%7D", None)
        .await;
    problem(&unbounded, 422, "invalid_argument");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_place() {
    let shop = Shop::open().await;
    let task = format!("/tasks/{}", shop.one(json!({})).await);
    let step = format!("{task}/workflow_steps/only");
    for (method, path, body, told) in [
        (Method::GET, "/tasks?limit=many", None, "limit: "),
        (Method::GET, "/tasks?created_since=now", None, "created_since: "),
        (Method::GET, "/tasks?paused=perhaps", None, "paused: "),
        (
            Method::GET,
            "/workers?health=alive&health=ill",
            None,
            "health[1]: ",
        ),
        (Method::GET, "/tasks?colour=red", None, "`colour`"),
        (
            Method::POST,
            "/tasks",
            Some(json!({"name": "one", "tags": ["a", 7]})),
            "tags[1]: ",
        ),
        (
            Method::POST,
            "/tasks",
            Some(json!({"task": {"name": "one"}, "format": "json"})),
            "`format` stands beside `task`",
        ),
        (
            Method::PATCH,
            &task,
            Some(json!({"priority": "high"})),
            "priority: ",
        ),
        (
            Method::PATCH,
            &task,
            Some(json!({"task": {"tags": [null]}})),
            "tags[0]: ",
        ),
        // Whether null is to stay or to go, nobody knows.
        (
            Method::PATCH,
            &task,
            Some(json!({"priority": null})),
            "priority: ",
        ),
        (Method::PATCH, &task, Some(json!({"reason": null})), "reason: "),
        (Method::PATCH, &step, Some(json!({"inputs": null})), "inputs: "),
        (
            Method::PATCH,
            &step,
            Some(json!({"retry_limit": null})),
            "retry_limit: ",
        ),
    ] {
        let answer = shop.ask(method, path, body).await;
        let status = if path.contains('?') { 400 } else { 422 };
        let refused = problem(&answer, status, "invalid_argument");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(told), "{path}: {detail}");
    }
    // What is left out stays as it is.
    let changed = shop.ask(Method::PATCH, &task, Some(json!({}))).await;
    assert_eq!(changed.json()["task"]["reason"], "unknown", "{}", changed.text);
}

#[tokio::test]
async fn clients_of_the_ancestor_read_what_it_said() {
    let shop = Shop::open().await;
    for (method, path, body, status, error) in [
        (Method::GET, "/handlers/none", None, 404, "Namespace not found"),
        (
            Method::GET,
            "/handlers/none/one",
            None,
            404,
            "Namespace not found",
        ),
        (
            Method::GET,
            "/handlers/shop/none",
            None,
            404,
            "Handler not found in namespace",
        ),
        (
            Method::POST,
            "/tasks",
            Some(json!({})),
            422,
            "invalid parameters: requires task name",
        ),
        (
            Method::POST,
            "/tasks",
            Some(json!({"task": {"name": null, "context": {}}})),
            422,
            "invalid parameters: requires task name",
        ),
    ] {
        let answer = shop.ask(method, path, body).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
        assert_eq!(answer.json()["error"], error, "{path}");
        assert_ne!(answer.json()["detail"], error, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let shop = Shop::with(Options {
        body_bytes: 100,
        ..Options::default()
    })
    .await;
    let large = json!({"name": "one", "namespace": "shop", "reason": "x".repeat(200)});
    problem(&shop.post("/tasks", large).await, 413, "invalid_argument");
}
