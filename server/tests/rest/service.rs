//! Probes, and what stands around the routes.

use crate::problem;
use crate::support::Shop;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use tasker_server::Options;

#[tokio::test]
async fn probes_say_whether_it_works() {
    let shop = Shop::open().await;
    assert_eq!(shop.get("/health/live").await["alive"], true);
    let ready = shop.ask(Method::GET, "/health/ready", None).await;
    assert_eq!(
        (
            ready.status,
            &ready.json()["ready"],
            ready.header("cache-control")
        ),
        (StatusCode::OK, &json!(true), "no-store")
    );
    assert_eq!(ready.json()["checks"]["database"]["status"], "healthy");
    assert!(!ready.header("x-request-id").is_empty());
}

#[tokio::test]
async fn the_status_counts_and_says_when_it_is_unhealthy() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    let status = shop.get("/health/status").await;
    assert_eq!(
        (&status["healthy"], &status["cached"]),
        (&json!(true), &json!(false)),
        "{status}"
    );
    assert_eq!(
        (
            &status["metrics"]["tasks"]["pending"],
            &status["metrics"]["steps"]["total"]
        ),
        (&json!(1), &json!(1))
    );
    assert!(status["database"]["max_connections"].as_i64().unwrap() > 1);
    shop.post(&format!("/tasks/{task}/cancel"), json!({})).await;
    let again = shop.get("/health/status").await;
    assert_eq!(
        (&again["cached"], &again["metrics"]),
        (&json!(true), &status["metrics"])
    );
}

#[tokio::test]
async fn a_server_for_this_machine_answers_to_no_other_name() {
    let shop = Shop::with(Options {
        local_hosts_only: true,
        ..Options::default()
    })
    .await;
    let ask = async |host: &str| {
        let request = Request::get("/health/live")
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        shop.send(request).await
    };
    assert_eq!(ask("localhost:8080").await.status, StatusCode::OK);
    problem(&ask("evil.example.com").await, 403, "forbidden");
}

#[tokio::test]
async fn the_description_is_served_and_knows_where_it_is_mounted() {
    let shop = Shop::with(Options {
        prefix: "/tasker".to_owned(),
        ..Options::default()
    })
    .await;
    let document = shop.get("/openapi.json").await;
    assert_eq!(
        (&document["openapi"], &document["servers"][0]["url"]),
        (&json!("3.1.0"), &json!("/tasker"))
    );
}
