//! `tasker.why`: every reason, the root cause of what waits, and what is known beside it.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::on_database;
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::{StepNo, TaskId, Why, WhyReason};

/// The row of a step, or of the task with 0.
async fn why(s: &mut Session, task: TaskId, step: StepNo) -> Why {
    let query = format!("select * from tasker.why('{task}') where coalesce(step_no, 0) = {step}");
    let row = s.json(&query).await;
    if step > 0 {
        // One step asked for by itself answers the same; only then it counts who comes first.
        let mut alone = s
            .json(&format!("select * from tasker.why('{task}', {step})"))
            .await;
        alone["detail"].as_object_mut().unwrap().remove("ahead");
        assert_eq!(alone, row);
    }
    serde_json::from_value(row).unwrap()
}

async fn reasons(s: &mut Session, task: TaskId) -> Vec<WhyReason> {
    let rows = s.rows(&format!("select * from tasker.why('{task}')")).await;
    rows.into_iter()
        .map(|row| serde_json::from_value::<Why>(row).unwrap().reason)
        .collect()
}

/// `a → b → c` of a plan of its own, and a worker for it.
async fn chain(s: &mut Session) -> (TaskId, i64) {
    let name = format!("chain_{}", uuid::Uuid::now_v7().simple());
    let task = s.task_of(&Plan::chain(&name, &["a", "b", "c"])).await;
    let worker = s.worker().await;
    (task, worker)
}

#[tokio::test]
async fn the_reasons_of_sql_are_those_of_the_model_in_the_same_order() {
    on_database(async |_, s| {
        let found = s
            .json("select array_agg(r::text) as names from unnest(enum_range(null::tasker.why_reason)) r")
            .await;
        assert_eq!(found["names"], json!(WhyReason::ALL.map(WhyReason::as_str)));
        assert_eq!(
            json!(WhyReason::ALL),
            json!(WhyReason::ALL.map(WhyReason::as_str))
        );
        let mut sorted = WhyReason::ALL;
        sorted.sort();
        assert_eq!(sorted, WhyReason::ALL);
    })
    .await;
}

#[tokio::test]
async fn what_is_ready_says_since_when_and_how_many_come_first() {
    on_database(async |_, s| {
        let (task, _) = chain(s).await;
        let step = why(s, task, 1).await;
        assert_eq!(step.reason, WhyReason::Ready);
        assert_eq!(
            (step.since, step.next_at),
            (s.step(task, 1).await.ready_at, step.since)
        );
        let name = s
            .json(&format!(
                "select name from tasker.why('{task}') where step_no is null"
            ))
            .await;
        let second = s.create(name["name"].as_str().unwrap()).await;
        let ahead = s
            .json(&format!(
                "select detail -> 'ahead' as n from tasker.why('{second}', 1)"
            ))
            .await;
        assert_eq!(ahead["n"], 1);
        let whole = why(s, task, 0).await;
        assert_eq!(
            (whole.reason, whole.blocked_by.as_deref()),
            (WhyReason::Ready, Some("a"))
        );
        assert_eq!(whole.detail.counts[&WhyReason::Dependency], 2);
    })
    .await;
}

#[tokio::test]
async fn without_a_live_worker_that_has_the_handler_it_says_so() {
    on_database(async |_, s| {
        s.freeze().await;
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        s.worker_for(&["other"]).await;
        assert_eq!(why(s, task, 1).await.reason, WhyReason::NoWorker);
        let worker = s.worker().await;
        assert_eq!(why(s, task, 1).await.reason, WhyReason::Ready);
        s.advance(31.0).await;
        let late = why(s, task, 1).await;
        assert_eq!(
            (late.reason, late.handler.as_deref()),
            (WhyReason::NoWorker, Some("work"))
        );
        assert!(s.beat(worker).await);
        assert_eq!(why(s, task, 1).await.reason, WhyReason::Ready);
        s.run(&format!("select tasker.drain_worker({worker})")).await;
        assert_eq!(why(s, task, 1).await.reason, WhyReason::NoWorker);
        assert_eq!(why(s, task, 0).await.reason, WhyReason::NoWorker);
    })
    .await;
}

