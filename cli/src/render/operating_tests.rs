//! Whole outputs of the lists beside tasks, of `worker top` and of the bulk verbs.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::samples::{before, now, task};
use super::*;
use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tasker_core::model::{BulkVerb, FoundStep, HandlerUse, Namespace, State, StepSummary, StepVerb, Worker};

const PLAIN: Look = Look {
    color: false,
    width: None,
};

fn worker_with(more: Value) -> Worker {
    let mut row = json!({
        "worker_id": 12, "name": "shop-1", "host": "app1", "process_id": 4711, "runtime": "rust", "version": "2.0.0",
        "handlers": ["shop.process_order.charge", "shop.process_order.ship"], "concurrency": 8, "lease_seconds": 30.0,
        "health": "alive", "idle": false, "held": 5, "started_at": before(7_200_000), "heartbeat_at": before(4_000),
        "last_polled_at": before(4_000), "stopped_at": null, "stuck": false,
        "oldest_running": {"handler": "shop.process_order.charge", "task_id": task(State::Pending).task_id, "step_no": 3, "seconds": 1.25},
    });
    row.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    serde_json::from_value(row).unwrap()
}

fn workers() -> Vec<Worker> {
    let hanging = json!({"handler": "shop.process_order.ship", "task_id": task(State::Pending).task_id, "step_no": 4, "seconds": 125.0});
    vec![
        worker_with(json!({})),
        worker_with(json!({"worker_id": 13, "idle": true, "held": 0, "oldest_running": null})),
        worker_with(json!({"worker_id": 14, "stuck": true, "oldest_running": hanging})),
        worker_with(json!({"worker_id": 15, "health": "hangs", "oldest_running": hanging})),
        worker_with(
            json!({"worker_id": 16, "health": "lost", "heartbeat_at": before(95_000), "oldest_running": null}),
        ),
        worker_with(json!({"worker_id": 17, "health": "draining", "oldest_running": null})),
    ]
}

fn handler_uses() -> Vec<HandlerUse> {
    let one = |name: &str, live: i64, waiting: i64, pause: Value| -> HandlerUse {
        serde_json::from_value(
            json!({"handler": name, "named_tasks": ["shop.process_order"], "live_workers": live,
            "waiting": waiting, "pause": pause}),
        )
        .unwrap()
    };
    let pause = json!({"scope": "handler", "name": "shop.process_order.pay", "since": before(90_000), "by": "anna", "reason": "gateway is down"});
    vec![
        one("shop.process_order.charge", 6, 3, Value::Null),
        one("shop.process_order.invoice", 0, 14, Value::Null),
        one("shop.process_order.pay", 6, 2, pause),
    ]
}

#[test]
fn workers_are_listed_in_columns_and_none_is_an_answer() {
    assert_snapshot!(format!(
        "{}\n--\n{}",
        worker_list(&workers(), now(), &PLAIN),
        worker_list(&[], now(), &PLAIN)
    ));
}

#[test]
fn a_worker_in_full_says_what_is_stuck_in_it_and_where_to_look() {
    let gone = worker_with(
        json!({"health": "stopped", "stopped_at": before(60_000), "held": 0, "oldest_running": null}),
    );
    assert_snapshot!(format!(
        "{}\n--\n{}",
        worker(&workers()[2], now(), &PLAIN),
        worker(&gone, now(), &PLAIN)
    ));
}

#[test]
fn the_live_picture_of_workers_names_what_is_stuck_and_what_nobody_takes() {
    let picture = top(&workers(), &handler_uses(), now(), None, &PLAIN);
    assert_snapshot!(format!(
        "{}\n--\n{}",
        picture.join("\n"),
        top(&[], &handler_uses()[1..2], now(), None, &PLAIN).join("\n")
    ));
}

#[test]
fn the_live_picture_never_takes_more_lines_than_there_are() {
    for most in 1..20 {
        let lines = top(&workers(), &handler_uses(), now(), Some(most), &PLAIN).len();
        assert!(lines <= most, "{lines} lines drawn where {most} fit");
    }
}

