//! The archive in Parquet: what is read back is what was deleted.

use crate::plan::Plan;
use crate::session::Session;
use crate::support::on_database;
use chrono::{DateTime, Utc};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use tasker_core::model::{ArchiveFormat, PrunedBatch, RetentionRule, TaskId};
use tasker_core::store::{ARCHIVE_COLUMNS, Archive, ColumnKind};

async fn prune(
    s: &mut Session,
    after: Option<TaskId>,
    archive: &mut Archive,
) -> Result<PrunedBatch, tasker_core::Error> {
    let rules = [RetentionRule {
        older_than_seconds: Some(86_400.0),
        ..RetentionRule::default()
    }];
    let store = s.store.clone();
    store.prune_tasks(&mut s.c, &rules, after, 2, Some(archive)).await
}

/// The rows of a file, as JSON.
fn rows(file: &Path) -> Vec<Value> {
    let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(
        metadata
            .iter()
            .any(|pair| pair.key == "tasker.format" && pair.value.as_deref() == Some("1"))
    );
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().to_json_value()).collect()
}

/// A value out of the database as the file must have it.
fn as_stored(value: Option<&Value>, kind: ColumnKind) -> Value {
    match (value, kind) {
        (None | Some(Value::Null), _) => Value::Null,
        (Some(Value::String(number)), ColumnKind::Integer) => json!(number.parse::<i64>().unwrap()),
        (Some(value), ColumnKind::Instant) => {
            let at: DateTime<Utc> = value.as_str().unwrap().parse().unwrap();
            json!(at.format("%Y-%m-%d %H:%M:%S%.6f +00:00").to_string())
        }
        (Some(value), ColumnKind::Json) => value.clone(),
        (Some(value), _) => value.clone(),
    }
}

/// Texts of JSON, parsed: the order of keys is the database's.
fn parsed(found: &Value, columns: &[(&str, ColumnKind)]) -> Value {
    let mut found = found.as_object().unwrap().clone();
    for (name, kind) in columns {
        if let (ColumnKind::Json, Some(text)) = (kind, found[*name].as_str()) {
            found[*name] = serde_json::from_str(text).unwrap();
        }
    }
    assert_eq!(found.remove("other"), Some(Value::Null));
    Value::Object(found)
}

fn expected(row: &Value, columns: &[(&str, ColumnKind)], added: &Map<String, Value>) -> Value {
    let of = |name: &str| row.get(name).or_else(|| added.get(name));
    let fields = columns
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), as_stored(of(name), *kind)));
    Value::Object(fields.collect())
}

const TABLES: [&str; 6] = [
    "tasks",
    "workflow_steps",
    "workflow_step_transitions",
    "task_transitions",
    "task_annotations",
    "task_search_attributes",
];

#[tokio::test]
async fn every_column_of_the_tables_has_its_place_in_the_archive() {
    on_database(async |_, s| {
        for (table, (part, columns)) in TABLES.iter().zip(ARCHIVE_COLUMNS) {
            let question = format!(
                "select array_agg(a.attname::text || ' ' || format_type(a.atttypid, null)) as columns from pg_attribute a
                 where a.attrelid = 'tasker.{table}'::regclass and a.attnum > 0 and not a.attisdropped"
            );
            let there = s.json(&question).await;
            let wanted: BTreeSet<(String, ColumnKindName)> = there["columns"]
                .as_array()
                .unwrap()
                .iter()
                .map(|column| {
                    let (name, kind) = column.as_str().unwrap().split_once(' ').unwrap();
                    (name.to_owned(), kind_of(kind))
                })
                .filter(|(name, _)| part == "task" || name != "task_id")
                .collect();
            let added = ["namespace", "name", "version", "operator_actions", "handler", "annotation_type"];
            let told: BTreeSet<(String, ColumnKindName)> = columns
                .iter()
                .filter(|(name, _)| !added.contains(name) || wanted.iter().any(|(there, _)| there == name))
                .map(|(name, kind)| ((*name).to_owned(), format!("{kind:?}")))
                .collect();
            assert_eq!(told, wanted, "{part}");
        }
    })
    .await;
}

type ColumnKindName = String;

fn kind_of(postgres: &str) -> ColumnKindName {
    let kind = match postgres {
        "integer" | "smallint" | "bigint" | "xid8" => ColumnKind::Integer,
        "double precision" => ColumnKind::Number,
        "boolean" => ColumnKind::Boolean,
        "timestamp with time zone" => ColumnKind::Instant,
        "jsonb" | "text[]" | "integer[]" | "numeric" => ColumnKind::Json,
        _ => ColumnKind::Text,
    };
    format!("{kind:?}")
}

/// Two tasks, one with everything and one with as little as there can be.
async fn two_tasks(s: &mut Session) -> Vec<TaskId> {
    s.register(&Plan::chain("order", &["a", "b"])).await;
    let worker = s.worker().await;
    let full = s
        .create_with(
            "order",
            json!({"context": {"text": "line\nbreak \u{1F600} \"quoted\"", "number": 1.5}, "tags": ["a", "b"]}),
        )
        .await
        .task_id;
    s.run(&format!(
        "insert into tasker.annotation_types (name) values ('note');
         insert into tasker.task_annotations (task_id, annotation_type_id, annotation)
         select '{full}', annotation_type_id, jsonb_build_object('n', n) from tasker.annotation_types, generate_series(1, 2) n;
         insert into tasker.task_search_attributes (task_id, name, number_value) values ('{full}', 'price', 12345678901234567890.50)"
    ))
    .await;
    s.drain(worker).await;
    let bare = s.create("order").await;
    s.drain(worker).await;
    s.advance(2.0 * 86_400.0).await;
    vec![full, bare]
}