#[tokio::test]
async fn workers_whose_own_code_has_stopped_asking_are_named_with_what_runs_in_them() {
    on_database(async |_, s| {
        s.freeze().await;
        let (task, worker) = chain(s).await;
        s.advance(5.0).await;
        let oldest = json!({"handler": "work", "task_id": task, "step_no": 9, "seconds": 91.0});
        s.run(&format!("select tasker.heartbeat({worker}, false, '{oldest}')"))
            .await;
        let step = why(s, task, 1).await;
        assert_eq!(step.reason, WhyReason::WorkerHangs);
        assert_eq!(step.detail.hanging[0].worker_id, worker);
        assert_eq!(step.detail.hanging[0].oldest_running.as_ref().unwrap().step_no, 9);
        s.worker().await;
        assert_eq!(why(s, task, 1).await.reason, WhyReason::Ready, "another one asks");
    })
    .await;
}

#[tokio::test]
async fn each_pause_is_named_with_who_and_since_when() {
    on_database(async |_, s| {
        s.freeze().await;
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        s.worker().await;
        let pauses = [
            (
                "task",
                Value::Null,
                format!("pause_task('{task}', 'anna', 'why')"),
                format!("resume_task('{task}')"),
            ),
            (
                "namespace",
                json!("shop"),
                "pause('shop', null, null, 'anna', 'why')".to_owned(),
                "resume('shop')".to_owned(),
            ),
            (
                "named_task",
                json!("shop.order"),
                "pause('shop', 'order', null, 'anna', 'why')".to_owned(),
                "resume('shop', 'order')".to_owned(),
            ),
            (
                "handler",
                json!("work"),
                "pause(null, null, 'work', 'anna', 'why')".to_owned(),
                "resume(null, null, 'work')".to_owned(),
            ),
        ];
        for (scope, name, pause, resume) in &pauses {
            s.advance(1.0).await;
            let since = s.now().await;
            s.run(&format!("select tasker.{pause}")).await;
            let step = why(s, task, 1).await;
            assert_eq!(step.reason, WhyReason::Paused, "{scope}");
            assert_eq!(step.since, Some(since), "{scope}");
            let found = json!(step.detail.pauses);
            assert_eq!(
                found,
                json!([{"scope": scope, "name": name, "since": since, "by": "anna", "reason": "why"}])
            );
            assert_eq!(why(s, task, 0).await.reason, WhyReason::Paused);
            let waiting = why(s, task, 2).await;
            assert_eq!(
                (waiting.reason, waiting.blocked_by_reason),
                (WhyReason::Dependency, Some(WhyReason::Paused))
            );
            s.run(&format!("select tasker.{resume}")).await;
            assert_eq!(why(s, task, 1).await.reason, WhyReason::Ready, "{scope}");
        }
        for (_, _, pause, _) in &pauses {
            s.run(&format!("select tasker.{pause}")).await;
        }
        assert_eq!(why(s, task, 1).await.detail.pauses.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_retry_says_when_and_why_it_failed_and_a_pause_comes_first() {
    on_database(async |_, s| {
        let now = s.freeze().await;
        let (task, worker) = chain(s).await;
        let key = s.claim_one(worker).await;
        s.fail_after(worker, key, true, Some(20.0)).await;
        let step = why(s, task, 1).await;
        assert_eq!(step.reason, WhyReason::Backoff);
        assert_eq!(
            (step.since, step.next_at),
            (Some(now), s.step(task, 1).await.ready_at)
        );
        assert_eq!(step.detail.failure.unwrap().error.as_deref(), Some("no"));
        let waiting = why(s, task, 3).await;
        assert_eq!(
            waiting.blocked_by.as_deref(),
            Some("a"),
            "the root, not the parent"
        );
        assert_eq!(waiting.blocked_by_reason, Some(WhyReason::Backoff));
        s.operate(task, "pause_task($1)").await;
        let paused = why(s, task, 1).await;
        assert_eq!((paused.reason, paused.next_at), (WhyReason::Paused, step.next_at));
        s.operate(task, "resume_task($1)").await;
        s.advance(20.0).await;
        assert_eq!(why(s, task, 1).await.reason, WhyReason::Ready);
    })
    .await;
}

#[tokio::test]
async fn what_runs_names_its_worker_and_is_stuck_past_its_deadline_and_lost_without_heartbeats() {
    on_database(async |_, s| {
        let start = s.freeze().await;
        let plan = Plan::chain("order", &["a"]).set("timeout_seconds", json!(10));
        let task = s.task_of(&plan).await;
        let worker = s.worker().await;
        s.claim_one(worker).await;
        let step = why(s, task, 1).await;
        assert_eq!((step.reason, step.attempts), (WhyReason::Running, Some(1)));
        assert_eq!(
            (step.since, step.detail.worker.unwrap().worker_id),
            (Some(start), worker)
        );
        s.advance(11.0).await;
        assert!(s.beat(worker).await);
        let stuck = why(s, task, 1).await;
        assert_eq!(stuck.reason, WhyReason::Stuck);
        assert_eq!(
            stuck.detail.deadline_at,
            Some(start + chrono::TimeDelta::seconds(10))
        );
        let heard = s.now().await;
        s.advance(31.0).await;
        let lost = why(s, task, 1).await;
        assert_eq!((lost.reason, lost.since), (WhyReason::WorkerLost, Some(heard)));
        assert_eq!(lost.next_at, Some(heard + chrono::TimeDelta::seconds(30)));
        assert_eq!(why(s, task, 0).await.reason, WhyReason::WorkerLost);
    })
    .await;
}

#[tokio::test]
async fn a_step_with_one_attempt_left_waits_for_a_slot_and_a_suspect_for_an_idle_worker() {
    on_database(async |_, s| {
        s.freeze().await;
        let task = s.task_of(&Plan::new("order").step("a", &[]).limit(1)).await;
        s.worker().await;
        assert_eq!(why(s, task, 1).await.reason, WhyReason::WaitsForSlot);
        let (suspect, _) = chain(s).await;
        for _ in 0..2 {
            let worker = s.worker_for(&["work"]).await;
            s.run("select tasker.pause('shop', 'order')").await;
            let arguments = tasker_core::store::ClaimArguments {
                worker_id: worker,
                room: 1,
                slots: 1,
                alone: true,
                ..Default::default()
            };
            assert_eq!(
                crate::session::claimed(&s.try_claim(&arguments).await.unwrap()).len(),
                1
            );
            s.advance(31.0).await;
            let reaper = s.worker_for(&[]).await;
            s.reap(reaper).await;
            s.advance(60.0).await;
        }
        s.worker().await;
        assert_eq!(why(s, suspect, 1).await.reason, WhyReason::WaitsAlone);
    })
    .await;
}

#[tokio::test]
async fn what_failed_for_good_says_how_and_is_named_by_everything_behind_it() {
    on_database(async |_, s| {
        s.freeze().await;
        let (permanent, worker) = chain(s).await;
        let key = s.claim_one(worker).await;
        s.fail(worker, key, false).await;
        let rows = reasons(s, permanent).await;
        use WhyReason::{FailedUpstream, PermanentFailure};
        assert_eq!(
            rows,
            [PermanentFailure, PermanentFailure, FailedUpstream, FailedUpstream]
        );
        let last = why(s, permanent, 3).await;
        assert_eq!(last.blocked_by.as_deref(), Some("a"));
        assert_eq!(last.blocked_by_reason, Some(PermanentFailure));
        assert!(last.next_at.is_none());
    })
    .await;
}

#[tokio::test]
async fn exhausted_quarantined_and_cancelled_are_told_apart() {
    on_database(async |_, s| {
        s.freeze().await;
        let plan = Plan::new("order").step("a", &[]).limit(1).step("b", &["a"]);
        let exhausted = s.task_of(&plan).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.fail(worker, key, true).await;
        assert_eq!(why(s, exhausted, 1).await.reason, WhyReason::Exhausted);
        assert_eq!(
            why(s, exhausted, 2).await.blocked_by_reason,
            Some(WhyReason::Exhausted)
        );

        let (poison, worker) = chain(s).await;
        s.max_worker_losses = 1;
        s.claim_one(worker).await;
        s.advance(31.0).await;
        let reaper = s.worker_for(&[]).await;
        s.reap(reaper).await;
        assert_eq!(why(s, poison, 1).await.reason, WhyReason::Quarantined);
        assert_eq!(why(s, poison, 0).await.reason, WhyReason::Quarantined);

        let (cancelled, _) = chain(s).await;
        s.operate(cancelled, "cancel_step($1, 2, 'anna', 'no need')")
            .await;
        let step = why(s, cancelled, 2).await;
        assert_eq!(step.reason, WhyReason::Cancelled);
        assert_eq!(step.detail.operator.unwrap().by.as_deref(), Some("anna"));
        let behind = why(s, cancelled, 3).await;
        assert_eq!(
            (behind.reason, behind.blocked_by.as_deref()),
            (WhyReason::CancelledUpstream, Some("b"))
        );
        assert_eq!(
            why(s, cancelled, 0).await.reason,
            WhyReason::Ready,
            "a can still run"
        );
        s.operate(cancelled, "cancel_task($1)").await;
        assert_eq!(why(s, cancelled, 0).await.reason, WhyReason::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn of_several_steps_before_it_the_deadest_is_the_root_and_a_resolved_one_hides_what_is_before_it() {
    on_database(async |_, s| {
        s.freeze().await;
        let plan = Plan::new("order")
            .step("slow", &[])
            .step("broken", &[])
            .step("middle", &["slow", "broken"])
            .step("end", &["middle"]);
        let task = s.task_of(&plan).await;
        let worker = s.worker().await;
        let keys = s.claim(worker, 2).await;
        let broken = keys.iter().find(|key| key.step_no == 2).copied().unwrap();
        assert_eq!(
            why(s, task, 4).await.blocked_by.as_deref(),
            Some("slow"),
            "the first of those that run"
        );
        s.fail(worker, broken, false).await;
        let end = why(s, task, 4).await;
        assert_eq!(
            (end.reason, end.blocked_by.as_deref()),
            (WhyReason::FailedUpstream, Some("broken"))
        );
        assert_eq!(why(s, task, 0).await.reason, WhyReason::Running);
        s.operate(task, "resolve_step($1, 3)").await;
        assert_eq!(why(s, task, 3).await.reason, WhyReason::Finished);
        assert_eq!(why(s, task, 4).await.reason, WhyReason::Ready);
    })
    .await;
}

#[tokio::test]
async fn what_has_ended_says_that_it_has() {
    on_database(async |_, s| {
        let (task, worker) = chain(s).await;
        s.drain(worker).await;
        assert_eq!(reasons(s, task).await, [WhyReason::Finished; 4]);
        let whole = why(s, task, 0).await;
        assert!(whole.since.is_some() && whole.blocked_by.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_step_that_nothing_would_claim_is_called_a_defect() {
    on_database(async |_, s| {
        let (task, _) = chain(s).await;
        s.begin().await;
        s.run(&format!(
            "update tasker.workflow_steps set ready_at = null where task_id = '{task}'"
        ))
        .await;
        assert_eq!(why(s, task, 1).await.reason, WhyReason::Stranded);
        s.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    on_database(async |_, s| {
        let (task, _) = chain(s).await;
        for call in [format!("'{task}', 4"), format!("'{}'", uuid::Uuid::now_v7())] {
            let error = s
                .try_run(&format!("select * from tasker.why({call})"))
                .await
                .unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotFound, "{call}");
        }
    })
    .await;
}
