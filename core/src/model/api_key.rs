//! Keys that programs say by who they are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A key that a program says by who it is over HTTP. Its secret is known to whoever made it, and to nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id: the second part of the key.
    pub key_id: String,
    /// Who it is, in the trail.
    pub name: String,
    /// Its roles, of `auth.roles`.
    pub roles: Vec<String>,
    /// What it may do besides: `resource:action`.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Option<String>,
    /// From when on it counts no more.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Since when it counts no more, because somebody said so.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who said so.
    pub revoked_by: Option<String>,
}

/// What a key is made with.
#[derive(Debug, Clone, Default)]
pub struct NewApiKey {
    /// Who it is, in the trail: 1 to 128 characters, of no other key.
    pub name: String,
    /// Its roles, of `auth.roles`.
    pub roles: Vec<String>,
    /// What it may do besides: `resource:action`.
    pub permissions: Vec<String>,
    /// From when on it counts no more.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who makes it.
    pub by: Option<String>,
}
