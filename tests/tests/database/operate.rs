//! The operator verbs: every cell of the state tables.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::on_database;
use serde_json::json;
use tasker_core::ErrorKind;
use tasker_core::model::TaskId;

/// A task of `a → b` beside `other`, with `a` in this state; the worker holds nothing but `a` where that runs.
async fn with_step(s: &mut Session, state: &str) -> TaskId {
    let name = format!("in_{state}_{}", uuid::Uuid::now_v7().simple());
    let handler = format!("h{}", uuid::Uuid::now_v7().simple());
    let plan = Plan::new(&name)
        .step("a", &[])
        .handler(&handler)
        .step("b", &["a"])
        .handler(&handler);
    let task = s.task_of(&plan).await;
    let worker = s.worker_for(&[&handler]).await;
    match state {
        "pending" => {}
        "cancelled" => s.operate(task, "cancel_step($1, 1)").await,
        "resolved_manually" => s.operate(task, "resolve_step($1, 1)").await,
        _ => {
            let key = s.claim_one(worker).await;
            match state {
                "complete" => drop(s.complete(worker, &[key]).await),
                "waiting" => drop(s.fail_after(worker, key, true, Some(60.0)).await),
                "error" => drop(s.fail(worker, key, false).await),
                _ => {}
            }
        }
    }
    task
}

#[tokio::test]
async fn each_verb_on_a_step_is_allowed_or_refused_by_the_table_naming_the_state() {
    on_database(async |_, s| {
        let states = [
            "pending",
            "in_progress",
            "waiting",
            "error",
            "complete",
            "cancelled",
            "resolved_manually",
        ];
        let cells = [
            (
                "cancel_step($1, 1, 'me', 'why')",
                [
                    Some("cancelled"),
                    Some("cancelled"),
                    Some("cancelled"),
                    Some("cancelled"),
                    None,
                    Some("cancelled"),
                    None,
                ],
            ),
            (
                "resolve_step($1, 1, '{\"r\": 1}', 'me')",
                [
                    Some("resolved_manually"),
                    None,
                    Some("resolved_manually"),
                    Some("resolved_manually"),
                    None,
                    None,
                    None,
                ],
            ),
            (
                "retry_step($1, 1)",
                [None, None, Some("pending"), Some("pending"), None, None, None],
            ),
            (
                "retry_step($1, 1, true)",
                [None, None, Some("pending"), Some("pending"), None, None, None],
            ),
            (
                "update_step($1, 1, 9)",
                [
                    Some("pending"),
                    Some("in_progress"),
                    Some("error"),
                    Some("error"),
                    None,
                    None,
                    None,
                ],
            ),
        ];
        for (verb, row) in cells {
            for (state, expected) in states.into_iter().zip(row) {
                let task = with_step(s, state).await;
                match expected {
                    Some(after) => {
                        s.operate(task, verb).await;
                        assert_eq!(s.step(task, 1).await.state, after, "{verb} on {state}");
                    }
                    None => {
                        let message = s.refused(task, verb).await;
                        assert!(message.contains(state), "{verb} on {state}: {message}");
                    }
                }
            }
        }
    })
    .await;
}

/// A task in this state.
async fn with_task(s: &mut Session, state: &str) -> TaskId {
    let task = match state {
        "pending" => with_step(s, "pending").await,
        "in_progress" => with_step(s, "in_progress").await,
        "error" => with_step(s, "error").await,
        "cancelled" => {
            let task = with_step(s, "in_progress").await;
            s.operate(task, "cancel_task($1)").await;
            task
        }
        "resolved_manually" => {
            let task = with_step(s, "error").await;
            s.operate(task, "resolve_task($1)").await;
            task
        }
        _ => {
            let task = with_step(s, "complete").await;
            s.operate(task, "resolve_step($1, 2)").await;
            task
        }
    };
    assert_eq!(s.state(task).await, state);
    task
}

