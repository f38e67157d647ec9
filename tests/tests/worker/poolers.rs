//! Behind PgBouncer in transaction mode.

use crate::support::{create, database, ended, number, register_one, settings, template, until, worker};
use serde_json::json;
use std::time::Duration;
use tasker_core::{
    Client, ClientOptions, ErrorKind,
    handler::{Registry, Step},
    model::{DatabaseSettings, Operator, PoolerSetting, Settings, State, WorkerFilter},
    store::{SchemaName, Session, Store, StoreOptions},
};
use tasker_tests::{Pooler, TestDatabase};

const LISTENING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'tasker' and query ilike 'listen%'";

fn client(url: String, settings: Settings) -> Client {
    Client::new(ClientOptions {
        database_url: Some(url),
        settings,
        ..ClientOptions::default()
    })
    .unwrap()
}

fn store(url: String, settings: DatabaseSettings) -> Store {
    Store::new(StoreOptions {
        database_url: url,
        schema: SchemaName::new("tasker").unwrap(),
        max_connections: 1,
        settings,
        application_name: "tasker".to_owned(),
    })
    .unwrap()
}

async fn pooler(database: &TestDatabase, servers: u32) -> Pooler {
    Pooler::start(&database.url(), servers, "").await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_and_its_client_share_two_server_processes_and_no_session_of_them_is_theirs() {
    let database = database().await;
    let pooler = pooler(&database, 2).await;
    let client = client(pooler.url(database.name()), settings());
    let diamond = template(
        "diamond",
        &[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])],
    );
    client.register_template(&diamond, false).await.unwrap();
    let mut registry = Registry::new();
    registry.handler("work", |step: Step| async move {
        match (step.name(), step.attempt()) {
            ("c", 1) => Err(tasker_core::handler::HandlerError::retryable("once more")),
            _ => Ok(json!({"from": step.name()})),
        }
    });
    let worker = worker(&client, registry, 32).await;
    let mut creating = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        creating.spawn(async move {
            for _ in 0..5 {
                let task = create(&client, "diamond", json!({"large": "x".repeat(20_000)})).await;
                assert_eq!(ended(&client, task).await.status, State::Complete);
            }
        });
    }
    while let Some(created) = creating.join_next().await {
        created.unwrap();
    }
    let transitions = "select count(*) from tasker.workflow_step_transitions where to_state = 'complete'";
    assert_eq!(number(&database, transitions).await, 80 * 4);
    assert_eq!(number(&database, LISTENING).await, 0);
    worker.shutdown().await.unwrap();
    // Somebody else's session on the same server process finds nothing of ours in it.
    let mut somebody = <sqlx::PgConnection as sqlx::Connection>::connect_with(
        &pooler
            .url(database.name())
            .parse::<sqlx::postgres::PgConnectOptions>()
            .unwrap()
            .extra_float_digits(None),
    )
    .await
    .unwrap();
    let left = sqlx::raw_sql(
        "select (select count(*) from pg_prepared_statements)::text || ' ' || current_setting('lock_timeout')",
    );
    let row = sqlx::Executor::fetch_one(&mut somebody, left).await.unwrap();
    assert_eq!(sqlx::Row::get::<String, _>(&row, 0), "0 0");
}

