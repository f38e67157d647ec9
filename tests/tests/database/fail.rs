//! `fail_steps`, `fail_step`, `reap_workers` and the backoff.

use crate::plan::Plan;
use crate::session::{Session, claimed, failures, statuses};
use crate::support::on_database;
use serde_json::{Value, json};
use tasker_core::store::{ClaimArguments, FailureBatch, FlushStatus, StepKey};

fn single() -> Plan {
    Plan::new("job").step("a", &[])
}

async fn seconds_until(s: &mut Session, task: uuid::Uuid, step: i32) -> f64 {
    let ready = s.step(task, step).await.ready_at.expect("an instant");
    (ready - s.now().await).num_milliseconds() as f64 / 1000.0
}

#[tokio::test]
async fn a_retryable_failure_waits_for_its_backoff_until_the_budget_is_spent() {
    on_database(async |_, s| {
        let task = s.task_of(&single()).await;
        s.freeze().await;
        let worker = s.worker().await;
        for (wait, mode) in [(1.0, 0), (2.0, 1)] {
            let key = s.claim_one(worker).await;
            s.fail(worker, key, true).await;
            assert_eq!(seconds_until(s, task, 1).await, wait);
            assert_eq!((s.step(task, 1).await.mode, s.state(task).await), (mode, "in_progress".into()));
            s.advance(wait).await;
        }
        let key = s.claim_one(worker).await;
        assert!(s.fail(worker, key, true).await.is_empty());
        let step = s.step(task, 1).await;
        assert_eq!((step.attempts, step.ready_at), (3, None));
        assert_eq!(s.state(task).await, "error");
        let results = step.results.unwrap();
        assert_eq!((&results["attempt"], &results["retryable"], &results["error"]), (&json!(3), &json!(true), &json!("no")));
        let kept = s.json("select count(*) as n from tasker.workflow_step_transitions where metadata ->> 'error' = 'no'").await;
        assert_eq!(kept, json!({"n": 3}));
        assert_eq!(s.trail(task, 0).await, ["in_progress", "error"]);
    })
    .await;
}

