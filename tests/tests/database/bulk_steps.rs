//! One verb on many steps in one transaction.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::{on_database, race};
use serde_json::json;
use tasker_core::ErrorKind;
use tasker_core::model::{Operator, State, StepNo, StepSearch, StepVerb, TaskId};

type Key = (TaskId, StepNo);

/// Tasks of `a → b` in which `a` failed for good.
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

async fn operate(s: &mut Session, verb: &StepVerb, steps: &[Key]) -> Vec<(Key, bool)> {
    let store = s.store.clone();
    let operator = Operator::named("anna").because("why");
    let outcomes = store
        .operate_on_steps(&mut s.c, verb, steps, &operator)
        .await
        .unwrap();
    let key = |outcome: &tasker_core::model::StepOutcome| (outcome.task_id, outcome.workflow_step_id);
    outcomes
        .iter()
        .map(|outcome| (key(outcome), outcome.is_done()))
        .collect()
}

async fn state(s: &mut Session, key: Key) -> String {
    let row = s
        .json(&format!(
            "select state from tasker.workflow_steps where task_id = '{}' and step_no = {}",
            key.0, key.1
        ))
        .await;
    row["state"].as_str().unwrap().to_owned()
}

const RETRY: StepVerb = StepVerb::Retry {
    reset_attempts: false,
};

#[tokio::test]
async fn each_verb_does_for_each_step_what_it_does_alone_and_is_audited() {
    on_database(async |_, s| {
        let tasks = failed(s, 2).await;
        let steps: Vec<Key> = tasks.iter().map(|task| (*task, 1)).collect();
        let all_done: Vec<(Key, bool)> = steps.iter().map(|key| (*key, true)).collect();
        assert_eq!(operate(s, &StepVerb::Update { retry_limit: 9 }, &steps).await, all_done);
        assert_eq!(operate(s, &RETRY, &steps).await, all_done);
        assert_eq!(state(s, steps[1]).await, "pending");
        let results = json!({"by": "hand"});
        assert_eq!(operate(s, &StepVerb::Resolve { results }, &steps).await, all_done);
        assert_eq!(state(s, steps[0]).await, "resolved_manually");
        let row = s
            .json(&format!(
                "select results, retry_limit from tasker.workflow_steps where task_id = '{}' and step_no = 1",
                tasks[0]
            ))
            .await;
        assert_eq!(row, json!({"results": {"by": "hand"}, "retry_limit": 9}));
        let trail = s
            .json(&format!(
                "select metadata from tasker.workflow_step_transitions where task_id = '{}' and to_state = 'resolved_manually'",
                tasks[1]
            ))
            .await;
        assert_eq!(trail["metadata"], json!({"verb": "resolve", "by": "anna", "reason": "why"}));
    })
    .await;
}

#[tokio::test]
async fn a_step_and_what_waits_for_it_may_be_in_one_batch() {
    on_database(async |_, s| {
        let tasks = failed(s, 1).await;
        let steps = [(tasks[0], 2), (tasks[0], 1), (tasks[0], 1)];
        let outcomes = operate(s, &StepVerb::Resolve { results: json!({}) }, &steps).await;
        assert_eq!(
            outcomes,
            [((tasks[0], 1), true), ((tasks[0], 2), true)],
            "each once, in order"
        );
        assert_eq!(s.state(tasks[0]).await, "complete");
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_or_missing_leaves_the_others_and_itself_as_they_were() {
    on_database(async |_, s| {
        let tasks = failed(s, 2).await;
        let unknown = uuid::Uuid::now_v7();
        let steps = [
            (tasks[0], 1),
            (tasks[0], 2),
            (tasks[1], 7),
            (unknown, 1),
            (tasks[1], 1),
        ];
        let mut outcomes = operate(s, &RETRY, &steps).await;
        outcomes.sort();
        let mut expected = vec![
            ((tasks[0], 1), true),
            ((tasks[0], 2), false),
            ((tasks[1], 7), false),
            ((unknown, 1), false),
            ((tasks[1], 1), true),
        ];
        expected.sort();
        assert_eq!(outcomes, expected);
        assert_eq!(state(s, (tasks[0], 2)).await, "pending");
        for (call, told) in [
            ("'explode', '{}', '{}'", "explode"),
            (
                "'retry', array[gen_random_uuid()], '{}'",
                "1 ids of tasks and 0 numbers",
            ),
            ("'update', '{}', '{}'", "retry_limit"),
        ] {
            let error = s
                .try_run(&format!("select * from tasker.operate_on_steps({call})"))
                .await
                .unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{call}");
            assert!(error.message.contains(told), "{}", error.message);
        }
    })
    .await;
}

#[tokio::test]
async fn two_bulk_verbs_on_the_same_steps_in_other_orders_wait_for_each_other() {
    on_database(async |database, s| {
        let tasks = failed(s, 3).await;
        let steps: Vec<Key> = tasks.iter().map(|task| (*task, 1)).collect();
        let backwards: Vec<Key> = steps.iter().rev().copied().collect();
        let mut second = Session::open(database).await;
        let after = race(
            database,
            s,
            &mut second,
            async |first| drop(operate(first, &RETRY, &steps).await),
            async |second| operate(second, &RETRY, &backwards).await,
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
async fn steps_are_found_counted_and_paged_over_all_tasks() {
    on_database(async |_, s| {
        let tasks = failed(s, 3).await;
        s.operate(tasks[0], "cancel_task($1)").await;
        let store = s.store.clone();
        let any = StepSearch {
            limit: 100,
            ..StepSearch::default()
        };
        let error = vec![State::Error];
        let cases = [
            (
                any.clone(),
                vec![
                    (tasks[2], 1),
                    (tasks[2], 2),
                    (tasks[1], 1),
                    (tasks[1], 2),
                    (tasks[0], 1),
                    (tasks[0], 2),
                ],
            ),
            (
                StepSearch {
                    status: error,
                    ..any.clone()
                },
                vec![(tasks[2], 1), (tasks[1], 1), (tasks[0], 1)],
            ),
            (
                StepSearch {
                    waiting: Some(false),
                    of_open_tasks: true,
                    ..any.clone()
                },
                vec![(tasks[2], 1), (tasks[1], 1)],
            ),
            (
                StepSearch {
                    waiting: Some(true),
                    ..any.clone()
                },
                vec![],
            ),
            (
                StepSearch {
                    names: vec!["b".into()],
                    task: Some(tasks[1]),
                    ..any.clone()
                },
                vec![(tasks[1], 2)],
            ),
            (
                StepSearch {
                    task_name: Some("other".into()),
                    ..any.clone()
                },
                vec![],
            ),
            (
                StepSearch {
                    after: Some((tasks[1], 1)),
                    limit: 2,
                    ..any.clone()
                },
                vec![(tasks[1], 2), (tasks[0], 1)],
            ),
        ];
        for (search, expected) in cases {
            let found = store.find_steps(&mut s.c, &search).await.unwrap();
            let keys: Vec<Key> = found
                .iter()
                .map(|one| (one.step.task_id, one.step.workflow_step_id))
                .collect();
            assert_eq!(keys, expected, "{search:?}");
            let count = store
                .count_steps(&mut s.c, &search, i64::from(search.limit))
                .await
                .unwrap();
            assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{search:?}");
        }
    })
    .await;
}
