//! The schema: missing, foreign, old, newer; rights, indexes, partitions.

use super::{Doctor, as_role, client_on, remedies, role_of, run, sql};
use crate::support::migrated;
use sqlx::{AssertSqlSafe, Row};
use tasker_core::ErrorKind;
use tasker_core::handler::{Registry, Step, Worker, WorkerOptions};
use tasker_core::model::{CheckId, CheckSection, CheckStatus, Finding, State, TaskRequest};
use tasker_core::store::Statements;
use tasker_migrations::MIGRATIONS;
use tasker_tests::TestDatabase;

#[tokio::test]
async fn a_schema_that_is_not_there_is_missing_and_another_one_of_taskers_is_named() {
    let database = TestDatabase::create().await.unwrap();
    let doctor = Doctor::on(&database.url());
    let found = doctor.still_finds(Finding::SchemaMissing).await;
    assert_eq!(found.advice[0], "tasker migrate");
    let jobs = crate::support::store(&database.url(), "jobs").unwrap();
    jobs.migrate().await.unwrap();
    jobs.close().await;
    let found = doctor.still_finds(Finding::SchemaMissing).await;
    assert!(
        found
            .advice
            .iter()
            .any(|advice| advice.ends_with("--schema jobs")),
        "{:?}",
        found.advice
    );
    doctor.client.migrate().await.unwrap();
    doctor.no_longer_finds(Finding::SchemaMissing).await;
}

#[tokio::test]
async fn a_schema_of_somebody_else_is_foreign() {
    let database = TestDatabase::create().await.unwrap();
    sql(
        &database.url(),
        "create schema tasker; create table tasker.tasks (id int)",
    )
    .await;
    Doctor::on(&database.url())
        .still_finds(Finding::SchemaForeign)
        .await;
}

/// The schema as an older release left it: without the last migrations.
async fn old_schema(missing: usize) -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let mut connection = database.connect().await.unwrap();
    let history = "create schema tasker; create table tasker.schema_migrations (version int primary key, name text not null, \
                   applied_at timestamptz not null default clock_timestamp(), oldest_code int not null default 0)";
    run(&mut connection, history).await;
    for migration in &MIGRATIONS[..MIGRATIONS.len() - missing] {
        run(&mut connection, migration.sql).await;
        let told = format!(
            "insert into tasker.schema_migrations values ({}, '{}')",
            migration.version, migration.name
        );
        run(&mut connection, &told).await;
    }
    database
}

#[tokio::test]
async fn a_schema_that_is_older_is_named_and_what_it_lacks_hides_nothing_else() {
    let partitions = MIGRATIONS
        .iter()
        .position(|migration| migration.name == "partitions")
        .unwrap();
    let database = old_schema(MIGRATIONS.len() - partitions).await;
    let doctor = Doctor::on(&database.url());
    let found = doctor.still_finds(Finding::SchemaOld).await;
    assert_eq!(
        (&found.found["version"], &found.advice[0]),
        (&partitions.into(), &"tasker migrate".to_owned())
    );
    let report = doctor.report().await;
    let unseen = report
        .checks
        .iter()
        .find(|check| check.check == CheckId::Partitions)
        .unwrap();
    assert_eq!((unseen.status, unseen.finding), (CheckStatus::Note, None));
    assert!(
        report
            .checks
            .iter()
            .any(|check| check.section == CheckSection::Work)
    );
    doctor.client.migrate().await.unwrap();
    doctor.no_longer_finds(Finding::SchemaOld).await;
}

#[tokio::test]
async fn a_schema_that_is_newer_is_named() {
    let database = migrated().await.unwrap();
    Doctor::on(&database.url())
        .finds(Finding::SchemaNewer, async || {
            sql(
                &database.url(),
                "insert into tasker.schema_migrations (version, name) values (1000, 'later')",
            )
            .await;
        })
        .await;
}

#[tokio::test]
async fn rights_that_are_missing_are_named_and_the_printed_grants_are_enough_for_a_worker() {
    let database = migrated().await.unwrap();
    let role = role_of(&database);
    let take =
        format!("create role {role} login; revoke execute on all functions in schema tasker from public");
    sql(&database.url(), &take).await;
    let url = as_role(&database.url(), &role);
    let doctor = Doctor::on(&url);
    let mut granted = Vec::new();
    for finding in [Finding::NoUsage, Finding::NoExecute, Finding::NoTableRights] {
        let found = doctor.still_finds(finding).await;
        assert!(found.message.contains(&role), "{}", found.message);
        granted.extend(remedies(&found));
    }
    let refused = doctor.client.named_tasks(None).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden);
    doctor.still_finds(Finding::NotTheOwner).await;
    granted.extend(remedies(&doctor.still_finds(Finding::StatisticsHidden).await));
    let hidden = doctor.still_finds(Finding::StatisticsHidden).await;
    granted.push(hidden.advice[0].split_once(": ").unwrap().1.to_owned());
    for grant in &granted {
        assert!(grant.starts_with("grant "), "{grant}");
        sql(&database.url(), grant).await;
    }
    let report = doctor.report().await;
    let left: Vec<Option<Finding>> = report
        .checks
        .iter()
        .filter(|check| check.check == CheckId::Privileges)
        .map(|check| check.finding)
        .collect();
    let ran = runs_a_task(&url).await;
    sql(
        &database.url(),
        &format!("drop owned by {role}; drop role {role}"),
    )
    .await;
    assert_eq!(left, [Some(Finding::NotTheOwner)]);
    assert_eq!(ran.unwrap(), State::Complete);
}

