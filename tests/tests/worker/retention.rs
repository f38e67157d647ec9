//! Retention that runs by itself.

use crate::support::{client, create, database, ended, number, register_one, settings, until, worker};
use serde_json::{Value, json};
use std::time::Duration;
use tasker_core::handler::{Registry, Step};
use tasker_core::model::{ArchiveFormat, RetentionRule, Settings};

/// Prunes what has ended, all the time.
fn eager() -> Settings {
    let mut settings = settings();
    settings.retention.rules = vec![RetentionRule {
        name: Some("short".to_owned()),
        older_than_seconds: Some(0.0),
        ..RetentionRule::default()
    }];
    settings.retention.interval_seconds = 0.02;
    settings
}

fn work() -> Registry {
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    registry
}

#[tokio::test]
async fn workers_prune_and_archive_by_themselves_what_the_settings_say_and_nothing_else() {
    let database = database().await;
    let directory = tempfile::tempdir().unwrap();
    let mut settings = eager();
    settings.retention.archive_directory = Some(directory.path().to_owned());
    settings.retention.archive_format = ArchiveFormat::Jsonl;
    settings.retention.batch_size = 3;
    let client = client(&database, settings);
    register_one(&client, "short", json!({})).await;
    register_one(&client, "long", json!({})).await;
    // Created before anybody works, so that no task is gone before it is looked at.
    let mut short = Vec::new();
    for _ in 0..10 {
        short.push(create(&client, "short", json!({})).await);
    }
    let long = create(&client, "long", json!({})).await;
    let workers = [worker(&client, work(), 4).await, worker(&client, work(), 4).await];
    ended(&client, long).await;
    until("only the long one is left", || async {
        number(&database, "select count(*) from tasker.tasks").await == 1
    })
    .await;
    for worker in workers {
        worker.shutdown().await.unwrap();
    }
    let mut archived: Vec<tasker_core::model::TaskId> = Vec::new();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let task: Value = serde_json::from_str(line).unwrap();
            archived.push(task["task"]["task_id"].as_str().unwrap().parse().unwrap());
        }
    }
    archived.sort_unstable();
    archived.dedup();
    assert_eq!(archived, short);
}

#[tokio::test]
async fn a_worker_makes_the_partitions_of_the_trail_where_there_are_none() {
    let database = database().await;
    let made = "select count(*) from tasker.trail_partitions()";
    assert!(
        number(&database, made).await >= 10,
        "migrating makes the first ones"
    );
    let mut connection = database.connect().await.unwrap();
    let drop = "do $$ declare v record; begin
                  for v in select partition from tasker.trail_partitions() loop execute format('drop table tasker.%I', v.partition); end loop;
                end $$";
    sqlx::query(drop).execute(&mut connection).await.unwrap();
    let client = client(&database, settings());
    let worker = worker(&client, work(), 1).await;
    until("there are partitions", || async {
        number(&database, made).await >= 10
    })
    .await;
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_worker_goes_on_where_another_one_was_interrupted_and_forgets_what_is_over() {
    let database = database().await;
    let client = client(&database, eager());
    register_one(&client, "short", json!({})).await;
    let mut connection = database.connect().await.unwrap();
    // Somebody took the work and died: nobody else does it before its time is over.
    let identity =
        "insert into tasker.task_identities (scope, digest, task_id, request_digest, created_at, expires_at)
                    values ('hash', 'x', gen_random_uuid(), 'x', now(), now() - interval '1 second')";
    sqlx::query(identity).execute(&mut connection).await.unwrap();
    let taken = "insert into tasker.maintenance (name, next_due_at) values ('tasks', clock_timestamp() + interval '1 second')
                 returning next_due_at";
    let due: chrono::DateTime<chrono::Utc> = sqlx::query_scalar(taken)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let task = create(&client, "short", json!({})).await;
    let worker = worker(&client, work(), 1).await;
    until("the task is pruned", || async {
        number(&database, "select count(*) from tasker.tasks").await == 0
    })
    .await;
    let ran: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select last_run_at from tasker.maintenance where name = 'tasks'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert!(ran >= due, "{ran} is before {due}");
    until("the identity is forgotten", || async {
        number(&database, "select count(*) from tasker.task_identities").await == 0
    })
    .await;
    let gone = client.task(task).await;
    assert!(gone.is_err(), "{gone:?}");
    tokio::time::timeout(Duration::from_secs(30), worker.shutdown())
        .await
        .unwrap()
        .unwrap();
}
