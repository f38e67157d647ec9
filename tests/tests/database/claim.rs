//! `claim_steps`, `release_steps` and `held_steps`.

use crate::plan::Plan;
use crate::session::{Session, claimed, statuses};
use crate::support::on_database;
use serde_json::json;
use tasker_core::store::{ClaimArguments, FlushStatus, WORKER_NOT_ALIVE, sqlstate};

fn single(name: &str) -> Plan {
    Plan::new(name).step("a", &[])
}

fn room(worker_id: i64, room: i32) -> ClaimArguments {
    ClaimArguments {
        worker_id,
        room,
        slots: room,
        ..ClaimArguments::default()
    }
}

#[tokio::test]
async fn a_claim_takes_ready_steps_and_starts_their_tasks() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        let worker = s.worker().await;
        let rows = s.try_claim(&room(worker, 5)).await.unwrap();
        assert_eq!(statuses(&rows), [FlushStatus::Claimed]);
        let row = &rows[0];
        assert_eq!(
            (row.key.task_id, row.key.step_no, row.key.claim_no, row.attempt),
            (task, 1, 1, 1)
        );
        assert_eq!(row.context.as_deref(), Some("{}"));
        assert_eq!(
            (s.state(task).await, s.trail(task, 0).await),
            ("in_progress".into(), vec!["in_progress".into()])
        );
        assert_eq!(s.trail(task, 1).await, ["in_progress"]);
        assert!(s.claim(worker, 5).await.is_empty());
        let store = s.store.clone();
        assert_eq!(store.held(&mut s.c, worker).await.unwrap(), [row.key]);
    })
    .await;
}

#[tokio::test]
async fn the_best_priority_comes_first_and_the_oldest_within_a_lane() {
    on_database(async |_, s| {
        s.register(&single("job")).await;
        s.freeze().await;
        let mut made = Vec::new();
        for priority in [4, 9, 0, 4] {
            made.push(s.create_with("job", json!({"priority": priority})).await.task_id);
            s.advance(1.0).await;
        }
        let worker = s.worker().await;
        let mut order = Vec::new();
        for _ in 0..4 {
            order.extend(s.claim(worker, 1).await.iter().map(|key| key.task_id));
        }
        assert_eq!(order, [made[2], made[0], made[3], made[1]]);
    })
    .await;
}

#[tokio::test]
async fn what_is_claimed_at_once_comes_in_the_order_in_which_it_is_to_run() {
    on_database(async |_, s| {
        let join = Plan::new("join")
            .step("a", &[])
            .handler("elsewhere")
            .step("b", &["a"])
            .priority(2);
        s.register(&single("job")).await;
        s.freeze().await;
        let mut made = Vec::new();
        for priority in [9, 4, 0, 4, 7, 0] {
            made.push(s.create_with("job", json!({"priority": priority})).await.task_id);
            s.advance(1.0).await;
        }
        // One whose results of parents come along, in the midst of others.
        let joined = s.task_of(&join).await;
        s.operate(joined, "resolve_step($1, 1)").await;
        let worker = s.worker().await;
        let order: Vec<_> = s.claim(worker, 10).await.iter().map(|key| key.task_id).collect();
        assert_eq!(
            order,
            [made[2], made[5], joined, made[1], made[3], made[4], made[0]]
        );
    })
    .await;
}

#[tokio::test]
async fn lanes_of_one_priority_share_the_room_and_leave_none_unused() {
    on_database(async |_, s| {
        for (name, count) in [("many", 20), ("few", 2), ("other", 20)] {
            s.register(&single(name)).await;
            for _ in 0..count {
                s.create(name).await;
            }
        }
        let worker = s.worker().await;
        s.claim(worker, 12).await;
        let names = "select n.name, count(*) as claimed from tasker.workflow_steps s join tasker.tasks t using (task_id) \
                     join tasker.named_tasks n using (named_task_id) where s.state = 'in_progress' group by 1 order by 1";
        let rows = s.rows(names).await;
        let of = |name: &str| rows.iter().find(|row| row["name"] == name).map_or(0, |row| row["claimed"].as_i64().unwrap());
        assert_eq!(of("few"), 2, "{rows:?}");
        assert!(of("many") >= 4 && of("other") >= 4 && of("many") + of("other") == 10, "{rows:?}");
    })
    .await;
}

