//! The three roles: who makes them, what they get, and that nobody else gets in.

use crate::support::{migrated, store};
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::BTreeSet;
use tasker_core::ErrorKind;
use tasker_core::store::{RolesReport, Statements, Store};
use tasker_migrations::{GRANTS, MIGRATIONS, Role, roles_of};
use tasker_tests::{Logins, TestDatabase};

async fn texts(connection: &mut PgConnection, question: &str) -> BTreeSet<String> {
    let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
        .fetch_all(connection)
        .await
        .unwrap();
    found.into_iter().collect()
}

fn names(functions: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
    functions.into_iter().map(str::to_owned).collect()
}

const OURS: &str = "p.pronamespace = (select oid from pg_namespace where nspname = 'tasker')";

#[tokio::test]
async fn every_function_that_runs_as_the_owner_is_some_roles_and_its_search_path_is_fixed() {
    let database = migrated().await.unwrap();
    let mut owner = database.connect().await.unwrap();
    let defining = format!("select distinct p.proname::text from pg_proc p where p.prosecdef and {OURS}");
    let defining = texts(&mut owner, &defining).await;
    let granted = names(GRANTS.iter().flat_map(|(_, functions)| functions.iter().copied()));
    let nobodys: Vec<&String> = defining.difference(&granted).collect();
    assert!(
        nobodys.is_empty(),
        "no role may call {nobodys:?}: see migrations/src/roles.rs"
    );
    let others: BTreeSet<String> = granted.difference(&defining).cloned().collect();
    let harmless = [
        "backoff_seconds",
        "channel",
        "clock",
        "scaled",
        "search_attribute",
        "tag_keys",
        "uuid_at",
        "uuid_v7",
        "uuid_v7_time",
    ];
    assert_eq!(others, names(harmless), "with the caller's own rights");
    let loose = format!(
        "select p.proname::text from pg_proc p where p.prosecdef and {OURS}
         and not coalesce(p.proconfig, '{{}}') @> array['search_path=pg_catalog, pg_temp']"
    );
    assert_eq!(
        texts(&mut owner, &loose).await,
        BTreeSet::new(),
        "with a search_path of the caller's"
    );
    let count: usize = GRANTS.iter().map(|(_, functions)| functions.len()).sum();
    assert_eq!(count, granted.len(), "a function stands in two lists");
}

#[tokio::test]
async fn after_a_migration_no_function_is_open_to_everybody() {
    let database = migrated().await.unwrap();
    let mut owner = database.connect().await.unwrap();
    let open = format!(
        "select p.proname::text from pg_proc p where {OURS} and exists (
         select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)"
    );
    assert_eq!(texts(&mut owner, &open).await, BTreeSet::new());
}

/// The statements of the core call functions: whoever runs a statement must be able to.
#[test]
fn every_function_that_a_statement_calls_is_some_roles_or_the_owners_own() {
    let owners = [
        "close_functions",
        "create_api_key",
        "remember_roles",
        "revoke_api_key",
    ];
    let made: String = MIGRATIONS.iter().map(|migration| migration.sql).collect();
    let mut called = 0;
    for (statement, text) in Statements::FILES {
        let code: String = text.lines().filter(|line| !line.starts_with("--")).collect();
        for rest in code.split("tasker.").skip(1) {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !made.contains(&format!("create function tasker.{name}(")) || owners.contains(&name.as_str()) {
                continue;
            }
            called += 1;
            assert!(
                !roles_of(&name).is_empty(),
                "{statement} calls {name}, which no role may"
            );
        }
    }
    assert!(called > 30, "the statements were not read");
}

async fn grant(store: &Store, logins: &Logins, dry_run: bool) -> RolesReport {
    store.grant_roles(Some(logins.prefix()), dry_run).await.unwrap()
}

