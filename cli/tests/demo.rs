//! `tasker demo` and `tasker task watch`, with a worker.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::process::{Command, Output};
use tasker_tests::TestDatabase;

fn demo(database: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tasker"))
        .args(["--database-url", &database.url()])
        .args(arguments)
        .env_remove("TASKER_LOG")
        .output()
        .unwrap()
}

#[tokio::test]
async fn the_demo_ends_with_the_order_complete_after_two_failed_payments() {
    let database = TestDatabase::create().await.unwrap();
    let output = demo(&database, &["demo", "--work-ms", "0"]);
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(
        out.contains("The order is complete: 7 steps, 9 attempts"),
        "{out}"
    );
    assert!(out.contains("charge_payment needed 3 attempts"), "{out}");
    assert!(
        out.contains("gateway_unavailable"),
        "the failures were to be seen: {out}"
    );
    assert!(out.contains("Try next:"), "{out}");
    assert!(
        err.contains("(explicit)"),
        "which database was used is told: {err}"
    );
    assert!(
        !out.contains('\x1b'),
        "no colours and no redrawing where nobody looks: {out}"
    );
}

#[tokio::test]
async fn a_demo_whose_payment_never_goes_well_fails() {
    let database = TestDatabase::create().await.unwrap();
    let output = demo(
        &database,
        &["--json", "demo", "--work-ms", "0", "--gateway-failures", "20"],
    );
    assert_eq!(output.status.code(), Some(1));
    let failure: Value = serde_json::from_slice(output.stderr.as_slice()).unwrap();
    assert_eq!(failure["error"]["kind"], "failed");
    let out = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last["task"]["status"], "error");
    assert_eq!(last["steps"][2]["attempts"], 5);
}

#[tokio::test]
async fn running_the_demo_again_makes_another_order() {
    let database = TestDatabase::create().await.unwrap();
    for _ in 0..2 {
        assert!(
            demo(&database, &["demo", "--work-ms", "0", "--gateway-failures", "0"])
                .status
                .success()
        );
    }
    let list = demo(
        &database,
        &["--json", "task", "list", "--status", "complete", "--tag", "demo"],
    );
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["tasks"].as_array().unwrap().len(), 2);
    let task = list["tasks"][0]["task_id"].as_str().unwrap();
    let watched = demo(&database, &["task", "watch", task]);
    assert_eq!(
        watched.status.code(),
        Some(0),
        "one that has ended is shown and done"
    );
}
