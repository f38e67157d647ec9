//! Retention: what is pruned, and what never is.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::{on_database, until_blocked};
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::model::{ArchiveFormat, PrunedBatch, RetentionRule, State, TaskId};
use tasker_core::store::Archive;

const DAY: f64 = 86_400.0;

fn older_than(days: f64) -> RetentionRule {
    RetentionRule {
        older_than_seconds: Some(days * DAY),
        ..RetentionRule::default()
    }
}

impl Session {
    async fn try_prune(
        &mut self,
        rules: &[RetentionRule],
        after: Option<TaskId>,
        batch_size: u32,
        archive: Option<&mut Archive>,
    ) -> Result<PrunedBatch, tasker_core::Error> {
        let store = self.store.clone();
        store
            .prune_tasks(&mut self.c, rules, after, batch_size, archive)
            .await
    }

    /// Prunes to the end of the history: how many tasks.
    async fn prune(&mut self, rules: &[RetentionRule]) -> i64 {
        let (mut tasks, mut after) = (0, None);
        loop {
            let batch = self.try_prune(rules, after, 2, None).await.unwrap();
            tasks += batch.tasks;
            after = batch.next_after;
            if after.is_none() {
                return tasks;
            }
        }
    }

    async fn ids(&mut self) -> Vec<TaskId> {
        sqlx::query_scalar("select task_id from tasker.tasks order by 1")
            .fetch_all(&mut self.c)
            .await
            .unwrap()
    }

    async fn count(&mut self, question: &'static str) -> i64 {
        sqlx::query_scalar(question).fetch_one(&mut self.c).await.unwrap()
    }
}

/// A task in this state, of a name of its own.
async fn task_that_is(s: &mut Session, state: &str) -> TaskId {
    let name = format!("task_{state}_{}", uuid::Uuid::now_v7().simple());
    let name = &name[..40];
    let handler = format!("h{}", uuid::Uuid::now_v7().simple());
    let plan = Plan::new(name)
        .step("a", &[])
        .handler(&handler)
        .step("b", &["a"])
        .handler(&handler);
    let task = s.task_of(&plan).await;
    let worker = s.worker_for(&[&handler]).await;
    match state {
        "pending" => {}
        "paused" => s.operate(task, "pause_task($1)").await,
        "in_progress" => drop(s.claim_one(worker).await),
        "complete" => drop(s.drain(worker).await),
        "cancelled" => s.operate(task, "cancel_task($1)").await,
        _ => {
            let key = s.claim_one(worker).await;
            s.fail(worker, key, false).await;
            if state == "resolved_manually" {
                s.operate(task, "resolve_task($1)").await;
            }
            if state == "paused_in_error" {
                s.operate(task, "pause_task($1)").await;
            }
        }
    }
    task
}

/// A task of the plan `order` that is complete.
async fn finished(s: &mut Session, worker: i64) -> TaskId {
    let task = s.create("order").await;
    s.drain(worker).await;
    task
}

/// A worker, and the plan `order` of two steps.
async fn orders(s: &mut Session) -> i64 {
    s.register(&Plan::chain("order", &["a", "b"])).await;
    s.worker().await
}

#[tokio::test]
async fn only_finished_tasks_go_and_those_in_error_only_where_they_are_named() {
    on_database(async |_, s| {
        let mut tasks = Vec::new();
        for state in [
            "complete",
            "cancelled",
            "resolved_manually",
            "error",
            "pending",
            "in_progress",
            "paused",
            "paused_in_error",
        ] {
            tasks.push((state, task_that_is(s, state).await));
        }
        s.advance(100.0 * DAY).await;
        assert_eq!(s.prune(&[older_than(90.0)]).await, 3);
        let left = s.ids().await;
        for (state, task) in &tasks {
            let goes = ["complete", "cancelled", "resolved_manually"].contains(state);
            assert_eq!(left.contains(task), !goes, "{state}");
        }
        let errors = RetentionRule {
            state: Some(State::Error),
            ..older_than(90.0)
        };
        assert_eq!(s.prune(&[errors]).await, 1);
        assert!(!s.ids().await.contains(&tasks[3].1));
    })
    .await;
}

