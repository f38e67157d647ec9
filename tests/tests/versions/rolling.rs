//! A deploy in progress: workers run while somebody migrates under them.

use crate::support::{all_complete, client, create, store, with_the_next, worker};
use tasker_core::ErrorKind;
use tasker_core::template::{ParseOptions, Template};
use tasker_tests::{TestDatabase, assert_consistent};

const ORDER: &str = "{name: order, namespace_name: shop, step_templates: [{name: a, handler: work}, \
                     {name: b, handler: work, depends_on_step: a}, {name: c, handler: work, depends_on_step: a}, \
                     {name: d, handler: work, depends_on_steps: [b, c]}]}";

#[tokio::test]
async fn running_workers_go_on_through_the_migration_of_the_next_release() {
    let database = TestDatabase::create().await.unwrap();
    let client = client(&database);
    client.migrate().await.unwrap();
    let template = Template::parse(ORDER, &ParseOptions::default()).unwrap();
    client.register_template(&template, false).await.unwrap();
    let workers = [worker(&client).await.unwrap(), worker(&client).await.unwrap()];
    // Statements are prepared on every connection before anything changes under them.
    let before = create(&client, 20).await;
    all_complete(&client, &before).await;
    let during = create(&client, 300).await;

    let migrator = store(&database);
    let migrations = with_the_next();
    let report = loop {
        match migrator.apply_migrations(&migrations).await {
            Ok(report) => break report,
            // The tables are busy: a migration waits for a lock no longer than anybody, or gives way in a deadlock.
            Err(error) => assert!(error.kind == ErrorKind::Timeout || error.retry, "{error}"),
        }
    };
    assert_eq!(report.applied, ["next_release"]);

    all_complete(&client, &during).await;
    let after = create(&client, 20).await;
    all_complete(&client, &after).await;
    let task = client.task(after[0]).await.unwrap();
    assert_eq!(
        client.steps(task.task_id).await.unwrap().len(),
        4,
        "what is read is understood too"
    );
    for worker in workers {
        worker.shutdown().await.unwrap();
    }
    assert_consistent(&database).await;
}

#[tokio::test]
async fn migrating_again_and_again_beside_running_workers_changes_nothing() {
    let database = TestDatabase::create().await.unwrap();
    let client = client(&database);
    client.migrate().await.unwrap();
    let template = Template::parse(ORDER, &ParseOptions::default()).unwrap();
    client.register_template(&template, false).await.unwrap();
    let worker = worker(&client).await.unwrap();
    let tasks = create(&client, 100).await;
    for _ in 0..5 {
        let (one, other) = (store(&database), store(&database));
        let (one, other) = tokio::join!(one.migrate(), other.migrate());
        assert!(one.unwrap().applied.is_empty() && other.unwrap().applied.is_empty());
    }
    all_complete(&client, &tasks).await;
    worker.shutdown().await.unwrap();
    assert_consistent(&database).await;
}
