//! Tasks that are asked for one by one, at the same time.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use axum::http::StatusCode;
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use support::Shop;
use tasker_core::model::TaskFilter;

#[tokio::test]
async fn each_of_many_that_come_together_has_its_own_answer() {
    let shop = Shop::open().await;
    let asking = (0..150).map(|number| {
        let name = if number % 10 == 3 { "nobody" } else { "one" };
        let mut request = json!({"name": name, "namespace": "shop", "context": {"number": number}});
        if number % 7 == 0 {
            request["idempotency_key"] = json!(format!("key {}", number % 14));
        }
        let shop = &shop;
        async move { (number, shop.post("/tasks", request).await) }
    });
    let mut made = BTreeSet::new();
    for (number, answer) in join_all(asking).await {
        if number % 10 == 3 {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
            assert!(answer.text.contains("nobody"), "{}", answer.text);
            continue;
        }
        if number % 7 == 0 {
            // One of those with a key is first; the same key with another context is a conflict.
            assert!(
                [StatusCode::CREATED, StatusCode::CONFLICT].contains(&answer.status),
                "{}",
                answer.text
            );
            continue;
        }
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        let task = &answer.json()["task"];
        assert_eq!(task["context"]["number"], number);
        assert_eq!(task["workflow_steps"][0]["name"], "only");
        assert_eq!(task["task_annotations"], json!([]));
        assert!(
            answer
                .header("location")
                .ends_with(task["task_id"].as_str().unwrap())
        );
        assert!(
            made.insert(task["task_id"].as_str().unwrap().to_owned()),
            "twice: {task}"
        );
    }
    let count = shop
        .client
        .count_tasks(&TaskFilter::default(), 1000)
        .await
        .unwrap();
    let plain = (0..150)
        .filter(|number| number % 10 != 3 && number % 7 != 0)
        .count();
    assert_eq!(usize::try_from(count).unwrap(), plain + 2, "two keys");
}
