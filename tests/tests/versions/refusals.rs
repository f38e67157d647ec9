//! Code and schema that do not fit each other: told at the start, with both versions and what to do, and nothing is begun.

use crate::support::{all_complete, client, create, store, with_the_next, worker};
use sqlx::AssertSqlSafe;
use tasker_core::ErrorKind;
use tasker_core::model::{TaskFilter, TaskRequest};
use tasker_core::template::{ParseOptions, Template};
use tasker_migrations::MIGRATIONS;
use tasker_tests::TestDatabase;

const ORDER: &str = "{name: order, namespace_name: shop, step_templates: [{name: a, handler: work}, \
                     {name: b, handler: work, depends_on_step: a}]}";

fn newest() -> i32 {
    MIGRATIONS.last().unwrap().version
}

/// A schema of the library before the last migration.
async fn older() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    store(&database)
        .apply_migrations(&MIGRATIONS[..MIGRATIONS.len() - 1])
        .await
        .unwrap();
    database
}

/// A schema that a later library left: at `version`, for code from `oldest_code` on.
async fn newer(version: i32, oldest_code: i32) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    store(&database).migrate().await.unwrap();
    let sql = format!(
        "insert into tasker.schema_migrations (version, name, oldest_code) values ({version}, 'later', {oldest_code})"
    );
    let mut connection = database.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    database
}

#[tokio::test]
async fn new_code_on_an_older_schema_starts_nothing_and_says_to_migrate() {
    let database = older().await;
    let client = client(&database);
    let template = Template::parse(ORDER, &ParseOptions::default()).unwrap();
    let refusals = [
        client
            .register_template(&template, false)
            .await
            .map(drop)
            .unwrap_err(),
        client
            .create_task(&TaskRequest::new("order"))
            .await
            .map(drop)
            .unwrap_err(),
        client
            .list_tasks(&TaskFilter::default())
            .await
            .map(drop)
            .unwrap_err(),
        worker(&client).await.map(drop).unwrap_err(),
    ];
    for error in refusals {
        assert_eq!(error.kind, ErrorKind::SchemaMismatch, "{error}");
        for words in [
            format!("at version {}", newest() - 1),
            format!("version {}", newest()),
            "tasker migrate".to_owned(),
        ] {
            assert!(error.message.contains(&words), "{words}: {error}");
        }
    }
    let mut connection = database.connect().await.unwrap();
    let (workers, templates): (i64, i64) = sqlx::query_as(
        "select (select count(*) from tasker.workers), (select count(*) from tasker.named_tasks)",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!((workers, templates), (0, 0));
    assert_eq!(
        client.schema_version().await.unwrap(),
        Some(newest() - 1),
        "this much may be asked"
    );

    // Once somebody has migrated, the same client works.
    client.migrate().await.unwrap();
    client.register_template(&template, false).await.unwrap();
    let worker = worker(&client).await.unwrap();
    let tasks = create(&client, 2).await;
    all_complete(&client, &tasks).await;
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_database_without_the_schema_is_told_so() {
    let database = TestDatabase::create().await.unwrap();
    let error = client(&database)
        .list_tasks(&TaskFilter::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::SchemaMismatch);
    assert!(
        error.message.contains("no schema \"tasker\"") && error.message.contains("tasker migrate"),
        "{error}"
    );
}

#[tokio::test]
async fn code_works_on_the_schema_of_the_next_release() {
    let database = TestDatabase::create().await.unwrap();
    store(&database).apply_migrations(&with_the_next()).await.unwrap();
    let client = client(&database);
    let template = Template::parse(ORDER, &ParseOptions::default()).unwrap();
    client.register_template(&template, false).await.unwrap();
    let worker = worker(&client).await.unwrap();
    let tasks = create(&client, 5).await;
    all_complete(&client, &tasks).await;
    let report = client.migrate().await.unwrap();
    assert_eq!(
        (report.applied.len(), report.version),
        (0, newest() + 1),
        "a schema does not go back"
    );
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn code_refuses_a_schema_that_is_two_releases_ahead_and_names_the_versions() {
    let database = newer(newest() + 20, newest() + 10).await;
    let client = client(&database);
    for error in [
        client
            .list_tasks(&TaskFilter::default())
            .await
            .map(drop)
            .unwrap_err(),
        worker(&client).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::SchemaMismatch);
        for version in [newest(), newest() + 10, newest() + 20] {
            assert!(error.message.contains(&version.to_string()), "{version}: {error}");
        }
        assert!(error.message.contains("newer release"), "{error}");
    }
}

#[tokio::test]
async fn what_a_migration_leaves_behind_says_which_code_it_works_for() {
    let database = TestDatabase::create().await.unwrap();
    store(&database).apply_migrations(&with_the_next()).await.unwrap();
    let mut connection = database.connect().await.unwrap();
    let recorded: Vec<(i32, i32)> =
        sqlx::query_as("select version, oldest_code from tasker.schema_migrations order by version")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    for (version, oldest_code) in recorded {
        assert_eq!(oldest_code, tasker_migrations::oldest_code(version), "{version}");
        assert!(oldest_code < version, "the release before must go on working");
    }
}

#[tokio::test]
async fn a_role_without_rights_on_the_tables_learns_the_version_too() {
    let database = older().await;
    let mut admin = database.connect().await.unwrap();
    let role = format!("app_of_{}", database.name());
    let grant = format!("create role {role} login; grant usage on schema tasker to {role}");
    sqlx::raw_sql(AssertSqlSafe(grant))
        .execute(&mut admin)
        .await
        .unwrap();
    let mut url = url::Url::parse(&database.url()).unwrap();
    url.set_username(&role).unwrap();
    let client = tasker_core::Client::new(tasker_core::ClientOptions {
        database_url: Some(url.into()),
        ..tasker_core::ClientOptions::default()
    })
    .unwrap();
    let refused = client.create_task(&TaskRequest::new("order")).await.map(drop);
    client.close().await;
    let clean = format!("drop owned by {role}; drop role {role}");
    sqlx::raw_sql(AssertSqlSafe(clean))
        .execute(&mut admin)
        .await
        .unwrap();
    let error = refused.unwrap_err();
    assert!(error.message.contains("tasker migrate"), "{error}");
}
