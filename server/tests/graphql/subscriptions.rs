//! What goes on for as long as a task does.

use crate::support::{Shop, UNKNOWN};
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tasker_core::model::{Operator, PauseScope};
use tasker_server::{Caller, Decide, Grants, GraphqlOptions, Options, Principal, Question, Refusal};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const FOLLOW: &str =
    "subscription($id: ID!) { taskProgress(taskId: $id) { status paused workflowSteps { status } } }";

/// A stream of events.
struct Events {
    body: Body,
    read: String,
}

impl Events {
    async fn of(shop: &Shop, query: &str, variables: Value) -> Self {
        Self::to(shop, None, query, variables).await
    }

    async fn to(shop: &Shop, principal: Option<Arc<Principal>>, query: &str, variables: Value) -> Self {
        let body = json!({"query": query, "variables": variables});
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .extension(Caller {
                principal,
                from: None,
            })
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = shop.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body(),
            read: String::new(),
        }
    }

    /// The next event: its name and its data. None at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.clone().split_once("\n\n") {
                self.read = rest.to_owned();
                let part = |name: &str| {
                    let found = event.lines().find_map(|line| line.strip_prefix(name));
                    found.unwrap_or_default().trim().to_owned()
                };
                if event.starts_with(':') {
                    continue;
                }
                let data = part("data:");
                let data = serde_json::from_str(&data).unwrap_or(Value::String(data));
                return Some((part("event:"), data));
            }
            let bytes: Bytes = self.body.frame().await?.unwrap().into_data().unwrap();
            self.read += std::str::from_utf8(&bytes).unwrap();
        }
    }

    /// The task of the next event.
    async fn task(&mut self) -> Value {
        let (name, mut data) = self.next().await.expect("there is an event");
        assert_eq!(name, "next");
        data["data"]["taskProgress"].take()
    }

    async fn complete(mut self) {
        assert_eq!(self.next().await, Some(("complete".to_owned(), json!(""))));
        assert_eq!(self.next().await, None);
    }
}

#[tokio::test]
async fn a_task_is_followed_to_its_end() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let task = id.parse().unwrap();
    let mut events = Events::of(&shop, FOLLOW, json!({"id": id})).await;
    assert_eq!(
        events.task().await,
        json!({"status": "pending", "paused": false, "workflowSteps": [{"status": "pending"}]})
    );
    let anna = Operator::named("anna");
    shop.client.pause(&PauseScope::Task(task), &anna).await.unwrap();
    assert_eq!(events.task().await["paused"], json!(true));
    shop.client.cancel_task(task, &anna).await.unwrap();
    assert_eq!(
        events.task().await["workflowSteps"],
        json!([{"status": "cancelled"}])
    );
    events.complete().await;
}

#[tokio::test]
async fn what_cannot_be_followed_says_why_and_ends() {
    let shop = Shop::open().await;
    for (query, variables, kind) in [
        (FOLLOW, json!({"id": UNKNOWN}), "not_found"),
        (FOLLOW, json!({"id": "7"}), "not_found"),
        ("subscription { colour }", json!({}), "invalid_argument"),
        (
            "subscription($id: ID!) { a: taskProgress(taskId: $id) { status } ...b }
             fragment b on Subscription { b: taskProgress(taskId: $id) { status } }",
            json!({"id": UNKNOWN}),
            "invalid_argument",
        ),
    ] {
        let mut events = Events::of(&shop, query, variables).await;
        let (_, data) = events.next().await.unwrap();
        assert_eq!(data["errors"][0]["extensions"]["kind"], kind, "{data}");
        events.complete().await;
    }
    // Whatever is asked for by events comes so.
    let mut events = Events::of(&shop, "{ tasks { taskId } }", json!({})).await;
    assert_eq!(events.next().await.unwrap().1, json!({"data": {"tasks": []}}));
    events.complete().await;
    // And a subscription that is not asked for by events is none.
    let body = shop.ask_graph(FOLLOW, json!({"id": UNKNOWN})).await.json();
    assert_eq!(body["errors"][0]["extensions"]["kind"], "invalid_argument");
}

#[tokio::test]
async fn there_are_only_so_many_at_once_and_they_end_with_the_server() {
    let stop = CancellationToken::new();
    let shop = Shop::with(Options {
        stop: stop.clone(),
        graphql: GraphqlOptions {
            subscriptions: 1,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    })
    .await;
    let id = shop.one(json!({})).await;
    let mut first = Events::of(&shop, FOLLOW, json!({"id": id})).await;
    first.task().await;
    let mut second = Events::of(&shop, FOLLOW, json!({"id": id})).await;
    let (_, data) = second.next().await.unwrap();
    assert_eq!(
        (
            &data["errors"][0]["extensions"]["kind"],
            &data["errors"][0]["extensions"]["retry"]
        ),
        (&json!("invalid_argument"), &json!(true))
    );
    // Whoever goes away makes room.
    drop(first);
    let mut third = Events::of(&shop, FOLLOW, json!({"id": id})).await;
    third.task().await;
    stop.cancel();
    // It is not complete: whoever follows it comes back, to another server.
    assert_eq!(third.next().await, None);
}

/// A host that permits everything for a while.
#[derive(Debug)]
struct Host(AtomicBool);

impl Decide for Host {
    fn decide(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<bool>, Refusal>> {
        let answer = self.0.load(Ordering::SeqCst);
        Box::pin(async move { Ok(vec![answer; questions.len()]) })
    }
}

#[tokio::test]
async fn whoever_may_no_longer_is_told_no_more() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let host = Arc::new(Host(AtomicBool::new(true)));
    let principal = Arc::new(Principal {
        name: Some("anna".to_owned()),
        grants: Grants::Asked(Arc::clone(&host) as Arc<dyn Decide>),
        ambient: false,
    });
    let mut events = Events::to(&shop, Some(principal), FOLLOW, json!({"id": id})).await;
    assert_eq!(events.task().await["status"], "pending");
    host.0.store(false, Ordering::SeqCst);
    let anna = Operator::named("anna");
    shop.client.cancel_task(id.parse().unwrap(), &anna).await.unwrap();
    let (_, data) = events.next().await.unwrap();
    assert_eq!(data["errors"][0]["extensions"]["kind"], "forbidden", "{data}");
    events.complete().await;
    // Whether there is such a task is nobody's business either.
    for id in [id.as_str(), UNKNOWN] {
        let stranger = Arc::new(Principal::with_grants("eve", ["tasker.task:index"]));
        let mut events = Events::to(&shop, Some(stranger), FOLLOW, json!({"id": id})).await;
        let (_, data) = events.next().await.unwrap();
        assert_eq!(data["errors"][0]["extensions"]["kind"], "forbidden", "{data}");
        events.complete().await;
    }
}

#[tokio::test]
async fn each_answer_may_be_as_large_as_one_may_be() {
    let shop = Shop::with(Options {
        graphql: GraphqlOptions {
            objects: 2,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    })
    .await;
    let id = shop.one(json!({})).await;
    let mut events = Events::of(&shop, FOLLOW, json!({"id": id})).await;
    // A task and its step, each time.
    assert_eq!(events.task().await["workflowSteps"][0]["status"], "pending");
    let anna = Operator::named("anna");
    shop.client.cancel_task(id.parse().unwrap(), &anna).await.unwrap();
    let told = events.task().await;
    assert_eq!(
        (&told["status"], &told["workflowSteps"][0]["status"]),
        (&json!("cancelled"), &json!("cancelled")),
        "{told}"
    );
    events.complete().await;
}
