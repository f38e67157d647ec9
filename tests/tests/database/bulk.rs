//! Verbs on many tasks in one transaction, and the lists that they and the command stand on.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::{on_database, race};
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::{
    BulkVerb, NamePage, Operator, State, StepFilter, TaskFilter, TaskId, WorkerFilter, WorkerHealth,
};

/// Tasks of `a → b` in which `a` failed for good; the newest last.
async fn failed(s: &mut Session, count: usize) -> Vec<TaskId> {
    s.register(&Plan::chain("order", &["a", "b"])).await;
    let worker = s.worker().await;
    let mut tasks = Vec::new();
    for _ in 0..count {
        tasks.push(s.create("order").await);
        let key = s.claim_one(worker).await;
        s.fail(worker, key, false).await;
    }
    tasks
}

async fn operate(s: &mut Session, verb: BulkVerb, tasks: &[TaskId]) -> Vec<(TaskId, bool)> {
    let store = s.store.clone();
    let operator = Operator::named("anna").because("why");
    let outcomes = store
        .operate_on_tasks(&mut s.c, verb, tasks, &operator)
        .await
        .unwrap();
    outcomes
        .iter()
        .map(|outcome| (outcome.task_id, outcome.is_done()))
        .collect()
}

#[tokio::test]
async fn each_verb_does_for_each_task_what_it_does_alone_and_is_audited() {
    on_database(async |_, s| {
        let tasks = failed(s, 2).await;
        let all_done: Vec<(TaskId, bool)> = tasks.iter().map(|task| (*task, true)).collect();
        for (verb, state) in [
            (BulkVerb::Retry, "in_progress"),
            (BulkVerb::Pause, "in_progress"),
            (BulkVerb::Resume, "in_progress"),
            (BulkVerb::Cancel, "cancelled"),
        ] {
            assert_eq!(operate(s, verb, &tasks).await, all_done, "{verb:?}");
            for task in &tasks {
                assert_eq!(s.state(*task).await, state, "{verb:?}");
            }
        }
        let trail = s
            .json(&format!(
                "select metadata from tasker.task_transitions where task_id = '{}' and to_state = 'cancelled'",
                tasks[1]
            ))
            .await;
        assert_eq!(trail["metadata"], json!({"verb": "cancel", "by": "anna", "reason": "why"}));
        let others = failed(s, 1).await;
        operate(s, BulkVerb::Resolve, &others).await;
        assert_eq!(s.state(others[0]).await, "resolved_manually");
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_for_one_task_leaves_it_as_it_was_and_the_others_go_on() {
    on_database(async |_, s| {
        let tasks = failed(s, 2).await;
        let pending = s.create("order").await;
        let unknown = uuid::Uuid::now_v7();
        let all = [tasks[0], pending, unknown, tasks[1]];
        let mut outcomes = operate(s, BulkVerb::Resolve, &all).await;
        outcomes.sort();
        let mut expected = [
            (tasks[0], true),
            (pending, false),
            (unknown, false),
            (tasks[1], true),
        ];
        expected.sort();
        assert_eq!(outcomes, expected);
        assert_eq!(s.state(pending).await, "pending");
        let irregular = s
            .json(&format!(
                "select irregular from tasker.tasks where task_id = '{pending}'"
            ))
            .await;
        assert_eq!(irregular["irregular"], false);
        let error = s
            .try_run("select * from tasker.operate_on_tasks('explode', '{}')")
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn two_bulk_verbs_on_the_same_tasks_in_other_orders_wait_for_each_other() {
    on_database(async |database, s| {
        let tasks = failed(s, 3).await;
        let mut second = Session::open(database).await;
        let backwards: Vec<TaskId> = tasks.iter().rev().copied().collect();
        let after = race(
            database,
            s,
            &mut second,
            async |first| drop(operate(first, BulkVerb::Retry, &tasks).await),
            async |second| operate(second, BulkVerb::Retry, &backwards).await,
        )
        .await;
        assert!(
            after.iter().all(|(_, done)| !done),
            "the second finds nothing to retry: {after:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn tasks_are_found_by_age_pause_and_error_code_counted_and_paged() {
    on_database(async |_, s| {
        let tasks = failed(s, 3).await;
        s.run(&format!(
            "update tasker.workflow_steps set results = results || '{{\"error_code\": \"gone\"}}' where task_id = '{}' and step_no = 1",
            tasks[1]
        ))
        .await;
        s.run(&format!(
            "update tasker.workflow_step_transitions set metadata = metadata || '{{\"error_code\": \"gone\"}}'
             where task_id = '{}' and step_no = 1 and to_state = 'error'",
            tasks[1]
        ))
        .await;
        s.operate(tasks[2], "pause_task($1)").await;
        let store = s.store.clone();
        let old = s
            .json(&format!("select created_at from tasker.tasks where task_id = '{}'", tasks[1]))
            .await["created_at"]
            .clone();
        let everything = TaskFilter { status: vec![State::Error], ..TaskFilter::default() };
        let cases = [
            (everything.clone(), vec![tasks[2], tasks[1], tasks[0]]),
            (TaskFilter { error_code: Some("gone".into()), ..everything.clone() }, vec![tasks[1]]),
            (TaskFilter { paused: Some(true), ..everything.clone() }, vec![tasks[2]]),
            (TaskFilter { paused: Some(false), ..everything.clone() }, vec![tasks[1], tasks[0]]),
            (
                TaskFilter { created_before: Some(serde_json::from_value(old).unwrap()), ..everything.clone() },
                vec![tasks[0]],
            ),
            (TaskFilter { after: Some(tasks[1]), ..everything.clone() }, vec![tasks[0]]),
        ];
        for (filter, expected) in cases {
            assert_eq!(store.list_tasks(&mut s.c, &filter).await.unwrap(), expected, "{filter:?}");
            let count = store.count_tasks(&mut s.c, &filter, i64::MAX).await.unwrap();
            assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
        }
        assert_eq!(store.count_tasks(&mut s.c, &everything, 2).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn steps_are_listed_by_state_handler_and_code_from_a_cursor() {
    on_database(async |_, s| {
        let tasks = failed(s, 1).await;
        let store = s.store.clone();
        let names = async |s: &mut Session, filter: StepFilter| -> Vec<String> {
            let steps = store.list_steps(&mut s.c, tasks[0], &filter).await.unwrap();
            steps.into_iter().map(|step| step.name).collect()
        };
        let any = StepFilter::default();
        assert_eq!(names(s, any.clone()).await, ["a", "b"]);
        assert_eq!(
            names(
                s,
                StepFilter {
                    status: vec![State::Error],
                    ..any.clone()
                }
            )
            .await,
            ["a"]
        );
        assert_eq!(
            names(
                s,
                StepFilter {
                    after: Some(1),
                    ..any.clone()
                }
            )
            .await,
            ["b"]
        );
        assert_eq!(
            names(
                s,
                StepFilter {
                    limit: 1,
                    ..any.clone()
                }
            )
            .await,
            ["a"]
        );
        let none: [&str; 0] = [];
        assert_eq!(
            names(
                s,
                StepFilter {
                    handler: Some("x".into()),
                    ..any.clone()
                }
            )
            .await,
            none
        );
        assert_eq!(
            names(
                s,
                StepFilter {
                    error_code: Some("x".into()),
                    ..any
                }
            )
            .await,
            none
        );
    })
    .await;
}

#[tokio::test]
async fn workers_tell_how_they_are_what_they_hold_and_what_is_stuck() {
    on_database(async |_, s| {
        s.freeze().await;
        let plan = Plan::new("order")
            .step("a", &[])
            .set("timeout_seconds", json!(10));
        let task = s.task_of(&plan).await;
        let busy = s.worker().await;
        s.claim_one(busy).await;
        let (draining, stopped) = (s.worker_for(&["x"]).await, s.worker_for(&["x"]).await);
        s.run(&format!(
            "select tasker.drain_worker({draining}), tasker.stop_worker({stopped})"
        ))
        .await;
        s.advance(20.0).await;
        let oldest = json!({"handler": "work", "task_id": task, "step_no": 1, "seconds": 20.0});
        s.run(&format!("select tasker.heartbeat({busy}, true, '{oldest}')"))
            .await;
        let store = s.store.clone();
        let list = async |s: &mut Session, filter: WorkerFilter| {
            store.list_workers(&mut s.c, &filter).await.unwrap().found
        };
        let any = WorkerFilter {
            ended: true,
            ..WorkerFilter::default()
        };
        let all = list(s, any.clone()).await;
        let health: Vec<WorkerHealth> = all.iter().map(|worker| worker.health).collect();
        assert_eq!(
            health,
            [WorkerHealth::Alive, WorkerHealth::Draining, WorkerHealth::Stopped]
        );
        assert_eq!((all[0].held, all[0].stuck), (1, true));
        assert_eq!(all[0].oldest_running.as_ref().unwrap().task_id, task);
        s.advance(5.0).await;
        s.run(&format!("select tasker.heartbeat({busy}, false)")).await;
        s.advance(26.0).await;
        let health: Vec<WorkerHealth> = list(s, WorkerFilter::default())
            .await
            .iter()
            .map(|worker| worker.health)
            .collect();
        assert_eq!(health, [WorkerHealth::Hangs, WorkerHealth::Lost]);
        let lost = list(
            s,
            WorkerFilter {
                health: vec![WorkerHealth::Lost],
                ..any.clone()
            },
        )
        .await;
        assert_eq!(lost[0].worker_id, draining);
        assert_eq!(
            list(
                s,
                WorkerFilter {
                    handler: Some("x".into()),
                    ..any.clone()
                }
            )
            .await
            .len(),
            2
        );
        assert_eq!(
            list(
                s,
                WorkerFilter {
                    after: Some(draining),
                    ..any
                }
            )
            .await[0]
                .worker_id,
            stopped
        );
    })
    .await;
}

#[tokio::test]
async fn namespaces_and_handlers_tell_their_pauses_and_handlers_what_waits_for_them() {
    on_database(async |_, s| {
        s.task_of(&Plan::chain("order", &["a", "b"])).await;
        s.worker_for(&["other"]).await;
        for pause in [
            "pause('shop', p_by => 'anna')",
            "pause('shop', 'order')",
            "pause(p_handler => 'work', p_by => 'bert')",
        ] {
            s.run(&format!("select tasker.{pause}")).await;
        }
        let store = s.store.clone();
        let page = NamePage::default();
        let namespaces = store.list_namespaces(&mut s.c, &page).await.unwrap();
        assert_eq!(namespaces.total, namespaces.found.len() as u64);
        let shop = namespaces.found.iter().find(|one| one.name == "shop").unwrap();
        assert_eq!(shop.named_tasks, 1);
        assert_eq!(shop.pause.as_ref().unwrap().by.as_deref(), Some("anna"));
        assert_eq!(shop.paused_tasks[0].name.as_deref(), Some("shop.order"));
        let handlers = store.list_handlers(&mut s.c, &page).await.unwrap();
        assert_eq!((handlers.total, handlers.more), (1, false));
        let handlers = handlers.found;
        assert_eq!(handlers.len(), 1);
        assert_eq!((handlers[0].live_workers, handlers[0].waiting), (0, 1));
        assert_eq!(handlers[0].pause.as_ref().unwrap().by.as_deref(), Some("bert"));
        let found: Value = json!(handlers[0].named_tasks);
        assert_eq!(found, json!(["shop.order"]));
        let after = NamePage {
            after: Some("work".into()),
            ..page
        };
        assert!(
            store
                .list_handlers(&mut s.c, &after)
                .await
                .unwrap()
                .found
                .is_empty()
        );
    })
    .await;
}
