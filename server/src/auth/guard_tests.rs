// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::principal::Principal;
use super::*;
use serde_json::{Value, json};

/// What a guard says to somebody with these grants, of a description with these paths.
async fn admitted(paths: &Value, matched: &str, method: Method, grants: Option<&[&str]>) -> u16 {
    let document = json!({"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": paths});
    let guard = Guard::new(&serde_json::from_value(document).unwrap());
    let access = match grants {
        None => Access::anybody(),
        Some(grants) => Access::known(Arc::new(Principal::with_grants("anna", grants.iter().copied()))),
    };
    let uri: Uri = matched.replace(['{', '}'], "").parse().unwrap();
    match guard
        .admit(&access, matched, &method, &uri, &HeaderMap::new())
        .await
    {
        Ok(()) => 200,
        Err(refusal) => refusal.into_response().status().as_u16(),
    }
}

fn operation(security: Value) -> Value {
    match security {
        Value::Null => json!({"responses": {}}),
        security => json!({"responses": {}, "security": security}),
    }
}

#[tokio::test]
async fn a_route_that_does_not_say_what_it_takes_is_shut_for_everybody() {
    for (security, anybody, everything) in [
        (Value::Null, 403, 403),
        (json!([]), 403, 403),
        (json!([{}]), 200, 200),
        (json!([{"token": []}]), 200, 200),
        (json!([{"token": ["tasker.task:index"]}]), 200, 200),
        // One of several, another scheme, and a permission that there is not.
        (json!([{}, {"token": ["tasker.task:index"]}]), 403, 403),
        (json!([{"token": []}, {"cookie": []}]), 403, 403),
        (json!([{"cookie": []}]), 403, 403),
        (json!([{"token": ["tasker.task:fly"]}]), 404, 404),
        (json!([{"token": ["tasker.task"]}]), 404, 404),
    ] {
        let paths = json!({"/tasks": {"get": operation(security.clone())}});
        let answers = (
            admitted(&paths, "/tasks", Method::GET, None).await,
            admitted(&paths, "/tasks", Method::GET, Some(&["*"])).await,
        );
        assert_eq!(answers, (anybody, everything), "{security}");
    }
    let paths = json!({"/tasks": {"get": operation(json!([{}]))}});
    assert_eq!(admitted(&paths, "/other", Method::GET, Some(&["*"])).await, 403);
}

#[tokio::test]
async fn every_method_of_a_path_takes_its_own() {
    let methods = ["get", "put", "post", "delete", "patch", "options", "trace"];
    for method in methods {
        let mut item = serde_json::Map::new();
        for one in methods {
            let open = if one == method { "index" } else { "show" };
            item.insert(
                one.to_owned(),
                operation(json!([{"token": [format!("tasker.task:{open}")]}])),
            );
        }
        let paths = json!({"/tasks": item});
        for one in methods {
            let asked = one.to_uppercase().parse().unwrap();
            let answer = admitted(&paths, "/tasks", asked, Some(&["tasker.task:index"])).await;
            assert_eq!(answer, if one == method { 200 } else { 403 }, "{method} {one}");
        }
        // HEAD takes what GET takes.
        let answer = admitted(&paths, "/tasks", Method::HEAD, Some(&["tasker.task:index"])).await;
        assert_eq!(answer, if method == "get" { 200 } else { 403 }, "{method}");
    }
}

#[tokio::test]
async fn a_path_is_found_wherever_it_is_mounted_and_the_longest_counts() {
    let taking = |permission: &str| json!({"post": operation(json!([{"token": [permission]}]))});
    let paths = json!({
        "/pause": taking("tasker.task:bulk"),
        "/tasks/{task_id}/pause": taking("tasker.task:pause"),
    });
    for (matched, grant, status) in [
        ("/pause", "tasker.task:bulk", 200),
        ("/pause", "tasker.task:pause", 403),
        ("/engine/v1/pause", "tasker.task:bulk", 200),
        ("/tasks/{task_id}/pause", "tasker.task:pause", 200),
        ("/tasks/{task_id}/pause", "tasker.task:bulk", 403),
        ("/engine/tasks/{task_id}/pause", "tasker.task:pause", 200),
        ("/pauses", "*", 403),
        ("/engine-pause", "*", 403),
    ] {
        let answer = admitted(&paths, matched, Method::POST, Some(&[grant])).await;
        assert_eq!(answer, status, "{matched} {grant}");
    }
}
