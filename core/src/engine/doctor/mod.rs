//! doctor: what is wrong with the database, the schema and the work in it, and what to do about it.
//!
//! Each file here looks at one part: facts come from the store, a verdict on them is a pure function. What an earlier check
//! makes impossible is left out: no schema without a connection, no work without a schema.

mod connection;
mod disk;
mod schema;
mod server;
mod sessions;
mod tables;
mod words;
mod work;

use super::Client;
use crate::cluster::{DatabaseLocation, resolve_database};
use crate::error::{Error, ErrorKind};
use crate::model::{Check, CheckId, CheckSection, CheckStatus, DoctorLimits, DoctorReport};
use crate::store::{Held, Store};
use std::time::Duration;

/// How long a server may take to answer at all.
const CONNECT_TIME: Duration = Duration::from_secs(10);

impl Client {
    /// Looks at everything that can be wrong: the way to the database, the server, the schema, its tables, workers and what
    /// waits for them. Changes nothing. Where no database is named the private cluster is started, as by every other verb.
    ///
    /// What is wrong stands in the report; also a database that cannot be reached is an answer, not an error.
    pub async fn doctor(&self, limits: &DoctorLimits) -> DoctorReport {
        let mut report = DoctorReport {
            status: CheckStatus::Ok,
            checked_at: chrono::Utc::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: None,
            source: None,
            schema: self.inner.schema.to_string(),
            checks: Vec::new(),
        };
        let mut examination = Examination {
            limits,
            checks: Vec::new(),
        };
        self.examine(&mut report, &mut examination).await;
        // A check looked at early may belong further down: a pooler shows itself by a refused connection.
        examination.checks.sort_by_key(|check| check.check);
        report.checks = examination.checks;
        report.status = report
            .checks
            .iter()
            .map(|check| check.status)
            .max()
            .unwrap_or(CheckStatus::Ok);
        report
    }

    async fn examine(&self, report: &mut DoctorReport, examination: &mut Examination<'_>) {
        let explicit = self.inner.options.database_url.as_deref();
        let choice = match resolve_database(explicit, &|name| std::env::var(name).ok()) {
            Ok(choice) => choice,
            Err(error) => return examination.add(connection::no_database(&error)),
        };
        report.source = Some(choice.source.to_string());
        let private = choice.location == DatabaseLocation::Embedded;
        // Not `store()`: a schema that this code does not fit is what is to be looked at.
        let store = match self.opened().await {
            Ok(opened) => &opened.store,
            Err(error) => return examination.unreachable(&error, private, None).await,
        };
        report.database = store.target();
        let mut held = match fresh(store).await {
            Ok(held) => held,
            Err(error) => return examination.unreachable(&error, private, Some(store)).await,
        };
        let Some(server) = examination.server(store, &mut held).await else {
            return;
        };
        connection::pooler(examination, store, &mut held, &server).await;
        server::check(examination, store, &mut held, &server).await;
        sessions::check(examination, store, &mut held, &server).await;
        if schema::check(examination, store, &mut held, &server).await {
            tables::check(examination, store, &mut held, &server).await;
            work::check(examination, store, &mut held, &server).await;
        } else {
            examination.add(server::connections(&server, work::each(store), None));
        }
    }
}

/// A connection of the examination's own. One of the pool may be broken since it was used last, or have been opened before
/// somebody changed a setting.
async fn fresh(store: &Store) -> Result<Held, Error> {
    match tokio::time::timeout(CONNECT_TIME, store.acquire_beyond()).await {
        Ok(connected) => connected,
        Err(_) => Err(Error::new(
            ErrorKind::DatabaseUnavailable,
            format!(
                "PostgreSQL cannot be reached: no answer within {} s",
                CONNECT_TIME.as_secs()
            ),
        )),
    }
}

/// One examination: what was found so far.
struct Examination<'l> {
    limits: &'l DoctorLimits,
    checks: Vec<Check>,
}

impl Examination<'_> {
    fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// What a check found; where that is nothing, that all is well.
    fn add_all(&mut self, found: Vec<Check>, otherwise: impl FnOnce() -> Check) {
        if found.is_empty() {
            self.checks.push(otherwise());
        }
        self.checks.extend(found);
    }

    /// The facts; or, for each check that needed them, that they cannot be had.
    fn facts<T>(&mut self, result: Result<T, Error>, checks: &[CheckId]) -> Option<T> {
        match result {
            Ok(facts) => Some(facts),
            Err(error) => {
                for check in checks {
                    self.add(unseen(*check, &error));
                }
                None
            }
        }
    }

    /// No connection, or none any more: why, and what of it can be seen from here.
    async fn unreachable(&mut self, error: &Error, private: bool, store: Option<&Store>) {
        self.add(connection::failed(error, private, store).await);
        let disks = match store {
            _ if private => disk::of_private_cluster(self.limits).await,
            Some(store) => disk::beside_socket(store, self.limits),
            None => Vec::new(),
        };
        // That there is room enough explains nothing.
        self.checks
            .extend(disks.into_iter().filter(|check| check.finding.is_some()));
    }

    /// The facts about the server, on which nearly everything else stands.
    async fn server(&mut self, store: &Store, held: &mut Held) -> Option<crate::store::ServerFacts> {
        let facts = crate::store::run!(store, held, None, |connection| store.doctor_server(connection));
        match facts {
            Ok(facts) => Some(facts),
            Err(error) => {
                // The server may have gone since the connection was made.
                self.unreachable(&error, false, Some(store)).await;
                None
            }
        }
    }
}

/// Why a check could not be made.
fn unseen(check: CheckId, error: &Error) -> Check {
    let why = match error.kind {
        ErrorKind::Forbidden => "the role may not look at it".to_owned(),
        // The check of the migrations has said so, with what to do.
        ErrorKind::SchemaMismatch if check.section() != CheckSection::Schema => {
            "the schema does not fit".to_owned()
        }
        _ => error.message.clone(),
    };
    Check::unseen(check, format!("not looked at: {why}"))
}
