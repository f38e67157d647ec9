//! How this process talks to its database.

use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Whether something stands between this process and PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolerSetting {
    /// The first connection finds out.
    #[default]
    Auto,
    /// Nothing, or a pooler that keeps a session on one server.
    None,
    /// A pooler that hands servers out by transaction, as PgBouncer in transaction mode.
    Transaction,
}

/// How this process talks to its database: connections, and limits for its sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// At most this many connections of a client and its worker together; the listener's comes on top.
    pub max_connections: u32,
    /// How long a connection stays open without use, in seconds.
    pub idle_seconds: f64,
    /// Whether something stands between this process and PostgreSQL.
    pub pooler: PoolerSetting,
    /// Where to listen for hints, where `database_url` leads to a pooler; without it nobody listens behind one.
    pub listen_url: Option<String>,
    /// No statement of ours waits longer for a lock, in seconds; outcomes in the side lane do.
    pub lock_timeout_seconds: f64,
    /// No statement of ours takes longer, in seconds.
    pub statement_timeout_seconds: f64,
    /// PostgreSQL ends a session of ours that stands still in a transaction for longer, in seconds.
    pub idle_in_transaction_timeout_seconds: f64,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            max_connections: 4,
            idle_seconds: 60.0,
            pooler: PoolerSetting::Auto,
            listen_url: None,
            lock_timeout_seconds: 10.0,
            statement_timeout_seconds: 60.0,
            idle_in_transaction_timeout_seconds: 60.0,
        }
    }
}

/// A worker needs two connections beside its client's one: one of them may wait for somebody's lock.
const FEWEST_WITH_A_WORKER: u32 = 3;

impl DatabaseSettings {
    /// What is wrong with the values, a sentence each.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.max_connections == 0 {
            problems.push("database.max_connections must be at least 1".to_owned());
        }
        for (name, value) in [
            ("database.idle_seconds", self.idle_seconds),
            ("database.lock_timeout_seconds", self.lock_timeout_seconds),
            (
                "database.statement_timeout_seconds",
                self.statement_timeout_seconds,
            ),
            (
                "database.idle_in_transaction_timeout_seconds",
                self.idle_in_transaction_timeout_seconds,
            ),
        ] {
            // PostgreSQL counts these in milliseconds, in 31 bits.
            if !(0.001..=2_000_000.0).contains(&value) {
                problems.push(format!(
                    "{name} must be a number from 0.001 to 2000000, not {value}"
                ));
            }
        }
        problems
    }

    /// How many of the connections a worker takes over from its client: three for a budget of four, so that a claim and
    /// two flushes need not wait for each other; half of a larger budget, and no more than its parts can use.
    ///
    /// # Errors
    /// `ConfigInvalid` where the budget has no room for a worker.
    pub fn worker_connections(&self) -> Result<u32> {
        if self.max_connections < FEWEST_WITH_A_WORKER {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                format!(
                    "database.max_connections is {}; a process with a worker needs at least {FEWEST_WITH_A_WORKER}",
                    self.max_connections
                ),
            ));
        }
        Ok((self.max_connections - 1)
            .min(3)
            .max(self.max_connections / 2)
            .min(6))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test stops at what must not happen.
    use super::*;

    #[test]
    fn a_worker_leaves_its_client_at_least_one_connection() {
        for (budget, worker) in [(3, 2), (4, 3), (5, 3), (6, 3), (8, 4), (12, 6), (100, 6)] {
            let settings = DatabaseSettings {
                max_connections: budget,
                ..DatabaseSettings::default()
            };
            assert_eq!(settings.worker_connections().unwrap(), worker, "of {budget}");
            assert!(worker < budget);
        }
    }

    #[test]
    fn a_budget_without_room_for_a_worker_is_refused_in_words() {
        let settings = DatabaseSettings {
            max_connections: 2,
            ..DatabaseSettings::default()
        };
        let error = settings.worker_connections().unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert!(error.message.contains("at least 3"), "{}", error.message);
    }
}
