//! Who did what, where no state moved; and changes that count only for what is still as it was shown.

use crate::problem;
use crate::support::{Answer, Shop};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// What operators did, as the timeline of a task has it: the verb, who, why, what changed.
async fn actions(shop: &Shop, task: &str) -> Vec<Value> {
    let timeline = shop.get(&format!("/tasks/{task}/timeline")).await;
    let actions = timeline["actions"].as_array().unwrap();
    actions.iter().map(|one| one["metadata"].clone()).collect()
}

#[tokio::test]
async fn who_changed_paused_resumed_and_annotated_is_in_the_timeline() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    let at = format!("/tasks/{task}");
    let step = format!("{at}/workflow_steps/only");
    for (method, path, body) in [
        (
            Method::PATCH,
            at.clone(),
            json!({"tags": ["vip"], "priority": 1, "by": "anna"}),
        ),
        (
            Method::PATCH,
            step.clone(),
            json!({"retry_limit": 7, "inputs": {"n": 1}, "by": "anna", "reason": "slow shop"}),
        ),
        (
            Method::POST,
            format!("{at}/pause"),
            json!({"by": "bob", "reason": "stocktaking"}),
        ),
        (Method::POST, format!("{at}/resume"), json!({"by": "bob"})),
        (
            Method::POST,
            format!("{at}/annotations"),
            json!({"annotation_type": "note", "annotation": "call back", "by": "eve"}),
        ),
    ] {
        let answer = shop.ask(method, &path, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
    }
    assert_eq!(
        actions(&shop, &task).await,
        [
            json!({"verb": "update_task", "by": "anna", "changed":
                {"tags": {"from": [], "to": ["vip"]}, "priority": {"from": null, "to": 1}}}),
            json!({"verb": "update_step", "by": "anna", "reason": "slow shop", "changed":
                {"retry_limit": {"from": 3, "to": 7}, "inputs": {"from": null, "to": {"n": 1}}}}),
            json!({"verb": "pause", "by": "bob", "reason": "stocktaking"}),
            json!({"verb": "resume", "by": "bob"}),
            json!({"verb": "annotate", "by": "eve", "changed": {"annotation": {"from": null, "to": "call back"}}}),
        ]
    );
    let timeline = shop.get(&format!("{at}/timeline")).await;
    assert_eq!(timeline["actions"][1]["workflow_step_id"], 1, "{timeline}");
    assert_eq!(
        timeline["transitions"].as_array().unwrap().len(),
        2,
        "no state moved: {timeline}"
    );
    let graph = shop
        .ask_graph(
            "query($id: ID!) { actions(taskId: $id) { taskId workflowStepId metadata } }",
            json!({"id": task}),
        )
        .await;
    let last = graph.json()["data"]["actions"][4].clone();
    assert_eq!(last["metadata"]["by"], "eve", "{}", graph.text);
}

#[tokio::test]
async fn who_paused_more_than_a_task_is_in_the_timelines_of_those_that_it_concerned_also_afterwards() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    for scope in [
        json!({"namespace": "shop"}),
        json!({"namespace": "shop", "name": "one"}),
        json!({"handler": "work"}),
        json!({"namespace": "shop", "name": "process_order"}),
    ] {
        let mut body = scope.clone();
        body["by"] = json!("anna");
        body["reason"] = json!("stocktaking");
        for path in ["/pause", "/resume", "/resume"] {
            let answer = shop.post(path, body.clone()).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
    }
    let timeline = shop.get(&format!("/tasks/{task}/timeline")).await;
    let told: Vec<Value> = timeline["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let done = &one["metadata"];
            assert_eq!(
                (&done["by"], &done["reason"]),
                (&json!("anna"), &json!("stocktaking"))
            );
            json!([done["verb"], one["namespace"], one["name"], one["handler"]])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["pause", "shop", null, null]),
            json!(["resume", "shop", null, null]),
            json!(["pause", "shop", "one", null]),
            json!(["resume", "shop", "one", null]),
            json!(["pause", null, null, "work"]),
            json!(["resume", null, null, "work"]),
        ],
        "nothing of another task's pause, and what changed nothing is not kept"
    );
    let later = shop.one(json!({})).await;
    assert_eq!(
        actions(&shop, &later).await,
        Vec::<Value>::new(),
        "it was over by then"
    );
}