#[tokio::test]
async fn the_steps_policy_counts_and_what_the_handler_asks_for_counts_more() {
    on_database(async |_, s| {
        let plan = single()
            .set(
                "retry",
                json!({"strategy": "linear", "base_seconds": 7, "jitter": 0}),
            )
            .limit(5);
        let task = s.task_of(&plan).await;
        s.freeze().await;
        let worker = s.worker().await;
        for (after, wait) in [(None, 7.0), (Some(0.0), 0.0), (None, 21.0), (Some(1e6), 300.0)] {
            let key = s.claim_one(worker).await;
            s.fail_after(worker, key, true, after).await;
            assert_eq!(seconds_until(s, task, 1).await, wait);
            s.advance(wait).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_permanent_failure_and_a_step_that_may_not_be_retried_end_at_once() {
    on_database(async |_, s| {
        let worker = s.worker().await;
        let task = s.task_of(&single()).await;
        let key = s.claim_one(worker).await;
        s.fail(worker, key, false).await;
        assert_eq!(
            (s.step(task, 1).await.ready_at, s.state(task).await),
            (None, "error".into())
        );
        let once = s
            .task_of(
                &Plan::new("once")
                    .step("a", &[])
                    .set("default_retryable", json!(false)),
            )
            .await;
        let key = s.claim_one(worker).await;
        s.fail(worker, key, true).await;
        assert_eq!(
            (s.step(once, 1).await.attempts, s.state(once).await),
            (1, "error".into())
        );
    })
    .await;
}

#[tokio::test]
async fn independent_branches_run_to_their_end_before_the_task_is_in_error() {
    on_database(async |_, s| {
        let plan = Plan::new("two").step("a", &[]).step("b", &[]).step("c", &["b"]).step("d", &["a", "c"]);
        let task = s.task_of(&plan).await;
        let worker = s.worker().await;
        let both = s.claim(worker, 9).await;
        s.fail(worker, both[0], false).await;
        assert_eq!(s.state(task).await, "in_progress");
        let next = s.complete_sticky(worker, &both[1..], 9).await;
        assert_eq!(s.state(task).await, "in_progress");
        s.complete(worker, &next).await;
        assert_eq!(s.state(task).await, "error");
        let health = s.json(&format!("select execution_status, health_status, recommended_action from tasker.get_task_execution_context('{task}')")).await;
        assert_eq!(health, json!({"execution_status": "blocked_by_failures", "health_status": "blocked", "recommended_action": "handle_failures"}));
    })
    .await;
}

#[tokio::test]
async fn a_failure_sent_again_is_already_recorded_and_one_for_another_claim_is_lost() {
    on_database(async |_, s| {
        s.task_of(&single()).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let rows = s
            .try_fail(Some(worker), &failures(&[key, key], true))
            .await
            .unwrap();
        assert!(rows.is_empty());
        assert_eq!(
            statuses(&s.fail(worker, key, true).await),
            [FlushStatus::AlreadyRecorded]
        );
        assert_eq!(
            statuses(&s.complete(worker, &[key]).await),
            [FlushStatus::AttemptLost]
        );
        for lost in [
            StepKey { claim_no: 7, ..key },
            StepKey { step_no: 7, ..key },
            StepKey {
                task_id: uuid::Uuid::now_v7(),
                ..key
            },
        ] {
            assert_eq!(
                statuses(&s.fail(worker, lost, true).await),
                [FlushStatus::AttemptLost]
            );
        }
        assert!(
            s.try_fail(
                Some(worker),
                &FailureBatch {
                    backoff: "{}".into(),
                    ..FailureBatch::default()
                }
            )
            .await
            .unwrap()
            .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn a_batch_with_a_retryable_and_a_final_failure_of_one_task_records_both() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::new("two").step("a", &[]).step("b", &[])).await;
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        let mut batch = failures(&keys, true);
        batch.failures[1] = json!({"error": "x", "retryable": false}).to_string();
        assert!(s.try_fail(Some(worker), &batch).await.unwrap().is_empty());
        assert_eq!(s.states(task).await, ["error", "error"]);
        assert_eq!(s.state(task).await, "in_progress");
    })
    .await;
}

#[tokio::test]
async fn a_failure_of_a_paused_task_keeps_its_instant_for_the_resume() {
    on_database(async |_, s| {
        let task = s.task_of(&single()).await;
        s.freeze().await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.operate(task, "pause_task($1)").await;
        s.fail_after(worker, key, true, Some(60.0)).await;
        let held = s.step(task, 1).await.held_at;
        s.advance(10.0).await;
        s.operate(task, "resume_task($1)").await;
        assert_eq!(s.step(task, 1).await.ready_at, held);
    })
    .await;
}

/// Claims what is ready with a worker that then dies; what its steps came to.
async fn lose(s: &mut Session) -> Vec<(i32, String)> {
    let doomed = s.worker().await;
    let arguments = ClaimArguments {
        worker_id: doomed,
        room: 9,
        slots: 9,
        alone: true,
        ..Default::default()
    };
    assert!(!claimed(&s.try_claim(&arguments).await.unwrap()).is_empty());
    s.advance(31.0).await;
    let reaper = s.worker().await;
    let taken = s.reap(reaper).await;
    assert!(!s.beat(doomed).await);
    assert!(s.reap(reaper).await.is_empty());
    taken.into_iter().map(|(_, step, code)| (step, code)).collect()
}

#[tokio::test]
async fn a_first_loss_is_retried_at_once_a_second_after_the_backoff_a_third_is_quarantined() {
    on_database(async |_, s| {
        let task = s.task_of(&single()).await;
        s.freeze().await;
        assert_eq!(lose(s).await, [(1, "worker_lost".to_owned())]);
        assert_eq!(
            (seconds_until(s, task, 1).await, s.step(task, 1).await.mode),
            (0.0, 1)
        );
        assert_eq!(lose(s).await, [(1, "worker_lost".to_owned())]);
        assert_eq!(
            (seconds_until(s, task, 1).await, s.step(task, 1).await.mode),
            (2.0, 2)
        );
        s.advance(2.0).await;
        assert_eq!(lose(s).await, [(1, "poison_pill".to_owned())]);
        let step = s.step(task, 1).await;
        let results = step.results.unwrap();
        assert_eq!(
            (step.worker_losses, &results["error_code"], &results["retryable"]),
            (3, &json!("poison_pill"), &json!(false))
        );
        assert_eq!(s.state(task).await, "error");
    })
    .await;
}

#[tokio::test]
async fn losses_alone_never_exhaust_the_budget() {
    on_database(async |_, s| {
        let task = s.task_of(&single().limit(2)).await;
        s.max_worker_losses = 9;
        s.freeze().await;
        for _ in 0..4 {
            assert_eq!(lose(s).await, [(1, "worker_lost".to_owned())]);
            s.advance(300.0).await;
        }
        assert_eq!(
            (s.step(task, 1).await.attempts, s.state(task).await),
            (4, "in_progress".into())
        );
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.fail(worker, key, true).await;
        assert_eq!(s.state(task).await, "error");
    })
    .await;
}

#[tokio::test]
async fn lowering_the_limit_exhausts_a_lost_step_only_where_it_may_run_once() {
    on_database(async |_, s| {
        let task = s.task_of(&single().limit(3)).await;
        s.max_worker_losses = 9;
        s.freeze().await;
        lose(s).await;
        lose(s).await;
        s.operate(task, "update_step($1, 1, 2)").await;
        assert_eq!(
            (seconds_until(s, task, 1).await, s.state(task).await),
            (2.0, "in_progress".into()),
            "its instant stays"
        );
        s.operate(task, "update_step($1, 1, 1)").await;
        assert_eq!(
            (s.step(task, 1).await.ready_at, s.state(task).await),
            (None, "error".into())
        );
        s.operate(task, "update_step($1, 1, 2)").await;
        assert_eq!(
            (seconds_until(s, task, 1).await, s.state(task).await),
            (0.0, "in_progress".into())
        );
        let worker = s.worker().await;
        // Twice lost: a suspect, which only an idle process takes.
        let arguments = ClaimArguments {
            worker_id: worker,
            room: 1,
            slots: 1,
            alone: true,
            ..ClaimArguments::default()
        };
        let key = claimed(&s.try_claim(&arguments).await.unwrap())[0];
        s.fail(worker, key, true).await;
        assert_eq!(s.state(task).await, "error", "a failure of its own counts");
    })
    .await;
}

#[tokio::test]
async fn the_loss_of_a_step_that_may_run_once_is_final() {
    on_database(async |_, s| {
        let task = s.task_of(&single().limit(1)).await;
        s.freeze().await;
        assert_eq!(lose(s).await, [(1, "worker_lost".to_owned())]);
        assert_eq!(
            (s.step(task, 1).await.ready_at, s.state(task).await),
            (None, "error".into())
        );
    })
    .await;
}

#[tokio::test]
async fn reaping_takes_exactly_what_the_dead_held_and_spares_the_living() {
    on_database(async |_, s| {
        let task = s
            .task_of(
                &Plan::new("wide")
                    .step("a", &[])
                    .step("b", &[])
                    .step("c", &[])
                    .step("d", &[]),
            )
            .await;
        s.freeze().await;
        let (doomed, other) = (s.worker().await, s.worker().await);
        let keys = s.claim(doomed, 3).await;
        s.complete(doomed, &keys[..1]).await;
        let store = s.store.clone();
        store.release(&mut s.c, doomed, &keys[1..2]).await.unwrap();
        let theirs = s.claim(other, 9).await;
        s.advance(29.0).await;
        assert!(s.beat(other).await);
        s.advance(2.0).await;
        assert_eq!(
            s.reap(other).await,
            [(task, keys[2].step_no, "worker_lost".to_owned())]
        );
        assert_eq!(store.held(&mut s.c, other).await.unwrap().len(), theirs.len());
        assert_eq!(
            statuses(&s.try_fail(None, &failures(&keys[2..], true)).await.unwrap()),
            [FlushStatus::AttemptLost]
        );
        assert!(
            s.try_complete(Some(doomed), &crate::session::flush(&keys[2..], 0))
                .await
                .is_err()
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_reaps_itself() {
    on_database(async |_, s| {
        s.task_of(&single()).await;
        s.freeze().await;
        let worker = s.worker().await;
        s.claim_one(worker).await;
        s.advance(3600.0).await;
        assert!(s.reap(worker).await.is_empty() && s.beat(worker).await);
    })
    .await;
}

#[tokio::test]
async fn a_step_that_a_users_transaction_holds_is_left_for_the_next_reaper() {
    on_database(async |db, s| {
        let task = s.task_of(&Plan::new("two").step("a", &[]).step("b", &[])).await;
        s.freeze().await;
        let doomed = s.worker().await;
        let keys = s.claim(doomed, 9).await;
        let mut user = Session::open(db).await;
        user.begin().await;
        user.run(&format!(
            "select tasker.complete_step('{task}', 1, {})",
            keys[0].claim_no
        ))
        .await;
        s.advance(31.0).await;
        let reaper = s.worker().await;
        s.beat(reaper).await;
        assert_eq!(s.reap(reaper).await, [(task, 2, "worker_lost".to_owned())]);
        assert!(!s.beat(doomed).await);
        user.rollback().await;
        assert_eq!(s.reap(reaper).await, [(task, 1, "worker_lost".to_owned())]);
        assert!(s.reap(reaper).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_backoff_of_sql_is_that_of_the_vectors() {
    on_database(async |_, s| {
        let text = include_str!("../../vectors/backoff.json");
        let vectors: Vec<Value> = serde_json::from_str(text).unwrap();
        assert!(vectors.len() > 20);
        for vector in vectors {
            let policy = Some(&vector["policy"])
                .filter(|policy| !policy.is_null())
                .map(Value::to_string);
            let settings = Some(&vector["settings"])
                .filter(|settings| !settings.is_null())
                .map(Value::to_string);
            let found: f64 = sqlx::query_scalar(
                "select tasker.backoff_seconds($1, $2::text::jsonb, $3::text::jsonb, $4, $5)",
            )
            .bind(i32::try_from(vector["attempt"].as_i64().unwrap()).unwrap())
            .bind(policy)
            .bind(settings)
            .bind(vector["retry_after"].as_f64())
            .bind(vector["random"].as_f64().unwrap())
            .fetch_one(&mut s.c)
            .await
            .unwrap_or_else(|error| panic!("{vector}: {error}"));
            let expected = vector["expected"].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-9, "{vector}: {found}");
        }
    })
    .await;
}