#[tokio::test]
async fn the_age_counts_from_the_end_of_a_task_and_not_from_its_creation() {
    on_database(async |_, s| {
        let worker = orders(s).await;
        let early = s.create("order").await;
        s.advance(50.0 * DAY).await;
        s.beat(worker).await;
        s.drain(worker).await;
        s.advance(29.0 * DAY).await;
        assert_eq!(s.prune(&[older_than(30.0)]).await, 0);
        assert_eq!(s.ids().await, [early]);
        s.advance(1.0 * DAY).await;
        assert_eq!(s.prune(&[older_than(30.0)]).await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_first_rule_that_fits_decides() {
    on_database(async |_, s| {
        let worker = orders(s).await;
        s.register(&Plan::chain("refund", &["a"])).await;
        let kept = finished(s, worker).await;
        let refund = s.create("refund").await;
        s.drain(worker).await;
        s.advance(10.0 * DAY).await;
        let named = |name: &str, days: Option<f64>| RetentionRule {
            namespace: Some("shop".to_owned()),
            name: Some(name.to_owned()),
            older_than_seconds: days.map(|days| days * DAY),
            ..RetentionRule::default()
        };
        let elsewhere = RetentionRule {
            namespace: Some("elsewhere".to_owned()),
            ..older_than(1.0)
        };
        assert_eq!(s.prune(std::slice::from_ref(&elsewhere)).await, 0);
        assert_eq!(
            s.prune(&[named("order", None), named("refund", Some(20.0)), older_than(1.0)])
                .await,
            0
        );
        assert_eq!(
            s.prune(&[elsewhere, named("order", None), older_than(1.0)]).await,
            1
        );
        assert_eq!(s.ids().await, [kept]);
        let _ = refund;
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_pruned_task_is_left_but_its_identity() {
    on_database(async |_, s| {
        let worker = orders(s).await;
        let made = s.create_with("order", json!({"idempotency_key": "k"})).await;
        s.operate(made.task_id, "update_step($1, 1, 9, null, 'anna')").await;
        s.drain(worker).await;
        s.run(&format!(
            "insert into tasker.annotation_types (name) values ('note');
             insert into tasker.task_annotations (task_id, annotation_type_id, annotation) select '{0}', annotation_type_id, '{{}}' from tasker.annotation_types;
             insert into tasker.task_search_attributes (task_id, name, text_value) values ('{0}', 'n', 'v')",
            made.task_id
        ))
        .await;
        s.advance(2.0 * DAY).await;
        let batch = s.try_prune(&[older_than(1.0)], None, 10, None).await.unwrap();
        assert_eq!((batch.tasks, batch.steps), (1, 2));
        let left = "select (select count(*) from tasker.tasks) + (select count(*) from tasker.workflow_steps)
                    + (select count(*) from tasker.workflow_step_transitions) + (select count(*) from tasker.task_transitions)
                    + (select count(*) from tasker.task_annotations) + (select count(*) from tasker.task_search_attributes)
                    + (select count(*) from tasker.operator_actions)";
        assert_eq!(s.count(left).await, 0);
        let again = s.create_with("order", json!({"idempotency_key": "k"})).await;
        assert!(!again.created && again.pruned && again.task_id == made.task_id);
    })
    .await;
}

#[tokio::test]
async fn identities_whose_time_is_over_and_workers_of_long_ago_go() {
    on_database(async |_, s| {
        let worker = orders(s).await;
        let stopped = s.worker().await;
        s.run(&format!("select tasker.stop_worker({stopped})")).await;
        let hour = json!({"idempotency_key": "an hour", "idempotency_ttl_seconds": 3600});
        s.create_with("order", hour.clone()).await;
        s.create_with("order", json!({"idempotency_key": "for ever"}))
            .await;
        let store = s.store.clone();
        assert_eq!(
            store.prune_leftovers(&mut s.c, Some(30.0 * DAY)).await.unwrap(),
            (0, 0)
        );
        s.advance(31.0 * DAY).await;
        assert_eq!(store.prune_leftovers(&mut s.c, None).await.unwrap(), (1, 0));
        assert_eq!(
            store.prune_leftovers(&mut s.c, Some(30.0 * DAY)).await.unwrap(),
            (0, 1)
        );
        assert_eq!(s.count("select worker_id from tasker.workers").await, worker);
        assert!(s.create_with("order", hour).await.created);
        assert!(
            !s.create_with("order", json!({"idempotency_key": "for ever"}))
                .await
                .created
        );
    })
    .await;
}

#[tokio::test]
async fn what_somebody_holds_is_skipped_and_goes_the_next_time() {
    on_database(async |database, s| {
        let worker = orders(s).await;
        let (by_step, by_task, free) = (finished(s, worker).await, finished(s, worker).await, finished(s, worker).await);
        let mut other = Session::open(database).await;
        other.begin().await;
        other.run(&format!("select 1 from tasker.workflow_steps where task_id = '{by_step}' and step_no = 2 for key share")).await;
        other.run(&format!("select 1 from tasker.tasks where task_id = '{by_task}' for key share")).await;
        s.advance(2.0 * DAY).await;
        assert_eq!(s.prune(&[older_than(1.0)]).await, 1);
        assert_eq!(s.ids().await, [by_step, by_task]);
        assert!(!s.ids().await.contains(&free));
        other.rollback().await;
        assert_eq!(s.prune(&[older_than(1.0)]).await, 2);
    })
    .await;
}

#[tokio::test]
async fn an_operator_who_waits_for_a_task_that_is_pruned_is_told_that_it_is_gone() {
    on_database(async |database, s| {
        let worker = orders(s).await;
        let task = finished(s, worker).await;
        let mut other = Session::open(database).await;
        let pid = other.pid().await;
        let mut observer = database.connect().await.unwrap();
        s.advance(2.0 * DAY).await;
        s.begin().await;
        assert_eq!(
            s.try_prune(&[older_than(1.0)], None, 10, None)
                .await
                .unwrap()
                .tasks,
            1
        );
        let commit = async {
            until_blocked(&mut observer, pid).await.unwrap();
            s.commit().await;
        };
        let (answer, ()) = tokio::join!(other.try_operate(task, "cancel_task($1)"), commit);
        assert_eq!(answer.unwrap_err().kind, ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test]
async fn many_pruners_at_once_delete_each_task_once() {
    on_database(async |database, s| {
        let worker = orders(s).await;
        for _ in 0..40 {
            s.create("order").await;
        }
        s.drain(worker).await;
        let mut pruners = Vec::new();
        for _ in 0..4 {
            let mut pruner = Session::open(database).await;
            pruner.advance(2.0 * DAY).await;
            pruners.push(async move { pruner.prune(&[older_than(1.0)]).await });
        }
        let deleted = futures_util::future::join_all(pruners).await;
        // What one holds another leaves to the next sweep.
        s.advance(2.0 * DAY).await;
        let rest = s.prune(&[older_than(1.0)]).await;
        assert_eq!(deleted.iter().sum::<i64>() + rest, 40, "{deleted:?}");
    })
    .await;
}

#[tokio::test]
async fn a_batch_has_no_more_tasks_than_asked_and_no_second_one_beside_a_huge_one() {
    on_database(async |_, s| {
        let worker = orders(s).await;
        let tasks = [
            finished(s, worker).await,
            finished(s, worker).await,
            finished(s, worker).await,
        ];
        s.advance(2.0 * DAY).await;
        let batch = s.try_prune(&[older_than(1.0)], None, 1, None).await.unwrap();
        assert_eq!((batch.tasks, batch.next_after), (1, Some(tasks[0])));
        let rules = r#"[{"older_than_seconds": 1}]"#;
        let answer = s
            .json(&format!(
                "select * from tasker.prune_tasks('{rules}', p_most_steps => 1)"
            ))
            .await;
        assert_eq!(answer, json!({"tasks": 1, "steps": 2, "next_after": tasks[1]}));
        let none = s
            .json(&format!(
                "select * from tasker.prune_tasks('{rules}', '{}')",
                tasks[2]
            ))
            .await;
        assert_eq!(none, json!({"tasks": 0, "steps": 0, "next_after": null}));
    })
    .await;
}

#[tokio::test]
async fn a_page_looks_at_so_many_tasks_and_no_more_and_at_none_that_is_too_young() {
    on_database(async |_, s| {
        let worker = orders(s).await;
        for _ in 0..5 {
            s.create("order").await;
        }
        let tasks = s.ids().await;
        let rules = r#"[{"older_than_seconds": 86400}]"#;
        s.advance(1.5 * DAY).await;
        let page = format!("select * from tasker.prune_tasks('{rules}', p_scan => 2)");
        // Unfinished ones are looked at and stay; the cursor goes on behind them.
        s.advance(1.0 * DAY).await;
        assert_eq!(s.json(&page).await, json!({"tasks": 0, "steps": 0, "next_after": tasks[1]}));
        let _ = worker;
        let explained = format!("select task_ids, page_end from tasker.finished_tasks('{rules}', null, 2, '{}'::timestamptz - interval '3 days')", s.now().await);
        assert_eq!(s.json(&explained).await, json!({"task_ids": null, "page_end": null}));
    })
    .await;
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    on_database(async |_, s| {
        for (rules, complaint) in [
            (r#"{"older_than_seconds": 1}"#, "list of objects"),
            (
                r#"[{"state": "pending", "older_than_seconds": 1}]"#,
                "not finished",
            ),
            (r#"[{"stat": "complete"}]"#, "not stat"),
            (r#"[{"older_than_seconds": -1}]"#, "negative"),
            (r#"[{"state": "done", "older_than_seconds": 1}]"#, "done"),
        ] {
            let refused = s
                .try_run(&format!("select * from tasker.prune_tasks('{rules}')"))
                .await
                .unwrap_err();
            assert_eq!(refused.kind, ErrorKind::InvalidArgument, "{rules}");
            assert!(refused.message.contains(complaint), "{refused}");
        }
        assert_eq!(s.prune(&[]).await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_archive_holds_what_was_deleted() {
    on_database(async |_, s| {
        let directory = tempfile::tempdir().unwrap();
        let worker = orders(s).await;
        let made = s.create_with("order", json!({"context": {"text": "line\nbreak \u{1F600} \"quoted\"", "number": 1.50}})).await;
        let bare = finished(s, worker).await;
        s.operate(made.task_id, "update_task($1, null, null, null)").await;
        s.operate(made.task_id, "update_task($1, 'gift', null, null, 'anna')").await;
        s.run(&format!(
            "insert into tasker.annotation_types (name) values ('note');
             insert into tasker.task_annotations (task_id, annotation_type_id, annotation) select '{0}', annotation_type_id, '{{\"by\": \"anna\"}}' from tasker.annotation_types",
            made.task_id
        ))
        .await;
        let mut expected = Vec::new();
        for task in [made.task_id, bare] {
            let of = |table: &str, order: &str| format!(
                "(select coalesce(jsonb_agg(to_jsonb(x) - 'task_id' order by {order}), '[]') from tasker.{table} x where x.task_id = '{task}')");
            expected.push(s.json(&format!(
                "select t.context::text as context, {} as steps, {} as step_transitions, {} as task_transitions, {} as annotations from tasker.tasks t where t.task_id = '{task}'",
                of("workflow_steps", "x.step_no"), of("workflow_step_transitions", "x.step_no, x.seq"),
                of("task_transitions", "x.seq"), of("task_annotations", "x.task_annotation_id"))).await);
        }
        s.advance(2.0 * DAY).await;
        let mut archive = Archive::new(directory.path(), ArchiveFormat::Jsonl);
        let batch = s.try_prune(&[older_than(1.0)], None, 1, Some(&mut archive)).await.unwrap();
        assert_eq!((batch.tasks, batch.steps, batch.next_after), (1, 2, Some(made.task_id)));
        let batch = s.try_prune(&[older_than(1.0)], batch.next_after, 10, Some(&mut archive)).await.unwrap();
        assert_eq!((batch.tasks, batch.next_after), (1, None));
        assert!(s.ids().await.is_empty());
        let [file] = archive.files() else { panic!("{:?}", archive.files()) };
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(text.lines().count(), 2, "one line a task: {text}");
        for ((line, expected), task) in text.lines().zip(expected).zip([made.task_id, bare]) {
            let found: Value = serde_json::from_str(line).unwrap();
            assert_eq!(found["format"], 1);
            assert_eq!(found["task"]["task_id"], json!(task));
            assert_eq!((&found["task"]["namespace"], &found["task"]["name"], &found["task"]["version"]), (&json!("shop"), &json!("order"), &json!("1.0.0")));
            assert_eq!(found["search_attributes"], json!([]));
            let actions = &found["task"]["operator_actions"];
            if task == bare {
                assert_eq!(actions, &Value::Null);
            } else {
                assert_eq!((actions.as_array().unwrap().len(), &actions[0]["metadata"]["by"]), (1, &json!("anna")));
            }
            let context = expected["context"].as_str().unwrap();
            assert!(line.contains(context), "the context byte for byte: {context} in {line}");
            for part in ["steps", "step_transitions", "task_transitions", "annotations"] {
                let mut rows = found[part].as_array().unwrap().clone();
                for row in &mut rows {
                    for added in ["name", "handler", "annotation_type"] {
                        row.as_object_mut().unwrap().remove(added);
                    }
                }
                assert_eq!(json!(rows), expected[part], "{part}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_archive_that_cannot_be_written_deletes_nothing() {
    on_database(async |_, s| {
        let directory = tempfile::tempdir().unwrap();
        let occupied = directory.path().join("a file");
        std::fs::write(&occupied, "").unwrap();
        let worker = orders(s).await;
        let task = finished(s, worker).await;
        s.advance(2.0 * DAY).await;
        let mut archive = Archive::new(occupied.join("below"), ArchiveFormat::Jsonl);
        let refused = s
            .try_prune(&[older_than(1.0)], None, 10, Some(&mut archive))
            .await
            .unwrap_err();
        assert!(refused.message.contains("nothing was deleted"), "{refused}");
        assert_eq!(s.ids().await, [task]);
        let mut good = Archive::new(directory.path(), ArchiveFormat::Jsonl);
        assert_eq!(
            s.try_prune(&[older_than(1.0)], None, 10, Some(&mut good))
                .await
                .unwrap()
                .tasks,
            1
        );
    })
    .await;
}

#[tokio::test]
async fn a_batch_whose_deletion_fails_is_taken_out_of_the_archive_again() {
    on_database(async |_, s| {
        let directory = tempfile::tempdir().unwrap();
        let worker = orders(s).await;
        let (first, second) = (finished(s, worker).await, finished(s, worker).await);
        s.advance(2.0 * DAY).await;
        let mut archive = Archive::new(directory.path(), ArchiveFormat::Jsonl);
        let batch = s
            .try_prune(&[older_than(1.0)], None, 1, Some(&mut archive))
            .await
            .unwrap();
        s.run(
            "create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
               create trigger refuse before delete on tasker.tasks for each row execute function refuse()",
        )
        .await;
        s.try_prune(&[older_than(1.0)], batch.next_after, 1, Some(&mut archive))
            .await
            .unwrap_err();
        assert_eq!(s.ids().await, [second]);
        s.run("drop trigger refuse on tasker.tasks").await;
        s.try_prune(&[older_than(1.0)], batch.next_after, 1, Some(&mut archive))
            .await
            .unwrap();
        let text = std::fs::read_to_string(&archive.files()[0]).unwrap();
        let ids: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["task"]["task_id"].clone())
            .collect();
        assert_eq!(ids, [json!(first), json!(second)]);
    })
    .await;
}

#[tokio::test]
async fn maintenance_that_is_due_is_taken_by_one_and_comes_back_when_its_time_is_over() {
    on_database(async |database, s| {
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(Session::open(database).await);
        }
        let begin = async |mut session: Session| {
            let store = session.store.clone();
            store
                .begin_maintenance(&mut session.c, "tasks", 60.0)
                .await
                .unwrap()
        };
        let taken = futures_util::future::join_all(sessions.into_iter().map(begin)).await;
        assert_eq!(
            taken.into_iter().flatten().collect::<Vec<_>>(),
            [None],
            "one of four, at the beginning"
        );
        let store = s.store.clone();
        s.advance(59.0).await;
        assert_eq!(
            store.begin_maintenance(&mut s.c, "tasks", 60.0).await.unwrap(),
            None
        );
        s.advance(2.0).await;
        assert_eq!(
            store.begin_maintenance(&mut s.c, "tasks", 60.0).await.unwrap(),
            Some(None)
        );
        let cursor = uuid::Uuid::now_v7();
        store
            .end_maintenance(&mut s.c, "tasks", 0.0, Some(cursor))
            .await
            .unwrap();
        assert_eq!(
            store.begin_maintenance(&mut s.c, "tasks", 60.0).await.unwrap(),
            Some(Some(cursor))
        );
    })
    .await;
}
