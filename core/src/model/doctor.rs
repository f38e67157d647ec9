//! What a doctor found: the checks, in sections, and for each what is so, how bad that is and what to do about it.

use super::Finding;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How bad something is; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// Good to know, or it could not be looked at; nothing has to be done.
    Note,
    /// It works, and will not for ever, or not as well as it could.
    Warning,
    /// Something does not work, or is in danger.
    Problem,
}

impl CheckStatus {
    /// Every status.
    pub const ALL: [CheckStatus; 4] = [
        CheckStatus::Ok,
        CheckStatus::Note,
        CheckStatus::Warning,
        CheckStatus::Problem,
    ];

    /// The name, as JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            CheckStatus::Ok => "ok",
            CheckStatus::Note => "note",
            CheckStatus::Warning => "warning",
            CheckStatus::Problem => "problem",
        }
    }
}

/// What the checks are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckSection {
    /// The way to the database.
    Connection,
    /// The server and the machine that it runs on.
    Server,
    /// What Tasker made in the database.
    Schema,
    /// How its tables are doing.
    Tables,
    /// Workers, and what waits for them.
    Work,
}

impl CheckSection {
    /// Every section, in order.
    pub const ALL: [CheckSection; 5] = [
        CheckSection::Connection,
        CheckSection::Server,
        CheckSection::Schema,
        CheckSection::Tables,
        CheckSection::Work,
    ];

    /// The name, as JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            CheckSection::Connection => "connection",
            CheckSection::Server => "server",
            CheckSection::Schema => "schema",
            CheckSection::Tables => "tables",
            CheckSection::Work => "work",
        }
    }
}

macro_rules! checks {
    ($($section:ident: $($(#[doc = $doc:literal])+ $check:ident = $name:literal,)+;)+) => {
        /// One thing that is looked at. Names are stable; more may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum CheckId {
            $($($(#[doc = $doc])+ $check,)+)+
        }

        impl CheckId {
            /// Every check, section by section, in the order in which they are made.
            pub const ALL: &'static [CheckId] = &[$($(CheckId::$check,)+)+];

            /// The name, as JSON has it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(CheckId::$check => $name,)+)+
                }
            }

            /// What it is about.
            pub const fn section(self) -> CheckSection {
                match self {
                    $($(CheckId::$check => CheckSection::$section,)+)+
                }
            }
        }
    };
}

checks! {
    Connection:
        /// Whether the database can be reached.
        Connection = "connection",
        /// What stands in between.
        Pooler = "pooler",
        /// Whether hints of other processes are heard.
        Listener = "listener",
    ;
    Server:
        /// The version of PostgreSQL.
        Version = "version",
        /// Whether it takes writes.
        Writable = "writable",
        /// The clocks of this process and of the database.
        Clock = "clock",
        /// The settings by which a commit survives a crash.
        Durability = "durability",
        /// How often checkpoints are forced.
        Checkpoints = "checkpoints",
        /// How many connections there are, and how many could be wanted.
        Connections = "connections",
        /// The room left on the disks, where the server is on this machine.
        Disk = "disk",
        /// The age of the oldest transaction id.
        TransactionIds = "transaction_ids",
        /// Replication slots that nobody reads.
        ReplicationSlots = "replication_slots",
        /// How full the queue of notifications is.
        Notifications = "notifications",
    ;
    Schema:
        /// The migrations.
        Migrations = "migrations",
        /// What the role may do.
        Privileges = "privileges",
        /// Whether every index is there and valid.
        Indexes = "indexes",
        /// The partitions of the trail.
        Partitions = "partitions",
    ;
    Tables:
        /// Whether dead rows are cleaned up.
        Autovacuum = "autovacuum",
        /// Who keeps dead rows from being cleaned up.
        Snapshots = "snapshots",
        /// How many dead rows there are.
        DeadRows = "dead_rows",
        /// How much of the tables is empty space.
        Bloat = "bloat",
        /// Whether tables are read by their indexes.
        IndexUse = "index_use",
    ;
    Work:
        /// The workers.
        Workers = "workers",
        /// Whether every handler that is waited for has a worker.
        Handlers = "handlers",
        /// Steps past their deadline, in quarantine, or failed.
        Steps = "steps",
        /// What was paused long ago.
        Pauses = "pauses",
        /// What workers do now and then.
        Maintenance = "maintenance",
    ;
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a check came to. A check that found several things stands once for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The section, for those who group.
    pub section: CheckSection,
    /// Which check.
    pub check: CheckId,
    /// How bad it is.
    pub status: CheckStatus,
    /// What was found; none where all is well, or nothing could be seen.
    pub finding: Option<Finding>,
    /// What is so, in words.
    pub message: String,
    /// What is so, for programs; the keys are those of the finding or of the check.
    pub found: Value,
    /// What to do, one thing each, the first first; commands and SQL are ready to be run.
    pub advice: Vec<String>,
}

impl Check {
    /// A check that found nothing amiss.
    pub fn ok(check: CheckId, message: impl Into<String>, found: Value) -> Self {
        Self {
            section: check.section(),
            check,
            status: CheckStatus::Ok,
            finding: None,
            message: message.into(),
            found,
            advice: Vec::new(),
        }
    }

    /// A check that could not be made: no verdict.
    pub fn unseen(check: CheckId, message: impl Into<String>) -> Self {
        Self {
            status: CheckStatus::Note,
            ..Self::ok(check, message, Value::Null)
        }
    }

    /// Something that was found.
    pub fn found(finding: Finding, message: impl Into<String>, found: Value) -> Self {
        Self {
            status: finding.status(),
            finding: Some(finding),
            ..Self::ok(finding.check(), message, found)
        }
    }

    /// The same with one more thing to do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }
}

/// What a doctor found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DoctorReport {
    /// The worst of all checks.
    pub status: CheckStatus,
    /// When it was looked at, by the clock of this process.
    pub checked_at: DateTime<Utc>,
    /// The version of this library.
    pub version: String,
    /// The database, without its password: `user@host:port/database`; none where none is named.
    pub database: Option<String>,
    /// Who named it: `explicit`, a variable, or `private cluster`.
    pub source: Option<String>,
    /// The schema.
    pub schema: String,
    /// The checks, in the order of [`CheckId::ALL`]; those that cannot be made because an earlier one failed are left out.
    pub checks: Vec<Check>,
}

impl DoctorReport {
    /// How many checks have a status.
    pub fn count(&self, status: CheckStatus) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// The checks that found this.
    pub fn of(&self, finding: Finding) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.finding == Some(finding))
    }
}

