//! API keys: made, listed, revoked, and told from others.

use super::Client;
use super::client::call;
use crate::error::Result;
use crate::model::{ApiKey, NewApiKey};
use rand::{RngExt, distr::Alphanumeric};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What keys begin with, so that programs that look for secrets find them.
const PREFIX: &str = "tsk_";
const ID: usize = 12;
/// Characters of 62 kinds: 256 bits and more.
const SECRET: usize = 43;

impl Client {
    /// Makes a key. Returns it with its text, `tsk_<id>_<secret>`, which cannot be had again: only a hash is kept.
    ///
    /// # Errors
    /// `AlreadyExists`, `InvalidArgument` (no name, nothing that it may do, an end in the past), `DatabaseUnavailable`.
    pub async fn create_api_key(&self, new: &NewApiKey) -> Result<(ApiKey, String)> {
        let key_id = random(ID).to_ascii_lowercase();
        let secret = random(SECRET);
        let hash = Sha256::digest(secret.as_bytes());
        let key = call!(self, |store, connection| store.create_api_key(
            connection,
            &key_id,
            hash.as_slice(),
            new
        ))?;
        Ok((key, format!("{PREFIX}{key_id}_{secret}")))
    }

    /// All keys, oldest first, also those that count no more.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn list_api_keys(&self) -> Result<Vec<ApiKey>> {
        call!(self, |store, connection| store.list_api_keys(connection))
    }

    /// Lets nobody in with a key any more: by its id or its name. A server may take it for some seconds longer. Again changes nothing.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn revoke_api_key(&self, key: &str, by: Option<&str>) -> Result<ApiKey> {
        call!(self, |store, connection| store
            .revoke_api_key(connection, key, by))
    }

    /// Whose key this is; none where it is nobody's, was revoked or has expired.
    ///
    /// # Errors
    /// `DatabaseUnavailable`; a role that may not read the keys is refused by PostgreSQL.
    pub async fn find_api_key(&self, text: &str) -> Result<Option<ApiKey>> {
        let Some((key_id, secret)) = parts(text) else {
            return Ok(None);
        };
        let found = call!(self, |store, connection| store.find_api_key(connection, key_id))?;
        let Some((key, hash)) = found else {
            return Ok(None);
        };
        let given = Sha256::digest(secret.as_bytes());
        if !bool::from(given.as_slice().ct_eq(&hash)) {
            return Ok(None);
        }
        call!(self, |store, connection| store.api_key_used(connection, key_id))?;
        Ok(Some(key))
    }
}

/// The id and the secret of a key; none for a text that is none.
fn parts(text: &str) -> Option<(&str, &str)> {
    let (key_id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    (key_id.len() == ID && secret.len() == SECRET && key_id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .then_some((key_id, secret))
}

fn random(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}
