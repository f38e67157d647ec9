//! Pages of other sites, in the browser of somebody who may.

use crate::problem;
use crate::support::{Answer, Shop};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use tasker_server::{Auth, Options, Origins};

const OPS: &str = "https://ops.example";
const EVIL: &str = "https://evil.example";

async fn with_origins(origins: &[&str]) -> Shop {
    Shop::with(Options {
        origins: Origins::new(origins).unwrap(),
        ..Options::default()
    })
    .await
}

async fn ask(shop: &Shop, method: &Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder()
        .method(method.clone())
        .uri(path)
        .header("host", "localhost:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    shop.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_where_nobody_has_to_say_who_they_are() {
    let shop = with_origins(&[OPS]).await;
    let task = format!("/tasks/{}", shop.one(json!({})).await);
    let pause = format!("{task}/pause");
    for foreign in [
        &[("origin", EVIL)][..],
        &[("origin", "null")],
        &[("origin", "http://localhost:3000")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        for (method, path) in [
            (Method::POST, &*pause),
            (Method::DELETE, &task),
            (Method::POST, "/tasks/bulk"),
            (Method::POST, "/graphql"),
        ] {
            let refused = ask(&shop, &method, path, foreign).await;
            let told = problem(&refused, 403, "forbidden");
            let detail = told["detail"].as_str().unwrap();
            assert!(detail.contains("--allow-origin"), "{path} {foreign:?}: {detail}");
        }
        let read = ask(&shop, &Method::GET, &task, foreign).await;
        assert_eq!(read.status, StatusCode::OK, "{foreign:?}");
        assert_eq!(read.json()["task"]["paused"], false, "{foreign:?}");
    }
    for own in [
        &[][..],
        &[("origin", "http://localhost:8080")],
        &[
            ("origin", "http://LocalHost:8080"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[("origin", OPS), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "none")],
    ] {
        let paused = ask(&shop, &Method::POST, &pause, own).await;
        assert_eq!(paused.status, StatusCode::OK, "{own:?}: {}", paused.text);
    }
}

#[tokio::test]
async fn browsers_are_told_which_pages_may_ask_and_nothing_unless_there_are_some() {
    let shop = with_origins(&[OPS]).await;
    let preflight = async |shop: &Shop, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        ask(shop, &Method::OPTIONS, "/tasks", &headers).await
    };
    let told = preflight(&shop, OPS).await;
    assert_eq!(
        (
            told.status,
            told.header("access-control-allow-origin"),
            told.header("access-control-allow-headers"),
            told.header("access-control-allow-credentials")
        ),
        (StatusCode::OK, OPS, "authorization,content-type", "true")
    );
    assert!(told.header("access-control-allow-methods").contains("POST"));
    assert_eq!(
        preflight(&shop, EVIL).await.header("access-control-allow-origin"),
        ""
    );
    let missing = ask(&shop, &Method::GET, "/nothing", &[("origin", OPS)]).await;
    assert_eq!(
        missing.header("access-control-allow-origin"),
        OPS,
        "a page reads refusals, too"
    );

    let any = with_origins(&["*"]).await;
    let told = preflight(&any, EVIL).await;
    assert_eq!(
        (
            told.header("access-control-allow-origin"),
            told.header("access-control-allow-credentials")
        ),
        ("*", "")
    );
    let refused = ask(&any, &Method::POST, "/pause", &[("origin", EVIL)]).await;
    problem(&refused, 403, "forbidden");

    let none = Shop::open().await;
    assert_eq!(preflight(&none, OPS).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let shown = ask(&none, &Method::GET, "/tasks", &[("origin", OPS)]).await;
    assert_eq!(shown.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn whoever_brings_a_token_may_come_from_any_page() {
    let shop = Shop::with(Options {
        auth: Auth::host(),
        ..Options::default()
    })
    .await;
    let anna = std::sync::Arc::new(tasker_server::Principal::with_grants("anna", ["*"]));
    let request = Request::post("/pause")
        .header("content-type", "application/json")
        .header("origin", EVIL)
        .extension(tasker_server::Caller {
            principal: Some(anna),
            from: None,
        })
        .body(Body::from("{\"namespace\": \"shop\"}"))
        .unwrap();
    let paused = shop.send(request).await;
    assert_eq!(paused.status, StatusCode::OK, "{}", paused.text);
    let unknown = ask(&shop, &Method::POST, "/pause", &[("origin", EVIL)]).await;
    problem(&unknown, 401, "unauthenticated");
}