/// From when on something is told. The defaults are for a server that others use too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DoctorLimits {
    /// How long a transaction may hold a snapshot, in seconds.
    pub transaction_seconds: f64,
    /// How far the clocks of this process and of the database may differ, in seconds.
    pub clock_seconds: f64,
    /// How long a pause is no news, in seconds.
    pub pause_seconds: f64,
    /// How many dead rows a table may have, whatever its size.
    pub dead_rows: i64,
    /// How much empty space a table may have, in bytes, whatever its size.
    pub bloat_bytes: i64,
    /// How many rows a table has to have before reading all of it is told.
    pub scanned_rows: i64,
    /// How full the queue of notifications may be, as a fraction.
    pub notification_share: f64,
    /// How much of a disk has to be free, as a fraction.
    pub free_disk_share: f64,
}

impl Default for DoctorLimits {
    fn default() -> Self {
        Self {
            transaction_seconds: 300.0,
            clock_seconds: 5.0,
            pause_seconds: 86_400.0,
            dead_rows: 50_000,
            bloat_bytes: 64 << 20,
            scanned_rows: 10_000,
            notification_share: 0.1,
            free_disk_share: 0.1,
        }
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn names_in_json_are_the_names_in_code() {
        for check in CheckId::ALL {
            assert_eq!(serde_json::to_value(check).unwrap(), check.as_str());
        }
        for section in CheckSection::ALL {
            assert_eq!(serde_json::to_value(section).unwrap(), section.as_str());
        }
        for status in CheckStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for finding in Finding::ALL {
            assert_eq!(serde_json::to_value(finding).unwrap(), finding.as_str());
        }
    }

    #[test]
    fn every_check_can_find_something() {
        for check in CheckId::ALL {
            assert!(
                Finding::ALL.iter().any(|finding| finding.check() == *check),
                "{check} has no finding"
            );
        }
    }
}