#[tokio::test]
async fn each_verb_on_a_task_is_allowed_or_refused_by_the_table_naming_the_state() {
    on_database(async |_, s| {
        let states = [
            "pending",
            "in_progress",
            "error",
            "complete",
            "cancelled",
            "resolved_manually",
        ];
        let cells = [
            ("cancel_task($1, 'me', 'why')", [Some("cancelled"); 6]),
            (
                "resolve_task($1, 'me', 'why')",
                [None, None, Some("resolved_manually"), None, None, None],
            ),
            (
                "retry_task($1, 'me', 'why')",
                [None, None, Some("in_progress"), None, None, None],
            ),
            (
                "pause_task($1)",
                [
                    Some("pending"),
                    Some("in_progress"),
                    Some("error"),
                    None,
                    None,
                    None,
                ],
            ),
        ];
        for (verb, row) in cells {
            for (state, expected) in states.into_iter().zip(row) {
                let task = with_task(s, state).await;
                match expected {
                    Some(after) => {
                        s.operate(task, verb).await;
                        assert_eq!(s.state(task).await, after, "{verb} on {state}");
                    }
                    None => {
                        let message = s.refused(task, verb).await;
                        assert!(message.contains(state), "{verb} on {state}: {message}");
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    on_database(async |_, s| {
        let task = with_step(s, "pending").await;
        let nobody = uuid::Uuid::now_v7();
        for verb in [
            "cancel_task($1)",
            "resolve_task($1)",
            "retry_task($1)",
            "pause_task($1)",
            "resume_task($1)",
            "update_task($1, 'r')",
            "update_task($1, null, null, 3)",
        ] {
            assert_eq!(
                s.try_operate(nobody, verb).await.unwrap_err().kind,
                ErrorKind::NotFound,
                "{verb}"
            );
        }
        for verb in [
            "cancel_step($1, 9)",
            "resolve_step($1, 9)",
            "retry_step($1, 9)",
            "update_step($1, 9, 3)",
        ] {
            assert_eq!(
                s.try_operate(task, verb).await.unwrap_err().kind,
                ErrorKind::NotFound,
                "{verb}"
            );
            assert_eq!(
                s.try_operate(nobody, verb).await.unwrap_err().kind,
                ErrorKind::NotFound,
                "{verb}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_verb_is_audited_with_who_and_why() {
    on_database(async |_, s| {
        let task = with_step(s, "waiting").await;
        s.operate(task, "cancel_task($1, 'ann', 'no money')").await;
        let audit = json!({"verb": "cancel", "by": "ann", "reason": "no money"});
        let step = s
            .rows("select metadata from tasker.workflow_step_transitions where to_state = 'cancelled'")
            .await;
        assert_eq!(step, [json!({"metadata": audit}), json!({"metadata": audit})]);
        let task = s
            .json("select metadata from tasker.task_transitions where to_state = 'cancelled'")
            .await;
        assert_eq!(task, json!({"metadata": audit}));
    })
    .await;
}

#[tokio::test]
async fn cancelling_a_task_leaves_what_failed_for_good_and_refuses_late_outcomes() {
    on_database(async |_, s| {
        let plan = Plan::new("four")
            .step("a", &[])
            .step("b", &[])
            .step("c", &[])
            .step("d", &["c"]);
        let task = s.task_of(&plan).await;
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        s.fail(worker, keys[0], false).await;
        s.complete(worker, &keys[1..2]).await;
        s.operate(task, "cancel_task($1)").await;
        let mut states = s.states(task).await;
        states.sort();
        assert_eq!(states, ["cancelled", "cancelled", "complete", "error"]);
        assert_eq!(
            crate::session::statuses(&s.complete(worker, &keys[2..]).await),
            [tasker_core::store::FlushStatus::AttemptLost]
        );
        s.operate(task, "cancel_task($1)").await;
        assert_eq!(s.trail(task, 0).await, ["in_progress", "cancelled"]);
    })
    .await;
}

#[tokio::test]
async fn a_retry_grants_one_more_attempt_and_a_reset_gives_the_budget_back() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::new("job").step("a", &[]).limit(1)).await;
        let worker = s.worker().await;
        for limit in [1, 2, 3] {
            let key = s.claim_one(worker).await;
            s.fail(worker, key, true).await;
            assert_eq!(
                (s.state(task).await, s.step(task, 1).await.retry_limit),
                ("error".into(), limit)
            );
            s.operate(task, "retry_step($1, 1)").await;
            assert_eq!(s.state(task).await, "in_progress");
        }
        let key = s.claim_one(worker).await;
        s.fail(worker, key, true).await;
        s.operate(task, "retry_step($1, 1, true)").await;
        let step = s.step(task, 1).await;
        assert_eq!((step.attempts, step.retry_limit, step.claim_no), (0, 4, 4));
        let key = s.claim_one(worker).await;
        assert_eq!(key.claim_no, 5);
        s.complete(worker, &[key]).await;
        assert_eq!(
            s.trail(task, 0).await.last().map(String::as_str),
            Some("complete")
        );
    })
    .await;
}

#[tokio::test]
async fn retrying_a_task_retries_all_that_failed_and_names_what_was_cancelled_otherwise() {
    on_database(async |_, s| {
        let task = s
            .task_of(&Plan::new("three").step("a", &[]).step("b", &[]).step("c", &[]))
            .await;
        let worker = s.worker().await;
        let keys = s.claim(worker, 9).await;
        s.fail(worker, keys[0], false).await;
        s.fail(worker, keys[1], false).await;
        s.operate(task, &format!("cancel_step($1, {})", keys[2].step_no))
            .await;
        assert_eq!(s.state(task).await, "error");
        s.operate(task, "retry_task($1)").await;
        assert_eq!(s.claim(worker, 9).await.len(), 2);

        let gone = with_step(s, "cancelled").await;
        assert_eq!(s.state(gone).await, "error");
        let message = s.refused(gone, "retry_task($1)").await;
        assert!(message.contains("(a)"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a_resolved_step_frees_its_dependents_at_once_though_its_own_parents_run() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::chain("order", &["a", "b", "c"])).await;
        let worker = s.worker().await;
        let first = s.claim_one(worker).await;
        s.operate(task, "resolve_step($1, 2, '{\"by\": \"hand\"}')").await;
        assert_eq!(s.step(task, 2).await.results, Some(json!({"by": "hand"})));
        let last = s.claim_one(worker).await;
        assert_eq!(last.step_no, 3);
        s.complete(worker, &[last]).await;
        assert_eq!(s.state(task).await, "in_progress");
        s.complete(worker, &[first]).await;
        assert_eq!(
            (s.state(task).await, s.step(task, 2).await.open_parents),
            ("complete".into(), 0)
        );
    })
    .await;
}

#[tokio::test]
async fn resolving_a_blocked_task_cancels_its_open_steps_with_the_reason() {
    on_database(async |_, s| {
        let task = with_step(s, "error").await;
        s.operate(task, "resolve_task($1, 'me', 'done by phone')").await;
        assert_eq!(s.states(task).await, ["error", "cancelled"]);
        let reason = s.json("select metadata ->> 'reason' as r from tasker.workflow_step_transitions where to_state = 'cancelled'").await;
        assert_eq!(reason, json!({"r": "task_resolved"}));
    })
    .await;
}

#[tokio::test]
async fn raising_the_limit_of_an_exhausted_step_lets_its_task_go_on_and_lowering_ends_it() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::new("job").step("a", &[]).limit(2)).await;
        s.freeze().await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.fail(worker, key, true).await;
        s.operate(task, "update_step($1, 1, 1)").await;
        assert_eq!(s.state(task).await, "error");
        s.operate(task, "update_step($1, 1, 2)").await;
        assert_eq!(s.state(task).await, "in_progress");
        s.operate(task, "update_step($1, 1, null, '{\"own\": 1}')").await;
        let rows = s
            .try_claim(&tasker_core::store::ClaimArguments {
                worker_id: worker,
                room: 1,
                slots: 1,
                ..Default::default()
            })
            .await
            .unwrap();
        let row = rows
            .iter()
            .find(|row| row.status == tasker_core::store::FlushStatus::Claimed)
            .unwrap();
        assert_eq!((row.attempt, row.inputs.as_deref()), (2, Some("{\"own\": 1}")));
        s.fail(worker, row.key, true).await;
        assert_eq!(s.state(task).await, "error");
        for wrong in [
            "update_step($1, 1, 0)",
            "update_step($1, 1, 40000)",
            "update_step($1, 1, null, '[]')",
        ] {
            assert_eq!(
                s.try_operate(task, wrong).await.unwrap_err().kind,
                ErrorKind::InvalidArgument,
                "{wrong}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn raising_the_limit_does_not_try_again_what_failed_for_good() {
    on_database(async |_, s| {
        let task = with_step(s, "error").await;
        s.operate(task, "update_step($1, 1, 9)").await;
        assert_eq!(
            (s.step(task, 1).await.ready_at, s.state(task).await),
            (None, "error".into())
        );
    })
    .await;
}

#[tokio::test]
async fn a_step_that_waits_after_a_loss_is_ended_only_by_a_lower_limit() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::new("job").step("a", &[]).limit(2)).await;
        s.max_worker_losses = 9;
        s.freeze().await;
        for _ in 0..2 {
            let doomed = s.worker().await;
            s.claim_one(doomed).await;
            s.advance(31.0).await;
            let reaper = s.worker().await;
            s.reap(reaper).await;
            s.advance(10.0).await;
        }
        assert_eq!(s.step(task, 1).await.attempts, 2);
        s.operate(task, "update_step($1, 1, 2)").await;
        assert!(
            s.step(task, 1).await.ready_at.is_some(),
            "the limit is what it was"
        );
    })
    .await;
}

#[tokio::test]
async fn a_resume_keeps_the_instants_of_retries_and_no_instant_lies_before_it() {
    on_database(async |_, s| {
        let plan = Plan::new("two").step("a", &[]).step("b", &[]);
        let task = s.task_of(&plan).await;
        s.freeze().await;
        let worker = s.worker().await;
        let key = s.claim(worker, 1).await[0];
        s.fail_after(worker, key, true, Some(100.0)).await;
        let other = 3 - key.step_no;
        let due = s.step(task, key.step_no).await.ready_at;
        s.operate(task, "pause_task($1, 'me', 'why')").await;
        let row = s.json("select paused_by, paused_reason from tasker.tasks").await;
        assert_eq!(row, json!({"paused_by": "me", "paused_reason": "why"}));
        s.advance(50.0).await;
        let now = s.now().await;
        s.operate(task, "resume_task($1)").await;
        assert_eq!(s.step(task, key.step_no).await.ready_at, due);
        assert_eq!(s.step(task, other).await.ready_at, Some(now));
    })
    .await;
}

#[tokio::test]
async fn a_new_priority_moves_what_has_not_started() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::chain("order", &["a", "b"])).await;
        let worker = s.worker().await;
        let key = s.claim_one(worker).await;
        s.operate(task, "update_task($1, 'new reason', '{x,y}', 1)").await;
        assert_eq!(
            (s.step(task, 1).await.priority, s.step(task, 2).await.priority),
            (4, 1)
        );
        let row = s.json("select reason, tags, priority from tasker.tasks").await;
        assert_eq!(
            row,
            json!({"reason": "new reason", "tags": ["x", "y"], "priority": 1})
        );
        s.complete(worker, &[key]).await;
        assert_eq!(s.claim_one(worker).await.step_no, 2);
        assert_eq!(
            s.try_operate(task, "update_task($1, null, null, 10)")
                .await
                .unwrap_err()
                .kind,
            ErrorKind::InvalidArgument
        );
    })
    .await;
}
