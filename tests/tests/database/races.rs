//! Two connections in each other's way: the rules of concurrency.

use crate::plan::Plan;
use crate::session::{Session, claimed, failures, flush, statuses};
use crate::support::{on_database, race};
use rand::RngExt;
use tasker_core::store::{FlushStatus, is_retryable_conflict, sqlstate};

fn two_sinks() -> Plan {
    Plan::new("sinks").step("a", &[]).step("b", &[])
}

#[tokio::test]
async fn complete_beside_a_final_failure_ends_in_error() {
    for failure_first in [true, false] {
        on_database(async |db, s| {
            let task = s.task_of(&two_sinks()).await;
            let worker = s.worker().await;
            let keys = s.claim(worker, 9).await;
            let mut other = Session::open(db).await;
            if failure_first {
                race(
                    db,
                    s,
                    &mut other,
                    async |s| {
                        s.fail(worker, keys[0], false).await;
                    },
                    async |s| {
                        s.complete(worker, &keys[1..]).await;
                    },
                )
                .await;
            } else {
                race(
                    db,
                    s,
                    &mut other,
                    async |s| {
                        s.complete(worker, &keys[1..]).await;
                    },
                    async |s| {
                        s.fail(worker, keys[0], false).await;
                    },
                )
                .await;
            }
            assert_eq!(s.state(task).await, "error");
        })
        .await;
    }
}