#[tokio::test]
async fn a_call_behind_a_pooler_waits_for_a_lock_no_longer_than_it_may() {
    let database = database().await;
    let pooler = pooler(&database, 2).await;
    let mut settings = settings();
    settings.database.lock_timeout_seconds = 0.2;
    let client = client(pooler.url(database.name()), settings);
    register_one(&client, "one", json!({})).await;
    let task = create(&client, "one", json!({})).await;
    let mut somebody = database.connect().await.unwrap();
    let mut transaction = sqlx::Connection::begin(&mut somebody).await.unwrap();
    sqlx::query("select from tasker.tasks where task_id = $1 for update")
        .bind(task)
        .execute(&mut *transaction)
        .await
        .unwrap();
    let error = client
        .cancel_task(task, &Operator::named("a test"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    transaction.rollback().await.unwrap();
    client
        .cancel_task(task, &Operator::named("a test"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_worker_behind_a_pooler_listens_where_it_is_told_to() {
    let database = database().await;
    let pooler = pooler(&database, 3).await;
    let mut settings = settings();
    settings.database.listen_url = Some(database.url());
    let client = client(pooler.url(database.name()), settings);
    register_one(&client, "one", json!({})).await;
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = worker(&client, registry, 1).await;
    until("the worker listens", async || {
        number(&database, LISTENING).await == 1
    })
    .await;
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_first_connection_finds_out_what_it_leads_to() {
    let database = database().await;
    let strict = Pooler::start(&database.url(), 1, "").await.unwrap();
    let lax = Pooler::start(&database.url(), 1, "extra_float_digits, options")
        .await
        .unwrap();
    for (url, session) in [
        (database.url(), Session::Direct),
        (strict.url(database.name()), Session::Pooled),
        (lax.url(database.name()), Session::Pooled),
    ] {
        let store = store(url, DatabaseSettings::default());
        assert_eq!(store.session(), None);
        assert!(store.schema_version().await.unwrap().is_some());
        assert_eq!(store.session(), Some(session));
    }
    let told = DatabaseSettings {
        pooler: PoolerSetting::Transaction,
        ..DatabaseSettings::default()
    };
    assert_eq!(store(database.url(), told).session(), Some(Session::Pooled));
}

/// The fast path: a call on a session of our own is the one statement that it always was.
#[tokio::test]
async fn straight_to_the_server_a_call_is_one_named_statement_and_nothing_else() {
    let database = database().await;
    let client = client(database.url(), settings());
    for _ in 0..2 {
        client.list_workers(&WorkerFilter::default()).await.unwrap();
    }
    let last = "select count(*) from pg_stat_activity where datname = current_database()
                and application_name = 'tasker' and state = 'idle' and query like '-- Client::list_workers%'";
    until("the last statement of the session is the call", async || {
        number(&database, last).await == 1
    })
    .await;
    tokio::time::timeout(Duration::from_secs(5), client.close())
        .await
        .unwrap();
}

/// What a pooler costs is counted, not timed: the round trips of a call.
#[tokio::test]
async fn a_call_behind_a_pooler_is_one_transaction_in_four_round_trips() {
    let database = database().await;
    let pooler = pooler(&database, 1).await;
    // Not through the pooler: hints to other processes would be counted, whenever they come.
    let direct = client(database.url(), settings());
    register_one(&direct, "one", json!({})).await;
    let task = create(&direct, "one", json!({})).await;
    let client = client(pooler.url(database.name()), settings());
    client.task_state(task).await.unwrap();
    let before = pooler.counts(database.name()).await.unwrap();
    for _ in 0..5 {
        client.task_state(task).await.unwrap();
    }
    let after = pooler.counts(database.name()).await.unwrap();
    assert_eq!(after.transactions - before.transactions, 5);
    assert_eq!(after.round_trips - before.round_trips, 20);
}

/// A batch is one call, however many steps are in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_behind_a_pooler_reports_many_steps_in_a_transaction() {
    const TASKS: u64 = 400;
    let database = database().await;
    let pooler = pooler(&database, 4).await;
    let client = client(pooler.url(database.name()), settings());
    let chain = template("chain", &[("a", &[]), ("b", &["a"]), ("c", &["b"])]);
    client.register_template(&chain, false).await.unwrap();
    let requests = vec![tasker_core::model::TaskRequest::new("chain"); TASKS as usize];
    client.create_tasks(&requests).await.unwrap();
    let before = pooler.counts(database.name()).await.unwrap();
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = worker(&client, registry, 64).await;
    until("every task has ended", async || {
        number(
            &database,
            "select count(*) from tasker.tasks where state <> 'complete'",
        )
        .await
            == 0
    })
    .await;
    worker.shutdown().await.unwrap();
    let after = pooler.counts(database.name()).await.unwrap();
    let transactions = after.transactions - before.transactions;
    assert!(
        transactions * 10 <= TASKS * 3,
        "{transactions} transactions for {} steps",
        TASKS * 3
    );
}

/// An archived batch is the call's own transaction, and none within it: PostgreSQL would warn.
#[tokio::test]
async fn a_batch_that_is_archived_behind_a_pooler_begins_one_transaction() {
    let database = database().await;
    let pooler = pooler(&database, 1).await;
    // Not through the pooler: hints to other processes would be counted, whenever they come.
    let direct = client(database.url(), settings());
    register_one(&direct, "one", json!({})).await;
    let task = create(&direct, "one", json!({})).await;
    direct
        .cancel_task(task, &Operator::named("a test"))
        .await
        .unwrap();
    let client = client(pooler.url(database.name()), settings());
    client.task(task).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut archive = tasker_core::store::Archive::new(directory.path(), Default::default());
    let rules = [tasker_core::model::RetentionRule {
        older_than_seconds: Some(0.0),
        ..Default::default()
    }];
    let before = pooler.counts(database.name()).await.unwrap();
    let batch = client
        .prune_batch(&rules, None, Some(&mut archive))
        .await
        .unwrap();
    let after = pooler.counts(database.name()).await.unwrap();
    assert_eq!(batch.tasks, 1);
    assert_eq!(after.transactions - before.transactions, 1);
    // Begin, two statements of two round trips each, commit: a second begin and commit would be eight.
    assert_eq!(after.round_trips - before.round_trips, 6);
}
