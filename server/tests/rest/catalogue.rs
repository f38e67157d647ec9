//! What is registered and paused.

use crate::problem;
use crate::support::Shop;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;

#[tokio::test]
async fn what_is_registered_is_shown_as_of_old_and_as_templates() {
    let shop = Shop::open().await;
    let all = shop.get("/handlers").await;
    assert_eq!(all["namespaces"], json!([{"name": "shop", "handler_count": 2}]));
    let shop_handlers = shop.get("/handlers/shop").await;
    assert_eq!(shop_handlers["handlers"][0]["latest_version"], "2.0.0");
    let order = shop.get("/handlers/shop/process_order").await["handler"].clone();
    let graph = &order["dependency_graph"];
    assert_eq!(
        graph["nodes"].as_array().unwrap().len(),
        order["step_templates"].as_array().unwrap().len()
    );
    assert!(!graph["edges"].as_array().unwrap().is_empty());
    assert_eq!(
        shop.get("/templates?namespace=shop").await["templates"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        shop.get("/templates/shop/one").await["template"]["version"],
        "2.0.0"
    );
    assert_eq!(
        shop.get("/step_handlers?containing=work").await["step_handlers"][0]["handler"],
        "work"
    );
    for (format, kind, begins) in [
        ("mermaid", "text/plain; charset=utf-8", "flowchart"),
        ("dot", "text/plain; charset=utf-8", "digraph"),
        ("svg", "image/svg+xml", "<svg"),
    ] {
        let drawn = shop
            .ask(
                Method::GET,
                &format!("/templates/shop/process_order/graph?format={format}"),
                None,
            )
            .await;
        assert_eq!(
            (drawn.status, drawn.header("content-type")),
            (StatusCode::OK, kind)
        );
        assert!(drawn.text.contains(begins), "{}", drawn.text);
    }
    let shape = shop.get("/templates/shop/process_order/graph").await;
    assert_eq!(
        shape["nodes"].as_array().unwrap().len(),
        graph["nodes"].as_array().unwrap().len()
    );
    let task = shop.one(json!({})).await;
    assert_eq!(
        shop.get(&format!("/tasks/{task}/graph")).await["nodes"][0]["status"],
        "pending"
    );
    // A task has its version, and no other is drawn.
    let other = shop
        .ask(Method::GET, &format!("/tasks/{task}/graph?version=9.9.9"), None)
        .await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST, "{}", other.text);
    assert!(other.text.contains("version"), "{}", other.text);
}

#[tokio::test]
async fn templates_are_checked_and_registered_as_yaml_or_json_and_see_nothing_of_the_environment() {
    let shop = Shop::open().await;
    let yaml = "name: two\nnamespace_name: shop\nversion: 1.0.0\nstep_templates:\n  - name: a\n  - name: b\n    depends_on_step: a\n";
    let send = async |path: &str, text: &str| {
        let request = Request::post(path)
            .header("content-type", "application/yaml")
            .body(Body::from(text.to_owned()))
            .unwrap();
        shop.send(request).await
    };
    let checked = send("/templates/validate", yaml).await;
    assert_eq!(
        (checked.status, &checked.json()["valid"]),
        (StatusCode::OK, &json!(true))
    );
    problem(
        &shop.ask(Method::GET, "/templates/shop/two", None).await,
        404,
        "unknown_named_task",
    );
    let registered = send("/templates", yaml).await;
    assert_eq!(
        (registered.status, &registered.json()["registered"]),
        (StatusCode::CREATED, &json!("new"))
    );
    let again = send("/templates", yaml).await;
    assert_eq!(
        (again.status, &again.json()["registered"]),
        (StatusCode::OK, &json!("unchanged"))
    );
    let other = yaml.replace("depends_on_step: a", "skippable: true");
    for (text, registered, warning) in [
        (
            other.as_str(),
            "replaced",
            "other content stood under this version",
        ),
        (
            yaml,
            "superseded",
            "not registered: this content was replaced before",
        ),
    ] {
        let answer = send("/templates", text).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json()["registered"], registered);
        let told = answer.json()["warnings"][0].as_str().unwrap().to_owned();
        assert!(told.starts_with(warning), "{told}");
    }
    let circle = problem(
        &send(
            "/templates/validate",
            "name: c\nstep_templates:\n  - name: a\n    depends_on_step: a\n",
        )
        .await,
        422,
        "cycle_detected",
    );
    assert!(!circle["details"].is_null(), "{circle}");
    let curious = "name: curious\ndescription: ${PATH}\nstep_templates:\n  - name: a\n";
    let told = send("/templates/validate", curious).await;
    assert!(
        !told.text.contains(&std::env::var("PATH").unwrap()),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn scopes_are_paused_and_go_on() {
    let shop = Shop::open().await;
    for scope in [
        json!({"namespace": "shop"}),
        json!({"namespace": "shop", "name": "one"}),
        json!({"handler": "work"}),
    ] {
        assert_eq!(
            shop.post("/pause", scope.clone()).await.json(),
            json!({"paused": true})
        );
        assert_eq!(shop.post("/resume", scope).await.json(), json!({"paused": false}));
    }
    shop.post("/pause", json!({"namespace": "shop", "by": "anna"}))
        .await;
    assert_eq!(
        shop.get("/namespaces").await["namespaces"][0]["pause"]["by"],
        "anna"
    );
    problem(
        &shop.post("/pause", json!({"name": "one"})).await,
        422,
        "invalid_argument",
    );
}