async fn patch_if(shop: &Shop, path: &str, tag: &str, body: Value) -> Answer {
    let request = Request::patch(path)
        .header("content-type", "application/json")
        .header("if-match", tag)
        .body(Body::from(body.to_string()))
        .unwrap();
    shop.send(request).await
}

#[tokio::test]
async fn of_changes_at_once_to_what_was_shown_exactly_one_counts() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    let at = format!("/tasks/{task}");
    let step = format!("{at}/workflow_steps/only");
    for (path, member) in [(&at, "reason"), (&step, "retry_limit")] {
        let tag = shop.ask(Method::GET, path, None).await.header("etag").to_owned();
        assert!(!tag.is_empty(), "{path}");
        let body = |n: i32| match member {
            "reason" => json!({"reason": format!("reason {n}")}),
            _ => json!({"retry_limit": 10 + n}),
        };
        let answers = join_all((0..8).map(|n| patch_if(&shop, path, &tag, body(n)))).await;
        let won: Vec<&Answer> = answers
            .iter()
            .filter(|one| one.status == StatusCode::OK)
            .collect();
        assert_eq!(won.len(), 1, "{path}: {answers:?}");
        for lost in answers.iter().filter(|one| one.status != StatusCode::OK) {
            problem(lost, 412, "illegal_transition");
        }
        let now = shop.ask(Method::GET, path, None).await;
        assert_eq!(won[0].header("etag"), now.header("etag"), "{path}");
        assert_eq!(won[0].text, now.text, "{path}");
        let again = patch_if(&shop, path, now.header("etag"), body(9)).await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    }
}

#[tokio::test]
async fn the_tag_of_a_task_changes_with_everything_that_is_shown_of_it() {
    let shop = Shop::open().await;
    let task = shop.one(json!({})).await;
    let at = format!("/tasks/{task}");
    let mut tags = Vec::new();
    for (method, path, body) in [
        (
            Method::PATCH,
            format!("{at}/workflow_steps/only"),
            json!({"retry_limit": 9}),
        ),
        (
            Method::POST,
            format!("{at}/annotations"),
            json!({"annotation_type": "note", "annotation": 1}),
        ),
        (Method::POST, format!("{at}/pause"), json!({})),
        (Method::PATCH, at.clone(), json!({"tags": ["vip"]})),
    ] {
        tags.push(shop.ask(Method::GET, &at, None).await.header("etag").to_owned());
        let answer = shop.ask(method, &path, Some(body)).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let stale = patch_if(&shop, &at, tags.last().unwrap(), json!({"reason": "late"})).await;
        assert_eq!(
            stale.status,
            StatusCode::PRECONDITION_FAILED,
            "{path}: {}",
            stale.text
        );
    }
    let kept = shop.ask(Method::GET, &at, None).await.header("etag").to_owned();
    assert_eq!(
        shop.ask(Method::GET, &at, None).await.header("etag"),
        kept,
        "nothing changed"
    );
    let several = patch_if(&shop, &at, &format!("\"0\", {kept}"), json!({"priority": 2})).await;
    assert_eq!(several.status, StatusCode::OK, "{}", several.text);
    let whatever = patch_if(&shop, &at, "*", json!({"priority": 3})).await;
    assert_eq!(whatever.status, StatusCode::OK, "{}", whatever.text);
    let part = shop.ask(Method::GET, &format!("{at}?fields=reason"), None).await;
    assert_eq!(part.header("etag"), "", "a part has none");
}
