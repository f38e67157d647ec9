//! What operators do where no state moves: kept with who, why and what changed, as long as the trail.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::on_database;
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::{Operator, PauseScope, TaskId};

impl Session {
    async fn actions(&mut self) -> Vec<Value> {
        let rows = self
            .rows("select metadata from tasker.operator_actions order by action_id")
            .await;
        rows.iter().map(|row| row["metadata"].clone()).collect()
    }
}

async fn order(s: &mut Session) -> TaskId {
    s.task_of(&Plan::chain("order", &["a", "b"])).await
}

#[tokio::test]
async fn who_changes_pauses_resumes_or_annotates_is_kept_and_what_changed() {
    on_database(async |_, s| {
        let task = order(s).await;
        let verbs = [
            "update_task($1, 'gift', array['vip'], 2, 'anna', 'it is urgent')",
            "update_step($1, 1, 9, '{\"n\": 1}', 'bob', 'slow')",
            "pause_task($1, 'eve', 'stocktaking')",
            "resume_task($1, 'eve')",
            "annotate_task($1, 'note', '[1]', 'mia', 'she called')",
        ];
        s.begin().await;
        s.run("select set_config('tasker' || '.origin', '10.1.2.3', true)").await;
        for verb in verbs {
            s.operate(task, verb).await;
        }
        s.commit().await;
        let from = "10.1.2.3";
        assert_eq!(
            s.actions().await,
            [
                json!({"verb": "update_task", "by": "anna", "reason": "it is urgent", "from": from, "changed": {
                    "reason": {"from": "unknown", "to": "gift"}, "tags": {"from": [], "to": ["vip"]}, "priority": {"from": null, "to": 2}}}),
                json!({"verb": "update_step", "by": "bob", "reason": "slow", "from": from, "changed": {
                    "retry_limit": {"from": 3, "to": 9}, "inputs": {"from": null, "to": {"n": 1}}}}),
                json!({"verb": "pause", "by": "eve", "reason": "stocktaking", "from": from}),
                json!({"verb": "resume", "by": "eve", "from": from}),
                json!({"verb": "annotate", "by": "mia", "reason": "she called", "from": from,
                    "changed": {"annotation": {"from": null, "to": [1]}}}),
            ]
        );
        assert_eq!(
            s.rows("select distinct task_id from tasker.operator_actions").await,
            [json!({"task_id": task})]
        );
    })
    .await;
}

#[tokio::test]
async fn what_changes_nothing_is_not_kept_nor_what_an_application_notes_without_a_name() {
    on_database(async |_, s| {
        let task = order(s).await;
        s.operate(task, "update_task($1, 'gift', null, null, 'anna')")
            .await;
        for verb in [
            "update_task($1, 'gift', '{}', null, 'anna')",
            "resume_task($1, 'anna')",
            "annotate_task($1, 'note', '1')",
        ] {
            s.operate(task, verb).await;
        }
        s.run("select tasker.resume('shop', p_by => 'anna')").await;
        s.run("select tasker.pause('shop', p_by => 'anna')").await;
        s.run("select tasker.pause('shop', p_by => 'bob')").await;
        let verbs: Vec<Value> = s.actions().await.iter().map(|one| one["verb"].clone()).collect();
        assert_eq!(verbs, ["update_task", "pause"]);
    })
    .await;
}

#[tokio::test]
async fn verbs_on_many_keep_an_action_for_each() {
    on_database(async |_, s| {
        let (one, other) = (order(s).await, s.create("order").await);
        s.run(&format!(
            "select tasker.operate_on_tasks('pause', array['{one}', '{other}']::uuid[], 'anna', 'stocktaking');
             select tasker.operate_on_steps('update', array['{one}', '{other}']::uuid[], array[1, 2], 'anna', p_retry_limit => 8)"
        ))
        .await;
        let kept = s
            .rows("select task_id, step_no, metadata ->> 'by' as by from tasker.operator_actions order by action_id")
            .await;
        assert_eq!(
            kept,
            [
                json!({"task_id": one, "step_no": null, "by": "anna"}),
                json!({"task_id": other, "step_no": null, "by": "anna"}),
                json!({"task_id": one, "step_no": 1, "by": "anna"}),
                json!({"task_id": other, "step_no": 2, "by": "anna"}),
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_task_that_runs_without_an_operator_leaves_no_action() {
    on_database(async |_, s| {
        let task = order(s).await;
        let worker = s.worker().await;
        s.drain(worker).await;
        assert_eq!(s.state(task).await, "complete");
        assert_eq!(s.actions().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn what_no_template_names_is_not_paused_by_the_client() {
    on_database(async |_, s| {
        order(s).await;
        for (scope, words) in [
            (
                PauseScope::Namespace("nowhere".to_owned()),
                "there is no namespace 'nowhere'",
            ),
            (
                PauseScope::NamedTask {
                    namespace: "shop".to_owned(),
                    name: "nothing".to_owned(),
                },
                "no template is registered for the task 'nothing'",
            ),
            (
                PauseScope::Handler("nobody".to_owned()),
                "no template names a handler 'nobody'",
            ),
        ] {
            let store = s.store.clone();
            let refused = store
                .set_paused(&mut s.c, &scope, true, &Operator::default())
                .await
                .unwrap_err();
            assert_eq!(refused.kind, ErrorKind::NotFound, "{refused}");
            assert!(refused.message.contains(words), "{refused}");
        }
        assert_eq!(
            s.rows("select pause_id from tasker.pauses").await,
            Vec::<Value>::new()
        );
    })
    .await;
}
