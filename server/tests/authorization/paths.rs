//! Paths and methods written in other ways.

use crate::support::tokens;
use crate::{Row, ask, path, rows, shop, task};
use axum::http::{Method, Request, StatusCode};
use serde_json::json;

/// Other ways to write a path, and other methods, that a guard and the routes behind it could take for different things.
fn tricks(method: &Method, path: &str) -> Vec<(Method, String)> {
    let first = path.chars().nth(1).unwrap();
    let slashed = path.get(1..).unwrap().replace('/', "%2F");
    let paths = [
        format!("{path}/"),
        format!("{path}//"),
        format!("/{path}"),
        format!("/.{path}"),
        format!("/health/live/..{path}"),
        format!("/health/live/%2e%2e{path}"),
        format!("/health%2Flive{path}"),
        format!("/health/live;{path}"),
        format!("/%{:02x}{}", u32::from(first), path.get(2..).unwrap()),
        format!("/{slashed}"),
        format!("{path}%00"),
        format!("{path}.json"),
        path.to_uppercase(),
        format!("http://tasker.example{path}"),
    ];
    let methods = [
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
        Method::from_bytes(b"QUERY").unwrap(),
    ];
    let paths = paths.into_iter().map(|path| (method.clone(), path));
    paths
        .chain(methods.into_iter().map(|method| (method, path.to_owned())))
        .collect()
}

#[tokio::test]
async fn no_other_way_to_write_a_path_or_a_method_gets_in() {
    let shop = shop().await;
    let task = task(&shop).await;
    let stranger = tokens::signed(&json!({"sub": "mallory", "roles": ["stranger"]}));
    for row in rows() {
        if row.open {
            continue;
        }
        for (method, path) in tricks(&row.method, &path(&row, &task)) {
            for known in [false, true] {
                let mut request = Request::builder()
                    .method(&method)
                    .uri(&path)
                    .header("content-type", "application/json");
                if known {
                    request = request.header("authorization", &stranger);
                }
                let answer = shop.send(request.body("{}".into()).unwrap()).await;
                let (status, text) = (answer.status, &answer.text);
                if !known {
                    assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}: {text}");
                } else if !row.permissions.is_empty() {
                    assert!(status.is_client_error(), "{method} {path}: {status} {text}");
                }
            }
        }
    }
    let trail = shop
        .client
        .transitions(task.parse().unwrap(), None)
        .await
        .unwrap();
    assert!(trail.iter().all(|one| one.metadata["by"].is_null()), "{trail:?}");
}

#[tokio::test]
async fn a_verb_that_there_is_not_is_told_to_whoever_is_known_only() {
    let shop = shop().await;
    let row = Row {
        method: Method::POST,
        path: "/tasks/bulk/fly",
        permissions: Vec::new(),
        open: false,
        roles: Vec::new(),
    };
    let stranger = tokens::signed(&json!({"sub": "mallory", "roles": ["stranger"]}));
    let (status, text) = ask(&shop, &row, "", Some(&stranger)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{text}");
    let (status, text) = ask(&shop, &row, "", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
}
