//! Users that were granted one role of Tasker's each: what it is for works, the rest is refused and says what is missing.

use crate::support::{
    PATIENCE, create, database, ended, number, only, register, register_one, settings, until, worker,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tasker_core::{
    Client, ClientOptions, Error, ErrorKind,
    handler::{HandlerError, Registry, Step},
    model::{
        AnalysisWeights, BulkVerb, NamePage, Operator, PauseScope, RetentionRule, Settings, State,
        StepFilter, StepSelector, StepUpdate, TaskFilter, TaskRequest, TaskUpdate, WorkerFilter,
    },
};
use tasker_tests::{Logins, TestDatabase};

struct Stage {
    logins: Logins,
    database: TestDatabase,
}

/// A database with the roles made in it.
async fn stage() -> Stage {
    let database = database().await;
    let logins = Logins::of(&database);
    let owner = client_of(database.url(), settings());
    let report = owner.grant_roles(Some(logins.prefix()), false).await.unwrap();
    assert!(report.left.is_empty(), "{:?}", report.left);
    register_one(&owner, "one", json!({})).await;
    owner.close().await;
    Stage { logins, database }
}

fn client_of(url: String, settings: Settings) -> Client {
    Client::new(ClientOptions {
        database_url: Some(url),
        settings,
        ..ClientOptions::default()
    })
    .unwrap()
}

impl Stage {
    /// The URL of a user that is a member of one role.
    async fn member(&self, kind: &str) -> String {
        let url = self
            .logins
            .add(&format!("in_{kind}"), "nosuperuser")
            .await
            .unwrap();
        let grant = format!("grant {{}}_{kind} to {{}}_in_{kind}");
        self.logins.run(&grant).await.unwrap();
        url
    }

    async fn client(&self, kind: &str) -> Client {
        client_of(self.member(kind).await, settings())
    }

    fn owner(&self) -> Client {
        client_of(self.database.url(), settings())
    }
}

fn forbidden<T: std::fmt::Debug>(answer: Result<T, Error>, role: &str) {
    let error = answer.expect_err("this was not refused");
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
    assert!(!error.retry);
    assert!(error.message.contains(role), "{error}");
    assert!(error.message.contains("tasker migrate --roles"), "{error}");
}

fn me() -> Operator {
    Operator::named("a test")
}

#[tokio::test]
async fn who_may_enqueue_creates_tasks_and_waits_for_them_and_does_nothing_else() {
    let stage = stage().await;
    let url = stage.member("enqueue").await;
    let client = client_of(url.clone(), settings());
    assert!(client.schema_version().await.unwrap().is_some());
    let by_client = create(&client, "one", json!({"n": 1})).await;
    assert_eq!(client.task_state(by_client).await.unwrap(), State::Pending);

    let mut connection = PgConnection::connect(&url).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let request = TaskRequest::new("one");
    let kept = client.create_task_in(&mut transaction, &request).await.unwrap();
    let by_sql: (uuid::Uuid, bool) = sqlx::query_as(
        "select created_task_id, created from tasker.create_task('default', 'one', context => '{}')",
    )
    .fetch_one(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    client.wake();

    let owner = stage.owner();
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = worker(&owner, registry, 2).await;
    for task in [by_client, kept.task_id, by_sql.0] {
        let state = client
            .wait_state(task, &[State::Complete], PATIENCE)
            .await
            .unwrap();
        assert_eq!(state, State::Complete);
    }
    worker.shutdown().await.unwrap();

    forbidden(client.task(by_client).await, "tasker_work or tasker_operate");
    forbidden(client.steps(by_client).await, "tasker_work");
    forbidden(client.list_tasks(&TaskFilter::default()).await, "tasker_operate");
    forbidden(client.why(by_client, None).await, "tasker_operate");
    forbidden(client.measurements().await, "tasker_operate");
    forbidden(client.cancel_task(by_client, &me()).await, "tasker_operate");
    let template = crate::support::template("other", &[("a", &[])]);
    forbidden(client.register_template(&template, false).await, "tasker_work");
    forbidden(
        client.prune_batch(&[RetentionRule::default()], None, None).await,
        "tasker_work",
    );
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let refused = tasker_core::handler::Worker::start(&client, registry, Default::default()).await;
    let error = refused.expect_err("a worker without the role");
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
    assert!(error.message.contains("tasker_work"), "{error}");
}

#[tokio::test]
async fn who_may_only_create_is_told_in_time_what_a_task_does_instead() {
    let stage = stage().await;
    let client = stage.client("enqueue").await;
    let task = create(&client, "one", json!({})).await;
    let error = client
        .wait_state(task, &[State::Complete], std::time::Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("it is pending"), "{error}");
}

#[tokio::test]
async fn who_may_work_runs_a_workflow_with_retries_to_its_end_and_keeps_the_house() {
    let stage = stage().await;
    let client = stage.client("work").await;
    register(
        &client,
        "flow",
        json!({"step_templates": [
            {"name": "a", "handler": "flaky", "default_retry_limit": 3},
            {"name": "b", "handler": "work", "depends_on_steps": ["a"]},
            {"name": "c", "handler": "work", "depends_on_steps": ["a"]},
            {"name": "d", "handler": "work", "depends_on_steps": ["b", "c"]}],
            "schema": {"type": "object", "properties": {"n": {"type": "integer", "default": 7}}}}),
    )
    .await;
    let mut registry = Registry::new();
    registry.handler("flaky", |step: Step| async move {
        match step.attempt() {
            3 => Ok(json!({"n": step.context().await?["n"]})),
            _ => Err(HandlerError::retryable("not yet")),
        }
    });
    registry.handler("work", |_: Step| async { Ok(()) });
    let worker = worker(&client, registry, 4).await;
    let task = create(&client, "flow", json!({})).await;
    assert_eq!(ended(&client, task).await.status, State::Complete);
    assert_eq!(only(&client, task).await.attempts, 3);
    // By raw SQL: its first claim validates it and fills the default in.
    let mut owner = stage.database.connect().await.unwrap();
    let raw: uuid::Uuid =
        sqlx::query_scalar("select created_task_id from tasker.create_task('default', 'flow')")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    client.wake();
    assert_eq!(ended(&client, raw).await.status, State::Complete);
    assert_eq!(only(&client, raw).await.results, json!({"n": 7}));
    worker.shutdown().await.unwrap();
    assert_eq!(
        number(
            &stage.database,
            "select count(*) from tasker.workers where state = 'stopped'"
        )
        .await,
        1
    );

    client.prune_leftovers().await.unwrap();
    client.add_trail_partitions().await.unwrap();
    client.drop_trail_partitions(1e9).await.unwrap();
    client
        .prune_batch(&[RetentionRule::default()], None, None)
        .await
        .unwrap();
    client.list_tasks(&TaskFilter::default()).await.unwrap();

    forbidden(client.cancel_task(task, &me()).await, "tasker_operate");
    let named = StepSelector::Name("a".to_owned());
    forbidden(
        client.retry_step(task, &named, false, &me()).await,
        "tasker_operate",
    );
    let scope = PauseScope::Handler("work".to_owned());
    forbidden(client.pause(&scope, &me()).await, "tasker_operate");
}

#[tokio::test]
async fn who_may_operate_has_every_verb_and_every_list_and_cannot_work() {
    let stage = stage().await;
    let client = stage.client("operate").await;
    register_one(&client, "two", json!({"default_retry_limit": 1})).await;
    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async {
        Err::<(), _>(HandlerError::permanent("no"))
    });
    let owner = stage.owner();
    let failing = worker(&owner, registry, 1).await;
    let step = StepSelector::Number(1);
    let mut failed = Vec::new();
    for _ in 0..4 {
        let task = create(&client, "two", json!({})).await;
        assert_eq!(ended(&client, task).await.status, State::Error);
        failed.push(task);
    }
    failing.shutdown().await.unwrap();

    client.retry_step(failed[0], &step, true, &me()).await.unwrap();
    client
        .update_step(failed[0], &step, &StepUpdate::default(), &me())
        .await
        .unwrap();
    client.cancel_step(failed[0], &step, &me()).await.unwrap();
    client
        .resolve_step(failed[1], &step, json!({}), &me())
        .await
        .unwrap();
    client.resolve_task(failed[2], &me()).await.unwrap();
    client.retry_task(failed[3], &me()).await.unwrap();
    client
        .update_task(failed[3], &TaskUpdate::default(), &me())
        .await
        .unwrap();
    for scope in [
        PauseScope::Task(failed[3]),
        PauseScope::Namespace("default".to_owned()),
        PauseScope::Handler("work".to_owned()),
    ] {
        client.pause(&scope, &me()).await.unwrap();
        client.resume(&scope, &me()).await.unwrap();
    }
    client.cancel_task(failed[3], &me()).await.unwrap();
    let everything = TaskFilter::default();
    client
        .operate_in_bulk(BulkVerb::Cancel, &everything, &me())
        .await
        .unwrap();

    client.list_tasks(&everything).await.unwrap();
    client.count_tasks(&everything, 10).await.unwrap();
    client
        .list_steps(failed[0], &StepFilter::default())
        .await
        .unwrap();
    client.list_workers(&WorkerFilter::default()).await.unwrap();
    client.measurements().await.unwrap();
    client.list_namespaces(&NamePage::default()).await.unwrap();
    client.list_handlers(&NamePage::default()).await.unwrap();
    client.named_tasks(None).await.unwrap();
    client.template("default", "two", None).await.unwrap();
    client.why(failed[0], None).await.unwrap();
    client.transitions(failed[0], Some(&step)).await.unwrap();
    client.readiness(failed[0]).await.unwrap();
    client
        .dependency_analysis(failed[0], &AnalysisWeights::default())
        .await
        .unwrap();
    client
        .count_prunable(&[RetentionRule::default()], None)
        .await
        .unwrap();
    client
        .prune_batch(&[RetentionRule::default()], None, None)
        .await
        .unwrap();

    let mut registry = Registry::new();
    registry.handler("work", |_: Step| async { Ok(()) });
    let refused = tasker_core::handler::Worker::start(&client, registry, Default::default()).await;
    let error = refused.expect_err("a worker without the role");
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
}

#[tokio::test]
async fn no_role_writes_to_a_table_or_reaches_what_the_functions_stand_on() {
    let stage = stage().await;
    for kind in ["enqueue", "work", "operate"] {
        let mut connection = PgConnection::connect(&stage.member(kind).await).await.unwrap();
        let writes: Vec<String> = sqlx::query_scalar(
            "select c.relname::text from pg_class c where c.relnamespace = (select oid from pg_namespace where nspname = 'tasker')
             and c.relkind in ('r', 'p', 'v', 'S') and (case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'usage, update')
             else has_table_privilege(c.oid, 'insert, update, delete, truncate, references, trigger') end)",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(writes, Vec::<String>::new(), "{kind}");
        for refused in [
            "update tasker.tasks set state = 'complete'",
            "select tasker.settle_tasks('{}', now())",
            "select tasker.delete_tasks('{}')",
            "select tasker.remember_roles('{work}', '{postgres}')",
            "create table tasker.mine ()",
            "create function tasker.clock(int) returns timestamptz language sql as 'select now()'",
        ] {
            let error = sqlx::raw_sql(AssertSqlSafe(refused))
                .execute(&mut connection)
                .await
                .unwrap_err();
            let code = error.as_database_error().and_then(|error| error.code());
            assert_eq!(code.as_deref(), Some("42501"), "{kind}: {refused}: {error}");
        }
    }
}

#[tokio::test]
async fn a_user_without_any_role_is_told_of_all_of_them() {
    let stage = stage().await;
    let url = stage.logins.add("nobody", "nosuperuser").await.unwrap();
    let client = client_of(url, settings());
    let error = client.create_task(&TaskRequest::new("one")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
    assert!(
        error
            .message
            .contains("tasker_enqueue or tasker_work or tasker_operate"),
        "{error}"
    );
    assert_eq!(error.details["roles"][0], "tasker_enqueue");
}

/// What runs with the owner's rights is not to be led astray by what the caller puts in front of it.
#[tokio::test]
async fn functions_and_tables_that_the_caller_slips_in_front_of_ours_are_never_met() {
    let stage = stage().await;
    let url = stage.member("work").await;
    stage
        .logins
        .run("create schema trap authorization {}_in_work")
        .await
        .unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // Every name that our functions use without a schema, for any argument; and an operator better than the real one.
    let used: Vec<String> = sqlx::query_scalar(
        "select distinct p.oid::regprocedure::text from pg_proc p
         where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and exists (
           select from pg_proc o where o.pronamespace = (select oid from pg_namespace where nspname = 'tasker')
           and o.prosrc ~ ('\\m' || p.proname || '\\('))
         and not exists (select from unnest(p.proargtypes) t(oid) join pg_type y on y.oid = t.oid where y.typtype = 'p')
         and p.prorettype <> 'internal'::regtype and not p.proretset",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(used.len() > 20, "{used:?}");
    let mut traps = "create table trap.sprung (who text);".to_owned();
    for signature in &used {
        traps += &format!(
            "create function trap.{} returns text language plpgsql as $$ begin \
             raise exception 'sprung by %', current_user using errcode = 'XX999'; end $$;",
            signature.trim_start_matches("pg_catalog.")
        );
    }
    for operator in ["=", "<", "<=", ">=", "+", "-"] {
        for kind in ["uuid", "int", "timestamptz", "text"] {
            traps += &format!(
                "create function trap.op_{0}(a {kind}, b {kind}) returns boolean language plpgsql as $$ begin \
                 raise exception 'sprung by %', current_user using errcode = 'XX999'; end $$; \
                 create operator trap.{operator} (leftarg = {kind}, rightarg = {kind}, function = trap.op_{0});",
                format!(
                    "{kind}_{}",
                    operator.bytes().map(|b| b.to_string()).collect::<String>()
                )
            );
        }
    }
    for table in [
        "tasks",
        "workflow_steps",
        "plans",
        "lanes",
        "named_tasks",
        "workers",
        "pg_proc",
        "pg_namespace",
        "k",
        "x",
    ] {
        traps +=
            &format!("create temp table {table} (who text); create view trap.{table} as select 1/0 as who;");
    }
    traps +=
        "create type pg_temp.task_request as (who text); set search_path = pg_temp, trap, pg_catalog, tasker";
    sqlx::raw_sql(AssertSqlSafe(traps))
        .execute(&mut connection)
        .await
        .unwrap();
    let sprung = sqlx::raw_sql("select jsonb_typeof('{}'::jsonb)")
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert_eq!(
        sprung.as_database_error().unwrap().code().as_deref(),
        Some("XX999"),
        "the trap is not set"
    );

    let worker: i64 = sqlx::query_scalar(
        "select tasker.register_worker('w', 'h', 1, 'sql', null, '{work}'::pg_catalog.text[], 1, 30)",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let calls = [
        "select tasker.create_task('default', 'one', context => '{\"a\": 1}')".to_owned(),
        "select tasker.create_tasks('[{\"name\": \"one\", \"idempotency_key\": \"k\"}, {\"name\": \"one\", \"idempotency_key\": \"k\"}]')"
            .to_owned(),
        "select tasker.find_plan('default', 'one')".to_owned(),
        format!("select tasker.heartbeat({worker})"),
        format!("select tasker.claim_steps({worker}, 2)"),
        format!("select tasker.held_steps({worker})"),
        format!(
            "do $$ declare h record; begin for h in select * from tasker.held_steps({worker}) loop \
             if h.claim_no operator(pg_catalog.=) 1 then perform tasker.complete_step(h.task_id, h.step_no, h.claim_no, '{{}}'); end if; \
             end loop; end $$"
        ),
        "select tasker.get_system_health_counts_v01()".to_owned(),
        "select tasker.prune_tasks('[{\"older_than_seconds\": 0}]')".to_owned(),
        "select tasker.reap_workers(1)".to_owned(),
        "select tasker.notify_idle()".to_owned(),
        "select tasker.begin_maintenance('prune', 60)".to_owned(),
        "select tasker.drop_trail_partitions(1000000)".to_owned(),
        format!("select tasker.stop_worker({worker})"),
    ];
    for call in calls {
        let answer = sqlx::raw_sql(AssertSqlSafe(call.clone()))
            .execute(&mut connection)
            .await;
        assert!(answer.is_ok(), "{call}: {:?}", answer.err());
    }
    until("a task was created, run and pruned", async || {
        number(&stage.database, "select count(*) from tasker.task_identities").await == 1
    })
    .await;
}
