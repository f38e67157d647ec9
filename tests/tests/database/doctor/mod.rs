//! `Client::doctor`: each finding, caused for real: not found before, found after.

mod connection;
mod disk;
mod pooler;
mod schema;
mod server;
mod sessions;
mod tables;
mod work;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tasker_core::model::{Check, CheckId, CheckStatus, DoctorLimits, DoctorReport, Finding, Settings};
use tasker_core::{Client, ClientOptions};
use tasker_tests::{PrivateServer, TestDatabase};

/// A client on a database, as a program holds it.
pub(crate) fn client_on(url: &str) -> Client {
    client_with(url, Settings::default())
}

pub(crate) fn client_with(url: &str, settings: Settings) -> Client {
    Client::new(ClientOptions {
        database_url: Some(url.to_owned()),
        settings,
        ..ClientOptions::default()
    })
    .unwrap()
}

/// A doctor for one client.
pub(crate) struct Doctor {
    pub(crate) client: Client,
    pub(crate) limits: DoctorLimits,
}

impl Doctor {
    pub(crate) fn on(url: &str) -> Self {
        Self {
            client: client_on(url),
            limits: DoctorLimits::default(),
        }
    }

    pub(crate) async fn report(&self) -> DoctorReport {
        let report = self.client.doctor(&self.limits).await;
        let order: Vec<CheckId> = report.checks.iter().map(|check| check.check).collect();
        assert!(order.is_sorted(), "checks come in order: {order:?}");
        for check in report.checks.iter().filter(|check| check.finding.is_some()) {
            assert!(!check.advice.is_empty(), "{check:?} says nothing to do");
        }
        report
    }

    /// What is found once `cause` has happened, and was not before.
    pub(crate) async fn finds(&self, finding: Finding, cause: impl AsyncFnOnce()) -> Check {
        let before = self.report().await;
        assert_eq!(
            before.of(finding).count(),
            0,
            "found without a cause: {:?}",
            before.checks
        );
        cause().await;
        self.still_finds(finding).await
    }

    pub(crate) async fn still_finds(&self, finding: Finding) -> Check {
        let report = self.report().await;
        let found = report.of(finding).next().cloned();
        let found = found.unwrap_or_else(|| panic!("{finding} was not found: {:#?}", report.checks));
        assert_eq!(found.status, finding.status());
        assert!(report.status >= found.status, "the worst counts");
        found
    }

    pub(crate) async fn no_longer_finds(&self, finding: Finding) {
        let report = self.report().await;
        assert_eq!(report.of(finding).count(), 0, "{:#?}", report.checks);
    }
}

/// Runs statements as whoever the URL names.
pub(crate) async fn sql(url: &str, statements: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    run(&mut connection, statements).await;
    // What a session counted is told when it ends.
    connection.close().await.unwrap();
}

pub(crate) async fn run(connection: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// The SQL among the advice of a check.
pub(crate) fn remedies(check: &Check) -> Vec<String> {
    let statements = check
        .advice
        .iter()
        .filter(|advice| advice.ends_with(';') && !advice.contains(": "));
    statements.cloned().collect()
}

/// A server of the test's own with a migrated database, and its URL.
pub(crate) async fn server(settings: &[(&str, &str)]) -> (PrivateServer, String) {
    let server = PrivateServer::start_with(settings).await.unwrap();
    let url = server.database("shop").await.unwrap();
    let client = client_on(&url);
    client.migrate().await.unwrap();
    client.close().await;
    (server, url)
}

/// The URL of a database for another role.
pub(crate) fn as_role(url: &str, role: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_username(role).unwrap();
    url.into()
}

/// Roles belong to the server, databases to the test.
pub(crate) fn role_of(database: &TestDatabase) -> String {
    format!("role_of_{}", database.name())
}

#[tokio::test]
async fn on_a_healthy_server_nothing_is_wrong_and_every_check_is_made() {
    let (_server, url) = server(&[("fsync", "on"), ("full_page_writes", "on")]).await;
    let doctor = Doctor::on(&url);
    sql(
        &url,
        "select tasker.register_worker('test', 'here', 1, 'rust', null, array['work'], 4, 60)",
    )
    .await;
    let report = doctor.report().await;
    let told: Vec<&Check> = report
        .checks
        .iter()
        .filter(|check| check.status != CheckStatus::Ok && check.check != CheckId::Disk)
        .collect();
    assert!(told.is_empty(), "{told:#?}");
    let made: Vec<CheckId> = report.checks.iter().map(|check| check.check).collect();
    assert_eq!(made, CheckId::ALL);
    assert_eq!(report.source.as_deref(), Some("explicit"));
    assert!(report.database.unwrap().ends_with(":5432/shop"));
}

/// What no test can cause has its verdict tested with made-up facts.
const JUDGED_BY_FACTS: [Finding; 3] = [
    Finding::PostgresTooOld,
    Finding::TransactionIdsRunningOut,
    Finding::ClockFarOff,
];

#[test]
fn every_finding_is_caused_by_a_test() {
    let caused = [
        include_str!("connection.rs"),
        include_str!("disk.rs"),
        include_str!("pooler.rs"),
        include_str!("schema.rs"),
        include_str!("server.rs"),
        include_str!("sessions.rs"),
        include_str!("tables.rs"),
        include_str!("work.rs"),
        include_str!("../../../../cli/tests/doctor.rs"),
    ]
    .concat();
    let judged = include_str!("../../../../core/src/engine/doctor/server_tests.rs");
    for finding in Finding::ALL {
        let place = if JUDGED_BY_FACTS.contains(finding) {
            judged
        } else {
            &caused
        };
        let in_rust = format!("Finding::{finding:?}");
        let in_json = format!("\"{finding}\"");
        assert!(
            place.contains(&in_rust) || place.contains(&in_json),
            "no test causes {finding}"
        );
    }
}
