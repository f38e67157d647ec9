//! The client: configuration until it is used.

use super::handover::Hungry;
use super::same_database::KnownDatabase;
use super::wake::Wakes;
use crate::cluster::DatabaseChoice;
use crate::config::{Configuration, Given};
use crate::error::Result;
use crate::metrics::Metrics;
use crate::model::Settings;
use crate::store::{MigrationReport, RolesReport, SchemaName, Session, Store};
use crate::template::ContextSchema;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};
use tokio::sync::OnceCell;

/// How to reach the database, and how to behave.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// A PostgreSQL URL. None: `TASKER_DATABASE_URL`, then `DATABASE_URL`, then the private cluster (`decisions.md` 39).
    pub database_url: Option<String>,
    /// The schema that Tasker lives in.
    pub schema: String,
    /// How to behave.
    pub settings: Settings,
    /// What `pg_stat_activity` shows.
    pub application_name: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            database_url: None,
            schema: "tasker".to_owned(),
            settings: Settings::default(),
            application_name: None,
        }
    }
}

impl ClientOptions {
    /// The options that the environment of this process gives: settings and schema from environment variables and from
    /// the file that `TASKER_CONFIG` names or `tasker.yaml`; what `given` says wins over both.
    ///
    /// # Errors
    /// `ConfigInvalid` with everything that is wrong, each with its place.
    pub fn from_environment(given: Given) -> Result<Self> {
        let configuration = Configuration::load(given)?;
        Ok(Self {
            schema: configuration.schema().0.to_owned(),
            settings: configuration.settings().clone(),
            ..Self::default()
        })
    }
}

/// A plan that requests were validated against lately.
#[derive(Debug, Clone)]
pub(super) struct KnownPlan {
    pub(super) plan_id: i32,
    pub(super) schema: Option<Arc<ContextSchema>>,
}

/// Which named task a request means: namespace, name, version (none: the latest).
pub(super) type PlanKey = (String, String, Option<String>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) options: ClientOptions,
    pub(super) schema: SchemaName,
    pub(super) opened: OnceCell<Opened>,
    pub(super) plans: Mutex<HashMap<PlanKey, KnownPlan>>,
    pub(super) database: KnownDatabase,
    pub(super) wakes: Wakes,
    pub(super) workers: Mutex<Vec<Weak<dyn Hungry>>>,
    pub(super) metrics: Metrics,
}

#[derive(Debug)]
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) choice: DatabaseChoice,
    /// Set once the schema was found to be of a version that this code works on.
    pub(super) fits: OnceCell<()>,
}

/// The engine, as a program holds it. Cheap to clone; opens at first use.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

