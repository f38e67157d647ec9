//! API keys in a table.

use super::time::{ago, until};
use super::{Look, Table};
use chrono::{DateTime, Utc};
use tasker_core::model::ApiKey;

/// One line a key, without its secret, which nobody knows.
pub(crate) fn keys(keys: &[ApiKey], now: DateTime<Utc>, look: &Look) -> String {
    let mut table = Table::new(look, &["name", "id", "may", "made", "used", "counts"]);
    for key in keys {
        let may: Vec<&str> = key
            .roles
            .iter()
            .chain(&key.permissions)
            .map(String::as_str)
            .collect();
        let used = key
            .last_used_at
            .map_or_else(|| "never".to_owned(), |at| ago(at, now));
        table.row([
            look.bold(&key.name),
            key.key_id.clone(),
            may.join(", "),
            ago(key.created_at, now),
            used,
            counts(key, now),
        ]);
    }
    if table.is_empty() {
        return "There are no keys. Make one: tasker key create NAME --role viewer".to_owned();
    }
    table.render()
}

/// Until when a key counts.
fn counts(key: &ApiKey, now: DateTime<Utc>) -> String {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => {
            let by = key
                .revoked_by
                .as_ref()
                .map(|by| format!(" by {by}"))
                .unwrap_or_default();
            format!("revoked {}{by}", ago(at, now))
        }
        (None, Some(at)) if at <= now => format!("expired {}", ago(at, now)),
        (None, Some(at)) => format!("expires {}", until(at, now)),
        (None, None) => "yes".to_owned(),
    }
}
