//! API keys, as a server takes them: what the database said of one counts for some seconds.

use super::identify::unauthenticated;
use super::principal::{Grants, Principal};
use super::roles::Roles;
use crate::problem::Refusal;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tasker_core::Client;
use tasker_core::model::ApiKey;
use tokio::sync::RwLock;

/// How long a key counts after the database was asked; a key that was revoked may count so long.
const COUNTS: Duration = Duration::from_secs(5);
/// Keys that are remembered.
const MOST: usize = 10_000;

/// The keys that were used lately, by their whole text: only a right one is remembered.
#[derive(Debug, Default)]
pub(super) struct ApiKeys {
    known: RwLock<HashMap<String, (ApiKey, Instant)>>,
}

impl ApiKeys {
    /// Whether a text looks like a key.
    pub(super) fn is_one(text: &str) -> bool {
        text.starts_with("tsk_")
    }

    /// Who has this key.
    pub(super) async fn principal(
        &self,
        client: &Client,
        text: &str,
        roles: &Roles,
    ) -> Result<Principal, Refusal> {
        let known = self.known.read().await.get(text).cloned();
        let key = match known {
            Some((key, asked)) if asked.elapsed() < COUNTS => key,
            _ => self.ask(client, text).await?,
        };
        Ok(Principal {
            grants: Grants::Listed(roles.grants(&key.roles, key.permissions)),
            name: Some(key.name),
            ambient: false,
        })
    }

    async fn ask(&self, client: &Client, text: &str) -> Result<ApiKey, Refusal> {
        let found = client.find_api_key(text).await?;
        let mut known = self.known.write().await;
        let Some(key) = found else {
            known.remove(text);
            return Err(unauthenticated(
                "this API key is not known, was revoked, or has expired",
            ));
        };
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), (key.clone(), Instant::now()));
        Ok(key)
    }
}
