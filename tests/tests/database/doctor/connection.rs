//! No connection: each reason has its name.

use super::{Doctor, as_role, role_of, server, sql};
use crate::support::migrated;
use sqlx::{Connection, PgConnection};
use tasker_core::ErrorKind;
use tasker_core::cluster::StopMode;
use tasker_core::model::{CheckId, Finding};

#[tokio::test]
async fn a_server_that_is_down_is_unreachable_and_nothing_else_is_looked_at() {
    let (server, url) = server(&[]).await;
    let mut doctor = Doctor::on(&url);
    // A full disk would explain it; how full this machine's is does not matter.
    doctor.limits.free_disk_share = 0.0;
    let found = doctor
        .finds(Finding::ServerUnreachable, async || {
            server.stop(StopMode::Fast).await.unwrap()
        })
        .await;
    assert!(found.message.contains("cannot be reached"), "{}", found.message);
    assert_eq!(doctor.report().await.checks.len(), 1);
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_unreachable() {
    let doctor = Doctor::on("postgres://app@no-such-host.invalid/shop");
    doctor.still_finds(Finding::ServerUnreachable).await;
    assert_eq!(
        doctor.report().await.database.as_deref(),
        Some("app@no-such-host.invalid:5432/shop")
    );
}

#[tokio::test]
async fn a_server_that_is_going_down_is_not_ready() {
    let (server, url) = server(&[]).await;
    // A smart stop waits for this session, and lets nobody else in.
    let stays = PgConnection::connect(&url).await.unwrap();
    let watch = async {
        loop {
            // Each time a client of its own: an open connection would be let in.
            let doctor = Doctor::on(&url);
            let report = doctor.report().await;
            doctor.client.close().await;
            if report.of(Finding::ServerNotReady).next().is_some() {
                break;
            }
        }
        stays.close().await.unwrap();
    };
    let (stopped, watched) = tokio::join!(
        server.stop(StopMode::Smart),
        tokio::time::timeout(std::time::Duration::from_secs(30), watch)
    );
    watched.expect("the server never said that it is shutting down");
    stopped.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_a_login_refused_and_never_shown() {
    let (server, url) = server(&[]).await;
    sql(&url, "create role anna login password 'right'").await;
    let rules = server.status().data_dir.join("data/pg_hba.conf");
    let trusting = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("local all anna scram-sha-256\n{trusting}")).unwrap();
    sql(&url, "select pg_reload_conf()").await;
    let with_password = |password: &str| {
        let mut url = url::Url::parse(&as_role(&url, "anna")).unwrap();
        url.set_password(Some(password)).unwrap();
        String::from(url)
    };
    let doctor = Doctor::on(&with_password("sesame"));
    let found = doctor.still_finds(Finding::LoginRefused).await;
    assert_eq!(found.found["sqlstate"], "28P01");
    let whole = serde_json::to_string(&doctor.report().await).unwrap();
    assert!(!whole.contains("sesame"), "{whole}");
    Doctor::on(&with_password("right"))
        .no_longer_finds(Finding::LoginRefused)
        .await;
}

#[tokio::test]
async fn a_role_that_does_not_exist_or_may_not_connect_is_a_login_refused() {
    let database = migrated().await.unwrap();
    let role = role_of(&database);
    let doctor = Doctor::on(&as_role(&database.url(), &role));
    assert_eq!(
        doctor.still_finds(Finding::LoginRefused).await.found["sqlstate"],
        "28000"
    );
    let prepare = format!(
        "create role {role} login; revoke connect on database {} from public",
        database.name()
    );
    sql(&database.url(), &prepare).await;
    let found = doctor.still_finds(Finding::LoginRefused).await;
    sql(&database.url(), &format!("drop role {role}")).await;
    assert_eq!(found.found["sqlstate"], "42501");
    assert!(found.advice[0].contains("grant connect"), "{:?}", found.advice);
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_missing() {
    let database = migrated().await.unwrap();
    let mut url = url::Url::parse(&database.url()).unwrap();
    url.set_path("no_such_database");
    let found = Doctor::on(url.as_str())
        .still_finds(Finding::DatabaseMissing)
        .await;
    assert!(found.message.contains("no_such_database"), "{}", found.message);
}

#[tokio::test]
async fn a_role_without_a_connection_left_is_told_by_the_doctor_and_by_every_other_verb() {
    let database = migrated().await.unwrap();
    let role = role_of(&database);
    sql(
        &database.url(),
        &format!("create role {role} login connection limit 0"),
    )
    .await;
    let doctor = Doctor::on(&as_role(&database.url(), &role));
    let found = doctor.still_finds(Finding::NoConnectionLeft).await;
    let error = doctor.client.schema_version().await.unwrap_err();
    sql(&database.url(), &format!("drop role {role}")).await;
    assert_eq!(found.check, CheckId::Connection);
    assert_eq!((error.kind, error.retry), (ErrorKind::DatabaseUnavailable, true));
    assert!(error.message.contains("no connection left"), "{}", error.message);
}

#[tokio::test]
async fn a_url_that_is_none_of_postgresql_names_no_database() {
    Doctor::on("mysql://app@host/shop")
        .still_finds(Finding::NoDatabaseNamed)
        .await;
    Doctor::on("postgres://app@host:port/shop")
        .still_finds(Finding::NoDatabaseNamed)
        .await;
}

#[tokio::test]
async fn another_reason_is_told_in_the_servers_own_words() {
    let (_server, url) = server(&[]).await;
    let doctor = Doctor::on(&url);
    let broken = "update pg_database set datallowconn = false where datname = 'shop'";
    sql(&url.replace("/shop", "/postgres"), broken).await;
    let found = doctor.still_finds(Finding::ConnectionFailed).await;
    assert!(
        found.message.contains("not currently accepting"),
        "{}",
        found.message
    );
}