#[tokio::test]
async fn what_is_read_back_from_parquet_is_what_was_deleted() {
    on_database(async |_, s| {
        let directory = tempfile::tempdir().unwrap();
        let tasks = two_tasks(s).await;
        let mut there = Vec::new();
        for task in &tasks {
            let mut parts = Vec::new();
            for (table, order) in TABLES.iter().zip([
                "1",
                "step_no",
                "step_no, seq",
                "seq",
                "task_annotation_id",
                "name",
            ]) {
                parts.push(
                    s.rows(&format!(
                        "select * from tasker.{table} where task_id = '{task}' order by {order}"
                    ))
                    .await,
                );
            }
            there.push(parts);
        }
        let number: String =
            sqlx::query_scalar("select number_value::text from tasker.task_search_attributes")
                .fetch_one(&mut s.c)
                .await
                .unwrap();

        let mut archive = Archive::new(directory.path(), ArchiveFormat::Parquet);
        let batch = prune(s, None, &mut archive).await.unwrap();
        assert_eq!(batch.tasks, 2);
        let [file] = archive.files() else {
            panic!("{:?}", archive.files())
        };
        let found = rows(file);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0]["search_attributes"][0]["number_value"],
            json!(number),
            "not a digit less"
        );
        for (row, parts) in found.iter().zip(there) {
            for (at, ((part, columns), wanted)) in ARCHIVE_COLUMNS.iter().zip(parts).enumerate() {
                let mut added = Map::new();
                let found: Vec<Value> = match at {
                    0 => {
                        added.extend(
                            [("namespace", "shop"), ("name", "order"), ("version", "1.0.0")]
                                .map(|(key, value)| (key.to_owned(), json!(value))),
                        );
                        let mut task = row.as_object().unwrap().clone();
                        task.retain(|key, _| !ARCHIVE_COLUMNS.iter().any(|(part, _)| part == key));
                        vec![Value::Object(task)]
                    }
                    _ => row[part].as_array().unwrap().clone(),
                };
                assert_eq!(found.len(), wanted.len(), "{part}");
                for (found, wanted) in found.iter().zip(&wanted) {
                    let mut found = parsed(found, columns);
                    let mut wanted = expected(wanted, columns, &added);
                    for (joined, value) in [("handler", "work"), ("annotation_type", "note")] {
                        if wanted.get(joined).is_some_and(Value::is_null) {
                            assert!(found[joined].is_string(), "{joined} like {value}");
                            found[joined] = Value::Null;
                        }
                    }
                    if *part == "steps" {
                        assert!(["a", "b"].contains(&found["name"].as_str().unwrap()));
                        found["name"] = Value::Null;
                    }
                    if *part == "search_attributes" {
                        (found["number_value"], wanted["number_value"]) = (Value::Null, Value::Null);
                    }
                    assert_eq!(found, wanted, "{part}");
                }
            }
        }
        assert!(s.rows("select task_id from tasker.tasks").await.is_empty());
    })
    .await;
}

fn left_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_batch_whose_deletion_fails_leaves_no_file_behind() {
    on_database(async |_, s| {
        let directory = tempfile::tempdir().unwrap();
        let tasks = two_tasks(s).await;
        let mut archive = Archive::new(directory.path(), ArchiveFormat::Parquet);
        s.run(
            "create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
             create trigger refuse before delete on tasker.tasks for each row execute function refuse()",
        )
        .await;
        prune(s, None, &mut archive).await.unwrap_err();
        assert_eq!(left_in(directory.path()), Vec::<String>::new());
        assert!(archive.files().is_empty());
        s.run("drop trigger refuse on tasker.tasks").await;
        prune(s, None, &mut archive).await.unwrap();
        let found = rows(&archive.files()[0]);
        let ids: Vec<Value> = found.iter().map(|row| row["task_id"].clone()).collect();
        assert_eq!(json!(ids), json!(tasks));
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_deletes_nothing() {
    on_database(async |_, s| {
        let directory = tempfile::tempdir().unwrap();
        let occupied = directory.path().join("a file");
        std::fs::write(&occupied, "").unwrap();
        let tasks = two_tasks(s).await;
        let mut archive = Archive::new(occupied.join("below"), ArchiveFormat::Parquet);
        let refused = prune(s, None, &mut archive).await.unwrap_err();
        assert!(refused.message.contains("nothing was deleted"), "{refused}");
        assert_eq!(
            s.rows("select task_id from tasker.tasks").await.len(),
            tasks.len()
        );
    })
    .await;
}

#[tokio::test]
async fn each_batch_is_a_file_and_none_is_ever_unfinished_under_its_name() {
    on_database(async |_, s| {
        let directory = tempfile::tempdir().unwrap();
        two_tasks(s).await;
        let worker = s.worker().await;
        for _ in 0..2 {
            s.create("order").await;
        }
        s.drain(worker).await;
        s.advance(2.0 * 86_400.0).await;
        let mut archive = Archive::new(directory.path(), ArchiveFormat::Parquet);
        let first = prune(s, None, &mut archive).await.unwrap();
        let second = prune(s, first.next_after, &mut archive).await.unwrap();
        assert_eq!((first.tasks, second.tasks), (2, 2));
        let files = left_in(directory.path());
        assert_eq!(files.len(), 2, "{files:?}");
        assert!(files.iter().all(|file| file.ends_with(".parquet")), "{files:?}");
        let counted: usize = archive.files().iter().map(|file| rows(file).len()).sum();
        assert_eq!(counted, 4);
    })
    .await;
}