async fn runs_a_task(url: &str) -> tasker_core::Result<State> {
    let client = client_on(url);
    client
        .register_template(&crate::plan::Plan::chain("order", &["a", "b"]).compile(), false)
        .await?;
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = Worker::start(&client, registry, WorkerOptions::default()).await?;
    let request = TaskRequest {
        namespace: Some("shop".to_owned()),
        ..TaskRequest::new("order")
    };
    let task = client.create_task(&request).await?.task_id;
    let patience = std::time::Duration::from_secs(30);
    let ended = client
        .wait(task, &[State::Complete, State::Error], patience)
        .await?;
    worker.shutdown().await?;
    client.close().await;
    Ok(ended.status)
}

#[tokio::test]
async fn an_index_that_is_missing_or_invalid_is_named_and_the_remedy_brings_it_back() {
    let database = migrated().await.unwrap();
    let doctor = Doctor::on(&database.url());
    for (finding, harm, remedy) in [
        (Finding::IndexMissing, "drop index tasker.workflow_steps_ready", 0),
        (
            Finding::IndexMissing,
            "alter table tasker.task_identities drop constraint task_identities_pkey",
            0,
        ),
        (
            Finding::IndexInvalid,
            "update pg_index set indisvalid = false where indexrelid = 'tasker.workflow_steps_ready'::regclass",
            0,
        ),
    ] {
        let found = doctor
            .finds(finding, async || sql(&database.url(), harm).await)
            .await;
        sql(&database.url(), &found.advice[remedy]).await;
        doctor.no_longer_finds(finding).await;
    }
}

#[tokio::test]
async fn the_list_of_indexes_is_that_of_a_fresh_install() {
    let database = migrated().await.unwrap();
    let mut connection = database.connect().await.unwrap();
    let question = "select t.relname, c.relname, coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(c.oid)) \
                    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid \
                    left join pg_constraint k on k.conindid = c.oid and k.conrelid = t.oid and k.contype in ('p', 'u') \
                    where c.relnamespace = 'tasker'::regnamespace and not c.relispartition";
    let rows = sqlx::query(AssertSqlSafe(question))
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let (_, statement) = Statements::FILES
        .iter()
        .find(|(name, _)| *name == "doctor_indexes")
        .unwrap();
    let expected: Vec<String> = rows
        .iter()
        .map(|row| {
            let [table, index, definition] = [0, 1, 2].map(|at| row.get::<String, _>(at).replace('\'', "''"));
            format!("('{table}', '{index}', '{definition}')")
        })
        .collect();
    for one in &expected {
        assert!(
            statement.contains(one),
            "core/src/store/sql/doctor_indexes.sql lacks {one}"
        );
    }
    let listed = statement.lines().filter(|line| line.starts_with("  ('")).count();
    assert_eq!(listed, expected.len());
}

#[tokio::test]
async fn partitions_that_nobody_made_are_missing_and_the_remedy_makes_them() {
    let database = migrated().await.unwrap();
    let doctor = Doctor::on(&database.url());
    let found = doctor.still_finds(Finding::PartitionsMissing).await;
    sql(&database.url(), &remedies(&found)[0]).await;
    doctor.no_longer_finds(Finding::PartitionsMissing).await;
}

#[tokio::test]
async fn a_default_partition_that_is_too_large_for_new_partitions_is_told_and_the_remedy_adds_them() {
    let database = migrated().await.unwrap();
    let doctor = Doctor::on(&database.url());
    let found = doctor
        .finds(Finding::DefaultPartitionFull, async || {
            // A tenth of each page is used: few rows make many pages.
            let fill = "alter table tasker.workflow_step_transitions_default set (fillfactor = 10); \
                        insert into tasker.workflow_step_transitions (task_id, step_no, seq, to_state, created_at, metadata) \
                        select tasker.uuid_at(now() - interval '30 days'), n, 1, 'complete', now(), jsonb_build_object('x', repeat('x', 600)) \
                        from generate_series(1, 9500) n";
            sql(&database.url(), fill).await;
        })
        .await;
    assert!(found.found["default_bytes"].as_i64().unwrap() > 64 << 20);
    assert_eq!(
        doctor.client.add_trail_partitions().await.unwrap_err().kind,
        ErrorKind::Internal
    );
    sql(&database.url(), &remedies(&found)[0]).await;
    doctor.no_longer_finds(Finding::PartitionsMissing).await;
}
