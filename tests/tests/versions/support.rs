//! Releases, the schema of the next one, and clients of today.

use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tasker_core::handler::{HandlerError, Registry, Step, Worker, WorkerOptions};
use tasker_core::model::{DatabaseSettings, State, TaskId, TaskRequest};
use tasker_core::store::{SchemaName, Store, StoreOptions};
use tasker_core::{Client, ClientOptions};
use tasker_migrations::{MIGRATIONS, Migration};
use tasker_tests::{Release, TestDatabase};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The releases that are kept.
pub(crate) fn releases() -> Vec<Release> {
    let releases = Release::all().unwrap();
    assert!(
        !releases.is_empty(),
        "tests/versions/ holds no release: scripts/release-fixture writes one"
    );
    releases
}

pub(crate) fn store(database: &TestDatabase) -> Store {
    Store::new(StoreOptions {
        database_url: database.url(),
        schema: SchemaName::new("tasker").unwrap(),
        max_connections: 2,
        settings: DatabaseSettings::default(),
        application_name: "versions tests".to_owned(),
    })
    .unwrap()
}

pub(crate) fn client(database: &TestDatabase) -> Client {
    Client::new(ClientOptions {
        database_url: Some(database.url()),
        ..ClientOptions::default()
    })
    .unwrap()
}

/// Today's migrations, and one more that the next release might have: additive, over the tables that move most.
pub(crate) fn with_the_next() -> Vec<Migration> {
    let version = MIGRATIONS.last().unwrap().version + 1;
    let sql = "alter table tasker.tasks add column next_release int;
               alter table tasker.workflow_steps add column next_release int;
               alter table tasker.workers add column next_release text not null default 'x';
               alter table tasker.lanes add column next_release boolean;
               create function tasker.next_release(p_task_id uuid) returns int language sql as $$ select 1 $$;
               create index tasks_next_release on tasker.tasks (next_release) where next_release is not null;";
    let next = Migration {
        version,
        name: "next_release",
        sql,
    };
    MIGRATIONS.iter().copied().chain([next]).collect()
}

/// A worker of today with the handler `work`, which does nothing.
pub(crate) async fn worker(client: &Client) -> tasker_core::Result<Arc<Worker>> {
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move {
        Ok::<_, HandlerError>(json!({ "did": step.name() }))
    });
    let options = WorkerOptions {
        concurrency: 8,
        ..WorkerOptions::default()
    };
    Ok(Arc::new(Worker::start(client, registry, options).await?))
}

pub(crate) async fn create(client: &Client, count: usize) -> Vec<TaskId> {
    let request = TaskRequest {
        namespace: Some("shop".to_owned()),
        ..TaskRequest::new("order")
    };
    let created = client.create_tasks(&vec![request; count]).await.unwrap();
    created.into_iter().map(|created| created.task_id).collect()
}

pub(crate) async fn all_complete(client: &Client, tasks: &[TaskId]) {
    for task in tasks {
        let ends = [State::Complete, State::Error, State::Cancelled];
        assert_eq!(
            client.wait_state(*task, &ends, PATIENCE).await.unwrap(),
            State::Complete
        );
    }
}
