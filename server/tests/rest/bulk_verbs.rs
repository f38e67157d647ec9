//! Verbs for many that do not come to an end, and the filters that the list has as well.

use crate::problem;
use crate::support::Shop;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tasker_core::model::{Settings, TaskRequest};
use tasker_core::{Client, ClientOptions};
use tasker_server::{Options, router};

const TASKS: usize = 150;

/// A shop with more tasks than a batch has, and a connection that holds the oldest, so that the last batch has to wait for it.
async fn held(lock_timeout_seconds: f64, options: Options) -> (Shop, PgConnection) {
    let mut shop = Shop::open().await;
    let mut settings = Settings::default();
    settings.database.lock_timeout_seconds = lock_timeout_seconds;
    settings.database.statement_timeout_seconds = 60.0;
    shop.client = Client::new(ClientOptions {
        settings,
        database_url: Some(shop.url()),
        ..ClientOptions::default()
    })
    .unwrap();
    shop.router = router(shop.client.clone(), options);
    let request = TaskRequest {
        namespace: Some("shop".to_owned()),
        ..TaskRequest::new("one")
    };
    let created = shop.client.create_tasks(&vec![request; TASKS]).await.unwrap();
    let oldest = created.iter().map(|one| one.task_id).min().unwrap();
    let mut holder = shop.database.connect().await.unwrap();
    sqlx::raw_sql("begin").execute(&mut holder).await.unwrap();
    sqlx::query("select from tasker.tasks where task_id = $1 for update")
        .bind(oldest)
        .execute(&mut holder)
        .await
        .unwrap();
    (shop, holder)
}

/// What was done stays, and is answered; the rest is done once nobody holds it any more.
async fn goes_on(shop: &Shop, holder: PgConnection) {
    let answer = shop.post("/tasks/bulk/cancel", json!({"name": "one"})).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let first = answer.json();
    assert_eq!(
        (
            &first["count"],
            &first["count_relation"],
            &first["problem"]["kind"]
        ),
        (&json!(100), &json!("at_least"), &json!("timeout")),
        "{first}"
    );
    holder.close().await.unwrap();
    let more = json!({"name": "one", "cursor": first["next_cursor"]});
    let rest = shop.post("/tasks/bulk/cancel", more).await.json();
    assert_eq!(
        (&rest["next_cursor"], rest.get("problem")),
        (&Value::Null, None),
        "{rest}"
    );
    // A statement that nobody waits for any more may have been first.
    let cancelled = shop.get("/tasks?status=cancelled&limit=1").await;
    assert_eq!(cancelled["pagination"]["total"], TASKS, "{rest}");
}

#[tokio::test]
async fn a_batch_that_fails_takes_nothing_away_from_what_was_done_before() {
    let (shop, holder) = held(0.2, Options::default()).await;
    goes_on(&shop, holder).await;
}

#[tokio::test]
async fn what_was_done_is_answered_before_the_time_of_the_request_is_up() {
    let options = Options {
        timeout: Duration::from_secs(4),
        ..Options::default()
    };
    let (shop, holder) = held(30.0, options).await;
    goes_on(&shop, holder).await;
}

#[tokio::test]
async fn a_server_that_stops_ends_a_verb_after_a_batch() {
    let options = Options::default();
    options.stop.cancel();
    let (shop, holder) = held(30.0, options).await;
    let answer = shop.post("/tasks/bulk/cancel", json!({"name": "one"})).await;
    let first = answer.json();
    assert_eq!(first["count"], 100, "{first}");
    assert!(first["next_cursor"].is_string(), "{first}");
    drop(holder);
}

#[tokio::test]
async fn a_limit_is_at_least_one() {
    let shop = Shop::empty(Options::default()).await;
    for limit in [0, -1] {
        let body = json!({"all": true, "limit": limit});
        let answer = shop.post("/tasks/bulk/cancel", body).await;
        let refusal = problem(&answer, 422, "invalid_argument");
        assert!(refusal["detail"].as_str().unwrap().contains("limit"), "{refusal}");
    }
}

#[tokio::test]
async fn tasks_are_chosen_by_their_context_and_by_when_they_ended() {
    let shop = Shop::open().await;
    for number in [1, 2, 1] {
        let id = shop.one(json!({"context": {"number": number}})).await;
        shop.post(&format!("/tasks/{id}/cancel"), json!({})).await;
        shop.one(json!({"context": {"number": number}})).await;
    }
    let count = async |filter: Value| {
        let mut body = json!({"dry_run": true, "status": ["pending", "cancelled"], "name": "one"});
        body.as_object_mut()
            .unwrap()
            .extend(filter.as_object().unwrap().clone());
        let answer = shop.post("/tasks/bulk/cancel", body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        answer.json()["count"].clone()
    };
    let (long_ago, far_off) = ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    assert_eq!(count(json!({})).await, 6);
    assert_eq!(
        count(json!({"context": {"number": 1}, "created_since": long_ago})).await,
        4
    );
    assert_eq!(count(json!({"completed_since": long_ago})).await, 3);
    assert_eq!(count(json!({"completed_before": far_off})).await, 3);
    assert_eq!(count(json!({"completed_before": long_ago})).await, 0);
    // As in the list.
    let unbounded = json!({"name": "one", "context": {"number": 1}});
    let answer = shop.post("/tasks/bulk/cancel", unbounded).await;
    problem(&answer, 422, "invalid_argument");
}
