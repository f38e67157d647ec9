//! Requests that come as an array.

use crate::problem;
use crate::support::{Answer, Shop};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tasker_server::{Caller, Options, Principal};

async fn send(shop: &Shop, kind: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/tasks/bulk").header("content-type", kind);
    shop.send(request.body(body.into()).unwrap()).await
}

/// Index and kind of each that is told.
fn told(details: &Value) -> Vec<(u64, &str)> {
    let requests = details["requests"].as_array().unwrap();
    requests
        .iter()
        .map(|one| (one["index"].as_u64().unwrap(), one["kind"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn each_request_that_is_refused_is_told_by_its_index_whatever_is_wrong_with_it() {
    let shop = Shop::open().await;
    let one = json!({"name": "one", "namespace": "shop"});
    let readable = vec![
        one.clone(),
        json!({"name": "none"}),
        json!({"name": "one", "namespace": "shop", "priority": 99}),
        one.clone(),
        json!({"name": "process_order", "namespace": "shop"}),
    ];
    let mut expected = vec![
        (1, "unknown_named_task"),
        (2, "invalid_argument"),
        (4, "invalid_context"),
    ];
    let answer = shop.post("/tasks/bulk", json!(readable)).await;
    let refusal = problem(&answer, 422, "unknown_named_task");
    let details = &refusal["details"];
    assert_eq!(told(details), expected, "{refusal}");
    assert_eq!(
        (&details["count"], &details["count_relation"]),
        (&json!(3), &json!("exact"))
    );
    let requests = details["requests"].as_array().unwrap();
    assert_eq!(
        (&requests[0]["code"], &requests[1]["detail"]),
        (&json!(1004), &json!("priority is 0 (first) to 9 (last), not 99"))
    );
    assert!(!requests[2]["details"].is_null(), "{refusal}");

    // An object has nothing else.
    for more in ["idempotency_key", "dry_run"] {
        let answer = shop.post("/tasks/bulk", json!({"tasks": [], more: "k"})).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
        assert!(
            answer.text.contains(&format!("unknown field `{more}`")),
            "{}",
            answer.text
        );
    }

    // With some that cannot even be read.
    let mut all = readable;
    all.insert(0, json!({"name": 7}));
    all.push(json!({"name": "one", "namespace": "shop", "reason": "a\u{0}b"}));
    let answer = shop.post("/tasks/bulk", json!({"tasks": all})).await;
    let refusal = problem(&answer, 422, "invalid_argument");
    expected.iter_mut().for_each(|(index, _)| *index += 1);
    expected.insert(0, (0, "invalid_argument"));
    expected.push((6, "invalid_argument"));
    assert_eq!(told(&refusal["details"]), expected, "{refusal}");
    assert!(
        refusal["details"]["requests"][4]["detail"]
            .as_str()
            .unwrap()
            .contains("/reason"),
        "{refusal}"
    );
    assert_eq!(
        shop.get("/tasks").await["pagination"]["total"],
        0,
        "none was taken"
    );
}

#[tokio::test]
async fn a_request_alone_has_no_number() {
    let shop = Shop::open().await;
    let wrong = json!({"name": "one", "namespace": "shop", "priority": 99});
    let alone = shop.post("/tasks", wrong.clone()).await;
    assert!(
        problem(&alone, 422, "invalid_argument")["detail"]
            .as_str()
            .unwrap()
            .starts_with("priority is")
    );
    let many = shop.post("/tasks/bulk", json!([wrong])).await;
    problem(&many, 422, "invalid_argument");
}

#[tokio::test]
async fn items_may_be_wrapped_and_whoever_asks_is_their_initiator() {
    let shop = Shop::open().await;
    let one = json!({"name": "one", "namespace": "shop"});
    let given = json!({"name": "one", "namespace": "shop", "initiator": "bob"});
    let bodies = [
        ("application/json", json!([{"task": one}, one, given]).to_string()),
        (
            "application/x-ndjson",
            format!("{}\n{one}\n{given}\n", json!({"task": one})),
        ),
    ];
    for (kind, body) in bodies {
        let request = Request::post("/tasks/bulk")
            .header("content-type", kind)
            .extension(Caller {
                principal: Some(Arc::new(Principal::with_grants("anna", ["*"]))),
                from: None,
            });
        let answer = shop.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        assert!(!answer.text.contains("problem"), "{}", answer.text);
    }
    for (initiator, count) in [("anna", 4), ("bob", 2)] {
        let found = shop.get(&format!("/tasks?initiator={initiator}")).await;
        assert_eq!(found["pagination"]["total"], count, "{initiator}");
    }
}

#[tokio::test]
async fn of_very_many_that_are_wrong_the_first_are_told_and_all_are_counted() {
    let shop = Shop::open().await;
    let count = 150_000;
    let answer = send(
        &shop,
        "application/json",
        format!("[{}[]]", "[],".repeat(count - 1)),
    )
    .await;
    let details = problem(&answer, 422, "invalid_argument")["details"].clone();
    assert_eq!(details["count"], count);
    assert_eq!(
        (told(&details).len(), told(&details)[99]),
        (100, (99, "invalid_argument"))
    );
    let many = "{\"name\":\"one\"},".repeat(100_000);
    let answer = send(&shop, "application/json", format!("[{many}{{\"name\":\"one\"}}]")).await;
    let refusal = problem(&answer, 422, "invalid_argument");
    assert!(
        refusal["detail"].as_str().unwrap().contains("JSON lines"),
        "{refusal}"
    );
}

#[tokio::test]
async fn the_time_limit_and_the_end_of_the_server_end_the_reading() {
    let body = format!("[{}[]]", "[],".repeat(3_000_000));
    let hasty = Options {
        timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let shop = Shop::empty(hasty).await;
    let answer = send(&shop, "application/json", body.clone()).await;
    // It might have been created, in time: to ask again could do it twice.
    let late = problem(&answer, 503, "timeout");
    assert_eq!(
        (&late["retry"], answer.header("retry-after")),
        (&json!(false), "")
    );
    assert!(
        late["detail"]
            .as_str()
            .unwrap()
            .contains("look before you ask again"),
        "{late}"
    );
    let stopping = Options::default();
    stopping.stop.cancel();
    let shop = Shop::empty(stopping).await;
    let answer = send(&shop, "application/json", body).await;
    problem(&answer, 503, "shutting_down");
}

#[tokio::test]
async fn what_is_no_array_says_what_is_wanted() {
    let shop = Shop::empty(Options::default()).await;
    for (body, status) in [
        ("{}", 422),
        ("7", 422),
        ("{\"tasks\": {}}", 422),
        ("{\"tasks\": [], \"tasks\": []}", 422),
        ("[\"\u{7f}\", nonsense]", 400),
        ("[] []", 400),
        ("[", 400),
        ("", 400),
    ] {
        let answer = send(&shop, "application/json", body).await;
        problem(&answer, status, "invalid_argument");
    }
    let answer = send(&shop, "application/json", &b"[{\"name\": \"\xff\"}]"[..]).await;
    assert!(
        problem(&answer, 422, "invalid_argument")["detail"]
            .as_str()
            .unwrap()
            .contains("/0/name")
    );
}
