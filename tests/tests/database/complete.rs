//! `complete_steps` and `complete_step`.

use crate::plan::Plan;
use crate::session::{Session, claimed, flush, statuses};
use crate::support::on_database;
use serde_json::json;
use tasker_core::ErrorKind;
use tasker_core::store::{FlushArguments, FlushStatus, StepKey};

fn diamond() -> Plan {
    Plan::new("diamond")
        .step("a", &[])
        .step("b", &["a"])
        .step("c", &["a"])
        .step("d", &["b", "c"])
}

fn in_order(keys: &[StepKey]) -> Vec<i32> {
    keys.iter().map(|key| key.step_no).collect()
}

fn numbers(keys: &[StepKey]) -> Vec<i32> {
    let mut numbers = in_order(keys);
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn a_completion_is_recorded_once_with_its_results() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::chain("order", &["a"])).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let mut arguments = flush(&[key], 0);
        arguments.results = vec![r#"{"n": [1, null]}"#.to_owned()];
        let rows = s.try_complete(Some(worker), &arguments).await.unwrap();
        assert_eq!(statuses(&rows), [FlushStatus::Ended]);
        assert_eq!(rows[0].key.task_id, task);
        assert_eq!(s.step(task, 1).await.results, Some(json!({"n": [1, null]})));
        assert_eq!(s.state(task).await, "complete");
        assert_eq!(s.trail(task, 0).await, ["in_progress", "complete"]);
        arguments.results = vec!["2".to_owned()];
        let again = s.try_complete(Some(worker), &arguments).await.unwrap();
        assert_eq!(statuses(&again), [FlushStatus::AlreadyRecorded]);
        assert_eq!(s.step(task, 1).await.results, Some(json!({"n": [1, null]})));
    })
    .await;
}

#[tokio::test]
async fn an_outcome_for_a_claim_that_is_not_held_is_refused_and_harmless() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        for lost in [
            StepKey { claim_no: 2, ..key },
            StepKey { claim_no: 0, ..key },
            StepKey {
                step_no: 2,
                claim_no: 0,
                ..key
            },
            StepKey { step_no: 9, ..key },
            StepKey {
                task_id: uuid::Uuid::now_v7(),
                ..key
            },
        ] {
            assert_eq!(
                statuses(&s.complete(worker, &[lost]).await),
                [FlushStatus::AttemptLost],
                "{lost:?}"
            );
            let mut patient = flush(&[lost], 5);
            patient.wait = false;
            assert_eq!(
                statuses(&s.try_complete(Some(worker), &patient).await.unwrap()),
                [FlushStatus::AttemptLost],
                "{lost:?}"
            );
        }
        assert_eq!(s.states(task).await, ["in_progress", "pending"]);
    })
    .await;
}

#[tokio::test]
async fn a_join_in_one_flush_counts_down_once_and_is_handed_out_once() {
    on_database(async |_, s| {
        let task = s.task_of(&diamond()).await;
        let worker = s.worker().await;
        let first = s.claim_one(worker).await;
        let both = s.complete_sticky(worker, &[first], 5).await;
        assert_eq!(numbers(&both), [2, 3]);
        let last = s.complete_sticky(worker, &both, 5).await;
        assert_eq!(numbers(&last), [4]);
        assert_eq!(s.trail(task, 4).await, ["in_progress"]);
        assert_eq!(statuses(&s.complete(worker, &last).await), [FlushStatus::Ended]);
    })
    .await;
}

#[tokio::test]
async fn a_join_in_two_flushes_waits_for_the_second() {
    on_database(async |_, s| {
        let task = s.task_of(&diamond()).await;
        let worker = s.worker().await;
        let first = s.claim_one(worker).await;
        let both = s.complete_sticky(worker, &[first], 5).await;
        assert!(s.complete_sticky(worker, &both[..1], 5).await.is_empty());
        assert_eq!(
            (s.step(task, 4).await.open_parents, s.step(task, 4).await.ready_at),
            (1, None)
        );
        assert_eq!(numbers(&s.complete_sticky(worker, &both[1..], 5).await), [4]);
    })
    .await;
}

