//! A task to draw: the order of the demo while its payment waits for the second retry.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tasker_core::model::{State, Step, StepNo, Task, Transition, Why};

/// The moment at which everything is looked at.
pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// So many milliseconds before that.
pub(super) fn before(milliseconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::milliseconds(milliseconds)
}

pub(super) fn task(status: State) -> Task {
    serde_json::from_value(json!({
        "task_id": "0198c0de-0000-7000-8000-000000000007",
        "name": "process_order",
        "namespace": "shop",
        "version": "1.0.0",
        "full_name": "shop.process_order@1.0.0",
        "named_task_id": 1,
        "status": status,
        "complete": status == State::Complete,
        "initiator": "anna",
        "source_system": "tasker-cli",
        "reason": "to see it work",
        "tags": ["demo"],
        "bypass_steps": [],
        "context": {"order_id": "000007", "customer": "anna@example.com"},
        "priority": null,
        "requested_at": before(3_400),
        "created_at": before(3_400),
        "started_at": before(3_380),
        "completed_at": (status == State::Complete).then(|| before(0)),
        "paused": false,
        "paused_at": null,
        "total_steps": 7,
        "pending_steps": 4,
        "in_progress_steps": 0,
        "completed_steps": if status == State::Complete { 7 } else { 2 },
        "failed_steps": 1,
        "ready_steps": 0,
        "execution_status": "waiting_for_dependencies",
        "recommended_action": "wait_for_dependencies",
        "completion_percentage": 28.57,
        "health_status": "recovering",
    }))
    .unwrap()
}

pub(super) fn step(number: StepNo, name: &str, parents: &[StepNo], status: State) -> Step {
    serde_json::from_value(json!({
        "task_id": "0198c0de-0000-7000-8000-000000000007",
        "workflow_step_id": number,
        "name": name,
        "named_step_id": number,
        "handler": format!("shop.process_order.{name}"),
        "status": status,
        "attempts": i32::from(status != State::Pending),
        "retry_limit": 3,
        "skippable": false,
        "retryable": true,
        "processed": matches!(status, State::Complete | State::ResolvedManually),
        "processed_at": (status == State::Complete).then(|| before(2_500)),
        "in_process": status == State::InProgress,
        "backoff_request_seconds": null,
        "last_attempted_at": (status != State::Pending).then(|| before(2_850)),
        "next_retry_at": null,
        "inputs": {},
        "results": if status == State::Complete { json!({"ok": true}) } else { Value::Null },
        "children_ids": [],
        "parents_ids": parents,
        "siblings_ids": [],
        "claim_no": 1,
        "worker_losses": 0,
        "paused": false,
        "priority": 4,
    }))
    .unwrap()
}

/// The payment after its second failure.
pub(super) fn failed(mut step: Step, retry_in_ms: Option<i64>) -> Step {
    step.status = State::Error;
    step.processed = false;
    step.processed_at = None;
    step.attempts = 2;
    step.retry_limit = 5;
    step.next_retry_at = retry_in_ms.map(|milliseconds| now() + TimeDelta::milliseconds(milliseconds));
    step.results = json!({
        "error": "the payment gateway answered 503 Service Unavailable\nwith a second line",
        "error_class": "HandlerError",
        "error_code": "gateway_unavailable",
        "retryable": true,
        "attempt": 2,
        "backtrace": null,
        "details": {"gateway": "pay.example"},
    });
    step
}

pub(super) fn order() -> Vec<Step> {
    vec![
        step(1, "validate_cart", &[], State::Complete),
        step(2, "reserve_stock", &[1], State::Complete),
        failed(step(3, "charge_payment", &[1], State::Pending), Some(1_600)),
        step(4, "create_shipment", &[2, 3], State::Pending),
        step(5, "send_receipt", &[4], State::Pending),
        step(6, "award_points", &[4], State::Pending),
        step(7, "close_order", &[5, 6], State::Pending),
    ]
}

/// A root, so many parallel steps, a join; the first ones have ended, two failed.
pub(super) fn fan_out(width: StepNo) -> Vec<Step> {
    let mut steps = vec![step(1, "split", &[], State::Complete)];
    for number in 2..width + 2 {
        let status = if number < width / 2 {
            State::Complete
        } else {
            State::Pending
        };
        let one = step(number, &format!("part_{number}"), &[1], status);
        steps.push(if number % 40 == 7 { failed(one, None) } else { one });
    }
    steps.push(step(
        width + 2,
        "join",
        &(2..width + 2).collect::<Vec<_>>(),
        State::Pending,
    ));
    steps
}

