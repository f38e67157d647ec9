//! Whether a connection that the caller gives leads to the database that the engine works in.

use super::Client;
use super::client::call;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Store, sqlstate};
use sqlx::PgConnection;
use std::sync::{Arc, Mutex, PoisonError};

impl Client {
    /// What tells the engine's database from all others, a copy of it included: `<system identifier>/<oid>`. PostgreSQL is asked
    /// once, and anew after a connection turned out to lead elsewhere: a database may be moved to another server.
    ///
    /// # Errors
    /// `DatabaseUnavailable`, `SchemaMismatch`.
    pub async fn database_identity(&self) -> Result<String> {
        if let Some(known) = self.inner.database.get() {
            return Ok(known);
        }
        let identity = call!(self, |store, connection| store.database_identity(connection))?;
        self.inner.database.set(identity.clone());
        Ok(identity)
    }

    /// What is known of the engine's database, shared with work on connections of the host's.
    pub(crate) fn known_database(&self) -> KnownDatabase {
        self.inner.database.clone()
    }

    /// Refuses a connection to another database.
    pub(super) async fn check_database(&self, store: &Store, connection: &mut PgConnection) -> Result<()> {
        let here = store.database_identity(connection).await.map_err(elsewhere)?;
        self.database_identity().await?;
        self.inner.database.check(&here)
    }
}

/// The identity of the engine's database, once it was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownDatabase(Arc<Mutex<Option<Known>>>);

#[derive(Debug)]
struct Known {
    identity: String,
    /// A connection led elsewhere: PostgreSQL is asked anew. Until it has answered, this one holds.
    doubted: bool,
}

impl KnownDatabase {
    fn get(&self) -> Option<String> {
        self.with(|known| {
            let known = known.as_ref().filter(|known| !known.doubted)?;
            Some(known.identity.clone())
        })
    }

    pub(crate) fn set(&self, identity: String) {
        self.with(|known| {
            *known = Some(Known {
                identity,
                doubted: false,
            });
        });
    }

    /// # Errors
    /// `ConfigInvalid` where the engine's database is another one than `here`. What was known is doubted then, and holds on: whoever
    /// asks at the same time is refused as well.
    pub(crate) fn check(&self, here: &str) -> Result<()> {
        self.with(|known| match known {
            Some(Known { identity, doubted }) if identity != here => {
                *doubted = true;
                Err(Error::new(
                    ErrorKind::ConfigInvalid,
                    format!(
                        "this connection leads to another database ({here}) than the engine works in ({identity}), and its workers \
                         would never see the task: give a connection to the engine's database, or make a client for this one"
                    ),
                ))
            }
            _ => Ok(()),
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<Known>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection whose database has no Tasker is most likely to another one than the engine's.
pub(crate) fn elsewhere(error: Error) -> Error {
    if error.kind != ErrorKind::SchemaMismatch || sqlstate(&error).is_none() {
        return error;
    }
    Error::new(
        ErrorKind::ConfigInvalid,
        format!(
            "the database of this connection has no Tasker that this version can use: give a connection to the engine's own \
             database, and its schema. {}",
            error.message
        ),
    )
    .with_details(error.details.clone())
    .with_source(error)
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn another_database_is_refused_once_the_engines_is_known_and_is_asked_for_anew_afterwards() {
        let known = KnownDatabase::default();
        assert!(known.check("1/5").is_ok(), "nothing is known yet");
        known.set("1/5".to_owned());
        assert!(known.check("1/5").is_ok());
        let error = known.check("1/6").unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert!(
            error.message.contains("1/6") && error.message.contains("1/5"),
            "{error}"
        );
        assert_eq!(known.get(), None, "PostgreSQL is asked anew");
        assert!(
            known.check("1/6").is_err(),
            "who asks at the same time is refused too"
        );
        known.set("2/6".to_owned());
        assert!(known.check("2/6").is_ok(), "it was moved");
    }
}
