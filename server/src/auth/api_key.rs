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
        let key = match self.lately(text).await {
            Some(key) => key,
            None => self.ask(client, text).await?,
        };
        Ok(Principal {
            grants: Grants::Listed(roles.grants(&key.roles, key.permissions)),
            name: Some(key.name),
            ambient: false,
        })
    }

    /// What was remembered of this key, as long as it counts.
    async fn lately(&self, text: &str) -> Option<ApiKey> {
        let known = self.known.read().await;
        let (key, asked) = known.get(text)?;
        (asked.elapsed() < COUNTS).then(|| key.clone())
    }

    async fn ask(&self, client: &Client, text: &str) -> Result<ApiKey, Refusal> {
        let found = client.find_api_key(text).await?;
        let Some(key) = found else {
            self.known.write().await.remove(text);
            return Err(unauthenticated(
                "this API key is not known, was revoked, or has expired",
            ));
        };
        self.remember(text, &key).await;
        Ok(key)
    }

    async fn remember(&self, text: &str, key: &ApiKey) {
        let mut known = self.known.write().await;
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), (key.clone(), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiKeys, COUNTS, MOST};
    use std::time::{Duration, Instant};

    #[tokio::test]
    async fn a_key_is_remembered_for_some_seconds_and_not_longer() {
        let keys = ApiKeys::default();
        let found = serde_json::json!({"key_id": "abc", "name": "anna", "roles": [], "permissions": [], "created_at": "2026-01-01T00:00:00Z"});
        let Ok(key) = serde_json::from_value(found) else {
            panic!("this is a key");
        };
        for number in 0..MOST {
            keys.remember(&number.to_string(), &key).await;
        }
        assert!(keys.lately("0").await.is_some() && keys.lately("1").await.is_some());
        assert!(keys.lately("another").await.is_none());
        let mut known = keys.known.write().await;
        for (text, ago) in [("0", COUNTS - Duration::from_secs(1)), ("1", COUNTS)] {
            let asked = Instant::now().checked_sub(ago).unwrap_or_else(Instant::now);
            known.insert(text.to_owned(), (key.clone(), asked));
        }
        drop(known);
        assert!(keys.lately("0").await.is_some());
        assert!(keys.lately("1").await.is_none());
        keys.remember("one too many", &key).await;
        assert_eq!(keys.known.read().await.len(), 1);
    }
}