#[test]
fn steps_are_listed_with_their_last_failure() {
    let one = |number: i32, name: &str, more: Value| -> StepSummary {
        let mut row = json!({"task_id": task(State::Pending).task_id, "workflow_step_id": number, "name": name, "handler": name,
            "status": "pending", "attempts": 0, "retry_limit": 3, "last_attempted_at": null, "ended_at": null,
            "next_retry_at": null, "error": null, "error_code": null});
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    };
    let failure = json!({"status": "error", "attempts": 2, "ended_at": before(5_000), "error": "no answer\nat all", "error_code": "gateway"});
    let mut waiting = failure.clone();
    waiting["next_retry_at"] = json!(now() + TimeDelta::seconds(4));
    let steps = [
        one(
            1,
            "validate",
            json!({"status": "complete", "attempts": 1, "ended_at": before(9_000)}),
        ),
        one(2, "reserve", waiting),
        one(3, "charge", failure),
        one(4, "ship", json!({})),
    ];
    assert_snapshot!(format!(
        "{}\n--\n{}",
        step_list(&steps, now(), &PLAIN),
        step_list(&[], now(), &PLAIN)
    ));
}

#[test]
fn namespaces_and_handlers_are_listed_with_their_pauses() {
    let pause = json!({"scope": "namespace", "name": "shop", "since": before(90_000), "by": "anna", "reason": "stock count"});
    let named = json!([{"scope": "named_task", "name": "ops.import", "since": before(10_000)}]);
    let one = |name: &str, pause: Value, paused_tasks: Value| -> Namespace {
        serde_json::from_value(
            json!({"name": name, "description": null, "named_tasks": 2, "pause": pause,
            "paused_tasks": paused_tasks}),
        )
        .unwrap()
    };
    let list = [
        one("default", Value::Null, json!([])),
        one("ops", Value::Null, named),
        one("shop", pause, json!([])),
    ];
    assert_snapshot!(format!(
        "{}\n{}\n--\n{}\n{}",
        namespaces(&list, now(), &PLAIN),
        namespaces(&[], now(), &PLAIN),
        handlers(&handler_uses(), now(), &PLAIN),
        handlers(&[], now(), &PLAIN)
    ));
}

#[test]
fn a_bulk_verb_is_foreseen_asked_for_counted_and_told() {
    let refused = [0, 1, 2].map(|number| format!("cannot retry task {number}: it is complete"));
    let refused: Vec<&str> = refused.iter().map(String::as_str).collect();
    let sample = task_list(&[task(State::Error), task(State::InProgress)], now(), &PLAIN);
    let verb = What::tasks;
    assert_snapshot!(
        [
            bulk_forecast(verb(BulkVerb::Retry), 2_345, 2, &sample, &PLAIN),
            bulk_forecast(verb(BulkVerb::Retry), 0, 0, "", &PLAIN),
            bulk_question(verb(BulkVerb::Cancel), 1, &PLAIN),
            bulk_progress(verb(BulkVerb::Pause), 700, 2_345, &PLAIN),
            bulk_done(verb(BulkVerb::Resume), 1, &[], 20, &PLAIN),
            bulk_done(verb(BulkVerb::Retry), 2_342, &refused, 2, &PLAIN),
        ]
        .join("\n--\n")
    );
}

#[test]
fn a_bulk_verb_on_steps_names_their_tasks() {
    let found = |number: i32, more: Value| -> FoundStep {
        let mut row = json!({
            "full_name": "shop.process_order@1.0.0", "task_id": task(State::Error).task_id, "workflow_step_id": number,
            "name": "charge_payment", "handler": "shop.process_order.charge_payment", "status": "error", "attempts": 3,
            "retry_limit": 3, "last_attempted_at": before(63_000), "ended_at": before(62_000), "next_retry_at": null,
            "error": "the gateway is down\nsecond line", "error_code": "gateway_unavailable",
        });
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    };
    let steps = [
        found(3, json!({})),
        found(
            4,
            json!({"next_retry_at": now() + TimeDelta::seconds(8), "attempts": 1, "error_code": null}),
        ),
        found(
            5,
            json!({"status": "pending", "error": null, "error_code": null, "attempts": 0, "last_attempted_at": null,
                        "ended_at": null}),
        ),
    ];
    let list = found_steps(&steps, now(), &PLAIN);
    let what = What::steps(&StepVerb::Update { retry_limit: 5 });
    assert_snapshot!(
        [
            bulk_forecast(what, 12, 3, &list, &PLAIN),
            bulk_question(what, 12, &PLAIN),
            bulk_done(what, 12, &[], 20, &PLAIN),
            found_steps(&[], now(), &PLAIN),
        ]
        .join("\n--\n")
    );
}
