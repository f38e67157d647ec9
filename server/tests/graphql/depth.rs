//! The deepest queries that are legal, on a thread with a small stack: hosts have such threads, and an overflow ends the process.

use crate::support::{Shop, send_to};
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tasker_core::model::Operator;
use tasker_server::{GraphqlOptions, Options};

/// Half of what threads have where nobody says otherwise.
const STACK: usize = 1 << 20;

/// A query as deep as it may be: what it begins with, then a cycle again and again, then what ends it. Fragments are no depth.
fn nested(begin: &[&str], cycle: &[&str], end: &str) -> String {
    let mut opened = Vec::new();
    let mut depth = 1;
    for field in begin.iter().chain(cycle.iter().cycle()) {
        if depth == GraphqlOptions::default().depth {
            break;
        }
        opened.push(*field);
        depth += usize::from(!field.starts_with("..."));
    }
    format!(
        "{{ {} {{ {end} {}",
        opened.join(" { "),
        "} ".repeat(opened.len() + 1)
    )
}

/// The deepest queries, by every way that leads deeper.
fn deepest(id: &str) -> Vec<String> {
    let task = format!("task(taskId: \"{id}\")");
    let nodes = format!("nodes(ids: [\"Task:{id}\"])");
    let step = format!("step(taskId: \"{id}\", stepId: \"only\")");
    let annotate =
        format!("annotateTask(input: {{taskId: \"{id}\", annotationType: \"note\", annotation: {{a: 1}}}})");
    let update = format!("updateStep(input: {{taskId: \"{id}\", stepId: \"only\", retryLimit: 5}})");
    let steps = ["workflowSteps", "task"];
    let kinds = ["namedTasksNamedSteps", "namedTask"];
    vec![
        nested(&["tasks(limit: 1)"], &steps, "__typename"),
        nested(&[&task, "namedTask"], &kinds, "__typename"),
        nested(&["tasks(limit: 1)"], &["taskAnnotations", "task"], "__typename"),
        nested(
            &["tasksConnection(first: 1)", "edges", "node"],
            &steps,
            "__typename",
        ),
        nested(&[&nodes, "... on Task"], &steps, "__typename"),
        nested(&[&step], &["task", "workflowSteps"], "__typename"),
        nested(&["__schema", "types", "fields", "type"], &["ofType"], "name"),
        format!("mutation {}", nested(&[&annotate, "task"], &steps, "__typename")),
        format!(
            "mutation {}",
            nested(&[&update, "task"], &["taskAnnotations", "task"], "__typename")
        ),
        // What is loaded the deepest.
        nested(&["tasks(limit: 1)"], &steps, "updatedAt"),
        nested(
            &["tasks(limit: 1)"],
            &["... on Task", "workflowSteps", "... on WorkflowStep", "task"],
            "updatedAt",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deepest_query_that_is_legal_needs_little_stack() {
    let shop = Shop::with(Options {
        graphql: GraphqlOptions {
            complexity: usize::MAX,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    })
    .await;
    let id = shop.one(json!({})).await;
    shop.client
        .annotate_task(
            id.parse().unwrap(),
            "note",
            &json!({"a": 1}),
            &Operator::default(),
        )
        .await
        .unwrap();
    for query in deepest(&id) {
        let router = shop.router.clone();
        let text = json!({"query": query}).to_string();
        let polling = std::thread::Builder::new().stack_size(STACK).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let request = Request::post("/graphql").header("content-type", "application/json");
            let request = request.body(Body::from(text)).unwrap();
            runtime.unwrap().block_on(send_to(router, request))
        });
        let answer = tokio::task::spawn_blocking(|| polling.unwrap().join().unwrap());
        let body = answer.await.unwrap().json();
        assert!(body.get("errors").is_none(), "{query}: {body}");
    }
}