impl Client {
    /// Makes a client. Nothing is opened yet.
    ///
    /// # Errors
    /// `ConfigInvalid` where a setting or the name of the schema is not usable; all problems at once.
    pub fn new(options: ClientOptions) -> Result<Self> {
        options.settings.validate()?;
        let schema = SchemaName::new(&options.schema)?;
        Ok(Self {
            inner: Arc::new(Inner {
                options,
                schema,
                opened: OnceCell::new(),
                plans: Mutex::default(),
                database: KnownDatabase::default(),
                wakes: Wakes::default(),
                workers: Mutex::default(),
                metrics: Metrics::default(),
            }),
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.inner.options.settings
    }

    /// What the client was made from.
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// What this client and its workers counted since the client was made. Only of this process; asks no database.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Brings the schema in the database to the version of this library. Safe by many processes at once.
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `SchemaMismatch`, or what PostgreSQL says.
    pub async fn migrate(&self) -> Result<MigrationReport> {
        let report = self.opened().await?.store.migrate().await?;
        // The first partitions of the trail are made while it is empty; workers make the later ones.
        if let Err(error) = self.add_trail_partitions().await {
            tracing::debug!(%error, "no partitions of the trail were made; workers will");
        }
        Ok(report)
    }

    /// Makes the roles `enqueue`, `work` and `operate` of the schema and grants them what they are for, as far as the
    /// database user may; says in statements what is left to somebody else. Safe to repeat, and by many processes at once.
    /// `prefix`: what the names of the roles begin with, the schema's name unless given. With `dry_run` nothing is done.
    ///
    /// # Errors
    /// `ConfigInvalid` where the prefix makes no usable name; `SchemaMismatch` where the schema was not migrated.
    pub async fn grant_roles(&self, prefix: Option<&str>, dry_run: bool) -> Result<RolesReport> {
        self.store().await?.grant_roles(prefix, dry_run).await
    }

    /// The version that the schema is at; none where it has not been migrated.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn schema_version(&self) -> Result<Option<i32>> {
        self.opened().await?.store.schema_version().await
    }

    /// Asks PostgreSQL whether it answers, and whether its schema is of a version that this code works on; each time anew.
    ///
    /// # Errors
    /// `ConfigInvalid`, `DatabaseUnavailable`, `SchemaMismatch`.
    pub async fn check_ready(&self) -> Result<()> {
        self.opened().await?.store.check_version().await
    }

    /// What stands between this client and PostgreSQL. Opens a connection where none was opened before.
    ///
    /// # Errors
    /// `ConfigInvalid`, `DatabaseUnavailable`.
    pub async fn session(&self) -> Result<Session> {
        let held = self.opened().await?.store.acquire().await?;
        Ok(held.session())
    }

    /// The URL of the database in use. Starts the private cluster where that is the one.
    ///
    /// # Errors
    /// `ConfigInvalid`, `DatabaseUnavailable`.
    pub async fn database_url(&self) -> Result<String> {
        Ok(self.opened().await?.store.options().database_url.clone())
    }

    /// Which database is used and who named it.
    ///
    /// # Errors
    /// `ConfigInvalid`, `DatabaseUnavailable`.
    pub async fn database_choice(&self) -> Result<DatabaseChoice> {
        Ok(self.opened().await?.choice.clone())
    }

    /// Closes the connections. The client can be used again no more.
    pub async fn close(&self) {
        if let Some(opened) = self.inner.opened.get() {
            self.wake_before_closing(&opened.store).await;
            opened.store.close().await;
        }
    }
}

/// `call!(client, |store, connection| future)`: runs one call on a connection of the pool. The call is one statement, so
/// repeating it after a deadlock or a serialization failure repeats its whole transaction.
///
/// A macro, because an async closure that borrows the connection is not `Send`.
macro_rules! call {
    ($client:expr, |$store:ident, $connection:ident| $call:expr) => {{
        let $store = $client.store().await?;
        let mut tries = 0;
        loop {
            let mut held = $store.acquire().await?;
            match $crate::store::run!($store, &mut held, None, |$connection| $call) {
                Err(error) if $crate::store::is_retryable_conflict(&error) && tries < 5 => tries += 1,
                answer => break answer,
            }
        }
    }};
}
pub(crate) use call;

/// As [`call`], for a call of several statements that are one transaction.
macro_rules! transact {
    ($client:expr, |$store:ident, $connection:ident| $call:expr) => {{
        let $store = $client.store().await?;
        let usual = std::time::Duration::try_from_secs_f64($client.settings().database.lock_timeout_seconds);
        let mut tries = 0;
        loop {
            let mut held = $store.acquire().await?;
            // With a limit of its own it has a transaction of its own, on any session.
            match $crate::store::run!($store, &mut held, usual.clone().ok(), |$connection| $call) {
                Err(error) if $crate::store::is_retryable_conflict(&error) && tries < 5 => tries += 1,
                answer => break answer,
            }
        }
    }};
}
pub(crate) use transact;

/// As [`call`], for the verb of an operator. Where it is known from where that one steps in, this is told to the verb's transaction.
macro_rules! operate {
    ($client:expr, $operator:expr, |$store:ident, $connection:ident| $call:expr) => {{
        $operator.check_bounds()?;
        match &$operator.from {
            None => $crate::engine::client::call!($client, |$store, $connection| $call),
            Some(from) => $crate::engine::client::transact!($client, |$store, $connection| async {
                $store.set_origin($connection, from).await?;
                $call.await
            }),
        }
    }};
}
pub(crate) use operate;
