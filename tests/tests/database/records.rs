//! The views that object mappers read, and annotations.

use crate::plan::Plan;
use crate::support::on_database;
use serde_json::{Value, json};
use tasker_core::ErrorKind;

#[tokio::test]
async fn records_have_every_column_of_their_table_but_those_of_the_event_feed() {
    on_database(async |_, s| {
        for (table, view, left_out) in [
            ("tasks", "task_records", "created_xid"),
            ("workflow_steps", "workflow_step_records", ""),
        ] {
            let missing = s
                .rows(&format!(
                    "select a.attname from pg_attribute a
                     where a.attrelid = 'tasker.{table}'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> '{left_out}'
                       and not exists (select from pg_attribute b where b.attrelid = 'tasker.{view}'::regclass
                                       and b.attname = a.attname and b.atttypid = a.atttypid)"
                ))
                .await;
            assert_eq!(missing, Vec::<Value>::new(), "{view}");
        }
    })
    .await;
}

#[tokio::test]
async fn records_say_what_is_derived() {
    on_database(async |_, s| {
        let plan = Plan::new("order").step("a", &[]).handler("work").step("b", &["a"]).handler("other");
        let task = s.task_of(&plan).await;
        let worker = s.worker_for(&["work"]).await;
        let key = s.claim_one(worker).await;
        let of_step = format!(
            "select name, handler, retryable, in_process, processed, processed_at is not null as done, created_at = (select created_at from tasker.tasks) as same,
               updated_at = (select max(created_at) from tasker.workflow_step_transition_log where workflow_step_id = 1) as latest
             from tasker.workflow_step_records where task_id = '{task}' and step_no = 1"
        );
        let running = json!({"name": "a", "handler": "work", "retryable": true, "in_process": true, "processed": false, "done": false,
                             "same": true, "latest": true});
        assert_eq!(s.json(&of_step).await, running);
        s.complete(worker, &[key]).await;
        let mut done = running;
        (done["in_process"], done["processed"], done["done"]) = (false.into(), true.into(), true.into());
        assert_eq!(s.json(&of_step).await, done);

        let of_task = "select complete, updated_at = (select max(created_at) from tasker.task_transition_log) as latest from tasker.task_records";
        assert_eq!(s.json(of_task).await, json!({"complete": false, "latest": true}));
        s.operate(task, "resolve_step($1, 2)").await;
        assert_eq!(s.json(of_task).await, json!({"complete": true, "latest": true}));
    })
    .await;
}

#[tokio::test]
async fn whoever_locks_a_record_of_a_step_locks_that_step_alone() {
    on_database(async |_, s| {
        s.task_of(&Plan::chain("order", &["a", "b"])).await;
        s.begin().await;
        s.run("select from tasker.workflow_step_records where step_no = 1 for update").await;
        let locked = s
            .rows(
                "select (select relname from pg_class where oid = relation) as relation from pg_locks where pid = pg_backend_pid() and mode = 'RowShareLock'
                 and relation in (select oid from pg_class where relkind = 'r') order by 1",
            )
            .await;
        s.rollback().await;
        assert_eq!(locked, [json!({"relation": "workflow_steps"})]);
    })
    .await;
}

#[tokio::test]
async fn annotations_are_added_and_their_types_made_at_first_use() {
    on_database(async |_, s| {
        let task = s.task_of(&Plan::chain("order", &["a"])).await;
        for (name, note) in [("parcel", r#"{"by": "DHL"}"#), (" parcel ", "7"), ("note", "[1]")] {
            s.operate(task, &format!("annotate_task($1, '{name}', '{note}')")).await;
        }
        let noted = s
            .rows("select y.name, a.annotation from tasker.task_annotations a join tasker.annotation_types y using (annotation_type_id) order by a.task_annotation_id")
            .await;
        let expected = [
            json!({"name": "parcel", "annotation": {"by": "DHL"}}),
            json!({"name": "parcel", "annotation": 7}),
            json!({"name": "note", "annotation": [1]}),
        ];
        assert_eq!(noted, expected);
        let described = "select description from tasker.annotation_type('note', 'what people wrote')";
        for call in [described, "select description from tasker.annotation_type('note')"] {
            assert_eq!(s.json(call).await, json!({"description": "what people wrote"}));
        }
        let long = "x".repeat(65);
        for (call, kind, says) in [
            ("annotate_task($1, '  ', '{}')".to_owned(), ErrorKind::InvalidArgument, "1 to 64 characters, not 0"),
            (format!("annotate_task($1, '{long}', '{{}}')"), ErrorKind::InvalidArgument, "1 to 64 characters, not 65"),
            ("annotate_task($1, 'note', 'null')".to_owned(), ErrorKind::InvalidArgument, "is null"),
            ("annotate_task($1, 'note', null)".to_owned(), ErrorKind::InvalidArgument, "is null"),
        ] {
            let error = s.try_operate(task, &call).await.unwrap_err();
            assert_eq!(error.kind, kind, "{call}: {error}");
            assert!(error.message.contains(says), "{call}: {error}");
        }
        let unknown = s.try_operate(uuid::Uuid::now_v7(), "annotate_task($1, 'note', '{}')").await.unwrap_err();
        assert_eq!(unknown.kind, ErrorKind::NotFound, "{unknown}");
    })
    .await;
}
