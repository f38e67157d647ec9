//! Where a task stands in its graph, over HTTP.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use axum::http::{Method, StatusCode};
use serde_json::json;
use support::{Shop, UNKNOWN};

#[tokio::test]
async fn where_a_task_stands_in_its_graph_is_shown_if_asked_for() {
    let shop = Shop::open().await;
    let order = json!({"name": "lines", "namespace_name": "shop", "version": "1.0.0", "step_templates": [
        {"name": "check", "handler": "work"},
        {"name": "charge", "handler": "work", "depends_on_step": "check"},
        {"name": "pack", "handler": "work", "depends_on_step": "check"},
        {"name": "send", "handler": "work", "depends_on_steps": ["charge", "pack"]},
    ]});
    shop.post("/templates", order).await;
    let created = shop
        .post("/tasks", json!({"name": "lines", "namespace": "shop"}))
        .await;
    let place = created.header("location");
    let bare = shop.ask(Method::GET, place, None).await;
    assert!(bare.json()["task"].get("dependency_analysis").is_none());
    let path = format!("{place}?include_dependencies=true");
    let whole = shop.ask(Method::GET, &path, None).await;
    assert_eq!(whole.header("etag"), bare.header("etag"));
    let analysis = whole.json()["task"]["dependency_analysis"].clone();
    assert_eq!(analysis["task_id"], bare.json()["task"]["task_id"]);
    assert!(analysis["analysis_timestamp"].is_string());
    assert_eq!(analysis["dependency_graph"]["adjacency_list"]["1"], json!([2, 3]));
    // 3 × 10, 2 blocked × 25, 90 seconds.
    assert_eq!(analysis["critical_paths"]["paths"][0]["criticality_score"], 83.0);
    assert_eq!(analysis["critical_paths"]["total_paths"], 2);
    let summary = &analysis["task_execution_summary"];
    assert_eq!(
        (
            &summary["overall_health"],
            &summary["longest_path_length"],
            &summary["critical_bottlenecks_count"]
        ),
        (&json!("healthy"), &json!(3), &json!(0))
    );

    // What is asked for is shown, whichever members are.
    let step = format!("{place}/workflow_steps/check/cancel");
    assert_eq!(shop.post(&step, json!({})).await.status, StatusCode::OK);
    let few = shop.get(&format!("{path}&fields=status")).await["task"].clone();
    let mut names: Vec<&String> = few.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["dependency_analysis", "status"]);
    let health = &few["dependency_analysis"]["bottlenecks"]["task_health"];
    assert_eq!(health, "blocked");
    assert!(
        shop.get(&format!("{place}?include_dependencies=false")).await["task"]
            .get("dependency_analysis")
            .is_none()
    );
    let unknown = shop
        .ask(
            Method::GET,
            &format!("/tasks/{UNKNOWN}?include_dependencies=true"),
            None,
        )
        .await;
    assert_eq!(
        (unknown.status, &unknown.json()["kind"]),
        (StatusCode::NOT_FOUND, &json!("not_found"))
    );
    let maybe = shop
        .ask(Method::GET, &format!("{place}?include_dependencies=maybe"), None)
        .await;
    assert_eq!(maybe.status, StatusCode::BAD_REQUEST, "{}", maybe.text);
}
