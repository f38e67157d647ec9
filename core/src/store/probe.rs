//! What really stands between this process and its database, whatever the settings say; and whether hints are heard.

use super::session::{Gate, Session};
use super::{Store, StoreOptions};
use crate::error::Result;
use crate::model::{DatabaseSettings, PoolerSetting};
use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

/// How long a notification may take to be heard.
const HEARING_TIME: Duration = Duration::from_secs(2);

/// Somebody who listens.
#[derive(Debug)]
pub(crate) struct Hearing {
    channel: String,
    listener: PgListener,
}

impl Hearing {
    /// Whether what was said arrives within two seconds.
    pub(crate) async fn heard(mut self) -> bool {
        tokio::time::timeout(HEARING_TIME, self.listener.recv())
            .await
            .is_ok_and(|heard| heard.is_ok())
    }
}

impl Store {
    /// What a new connection to `url` (none: the store's own) finds, as [`PoolerSetting::Auto`] would.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(crate) async fn probe_session(&self, url: Option<&str>) -> Result<Session> {
        let options = self.options();
        let options = StoreOptions {
            database_url: url.unwrap_or(&options.database_url).to_owned(),
            settings: DatabaseSettings {
                pooler: PoolerSetting::Auto,
                ..options.settings.clone()
            },
            ..options.clone()
        };
        let (connection, session) = Gate::new(Arc::new(options)).open().await?;
        // The answer is known; a goodbye that fails changes nothing.
        let _ = sqlx::Connection::close(connection).await;
        Ok(session)
    }

    /// Listens on a channel that nobody else knows, as `listening` says.
    ///
    /// # Errors
    /// Why nobody can listen there.
    pub(crate) async fn probe_listener(&self, listening: PgConnectOptions) -> Result<Hearing> {
        let channel = format!("tasker_doctor_{:016x}", rand::random::<u64>());
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(listening);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(&channel).await?;
        Ok(Hearing { channel, listener })
    }

    /// Says something on the channel of a probe. It is heard once the call has ended.
    ///
    /// # Errors
    /// Why nothing can be said.
    pub(crate) async fn doctor_notify(&self, connection: &mut PgConnection, hearing: &Hearing) -> Result<()> {
        self.query(&self.statements().doctor_notify)
            .bind(&hearing.channel)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Where connections lead: `user@host:port/database`. The password stays out.
    pub(crate) fn target(&self) -> Option<String> {
        let options = PgConnectOptions::from_str(&self.options().database_url).ok()?;
        let host = options.get_socket().map_or_else(
            || options.get_host().to_owned(),
            |socket| socket.display().to_string(),
        );
        Some(format!(
            "{}@{host}:{}/{}",
            options.get_username(),
            options.get_port(),
            options.get_database().unwrap_or(options.get_username())
        ))
    }

    /// Where the socket lies that connections go through, if it is one.
    pub(crate) fn socket_directory(&self) -> Option<PathBuf> {
        let options = PgConnectOptions::from_str(&self.options().database_url).ok()?;
        let named = options.get_host();
        let host = named.starts_with('/').then(|| PathBuf::from(named));
        options.get_socket().cloned().or(host)
    }
}
