//! Many tasks at once.

use crate::problem;
use crate::support::Shop;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn many_tasks_are_created_all_or_none_and_what_is_wrong_is_told_by_index() {
    let shop = Shop::open().await;
    let one = json!({"name": "one", "namespace": "shop"});
    let created = shop.post("/tasks/bulk", json!([one, one, one])).await;
    assert_eq!(
        (created.status, created.json()["tasks"].as_array().unwrap().len()),
        (StatusCode::CREATED, 3)
    );
    let wrong = shop
        .post("/tasks/bulk", json!({"tasks": [one, {"name": 7}, {"colour": 1}]}))
        .await;
    let details = problem(&wrong, 422, "invalid_argument")["details"].clone();
    let places: Vec<&Value> = details["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["index"])
        .collect();
    assert_eq!(places, [1, 2]);
    let unknown = shop.post("/tasks/bulk", json!([one, {"name": "none"}])).await;
    problem(&unknown, 422, "unknown_named_task");
    problem(
        &shop.post("/tasks/bulk", json!({})).await,
        422,
        "invalid_argument",
    );
    assert_eq!(shop.get("/tasks").await["pagination"]["total"], 3);
}

#[tokio::test]
async fn lines_are_answered_one_by_one_in_order_and_the_bad_ones_keep_no_other_from_being_made() {
    let shop = Shop::open().await;
    let one = r#"{"name": "one", "namespace": "shop"}"#;
    let lines = format!("{one}\n\n{{\"name\": 7}}\n{one}\nnonsense\n{{\"name\": \"none\"}}\n{one}");
    let request = Request::post("/tasks/bulk")
        .header("content-type", "application/x-ndjson")
        .body(Body::from(lines))
        .unwrap();
    let answer = shop.send(request).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::CREATED, "application/x-ndjson")
    );
    let answers: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<Value> = answers
        .iter()
        .map(|one| {
            if one["created"] == true {
                json!(true)
            } else {
                one["problem"]["kind"].clone()
            }
        })
        .collect();
    let expected = [
        json!(true),
        json!("invalid_argument"),
        json!(true),
        json!("invalid_argument"),
        json!("unknown_named_task"),
        json!(true),
    ];
    assert_eq!(kinds, expected, "{}", answer.text);
    assert!(
        answers
            .iter()
            .enumerate()
            .all(|(index, one)| one["index"] == index)
    );
    assert_eq!(shop.get("/tasks").await["pagination"]["total"], 3);
}

#[tokio::test]
async fn a_verb_for_many_needs_a_filter_and_can_be_tried_dry() {
    let shop = Shop::open().await;
    for _ in 0..3 {
        shop.one(json!({"tags": ["x"]})).await;
    }
    let kept = shop.one(json!({})).await;
    problem(
        &shop.post("/tasks/bulk/cancel", json!({})).await,
        422,
        "invalid_argument",
    );
    problem(
        &shop.post("/tasks/bulk/burn", json!({"all": true})).await,
        404,
        "not_found",
    );
    let dry = shop
        .post("/tasks/bulk/cancel", json!({"tags": ["x"], "dry_run": true}))
        .await
        .json();
    assert_eq!(
        (
            &dry["count"],
            &dry["dry_run"],
            dry["sample"].as_array().unwrap().len()
        ),
        (&json!(3), &json!(true), 3)
    );
    let first = shop
        .post(
            "/tasks/bulk/cancel",
            json!({"tags": ["x"], "limit": 2, "by": "anna", "reason": "stock"}),
        )
        .await
        .json();
    assert_eq!(
        (&first["count"], &first["count_relation"]),
        (&json!(2), &json!("at_least")),
        "{first}"
    );
    let rest = shop
        .post(
            "/tasks/bulk/cancel",
            json!({"tags": ["x"], "cursor": first["next_cursor"]}),
        )
        .await
        .json();
    assert_eq!(
        (&rest["count"], &rest["next_cursor"]),
        (&json!(1), &Value::Null),
        "{rest}"
    );
    assert_eq!(
        shop.get(&format!("/tasks/{kept}")).await["task"]["status"],
        "pending"
    );
    let refused = shop
        .post("/tasks/bulk/retry", json!({"status": ["cancelled"]}))
        .await
        .json();
    assert_eq!(
        (&refused["count"], refused["refused"].as_array().unwrap().len()),
        (&json!(0), 3),
        "{refused}"
    );
}
