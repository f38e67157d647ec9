//! API keys.

use super::Store;
use super::read::{parse, rows};
use crate::error::Result;
use crate::model::{ApiKey, NewApiKey};
use sqlx::{PgConnection, Row};

impl Store {
    /// Makes a key with the hash of its secret.
    ///
    /// # Errors
    /// `AlreadyExists`, `InvalidArgument`.
    pub async fn create_api_key(
        &self,
        connection: &mut PgConnection,
        key_id: &str,
        secret_hash: &[u8],
        new: &NewApiKey,
    ) -> Result<ApiKey> {
        let text: String = self
            .query_scalar(&self.statements().create_api_key)
            .bind(key_id)
            .bind(&new.name)
            .bind(secret_hash)
            .bind(&new.roles)
            .bind(&new.permissions)
            .bind(new.expires_at)
            .bind(&new.by)
            .fetch_one(connection)
            .await?;
        parse(&text)
    }

    /// All keys, oldest first.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn list_api_keys(&self, connection: &mut PgConnection) -> Result<Vec<ApiKey>> {
        rows(
            self.query_scalar(&self.statements().list_api_keys)
                .fetch_all(connection)
                .await?,
        )
    }

    /// Lets nobody in with a key any more.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_api_key(
        &self,
        connection: &mut PgConnection,
        key: &str,
        by: Option<&str>,
    ) -> Result<ApiKey> {
        let text: String = self
            .query_scalar(&self.statements().revoke_api_key)
            .bind(key)
            .bind(by)
            .fetch_one(connection)
            .await?;
        parse(&text)
    }

    /// A key that counts, and the hash of its secret.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn find_api_key(
        &self,
        connection: &mut PgConnection,
        key_id: &str,
    ) -> Result<Option<(ApiKey, Vec<u8>)>> {
        let found = self
            .query(&self.statements().find_api_key)
            .bind(key_id)
            .fetch_optional(connection)
            .await?;
        let Some(row) = found else {
            return Ok(None);
        };
        Ok(Some((parse(row.try_get(0)?)?, row.try_get(1)?)))
    }

    /// Remembers that a key was used.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn api_key_used(&self, connection: &mut PgConnection, key_id: &str) -> Result<()> {
        self.query(&self.statements().api_key_used)
            .bind(key_id)
            .execute(connection)
            .await?;
        Ok(())
    }
}
