//! A session with PostgreSQL: whether something stands in between, and the limits of what runs in it.
//!
//! A session of our own gets its limits with the first message, and is left alone then: a call is one statement. Behind a
//! pooler that hands servers out by transaction a session is nobody's own: its limits are set for one transaction, around
//! each call, and no statement has a name, because the next transaction may meet another server.

use super::StoreOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{DatabaseSettings, PoolerSetting};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection, Row, postgres::PgConnectOptions};
use std::{
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// A setting that a session of ours carries, and one behind a pooler does not.
const MARK: &str = "tasker.session";
/// PostgreSQL takes 0 for no limit at all.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// What a connection leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// A server process of our own.
    Direct,
    /// A pooler that hands server processes out by transaction.
    Pooled,
}

/// The way to the database: opens connections, and remembers what the first one found.
#[derive(Debug)]
pub(super) struct Gate {
    options: Arc<StoreOptions>,
    found: OnceLock<Session>,
}

impl Gate {
    pub(super) fn new(options: Arc<StoreOptions>) -> Self {
        let found = OnceLock::new();
        let known = match options.settings.pooler {
            PoolerSetting::Auto => None,
            PoolerSetting::None => Some(Session::Direct),
            PoolerSetting::Transaction => Some(Session::Pooled),
        };
        if let Some(session) = known {
            let _ = found.set(session);
        }
        Self { options, found }
    }

    /// What the connections lead to, as far as one has been opened.
    pub(super) fn session(&self) -> Option<Session> {
        self.found.get().copied()
    }

    pub(super) async fn open(&self) -> Result<(PgConnection, Session)> {
        let options = connect_options(&self.options, &self.options.database_url)?;
        match self.session() {
            Some(Session::Direct) => {
                let connection = direct(options, &self.options.settings).connect().await?;
                Ok((connection, Session::Direct))
            }
            Some(Session::Pooled) => Ok((pooled(options).connect().await?, Session::Pooled)),
            None => self.find_out(options).await,
        }
    }

    /// Poolers refuse parameters that they do not know, or drop them.
    async fn find_out(&self, options: PgConnectOptions) -> Result<(PgConnection, Session)> {
        match direct(options.clone(), &self.options.settings).connect().await {
            Ok(mut connection) => {
                let question = format!("select current_setting('{MARK}', true) is not null");
                let row = connection
                    .fetch_one(sqlx::raw_sql(AssertSqlSafe(question)))
                    .await?;
                if row.try_get::<bool, _>(0)? {
                    return Ok((connection, *self.found.get_or_init(|| Session::Direct)));
                }
            }
            Err(error) if refuses_parameters(&error) => {}
            Err(error) => return Err(error.into()),
        }
        let connection = pooled(options).connect().await?;
        let session = *self.found.get_or_init(|| Session::Pooled);
        tracing::info!(
            "a pooler answers: statements go without names, each call in a transaction of its own"
        );
        Ok((connection, session))
    }

    /// How to connect to where one can listen; none where there is no such place.
    pub(super) fn listening(&self) -> Result<Option<PgConnectOptions>> {
        let url = match (&self.options.settings.listen_url, self.session()) {
            (Some(url), _) => url,
            (None, Some(Session::Pooled)) => return Ok(None),
            (None, _) => &self.options.database_url,
        };
        connect_options(&self.options, url).map(Some)
    }
}

/// The statement that begins the transaction of a call, with its limits. `lock_wait`: how long it may wait for a lock,
/// where that is not what the settings say; the statement may take as much longer.
pub(super) fn begin(settings: &DatabaseSettings, lock_wait: Option<Duration>) -> String {
    let usual = limits(settings);
    let lock = lock_wait.unwrap_or(usual.lock);
    let statement = lock_wait.map_or(usual.statement, |wait| usual.statement + wait);
    format!(
        "begin; set local lock_timeout = {}; set local statement_timeout = {}; \
         set local idle_in_transaction_session_timeout = {}",
        lock.as_millis(),
        statement.as_millis(),
        usual.idle.as_millis()
    )
}

/// The statement that sets the usual wait for locks, for what remains of a transaction.
pub(super) fn lock_limit(settings: &DatabaseSettings) -> String {
    format!("set local lock_timeout = {}", limits(settings).lock.as_millis())
}

struct Limits {
    lock: Duration,
    statement: Duration,
    idle: Duration,
}

fn limits(settings: &DatabaseSettings) -> Limits {
    let limit = |seconds: f64| {
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(Duration::ZERO)
            .max(SHORTEST_WAIT)
    };
    Limits {
        lock: limit(settings.lock_timeout_seconds),
        statement: limit(settings.statement_timeout_seconds),
        idle: limit(settings.idle_in_transaction_timeout_seconds),
    }
}

fn direct(options: PgConnectOptions, settings: &DatabaseSettings) -> PgConnectOptions {
    let limits = limits(settings);
    options.options([
        (MARK, "1".to_owned()),
        ("lock_timeout", limits.lock.as_millis().to_string()),
        ("statement_timeout", limits.statement.as_millis().to_string()),
        (
            "idle_in_transaction_session_timeout",
            limits.idle.as_millis().to_string(),
        ),
    ])
}

/// The one parameter of sqlx that PgBouncer does not know goes as well; no statement of ours reads floats as text.
fn pooled(options: PgConnectOptions) -> PgConnectOptions {
    options.extra_float_digits(None).statement_cache_capacity(0)
}

/// PgBouncer says `protocol_violation`, other proxies `feature_not_supported`.
fn refuses_parameters(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("08P01" | "0A000"))
}

fn connect_options(options: &StoreOptions, url: &str) -> Result<PgConnectOptions> {
    let parsed = PgConnectOptions::from_str(url).map_err(|error| {
        Error::new(
            ErrorKind::ConfigInvalid,
            format!(
                "the database URL is not usable ({error}); it looks like postgres://user@host:5432/database"
            ),
        )
    })?;
    // Notices are for psql; a slow statement is seen in the metrics.
    Ok(parsed
        .application_name(&options.application_name)
        .disable_statement_logging())
}
