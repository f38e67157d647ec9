//! A database of an older release, with work in flight, becomes one of today.

use crate::support::{PATIENCE, all_complete, client, create, releases, store, worker};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeMap;
use tasker_core::model::{Operator, State, TaskId};
use tasker_tests::{DumpOf, Release, TestDatabase, Variables, assert_consistent, dump};

/// Every row of every table, by table.
async fn rows(connection: &mut PgConnection) -> BTreeMap<String, Vec<Value>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'tasker'::regnamespace and c.relkind in ('r', 'p') \
         and not c.relispartition and c.relname <> 'schema_migrations' order by 1",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for table in tables {
        let sql = format!("select to_jsonb(t) from tasker.\"{table}\" t order by to_jsonb(t)::text");
        let rows = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        found.insert(table, rows);
    }
    found
}

/// Whether `new` is `old`, with columns more.
fn holds(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else {
        return false;
    };
    old.iter().all(|(column, value)| new.get(column) == Some(value))
}

/// An old database with tasks at every point of their life.
async fn in_flight(release: &Release) -> (TestDatabase, PgConnection, Variables) {
    let database = release.install().await.unwrap();
    let mut connection = database.connect().await.unwrap();
    let mut variables = Variables::new();
    release
        .in_flight
        .play(&mut connection, release, &mut variables)
        .await
        .unwrap();
    (database, connection, variables)
}

fn task(variables: &Variables, name: &str) -> TaskId {
    variables[name].parse().unwrap()
}

#[tokio::test]
async fn an_upgraded_schema_equals_that_of_a_fresh_install() {
    let fresh = TestDatabase::create().await.unwrap();
    store(&fresh).migrate().await.unwrap();
    let fresh = dump(&fresh.url(), DumpOf::SchemaWithRights).unwrap();
    for release in releases() {
        let (upgraded, ..) = in_flight(&release).await;
        store(&upgraded).migrate().await.unwrap();
        let upgraded = dump(&upgraded.url(), DumpOf::SchemaWithRights).unwrap();
        let differences: Vec<&str> = difference(&fresh, &upgraded);
        assert!(
            differences.is_empty(),
            "a schema of version {} that was upgraded is not the one of a fresh install. A migration that is released \
             must not be edited; where none of that version is released yet, scripts/release-fixture records it anew:\n{}",
            release.version,
            differences.join("\n")
        );
    }
}

/// The lines that only one of the two has, or the first that stands elsewhere.
fn difference<'t>(one: &'t str, other: &'t str) -> Vec<&'t str> {
    let only = |these: &'t str, those: &str| -> Vec<&'t str> {
        these
            .lines()
            .filter(|line| !those.lines().any(|other| other == *line))
            .collect()
    };
    let mut found = [only(one, other), only(other, one)].concat();
    if found.is_empty() {
        found.extend(
            one.lines()
                .zip(other.lines())
                .find(|(one, other)| one != other)
                .map(|(one, _)| one),
        );
    }
    found
}

#[tokio::test]
async fn a_schema_that_somebody_changed_is_not_taken_for_a_fresh_one() {
    let release = releases().pop().unwrap();
    let database = release.install().await.unwrap();
    let before = dump(&database.url(), DumpOf::SchemaWithRights).unwrap();
    let mut connection = database.connect().await.unwrap();
    for change in [
        "create index of_ours on tasker.tasks (priority)",
        "revoke execute on function tasker.pause_task from public",
        "alter function tasker.pause_task(uuid, text, text) security invoker",
    ] {
        sqlx::raw_sql(change).execute(&mut connection).await.unwrap();
        let after = dump(&database.url(), DumpOf::SchemaWithRights).unwrap();
        assert!(!difference(&before, &after).is_empty(), "{change}");
    }
}

#[tokio::test]
async fn an_upgrade_keeps_every_row() {
    for release in releases() {
        let (database, mut connection, _) = in_flight(&release).await;
        let before = rows(&mut connection).await;
        assert!(
            before["tasks"].len() >= 6 && before["workflow_steps"].len() >= 24,
            "{:?}",
            before.keys()
        );
        store(&database).migrate().await.unwrap();
        let after = rows(&mut connection).await;
        for (table, old) in before {
            let new = &after[&table];
            let lost: Vec<&Value> = old
                .iter()
                .filter(|old| !new.iter().any(|new| holds(new, old)))
                .collect();
            assert!(lost.is_empty(), "{table} lost {lost:?}");
        }
    }
}

#[tokio::test]
async fn what_was_in_flight_before_an_upgrade_ends_well_after_it() {
    for release in releases() {
        let (database, mut connection, variables) = in_flight(&release).await;
        let client = client(&database);
        client.migrate().await.unwrap();

        // The old worker lives on, and finishes what it holds by its own statements.
        let (sql, _) = &release.statements["complete_steps"];
        let finish = format!(
            "prepare complete_it as {sql}; execute complete_it({}, array['{}']::uuid[], '{{2}}', '{{1}}', '{{\"{{}}\"}}', 0, 0, 9, true, null)",
            variables["worker"], variables["halfway"]
        );
        sqlx::raw_sql(AssertSqlSafe(finish))
            .execute(&mut connection)
            .await
            .unwrap();

        // Workers and operators of today do the rest.
        let worker = worker(&client).await.unwrap();
        let operator = Operator::default();
        client
            .retry_task(task(&variables, "error"), &operator)
            .await
            .unwrap();
        client
            .cancel_task(task(&variables, "paused"), &operator)
            .await
            .unwrap();
        let open = ["complete", "error", "backoff", "halfway", "waiting"].map(|name| task(&variables, name));
        all_complete(&client, &open).await;
        let more = create(&client, 3).await;
        all_complete(&client, &more).await;
        for name in ["paused", "cancelled"] {
            let state = client
                .wait_state(task(&variables, name), &[State::Cancelled], PATIENCE)
                .await
                .unwrap();
            assert_eq!(state, State::Cancelled, "{name}");
        }
        let again = client
            .create_task(&tasker_core::model::TaskRequest {
                namespace: Some("shop".to_owned()),
                idempotency_key: Some("w-1".to_owned()),
                tags: vec!["vip".to_owned()],
                ..tasker_core::model::TaskRequest::new("order")
            })
            .await
            .unwrap();
        assert_eq!(
            (again.created, again.task_id),
            (false, task(&variables, "waiting")),
            "its identity is known"
        );
        worker.shutdown().await.unwrap();
        assert_consistent(&database).await;
    }
}
