//! Migrations, and statements in a schema of any name.

use crate::support::{migrated, store};
use sqlx::{AssertSqlSafe, Connection};
use tasker_core::ErrorKind;
use tasker_core::store::{SchemaName, Statements};
use tasker_migrations::MIGRATIONS;
use tasker_tests::{Logins, TestDatabase};

#[tokio::test]
async fn a_fresh_install_applies_everything_once() {
    let database = TestDatabase::create().await.unwrap();
    let store = store(&database.url(), "tasker").unwrap();
    assert_eq!(store.schema_version().await.unwrap(), None);
    let report = store.migrate().await.unwrap();
    assert_eq!(report.applied.len(), MIGRATIONS.len());
    assert_eq!(store.schema_version().await.unwrap(), Some(report.version));
    let again = store.migrate().await.unwrap();
    assert!(again.applied.is_empty() && again.version == report.version);
}

#[tokio::test]
async fn processes_that_migrate_at_once_apply_everything_once() {
    let database = TestDatabase::create().await.unwrap();
    let stores: Vec<_> = (0..4)
        .map(|_| store(&database.url(), "tasker").unwrap())
        .collect();
    let (a, b, c, d) = tokio::join!(
        stores[0].migrate(),
        stores[1].migrate(),
        stores[2].migrate(),
        stores[3].migrate()
    );
    let mut applied: Vec<usize> = [a, b, c, d]
        .into_iter()
        .map(|report| report.unwrap().applied.len())
        .collect();
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, MIGRATIONS.len()]);
}

#[tokio::test]
async fn a_schema_of_another_name_lives_beside_a_hosts_tables_and_another_engine() {
    let database = migrated().await.unwrap();
    let mut host = database.connect().await.unwrap();
    let tables = "create table public.tasks (id int); create schema tasker_host; create table tasker_host.workflow_steps (id int)";
    sqlx::raw_sql(tables).execute(&mut host).await.unwrap();
    let jobs = store(&database.url(), "jobs").unwrap();
    jobs.migrate().await.unwrap();
    let mut connection = jobs.acquire().await.unwrap();
    let template = crate::plan::Plan::chain("order", &["a"]).compile();
    jobs.register_template(&mut connection, &template, false, false)
        .await
        .unwrap();
    jobs.create_tasks(&mut connection, r#"[{"namespace": "shop", "name": "order"}]"#)
        .await
        .unwrap();
    let counts: (i64, i64, i64) = sqlx::query_as("select (select count(*) from jobs.tasks), (select count(*) from tasker.tasks), (select count(*) from public.tasks)")
        .fetch_one(&mut host)
        .await
        .unwrap();
    assert_eq!(counts, (1, 0, 0));
    let leaked: Vec<String> = sqlx::query_scalar(
        "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
         where n.nspname = 'jobs' and p.prosrc ~ '\\mtasker\\.'",
    )
    .fetch_all(&mut host)
    .await
    .unwrap();
    assert!(
        leaked.is_empty(),
        "these still speak of the schema tasker: {leaked:?}"
    );
}

#[tokio::test]
async fn a_schema_that_holds_foreign_tables_is_refused_and_left_as_it_was() {
    let database = TestDatabase::create().await.unwrap();
    let mut host = database.connect().await.unwrap();
    sqlx::raw_sql("create schema tasker; create table tasker.tasks (id int)")
        .execute(&mut host)
        .await
        .unwrap();
    let error = store(&database.url(), "tasker")
        .unwrap()
        .migrate()
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::SchemaMismatch, "{error}");
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'tasker'")
        .fetch_one(&mut host)
        .await
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_schema_ahead_of_this_library_is_left_alone() {
    let database = migrated().await.unwrap();
    let mut host = database.connect().await.unwrap();
    sqlx::raw_sql("insert into tasker.schema_migrations (version, name) values (1000, 'later')")
        .execute(&mut host)
        .await
        .unwrap();
    let report = store(&database.url(), "tasker").unwrap().migrate().await.unwrap();
    assert!(report.applied.is_empty() && report.version == 1000);
}

#[tokio::test]
async fn every_statement_is_understood_in_a_schema_of_any_name() {
    let database = migrated().await.unwrap();
    for schema in ["tasker", "the_jobs"] {
        let store = store(&database.url(), schema).unwrap();
        store.migrate().await.unwrap();
        let mut connection = database.connect().await.unwrap();
        let name = SchemaName::new(schema).unwrap();
        for (statement, text) in Statements::FILES {
            let sql = format!("prepare \"{statement}\" as {}", name.apply(text));
            let prepared = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
            assert!(
                prepared.is_ok(),
                "{statement} in {schema}: {}",
                prepared.unwrap_err()
            );
        }
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_way_into_the_schema_alone_opens_nothing() {
    let database = migrated().await.unwrap();
    let logins = Logins::of(&database);
    let url = logins.add("app", "nosuperuser").await.unwrap();
    logins
        .run("grant usage on schema tasker to {}_app")
        .await
        .unwrap();
    let app = store(&url, "tasker").unwrap();
    let mut connection = app.acquire().await.unwrap();
    let denied = app
        .create_tasks(&mut connection, r#"[{"namespace": "shop", "name": "order"}]"#)
        .await
        .unwrap_err();
    assert_eq!(denied.kind, ErrorKind::Forbidden, "{denied}");
}

#[tokio::test]
async fn a_role_that_owns_the_schema_and_nothing_else_migrates_and_works() {
    let database = TestDatabase::create().await.unwrap();
    let mut admin = database.connect().await.unwrap();
    // Roles belong to the server, databases to the test.
    let role = format!("owner_of_{}", database.name());
    let prepare = format!(
        "create role {role} login nosuperuser; revoke create on database {} from public; \
         revoke all on schema public from public; create schema tasker authorization {role}",
        database.name()
    );
    sqlx::raw_sql(AssertSqlSafe(prepare))
        .execute(&mut admin)
        .await
        .unwrap();
    let mut url = url::Url::parse(&database.url()).unwrap();
    url.set_username(&role).unwrap();
    let owner = store(url.as_str(), "tasker").unwrap();
    let report = owner.migrate().await;
    let worked = async {
        let mut connection = owner.acquire().await?;
        let template = crate::plan::Plan::chain("order", &["a"]).compile();
        owner
            .register_template(&mut connection, &template, false, false)
            .await?;
        owner
            .create_tasks(&mut connection, r#"[{"namespace": "shop", "name": "order"}]"#)
            .await
    };
    let worked = worked.await;
    owner.close().await;
    let clean = format!("drop owned by {role}; drop role {role}");
    sqlx::raw_sql(AssertSqlSafe(clean))
        .execute(&mut admin)
        .await
        .unwrap();
    assert_eq!(report.unwrap().applied.len(), MIGRATIONS.len());
    assert!(worked.unwrap()[0].created);
}