pub(super) fn moves() -> Vec<Transition> {
    let one = |sort_key: i32, from: Option<State>, to: State, metadata: Value| Transition {
        task_id: task(State::Pending).task_id,
        workflow_step_id: Some(3),
        sort_key,
        from_state: from,
        to_state: to,
        created_at: before(3_400 - i64::from(sort_key) * 300),
        metadata,
    };
    vec![
        one(0, None, State::Pending, json!({})),
        one(
            1,
            Some(State::Pending),
            State::InProgress,
            json!({"attempt": 1, "worker": 12}),
        ),
        one(
            2,
            Some(State::InProgress),
            State::Error,
            json!({"attempt": 1, "error": "503", "details": {"a": 1}}),
        ),
    ]
}

/// One row of `why`; `more` overrides.
pub(super) fn why_row(number: Option<StepNo>, name: &str, reason: &str, more: Value) -> Why {
    let mut row = json!({
        "task_id": task(State::Pending).task_id,
        "step_no": number,
        "name": name,
        "handler": number.map(|_| format!("shop.process_order.{name}")),
        "state": "pending",
        "reason": reason,
        "since": before(90_000),
        "next_at": null,
        "blocked_by_step_no": null,
        "blocked_by": null,
        "blocked_by_reason": null,
        "attempts": number.map(|_| 0),
        "retry_limit": number.map(|_| 3),
        "detail": {},
    });
    row.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    serde_json::from_value(row).unwrap()
}

/// What is known beside each reason.
pub(super) fn why_rows() -> Vec<Why> {
    let worker = json!({"worker_id": 12, "name": "shop-1", "host": "app1", "process_id": 4711, "heartbeat_at": before(4_000)});
    let failure = json!({"error": "the gateway answered 503\nand more", "error_code": "gateway_unavailable", "error_class": "E"});
    let root = |number: StepNo, name: &str, reason: &str| json!({"blocked_by_step_no": number, "blocked_by": name, "blocked_by_reason": reason});
    let one = |name: &str, reason: &str, more: Value| why_row(Some(3), name, reason, more);
    vec![
        one(
            "charge",
            "running",
            json!({"state": "in_progress", "attempts": 1,
            "detail": {"worker": worker, "deadline_at": now() + TimeDelta::seconds(30)}}),
        ),
        one(
            "charge",
            "stuck",
            json!({"state": "in_progress", "attempts": 1, "detail": {"worker": worker, "deadline_at": before(30_000)}}),
        ),
        one(
            "charge",
            "worker_lost",
            json!({"state": "in_progress", "attempts": 1, "next_at": before(1_000), "detail": {"worker": worker}}),
        ),
        one(
            "charge",
            "ready",
            json!({"next_at": before(90_000), "detail": {"ahead": 0}}),
        ),
        one(
            "charge",
            "waits_for_slot",
            json!({"next_at": before(90_000), "detail": {"ahead": 7}}),
        ),
        one(
            "charge",
            "waits_alone",
            json!({"next_at": before(90_000), "detail": {"ahead": 1000}}),
        ),
        one(
            "charge",
            "backoff",
            json!({"state": "error", "attempts": 2, "next_at": now() + TimeDelta::seconds(5), "detail": {"failure": failure}}),
        ),
        one(
            "charge",
            "worker_hangs",
            json!({"next_at": before(90_000), "detail": {"hanging": [
            {"worker_id": 12, "name": "shop-1", "host": "app1", "process_id": 4711, "last_polled_at": before(99_000),
             "oldest_running": {"handler": "shop.process_order.charge", "task_id": task(State::Pending).task_id, "step_no": 3, "seconds": 98.6}}]}}),
        ),
        one("charge", "no_worker", json!({"next_at": before(90_000)})),
        one(
            "charge",
            "paused",
            json!({"next_at": now() + TimeDelta::seconds(5), "detail": {"pauses": [
            {"scope": "task", "since": before(90_000), "by": "anna", "reason": "stock count"},
            {"scope": "named_task", "name": "shop.process_order", "since": before(80_000)},
            {"scope": "namespace", "name": "shop", "since": before(70_000)},
            {"scope": "handler", "name": "shop.process_order.charge", "since": before(60_000)}]}}),
        ),
        one("charge", "stranded", json!({})),
        one(
            "charge",
            "cancelled",
            json!({"state": "cancelled", "detail": {"operator": {"verb": "cancel", "by": "anna", "reason": "withdrawn"}}}),
        ),
        one(
            "charge",
            "exhausted",
            json!({"state": "error", "attempts": 3, "detail": {"failure": failure}}),
        ),
        one(
            "charge",
            "permanent_failure",
            json!({"state": "error", "attempts": 1, "detail": {"failure": failure}}),
        ),
        one(
            "charge",
            "quarantined",
            json!({"state": "error", "attempts": 3, "detail": {"failure": failure}}),
        ),
        one("ship", "dependency", root(3, "charge", "backoff")),
        one("ship", "cancelled_upstream", root(3, "charge", "cancelled")),
        one("ship", "failed_upstream", root(3, "charge", "quarantined")),
        one("ship", "finished", json!({"state": "complete", "attempts": 1})),
    ]
}
