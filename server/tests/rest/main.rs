//! The routes, over a database each.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audit;
mod bounds;
mod bulk;
mod bulk_array;
mod bulk_lines;
mod bulk_verbs;
mod catalogue;
mod headers;
mod lists;
mod pages;
mod readiness;
mod refusals;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod tasks;

use serde_json::{Value, json};

fn problem(answer: &support::Answer, status: u16, kind: &str) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(
        (&problem["kind"], &problem["status"]),
        (&json!(kind), &json!(status)),
        "{problem}"
    );
    assert!(!problem["error"].is_null(), "{problem}");
    problem
}