#[tokio::test]
async fn wide_fans_out_and_in_end_in_three_flushes() {
    on_database(async |_, s| {
        let names: Vec<String> = (0..60).map(|n| format!("w{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut plan = Plan::new("wide").step("root", &[]);
        for name in &names {
            plan = plan.step(name, &["root"]);
        }
        let task = s.task_of(&plan.step("join", &names)).await;
        let worker = s.worker().await;
        let root = s.claim_one(worker).await;
        let middle = s.complete_sticky(worker, &[root], 100).await;
        assert_eq!(middle.len(), 60);
        let join = s.complete_sticky(worker, &middle, 100).await;
        assert_eq!(numbers(&join), [62]);
        s.complete(worker, &join).await;
        assert_eq!(s.state(task).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn a_task_with_several_sinks_ends_with_the_last_one_also_in_one_flush() {
    on_database(async |_, s| {
        let plan = Plan::new("sinks")
            .step("a", &[])
            .step("b", &["a"])
            .step("c", &["a"])
            .step("d", &[]);
        s.register(&plan).await;
        let worker = s.worker().await;
        let task = s.create("sinks").await;
        s.drain(worker).await;
        assert_eq!(s.state(task).await, "complete");
        let second = s.create("sinks").await;
        let roots = s.claim(worker, 9).await;
        let mut rest = s.complete_sticky(worker, &roots[..1], 9).await;
        rest.extend(&roots[1..]);
        let more = s.complete_sticky(worker, &rest, 9).await;
        s.complete(worker, &more).await;
        assert_eq!(s.state(second).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn what_there_is_no_room_for_is_readied_for_others_and_counted() {
    on_database(async |_, s| {
        let task = s
            .task_of(
                &Plan::new("fan")
                    .step("a", &[])
                    .step("b", &["a"])
                    .step("c", &["a"])
                    .step("d", &["a"]),
            )
            .await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let rows = s.try_complete(Some(worker), &flush(&[key], 1)).await.unwrap();
        assert_eq!(claimed(&rows).len(), 1);
        let readied = rows
            .iter()
            .find(|row| row.status == FlushStatus::Readied)
            .unwrap();
        assert_eq!(readied.key.step_no, 2);
        assert_eq!(s.claim(worker, 9).await.len(), 2);
        assert_eq!(s.state(task).await, "in_progress");
    })
    .await;
}

/// Completes the first of two steps with room for the second, which has these keys, after `before` was done.
async fn gate(plan: Plan, prepare: &str, change: impl FnOnce(&mut FlushArguments)) -> bool {
    let mut passed = false;
    on_database(async |_, s| {
        s.task_of(&plan).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        if !prepare.is_empty() {
            s.run(&prepare.replace("WORKER", &worker.to_string())).await;
        }
        let mut arguments = flush(&[key], 3);
        change(&mut arguments);
        let rows = s.try_complete(Some(worker), &arguments).await.unwrap();
        passed = !claimed(&rows).is_empty();
        let held = s.json("select ready_at is not null or held_at is not null or state = 'in_progress' as ok from tasker.workflow_steps where step_no = 2").await;
        assert_eq!(held, json!({"ok": true}));
    })
    .await;
    passed
}

#[tokio::test]
async fn sticky_claims_take_the_best_first_and_come_in_the_order_in_which_they_are_to_run() {
    on_database(async |_, s| {
        let plan = Plan::new("fan")
            .step("root", &[])
            .step("worst", &["root"])
            .priority(9)
            .step("usual", &["root"])
            .step("best", &["root"])
            .priority(0);
        let task = s.task_of(&plan).await;
        let worker = s.worker().await;
        let root = s.claim_one(worker).await;
        assert_eq!(in_order(&s.complete_sticky(worker, &[root], 2).await), [4, 3]);
        assert_eq!(s.claim_one(worker).await.step_no, 2);
        let other = s.create("fan").await;
        assert_ne!(task, other);
        let root = s.claim_one(worker).await;
        assert_eq!(in_order(&s.complete_sticky(worker, &[root], 5).await), [4, 3, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_sticky_claim_passes_the_gate_of_any_claim() {
    let plain = || Plan::chain("order", &["a", "b"]);
    let second = |set: fn(Plan) -> Plan| set(Plan::new("order").step("a", &[]).step("b", &["a"]));
    assert!(gate(plain(), "", |_| ()).await);
    assert!(!gate(plain(), "", |flush| flush.room = 0).await, "no room");
    assert!(
        !gate(plain(), "select tasker.pause('shop')", |_| ()).await,
        "namespace paused"
    );
    assert!(
        !gate(plain(), "select tasker.pause(null, null, 'work')", |_| ()).await,
        "handler paused"
    );
    assert!(
        !gate(
            plain(),
            "select tasker.pause_task(task_id) from tasker.tasks",
            |_| ()
        )
        .await,
        "task paused"
    );
    assert!(
        !gate(plain(), "select tasker.drain_worker(WORKER)", |_| ()).await,
        "draining"
    );
    assert!(
        !gate(second(|plan| plan.handler("other")), "", |_| ()).await,
        "another handler"
    );
    assert!(
        !gate(second(|plan| plan.priority(6)), "", |flush| flush.priority = 5).await,
        "better ones wait"
    );
    assert!(gate(second(|plan| plan.priority(6)), "", |flush| flush.priority = 6).await);
    assert!(
        !gate(second(|plan| plan.limit(1)), "", |flush| flush.slots = 0).await,
        "must start at once"
    );
    assert!(gate(second(|plan| plan.limit(1)), "", |flush| flush.slots = 1).await);
}

#[tokio::test]
async fn a_flush_of_nothing_does_nothing() {
    on_database(async |_, s| {
        let worker = s.worker().await;
        assert!(
            s.try_complete(Some(worker), &flush(&[], 9))
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn the_same_outcome_twice_in_a_batch_counts_once_and_a_stale_one_beside_it_is_lost() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        let worker = s.worker().await;
        let old = s.claim_one(worker).await;
        let store = s.store.clone();
        store.release(&mut s.c, worker, &[old]).await.unwrap();
        let key = s.claim_one(worker).await;
        let rows = s.complete(worker, &[key, old, key]).await;
        assert_eq!(statuses(&rows), [FlushStatus::AttemptLost, FlushStatus::Readied]);
        assert_eq!(rows[0].key, old);
        assert_eq!(
            (s.step(task, 2).await.open_parents, s.trail(task, 1).await.len()),
            (0, 4)
        );
    })
    .await;
}

#[tokio::test]
async fn batches_whose_steps_are_all_reported_are_dropped_with_the_flush() {
    on_database(async |_, s| {
        s.task_of(&Plan::chain("order", &["a"])).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let batch = s.json("select batch from tasker.worker_claims").await["batch"]
            .as_i64()
            .unwrap();
        s.try_complete(
            Some(worker),
            &FlushArguments {
                done: vec![batch],
                ..flush(&[key], 0)
            },
        )
        .await
        .unwrap();
        assert!(s.rows("select * from tasker.worker_claims").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_handler_gets_the_results_of_its_parents_and_the_context() {
    on_database(async |_, s| {
        s.register(&diamond()).await;
        s.create_with("diamond", json!({"context": {"order": 7}})).await;
        let worker = s.worker().await;
        let first = s.claim_one(worker).await;
        let both = s.complete_sticky(worker, &[first], 5).await;
        let mut arguments = flush(&both, 5);
        arguments.results = vec!["{\"r\": 1}".into(), "{\"r\": 2}".into()];
        let rows = s.try_complete(Some(worker), &arguments).await.unwrap();
        let row = rows
            .iter()
            .find(|row| row.status == FlushStatus::Claimed)
            .unwrap();
        let dependencies: serde_json::Value =
            serde_json::from_str(row.dependencies.as_deref().unwrap()).unwrap();
        let result =
            |step: i32| arguments.results[both.iter().position(|key| key.step_no == step).unwrap()].clone();
        assert_eq!(dependencies["2"].to_string().replace(':', ": "), result(2));
        assert_eq!(dependencies["3"].to_string().replace(':', ": "), result(3));
        let store = s.store.clone();
        store.release(&mut s.c, worker, &[row.key]).await.unwrap();
        let claim = tasker_core::store::ClaimArguments {
            worker_id: worker,
            room: 1,
            slots: 1,
            ..Default::default()
        };
        let rows = s.try_claim(&claim).await.unwrap();
        let row = rows
            .iter()
            .find(|row| row.status == FlushStatus::Claimed)
            .unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(row.dependencies.as_deref().unwrap()).unwrap(),
            dependencies
        );
        assert_eq!(row.context.as_deref(), Some("{\"order\": 7}"));
    })
    .await;
}

#[tokio::test]
async fn a_step_completed_in_the_users_transaction_takes_effect_with_it_and_exactly_once() {
    on_database(async |db, s| {
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let mut user = Session::open(db).await;
        let call = format!(
            "select tasker.complete_step('{task}', 1, {}, '{{\"u\": 1}}')",
            key.claim_no
        );
        user.run("create table effects (n int)").await;
        user.begin().await;
        user.run("insert into effects values (1)").await;
        user.run(&call).await;
        user.rollback().await;
        assert_eq!(s.states(task).await, ["in_progress", "pending"]);
        user.begin().await;
        user.run("insert into effects values (1)").await;
        user.run(&call).await;
        user.run(&call).await;
        user.commit().await;
        assert_eq!(s.states(task).await, ["complete", "pending"]);
        assert_eq!(s.step(task, 1).await.results, Some(json!({"u": 1})));
        assert_eq!(
            statuses(&s.complete(worker, &[key]).await),
            [FlushStatus::AlreadyRecorded]
        );
        assert_eq!(s.json("select count(*) as n from effects").await, json!({"n": 1}));
        let next = s.claim_one(worker).await;
        assert_eq!(next.step_no, 2);
        s.run(&format!(
            "select tasker.complete_step('{task}', 2, {}, null)",
            next.claim_no
        ))
        .await;
        assert_eq!(s.step(task, 2).await.results, Some(json!({})));
        assert_eq!(s.state(task).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn a_refused_fence_rolls_the_users_transaction_back() {
    on_database(async |db, s| {
        let task = s.task_of(&Plan::chain("order", &["a"])).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let store = s.store.clone();
        store.release(&mut s.c, worker, &[key]).await.unwrap();
        let mut user = Session::open(db).await;
        user.run("create table effects (n int)").await;
        user.begin().await;
        user.run("insert into effects values (1)").await;
        let error = user
            .try_run(&format!(
                "select tasker.complete_step('{task}', 1, {})",
                key.claim_no
            ))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, tasker_core::store::sqlstate(&error)),
            (ErrorKind::AttemptLost, Some("TK001"))
        );
        user.commit().await;
        assert_eq!(s.json("select count(*) as n from effects").await, json!({"n": 0}));
        let error = user
            .try_run(&format!(
                "select tasker.fail_step('{task}', 1, {}, 'no')",
                key.claim_no
            ))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::AttemptLost);
    })
    .await;
}