#[tokio::test]
async fn no_claim_takes_more_than_there_is_room_for() {
    on_database(async |_, s| {
        for name in ["a", "b", "c", "d", "e"] {
            s.register(&single(name)).await;
            s.register(&Plan::new(&format!("{name}_once")).step("a", &[]).limit(1)).await;
            for _ in 0..6 {
                s.create(name).await;
                s.create(&format!("{name}_once")).await;
            }
        }
        let worker = s.worker().await;
        for size in [1, 2, 3, 4, 7] {
            assert_eq!(s.claim(worker, size).await.len(), usize::try_from(size).unwrap());
        }
        let rows = s.try_claim(&ClaimArguments { slots: 2, ..room(worker, 20) }).await.unwrap();
        assert_eq!(claimed(&rows).len(), 20);
        let once = "select count(*) as n from tasker.worker_claims c cross join lateral unnest(c.task_ids) k(task_id) join tasker.tasks t \
                    on t.task_id = k.task_id join tasker.named_tasks n using (named_task_id) where c.batch = (select max(batch) from \
                    tasker.worker_claims) and n.name like '%once'";
        assert_eq!(s.json(once).await, json!({"n": 2}));
        assert!(claimed(&s.try_claim(&room(worker, 0)).await.unwrap()).is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_lane_whose_steps_must_start_at_once_does_not_starve_behind_a_backlog() {
    on_database(async |_, s| {
        s.register(&single("many")).await;
        s.register(&Plan::new("once").step("a", &[]).limit(1)).await;
        for _ in 0..50 {
            s.create("many").await;
        }
        let late = s.create("once").await;
        let worker = s.worker().await;
        assert!(s.claim(worker, 4).await.iter().any(|key| key.task_id == late));
    })
    .await;
}

#[tokio::test]
async fn only_steps_of_the_workers_handlers_are_claimed_and_others_stay_unburned() {
    on_database(async |_, s| {
        let task = s
            .task_of(
                &Plan::new("two")
                    .step("a", &[])
                    .handler("ruby")
                    .step("b", &[])
                    .handler("rust"),
            )
            .await;
        let worker = s.worker_for(&["rust"]).await;
        assert_eq!(s.claim_one(worker).await.step_no, 2);
        let nobody = s.worker_for(&[]).await;
        assert!(s.claim(nobody, 9).await.is_empty());
        assert_eq!(s.step(task, 1).await.attempts, 0);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_claimed_of_what_is_paused_at_any_of_the_four_levels() {
    on_database(async |_, s| {
        let task = s.task_of(&single("job")).await;
        let worker = s.worker().await;
        let scopes = ["'shop'", "'shop', 'job'", "null, null, 'work'"];
        for scope in scopes {
            s.run(&format!("select tasker.pause({scope})")).await;
            assert!(s.claim(worker, 9).await.is_empty(), "{scope}");
            let ready = s.json("select ready_for_execution as r from tasker.tasks t, tasker.get_step_readiness_status(t.task_id)").await;
            assert_eq!(ready, json!({"r": false}), "{scope}");
        }
        // One that is lifted does not lift the others.
        for scope in scopes {
            assert!(s.claim(worker, 9).await.is_empty(), "{scope}");
            s.run(&format!("select tasker.resume({scope})")).await;
        }
        s.operate(task, "pause_task($1, 'me', 'why')").await;
        assert!(s.claim(worker, 9).await.is_empty());
        s.operate(task, "resume_task($1)").await;
        s.claim_one(worker).await;
    })
    .await;
}

#[tokio::test]
async fn a_lane_made_while_something_is_paused_begins_paused() {
    on_database(async |_, s| {
        s.run("select tasker.pause('shop', 'job')").await;
        s.task_of(&single("job")).await;
        s.create_with("job", json!({"priority": 1})).await;
        let worker = s.worker().await;
        assert!(s.claim(worker, 9).await.is_empty());
        s.run("select tasker.resume('shop', 'job')").await;
        assert_eq!(s.claim(worker, 9).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_step_is_claimed_at_its_instant_and_not_before() {
    on_database(async |_, s| {
        let task = s.task_of(&single("job")).await;
        s.freeze().await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.fail_after(worker, key, true, Some(10.0)).await;
        s.advance(9.9).await;
        let rows = s
            .try_claim(&ClaimArguments {
                idle: Some(true),
                ..room(worker, 5)
            })
            .await
            .unwrap();
        assert_eq!(statuses(&rows), [FlushStatus::NextDue]);
        assert_eq!(rows[0].ready_at, s.step(task, 1).await.ready_at);
        assert_eq!(
            s.json("select idle from tasker.worker_heartbeats").await,
            json!({"idle": true})
        );
        s.advance(0.1).await;
        let rows = s
            .try_claim(&ClaimArguments {
                idle: Some(true),
                ..room(worker, 5)
            })
            .await
            .unwrap();
        assert_eq!((rows[0].attempt, rows[0].key.claim_no), (2, 2));
        assert_eq!(
            s.json("select idle from tasker.worker_heartbeats").await,
            json!({"idle": false})
        );
        assert_eq!(
            s.trail(task, 1).await,
            ["in_progress", "error", "pending", "in_progress"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_watermark_hides_what_is_older_in_its_lane_only() {
    on_database(async |_, s| {
        s.register(&single("job")).await;
        s.register(&single("other")).await;
        s.freeze().await;
        s.create("job").await;
        let other = s.create("other").await;
        s.advance(5.0).await;
        let mark = s.now().await;
        let late = s.create("job").await;
        let lane = s
            .json("select lane_id from tasker.lanes where task_name = 'job'")
            .await["lane_id"]
            .as_i64()
            .unwrap();
        let worker = s.worker().await;
        let marked = ClaimArguments {
            lanes: vec![i32::try_from(lane).unwrap()],
            marks: vec![mark],
            ..room(worker, 9)
        };
        let mut tasks: Vec<_> = claimed(&s.try_claim(&marked).await.unwrap())
            .iter()
            .map(|key| key.task_id)
            .collect();
        tasks.sort();
        assert_eq!(tasks, [other, late]);
        assert_eq!(s.claim(worker, 9).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_piece_of_the_past_holds_what_became_ready_in_it() {
    on_database(async |_, s| {
        s.register(&single("job")).await;
        s.register(&single("other")).await;
        s.freeze().await;
        let oldest = s.create("job").await;
        s.advance(5.0).await;
        let since = s.now().await;
        let mut between = vec![s.create("job").await, s.create("other").await];
        between.sort();
        s.advance(5.0).await;
        let until = s.now().await;
        s.advance(5.0).await;
        let youngest = s.create("job").await;
        let worker = s.worker().await;
        let piece = |since, until| ClaimArguments {
            since,
            until,
            ..room(worker, 9)
        };
        for (piece, expected) in [
            (piece(Some(since), Some(until)), between),
            (piece(None, Some(until)), vec![oldest]),
            (piece(Some(since), None), vec![youngest]),
        ] {
            let mut tasks: Vec<_> = claimed(&s.try_claim(&piece).await.unwrap())
                .iter()
                .map(|key| key.task_id)
                .collect();
            tasks.sort();
            assert_eq!(tasks, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_claim_for_given_tasks_takes_no_others() {
    on_database(async |_, s| {
        s.register(
            &Plan::new("wide")
                .step("a", &[])
                .step("b", &[])
                .priority(2)
                .step("c", &[])
                .limit(1),
        )
        .await;
        s.create("wide").await;
        let task = s.create("wide").await;
        let worker = s.worker().await;
        let rows = s
            .try_claim(&ClaimArguments {
                task_ids: Some(vec![task]),
                ..room(worker, 9)
            })
            .await
            .unwrap();
        assert!(claimed(&rows).len() == 3 && claimed(&rows).iter().all(|key| key.task_id == task));
    })
    .await;
}

#[tokio::test]
async fn a_full_claim_says_that_there_may_be_more_and_at_which_priority() {
    on_database(async |_, s| {
        s.register(&single("job")).await;
        for _ in 0..3 {
            s.create_with("job", json!({"priority": 6})).await;
        }
        let worker = s.worker().await;
        let rows = s.try_claim(&room(worker, 2)).await.unwrap();
        let more = rows
            .iter()
            .find(|row| row.status == FlushStatus::More)
            .expect("a row `more`");
        assert_eq!(more.key.step_no, 6);
        let rows = s.try_claim(&room(worker, 2)).await.unwrap();
        assert!(rows.iter().all(|row| row.status != FlushStatus::More));
    })
    .await;
}

#[tokio::test]
async fn a_step_with_one_execution_left_is_claimed_only_into_a_free_slot() {
    on_database(async |_, s| {
        s.task_of(&Plan::new("once").step("a", &[]).limit(1)).await;
        let worker = s.worker().await;
        let rows = s
            .try_claim(&ClaimArguments {
                slots: 0,
                ..room(worker, 5)
            })
            .await
            .unwrap();
        assert!(claimed(&rows).is_empty());
        let rows = s
            .try_claim(&ClaimArguments {
                slots: 1,
                ..room(worker, 5)
            })
            .await
            .unwrap();
        assert_eq!(claimed(&rows).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_suspect_is_claimed_alone_and_first_by_a_process_that_does_nothing_else() {
    on_database(async |_, s| {
        s.register(&single("job")).await;
        let suspect = s.create("job").await;
        s.freeze().await;
        for _ in 0..2 {
            let doomed = s.worker().await;
            s.claim_one(doomed).await;
            s.advance(31.0).await;
            let reaper = s.worker().await;
            s.reap(reaper).await;
            s.advance(10.0).await;
        }
        s.create("job").await;
        let worker = s.worker().await;
        let rows = s.try_claim(&room(worker, 5)).await.unwrap();
        assert!(rows.iter().any(|row| row.status == FlushStatus::AloneWaiting));
        assert!(claimed(&rows).len() == 1 && claimed(&rows)[0].task_id != suspect);
        let idle = s.worker().await;
        let rows = s
            .try_claim(&ClaimArguments {
                alone: true,
                ..room(idle, 5)
            })
            .await
            .unwrap();
        assert!(rows.iter().any(|row| row.status == FlushStatus::Alone));
        assert!(claimed(&rows).len() == 1 && claimed(&rows)[0].task_id == suspect);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_does_not_live_claims_nothing_and_is_told_so() {
    on_database(async |_, s| {
        s.task_of(&single("job")).await;
        let worker = s.worker().await;
        s.run(&format!("select tasker.drain_worker({worker})")).await;
        let error = s.try_claim(&room(worker, 1)).await.unwrap_err();
        assert_eq!(sqlstate(&error), Some(WORKER_NOT_ALIVE));
        s.run(&format!("select tasker.stop_worker({worker})")).await;
        for id in [worker, 999] {
            assert_eq!(
                sqlstate(&s.try_claim(&room(id, 1)).await.unwrap_err()),
                Some(WORKER_NOT_ALIVE)
            );
        }
        assert!(!s.beat(worker).await);
    })
    .await;
}

#[tokio::test]
async fn a_released_step_is_ready_at_once_and_its_attempt_does_not_count() {
    on_database(async |_, s| {
        let task = s.task_of(&single("job")).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        let store = s.store.clone();
        assert_eq!(store.release(&mut s.c, worker, &[key]).await.unwrap(), 1);
        let step = s.step(task, 1).await;
        assert_eq!((step.state.as_str(), step.attempts, step.claim_no), ("pending", 0, 2));
        assert_eq!(store.release(&mut s.c, worker, &[key, key]).await.unwrap(), 0);
        assert_eq!(store.release(&mut s.c, worker, &[]).await.unwrap(), 0);
        assert_eq!(statuses(&s.complete(worker, &[key]).await), [FlushStatus::AttemptLost]);
        let key = s.claim_one(worker).await;
        assert_eq!(key.claim_no, 3);
        let reason = s.json("select metadata ->> 'reason' as r from tasker.workflow_step_transitions where to_state = 'pending'").await;
        assert_eq!(reason, json!({"r": "released"}));
    })
    .await;
}

#[tokio::test]
async fn a_step_released_while_its_task_is_paused_is_held() {
    on_database(async |_, s| {
        let task = s.task_of(&single("job")).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.operate(task, "pause_task($1)").await;
        let store = s.store.clone();
        store.release(&mut s.c, worker, &[key]).await.unwrap();
        assert!(s.step(task, 1).await.held_at.is_some());
        s.operate(task, "resume_task($1)").await;
        s.claim_one(worker).await;
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_stops_while_it_holds_something_is_left_to_the_reaper() {
    on_database(async |_, s| {
        s.task_of(&single("job")).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.run(&format!("select tasker.stop_worker({worker})")).await;
        let reaper = s.worker().await;
        assert_eq!(s.reap(reaper).await, [(key.task_id, 1, "worker_lost".to_owned())]);
        assert_eq!(s.claim_one(reaper).await.task_id, key.task_id);
    })
    .await;
}

#[tokio::test]
async fn a_claim_in_flight_when_its_worker_stops_is_not_leaked() {
    on_database(async |db, s| {
        s.task_of(&single("job")).await;
        let worker = s.worker().await;
        let mut other = Session::open(db).await;
        crate::support::race(
            db,
            s,
            &mut other,
            async |s| {
                s.claim_one(worker).await;
            },
            async |s| s.run(&format!("select tasker.stop_worker({worker})")).await,
        )
        .await;
        let reaper = s.worker().await;
        assert_eq!(s.reap(reaper).await.len(), 1);
    })
    .await;
}