async fn existing(logins: &Logins, database: &TestDatabase) -> i64 {
    let question = format!(
        "select count(*) from pg_roles where rolname ^@ '{}_'",
        logins.prefix()
    );
    sqlx::query_scalar(AssertSqlSafe(question))
        .fetch_one(&mut database.connect().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn roles_are_made_once_and_a_dry_run_makes_none() {
    let database = migrated().await.unwrap();
    let logins = Logins::of(&database);
    let owner = store(&database.url(), "tasker").unwrap();
    let foreseen = grant(&owner, &logins, true).await;
    assert_eq!(existing(&logins, &database).await, 0);
    let first = grant(&owner, &logins, false).await;
    assert_eq!(foreseen.done, first.done);
    assert!(first.left.is_empty() && first.roles.iter().all(|role| !role.existed));
    assert_eq!(existing(&logins, &database).await, 3);
    let second = grant(&owner, &logins, false).await;
    assert!(second.done.is_empty() && second.left.is_empty(), "{second:?}");
    assert!(second.roles.iter().all(|role| role.existed));
}

/// Roles belong to the server: two databases may make the same ones at the same moment, and each grants its own.
#[tokio::test]
async fn many_processes_in_two_databases_make_the_same_roles_at_once() {
    let (one, other) = (migrated().await.unwrap(), migrated().await.unwrap());
    let logins = Logins::of(&one);
    let (ours, theirs) = (Logins::of(&one), other);
    for _ in 0..3 {
        let stores: Vec<Store> = [&one, &theirs, &one, &theirs]
            .map(|database| store(&database.url(), "tasker").unwrap())
            .into();
        let all = stores.iter().map(|store| grant(store, &logins, false));
        for report in futures_util::future::join_all(all).await {
            assert!(report.left.is_empty(), "{report:?}");
        }
        let mut other = theirs.connect().await.unwrap();
        let clean = format!(
            "do $$ declare r text; begin for r in select rolname from pg_roles where rolname ^@ '{}_' loop
             execute format('drop owned by %I', r); end loop; end $$",
            ours.prefix()
        );
        sqlx::raw_sql(AssertSqlSafe(clean))
            .execute(&mut other)
            .await
            .unwrap();
        drop(Logins::of(&one));
        assert_eq!(existing(&logins, &one).await, 0);
    }
}

#[tokio::test]
async fn an_owner_that_may_not_make_roles_is_told_what_is_left_and_a_second_run_does_the_rest() {
    let database = TestDatabase::create().await.unwrap();
    let logins = Logins::of(&database);
    let url = logins.add("owner", "nosuperuser").await.unwrap();
    logins
        .run("create schema tasker authorization {}_owner")
        .await
        .unwrap();
    let owner = store(&url, "tasker").unwrap();
    owner.migrate().await.unwrap();
    let report = grant(&owner, &logins, false).await;
    assert!(report.done.is_empty() && !report.owner_is_superuser);
    assert_eq!(report.owner, format!("{}_owner", logins.prefix()));
    let (make, rest) = report.left.split_at(3);
    assert!(
        make.iter().all(|statement| statement.starts_with("create role")),
        "{make:?}"
    );
    assert!(
        rest.iter().all(|statement| statement.starts_with("grant")),
        "{rest:?}"
    );
    logins.run(&make.join("; ")).await.unwrap();
    let second = grant(&owner, &logins, false).await;
    assert_eq!(second.done, rest);
    assert!(second.left.is_empty());
}

#[tokio::test]
async fn what_is_left_is_all_that_somebody_else_has_to_run() {
    let database = migrated().await.unwrap();
    let logins = Logins::of(&database);
    let url = logins.add("stranger", "nosuperuser").await.unwrap();
    let stranger = store(&url, "tasker").unwrap();
    let report = grant(&stranger, &logins, false).await;
    assert!(report.done.is_empty());
    assert!(report.owner_is_superuser);
    logins.run(&report.left.join("; ")).await.unwrap();
    let after = grant(&store(&database.url(), "tasker").unwrap(), &logins, false).await;
    assert!(after.done.is_empty() && after.left.is_empty(), "{after:?}");
}

#[tokio::test]
async fn without_a_schema_there_is_nothing_to_grant() {
    let database = TestDatabase::create().await.unwrap();
    let owner = store(&database.url(), "tasker").unwrap();
    let error = owner.grant_roles(None, true).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::SchemaMismatch, "{error}");
    assert!(error.message.contains("tasker migrate"), "{error}");
}

/// What the last migration brought, taken back.
const ONE_MIGRATION_BACK: &str = "
    delete from tasker.schema_migrations where version = (select max(version) from tasker.schema_migrations);
    drop function tasker.keep_action, tasker.changes, tasker.hold_task, tasker.refuse_unknown_scope, tasker.update_task, tasker.annotate_task;
    create function tasker.update_task(p_task_id uuid, p_reason text, p_tags text[], p_priority int) returns void language sql as 'select';
    create function tasker.annotate_task(p_task_id uuid, p_annotation_type text, p_annotation jsonb) returns tasker.task_annotations
      language sql as 'select null::tasker.task_annotations';
    drop table tasker.operator_actions";

/// A schema one migration older, as this library will once have left it behind.
async fn one_migration_older(database: &TestDatabase) {
    let mut owner = database.connect().await.unwrap();
    sqlx::raw_sql(ONE_MIGRATION_BACK)
        .execute(&mut owner)
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_migrates_what_is_made_belongs_to_the_owner_of_the_schema() {
    let database = TestDatabase::create().await.unwrap();
    let logins = Logins::of(&database);
    let url = logins.add("owner", "nosuperuser").await.unwrap();
    logins
        .run("create schema tasker authorization {}_owner")
        .await
        .unwrap();
    // The superuser comes first, and again after a release.
    let admin = store(&database.url(), "tasker").unwrap();
    admin.migrate().await.unwrap();
    one_migration_older(&database).await;
    admin.migrate().await.unwrap();
    let mut owner = database.connect().await.unwrap();
    let owners = format!(
        "select distinct pg_get_userbyid(p.proowner)::text from pg_proc p where {OURS}
         union select pg_get_userbyid(c.relowner) from pg_class c where c.relnamespace = 'tasker'::regnamespace
         union select pg_get_userbyid(t.typowner) from pg_type t where t.typnamespace = 'tasker'::regnamespace"
    );
    let expected = format!("{}_owner", logins.prefix());
    assert_eq!(texts(&mut owner, &owners).await, BTreeSet::from([expected]));
    assert_eq!(grant(&admin, &logins, false).await.left, Vec::<String>::new());
    store(&url, "tasker").unwrap().migrate().await.unwrap();
}

#[tokio::test]
async fn who_may_not_act_as_the_owner_does_not_migrate_and_is_told_who_may() {
    let database = migrated().await.unwrap();
    let logins = Logins::of(&database);
    let owner = store(&database.url(), "tasker").unwrap();
    grant(&owner, &logins, false).await;
    let url = logins.add("app", "nosuperuser").await.unwrap();
    logins.run("grant {}_work to {}_app").await.unwrap();
    let app = store(&url, "tasker").unwrap();
    assert!(
        app.migrate().await.unwrap().applied.is_empty(),
        "the schema is current"
    );
    one_migration_older(&database).await;
    let error = app.migrate().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
    assert!(error.message.contains("belongs to the role"), "{error}");
}

#[tokio::test]
async fn a_later_migration_gives_the_roles_what_it_brings() {
    let database = migrated().await.unwrap();
    let logins = Logins::of(&database);
    let owner = store(&database.url(), "tasker").unwrap();
    grant(&owner, &logins, false).await;
    let mut connection = database.connect().await.unwrap();
    // As if `cancel_task` were new, and open to everybody as PostgreSQL makes functions.
    let older = format!(
        "{ONE_MIGRATION_BACK}; revoke execute on function tasker.cancel_task from {}_operate;
         grant execute on function tasker.cancel_task to public",
        logins.prefix()
    );
    sqlx::raw_sql(AssertSqlSafe(older))
        .execute(&mut connection)
        .await
        .unwrap();
    owner.migrate().await.unwrap();
    let question = format!(
        "select kind || ' ' || has_function_privilege('{}_' || kind, 'tasker.cancel_task(uuid, text, text)', 'execute')
         || ' ' || has_function_privilege('{0}_' || kind, 'tasker.search_attribute(jsonb)', 'execute')
         || ' ' || has_function_privilege('{0}_' || kind, 'tasker.insert_search_attributes(uuid[])', 'execute') from tasker.roles",
        logins.prefix()
    );
    let expected = [
        "enqueue false true false",
        "work false true false",
        "operate true true false",
    ];
    assert_eq!(texts(&mut connection, &question).await, names(expected));
    assert_eq!(Role::ALL.len(), 3);
}