#[tokio::test]
async fn two_sinks_at_once_end_the_task_once() {
    on_database(async |db, s| {
        let task = s.task_of(&two_sinks()).await;
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        let mut other = Session::open(db).await;
        let rows = race(
            db,
            s,
            &mut other,
            async |s| {
                s.complete(worker, &keys[..1]).await;
            },
            async |s| s.complete(worker, &keys[1..]).await,
        )
        .await;
        assert_eq!(statuses(&rows), [FlushStatus::Ended]);
        assert_eq!(s.state(task).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn two_parents_at_once_ready_their_join_once() {
    on_database(async |db, s| {
        s.task_of(
            &Plan::new("join")
                .step("a", &[])
                .step("b", &[])
                .step("c", &["a", "b"]),
        )
        .await;
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        let mut other = Session::open(db).await;
        let next = race(
            db,
            s,
            &mut other,
            async |s| {
                assert!(s.complete_sticky(worker, &keys[..1], 9).await.is_empty());
            },
            async |s| s.complete_sticky(worker, &keys[1..], 9).await,
        )
        .await;
        assert_eq!(next.len(), 1);
        assert_eq!(next[0].step_no, 3);
    })
    .await;
}

#[tokio::test]
async fn completions_of_a_fan_out_do_not_queue_on_their_task() {
    on_database(async |db, s| {
        let plan = Plan::new("fan")
            .step("a", &[])
            .step("b", &[])
            .step("c", &["a"])
            .step("d", &["b"]);
        s.task_of(&plan).await;
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        let mut other = Session::open(db).await;
        s.begin().await;
        s.complete(worker, &keys[..1]).await;
        other.run("set lock_timeout = '5s'").await;
        other.complete(worker, &keys[1..]).await;
        s.commit().await;
    })
    .await;
}

#[tokio::test]
async fn resolving_a_step_beside_its_siblings_completion_frees_the_join() {
    on_database(async |db, s| {
        let task = s
            .task_of(
                &Plan::new("join")
                    .step("a", &[])
                    .step("b", &[])
                    .step("c", &["a", "b"]),
            )
            .await;
        let worker = s.worker().await;
        let key = s.claim(worker, 1).await[0];
        let mut other = Session::open(db).await;
        let resolve = format!("resolve_step($1, {})", 3 - key.step_no);
        let next = race(
            db,
            s,
            &mut other,
            async |s| s.operate(task, &resolve).await,
            async |s| s.complete_sticky(worker, &[key], 9).await,
        )
        .await;
        assert_eq!(next.len(), 1);
        s.complete(worker, &next).await;
        assert_eq!(s.state(task).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn a_completion_after_a_cancel_is_lost_and_a_cancel_after_a_completion_comes_too_late_for_the_step() {
    on_database(async |db, s| {
        let plan = Plan::chain("order", &["a", "b"]);
        let task = s.task_of(&plan).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let mut other = Session::open(db).await;
        let rows = race(
            db,
            s,
            &mut other,
            async |s| s.operate(task, "cancel_task($1)").await,
            async |s| s.try_complete(Some(worker), &flush(&[key], 9)).await.unwrap(),
        )
        .await;
        assert_eq!(statuses(&rows), [FlushStatus::AttemptLost]);

        let task = s.create("order").await;
        let key = s.claim_one(worker).await;
        race(
            db,
            s,
            &mut other,
            async |s| {
                s.complete(worker, &[key]).await;
            },
            async |s| s.operate(task, "cancel_task($1)").await,
        )
        .await;
        assert_eq!(
            (s.states(task).await, s.state(task).await),
            (vec!["complete".into(), "cancelled".into()], "cancelled".into())
        );
    })
    .await;
}

#[tokio::test]
async fn nothing_is_readied_past_a_pause_that_a_completion_waited_for() {
    on_database(async |db, s| {
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let mut other = Session::open(db).await;
        let next = race(
            db,
            s,
            &mut other,
            async |s| s.operate(task, "pause_task($1)").await,
            async |s| s.complete_sticky(worker, &[key], 9).await,
        )
        .await;
        assert!(next.is_empty() && s.step(task, 2).await.held_at.is_some());
        s.operate(task, "resume_task($1)").await;
        s.claim_one(worker).await;
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_claims_right_now_is_not_reaped_and_nothing_of_it_leaks() {
    on_database(async |db, s| {
        s.task_of(&two_sinks()).await;
        let worker = s.worker().await;
        let mut other = Session::open(db).await;
        s.begin().await;
        s.claim(worker, 1).await;
        other
            .run("select set_config('tasker.now', (clock_timestamp() + interval '1 hour')::text, false)")
            .await;
        let reaper = other.worker().await;
        assert!(other.reap(reaper).await.is_empty());
        s.commit().await;
        assert_eq!(other.reap(reaper).await.len(), 1);
        let mut third = Session::open(db).await;
        assert!(
            third
                .try_claim(&tasker_core::store::ClaimArguments {
                    worker_id: worker,
                    room: 1,
                    ..Default::default()
                })
                .await
                .is_err()
        );
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_that_waited_for_the_reaper_learns_that_it_is_too_late() {
    on_database(async |db, s| {
        s.task_of(&two_sinks()).await;
        let (worker, reaper) = (s.worker().await, s.worker().await);
        s.claim(worker, 1).await;
        s.run("update tasker.worker_heartbeats set heartbeat_at = heartbeat_at - interval '1 hour'")
            .await;
        let mut other = Session::open(db).await;
        let alive = race(
            db,
            s,
            &mut other,
            async |s| assert_eq!(s.reap(reaper).await.len(), 1),
            async |s| s.beat(worker).await,
        )
        .await;
        assert!(!alive);
    })
    .await;
}

#[tokio::test]
async fn two_reapers_take_back_each_step_once() {
    on_database(async |db, s| {
        s.task_of(&two_sinks()).await;
        let (worker, first, second) = (s.worker().await, s.worker().await, s.worker().await);
        s.claim(worker, 9).await;
        s.run(&format!("update tasker.worker_heartbeats set heartbeat_at = heartbeat_at - interval '1 hour' where worker_id = {worker}")).await;
        let mut other = Session::open(db).await;
        s.begin().await;
        assert_eq!(s.reap(first).await.len(), 2);
        assert!(other.reap(second).await.is_empty());
        s.commit().await;
        assert!(other.reap(second).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_flush_that_does_not_wait_leaves_only_what_is_locked() {
    for lock in [
        "select 1 from tasker.workflow_steps where task_id = 'T' and step_no = 1 for update",
        "select 1 from tasker.workflow_steps where task_id = 'T' and step_no = 2 for update",
        "select 1 from tasker.tasks where task_id = 'T' for update",
    ] {
        on_database(async |db, s| {
            s.register(&Plan::chain("order", &["a", "b"])).await;
            let (held, free) = (s.create("order").await, s.create("order").await);
            let worker = s.worker().await;
            let keys = s.claim(worker, 9).await;
            let mut user = Session::open(db).await;
            user.begin().await;
            user.run(&lock.replace('T', &held.to_string())).await;
            let mut patient = flush(&keys, 9);
            patient.wait = false;
            s.run("set lock_timeout = '5s'").await;
            let rows = s.try_complete(Some(worker), &patient).await.unwrap();
            let busy: Vec<_> = rows
                .iter()
                .filter(|row| row.status == FlushStatus::Busy)
                .map(|row| row.key.task_id)
                .collect();
            assert_eq!(busy, [held], "{lock}");
            assert_eq!(claimed(&rows).len(), 1);
            assert_eq!(s.states(free).await, ["complete", "in_progress"]);
            user.rollback().await;
            patient.keys.retain(|key| key.task_id == held);
            patient.results.truncate(1);
            assert_eq!(
                claimed(&s.try_complete(Some(worker), &patient).await.unwrap()).len(),
                1
            );
        })
        .await;
    }
}

#[tokio::test]
async fn failures_that_do_not_wait_leave_only_what_is_locked() {
    for lock in [
        "select 1 from tasker.workflow_steps where task_id = 'T' for update",
        "select 1 from tasker.tasks where task_id = 'T' for update",
    ] {
        on_database(async |db, s| {
            s.register(&Plan::new("job").step("a", &[])).await;
            let (held, free) = (s.create("job").await, s.create("job").await);
            let worker = s.worker().await;
            let keys = s.claim(worker, 9).await;
            let mut user = Session::open(db).await;
            user.begin().await;
            user.run(&lock.replace('T', &held.to_string())).await;
            s.run("set lock_timeout = '5s'").await;
            let mut batch = failures(&keys, false);
            batch.wait = false;
            let rows = s.try_fail(Some(worker), &batch).await.unwrap();
            assert_eq!(statuses(&rows), [FlushStatus::Busy], "{lock}");
            assert_eq!((rows[0].key.task_id, s.state(free).await), (held, "error".into()));
            user.rollback().await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_user_that_completes_a_sink_in_an_open_transaction_delays_its_own_task_only() {
    on_database(async |db, s| {
        s.register(&two_sinks()).await;
        let (held, free) = (s.create("sinks").await, s.create("sinks").await);
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        let mine = keys.iter().find(|key| key.task_id == held).unwrap();
        let mut user = Session::open(db).await;
        user.begin().await;
        user.run(&format!(
            "select tasker.complete_step('{held}', {}, {})",
            mine.step_no, mine.claim_no
        ))
        .await;
        let rest: Vec<_> = keys.iter().filter(|key| *key != mine).copied().collect();
        let mut patient = flush(&rest, 0);
        patient.wait = false;
        s.run("set lock_timeout = '5s'").await;
        let rows = s.try_complete(Some(worker), &patient).await.unwrap();
        assert_eq!(
            rows.iter().filter(|row| row.status == FlushStatus::Busy).count(),
            1
        );
        assert_eq!(s.state(free).await, "complete");
        let other = rest.iter().find(|key| key.task_id == held).copied().unwrap();
        race(
            db,
            &mut user,
            s,
            async |user| user.run("select 1").await,
            async |s| s.complete(worker, &[other]).await,
        )
        .await;
        assert_eq!(s.state(held).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn a_pause_waits_for_a_lane_that_is_being_made_and_pauses_it() {
    on_database(async |db, s| {
        s.register(&Plan::new("job").step("a", &[])).await;
        let mut other = Session::open(db).await;
        race(
            db,
            s,
            &mut other,
            async |s| {
                s.create_with("job", serde_json::json!({"priority": 8})).await;
            },
            async |s| s.run("select tasker.pause('shop')").await,
        )
        .await;
        let worker = s.worker().await;
        assert!(s.claim(worker, 9).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_task_made_while_its_template_is_replaced_has_one_whole_plan() {
    on_database(async |db, s| {
        s.register(&Plan::chain("order", &["a", "b"])).await;
        let mut other = Session::open(db).await;
        s.begin().await;
        s.register(&Plan::chain("order", &["x"])).await;
        let before = other.create("order").await;
        s.commit().await;
        let after = other.create("order").await;
        assert_eq!(
            (other.states(before).await.len(), other.states(after).await.len()),
            (2, 1)
        );
        let worker = s.worker().await;
        s.drain(worker).await;
        assert_eq!(
            (s.state(before).await, s.state(after).await),
            ("complete".into(), "complete".into())
        );
    })
    .await;
}

/// One random verb on one of the newest tasks. Refusals are fine; a deadlock is an answer too, and counted by the caller.
async fn anything(s: &mut Session, worker: &mut i64) -> Result<(), tasker_core::Error> {
    let newest = "select task_id from tasker.tasks order by task_id desc limit 3";
    let tasks: Vec<uuid::Uuid> = sqlx::query_scalar(newest).fetch_all(&mut s.c).await?;
    let (dice, task, step) = {
        let mut random = rand::rng();
        (
            random.random_range(0..21),
            tasks[random.random_range(0..tasks.len())],
            random.random_range(1..=6),
        )
    };
    let store = s.store.clone();
    let mut held = store.held(&mut s.c, *worker).await?;
    held.truncate(3);
    match dice {
        0..=2 => {
            let arguments = tasker_core::store::ClaimArguments {
                worker_id: *worker,
                room: 3,
                slots: 3,
                alone: step == 1,
                ..Default::default()
            };
            s.try_claim(&arguments).await.map(drop)
        }
        3..=6 => s.try_complete(Some(*worker), &flush(&held, 2)).await.map(drop),
        7 => s.try_fail(Some(*worker), &failures(&held, true)).await.map(drop),
        8 => s.try_fail(Some(*worker), &failures(&held, false)).await.map(drop),
        9 => store.release(&mut s.c, *worker, &held).await.map(drop),
        10 => s.try_operate(task, &format!("retry_step($1, {step})")).await,
        11 => s.try_operate(task, &format!("resolve_step($1, {step})")).await,
        12 => {
            s.try_operate(
                task,
                if step < 3 {
                    "pause_task($1)"
                } else {
                    "resume_task($1)"
                },
            )
            .await
        }
        13 => s.try_operate(task, "retry_task($1)").await,
        14 => {
            s.try_operate(task, &format!("update_step($1, {step}, {step})"))
                .await
        }
        15 => {
            s.try_operate(task, &format!("update_task($1, null, null, {})", step % 2 + 4))
                .await
        }
        16 if step < 3 => s.try_operate(task, "cancel_task($1)").await,
        16 => s.try_operate(task, &format!("cancel_step($1, {step})")).await,
        17 | 18 => {
            s.create("mesh").await;
            Ok(())
        }
        19 => {
            // It dies, as far as anybody can see, and comes back under another id.
            s.run(&format!(
                "update tasker.worker_heartbeats set heartbeat_at = '-infinity' where worker_id = {worker}"
            ))
            .await;
            *worker = s.worker().await;
            Ok(())
        }
        _ => store
            .reap_workers(&mut s.c, *worker, 3, crate::session::STEADY)
            .await
            .map(drop),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_verbs_at_once_on_the_same_tasks_end_consistent_without_a_deadlock() {
    let rounds = std::env::var("TASKER_RACE_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(80);
    on_database(async |db, s| {
        let plan = Plan::new("mesh")
            .step("a", &[])
            .step("b", &[])
            .step("c", &["a", "b"])
            .step("d", &["a"])
            .step("e", &["c", "d"])
            .step("f", &["b"]);
        s.register(&plan).await;
        // Lanes are made once; making one is the only wait that is not in the lock order.
        s.run("select tasker.sibling_lane(lane_id, p, m) from tasker.lanes, generate_series(0, 2) m, generate_series(4, 5) p").await;
        s.create("mesh").await;
        let mut crowd = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let mut session = Session::open(db).await;
            crowd.spawn(async move {
                let mut worker = session.worker().await;
                let (mut conflicts, mut done) = (Vec::new(), 0);
                for _ in 0..rounds {
                    match anything(&mut session, &mut worker).await {
                        Ok(()) => done += 1,
                        Err(error) if is_retryable_conflict(&error) => conflicts.push(error.to_string()),
                        Err(error) => assert!(matches!(sqlstate(&error), Some("TK002")), "{error}"),
                    }
                }
                (conflicts, done)
            });
        }
        let (mut conflicts, mut done) = (Vec::new(), 0);
        while let Some(theirs) = crowd.join_next().await {
            let (theirs, went_through) = theirs.unwrap();
            conflicts.extend(theirs);
            done += went_through;
        }
        assert!(conflicts.is_empty(), "{} of {done}: {conflicts:?}", conflicts.len());
        assert!(done > rounds, "too little went through to mean anything");
    })
    .await;
}
