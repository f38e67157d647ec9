//! What a doctor looks at: facts, each from one statement that changes nothing.

use super::read::{parse, rows};
use super::statements::Statement;
use super::{Statements, Store};
use crate::error::Result;
use crate::model::TaskId;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// The server, its settings, its connections. What the role may not see is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServerFacts {
    /// As `server_version_num` has it: 150018 for 15.18.
    pub(crate) version: i32,
    pub(crate) version_text: String,
    pub(crate) user: String,
    pub(crate) database: String,
    /// Whether the connection came to the server over a unix socket.
    pub(crate) local: bool,
    pub(crate) standby: bool,
    pub(crate) read_only: bool,
    pub(crate) superuser: bool,
    pub(crate) sees_sessions: bool,
    pub(crate) fsync: bool,
    pub(crate) full_page_writes: bool,
    pub(crate) synchronous_commit: String,
    pub(crate) max_wal_size: String,
    pub(crate) checkpoints_timed: Option<i64>,
    pub(crate) checkpoints_forced: Option<i64>,
    pub(crate) autovacuum: bool,
    pub(crate) max_connections: i64,
    pub(crate) reserved_connections: i64,
    pub(crate) used_connections: Option<i64>,
    pub(crate) used_of_database: Option<i64>,
    pub(crate) limit_of_database: Option<i64>,
    pub(crate) used_of_role: i64,
    pub(crate) limit_of_role: Option<i64>,
    pub(crate) transaction_age: i64,
    pub(crate) multixact_age: i64,
    pub(crate) freeze_max_age: i64,
    pub(crate) multixact_freeze_max_age: i64,
    pub(crate) notification_usage: f64,
    pub(crate) data_directory: Option<String>,
    pub(crate) tablespaces: Vec<String>,
    /// The clock as this session has it set.
    pub(crate) clock_set: Option<String>,
    pub(crate) clock_settings: Vec<ClockSetting>,
}

/// Where somebody moved the engine's clock: for a database, a role, or both.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ClockSetting {
    pub(crate) database: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) value: String,
}

/// The schema, and what the role may do in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SchemaFacts {
    pub(crate) exists: bool,
    pub(crate) owner: Option<String>,
    pub(crate) owns: Option<bool>,
    pub(crate) usage: Option<bool>,
    /// Whether there is a history of migrations.
    pub(crate) history: bool,
    pub(crate) reads_history: Option<bool>,
    /// Whether it holds anything.
    pub(crate) occupied: bool,
    /// Whether the role may make schemas.
    pub(crate) may_create: bool,
    /// Other schemas that look like Tasker's.
    pub(crate) others: Vec<String>,
    pub(crate) no_select: Vec<String>,
    pub(crate) no_update: Vec<String>,
    pub(crate) no_execute: Vec<String>,
}

/// An index that is not as it should be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct IndexFacts {
    pub(crate) table: String,
    pub(crate) index: String,
    /// Of a constraint, or a whole statement.
    pub(crate) definition: String,
    /// Whether it is there, and only not valid.
    pub(crate) exists: bool,
}

/// The partitions of the trail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PartitionFacts {
    pub(crate) count: i64,
    pub(crate) made_until: Option<DateTime<Utc>>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) default_bytes: i64,
}

/// One table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TableFacts {
    pub(crate) table: String,
    pub(crate) bytes: i64,
    pub(crate) live_rows: i64,
    pub(crate) dead_rows: i64,
    /// How many dead rows bring autovacuum.
    pub(crate) vacuum_threshold: f64,
    pub(crate) autovacuum: bool,
    pub(crate) last_vacuum_at: Option<DateTime<Utc>>,
    pub(crate) scans: i64,
    pub(crate) scanned_rows: i64,
    pub(crate) index_scans: i64,
    pub(crate) fetched_rows: i64,
    /// What the rows need; none where nothing is known of them.
    pub(crate) expected_bytes: Option<i64>,
}

/// Who keeps dead rows from being cleaned up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SnapshotFacts {
    /// `session`, `standby` or `prepared`.
    pub(crate) kind: String,
    /// Its process, or the name of the prepared transaction.
    pub(crate) name: String,
    pub(crate) role: Option<String>,
    pub(crate) application: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) seconds: Option<f64>,
    pub(crate) transactions: Option<i64>,
    pub(crate) query: Option<String>,
}

/// A replication slot that nobody reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SlotFacts {
    pub(crate) slot: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) transactions: Option<i64>,
    pub(crate) wal_bytes: Option<i64>,
}

/// A handler that steps wait for in vain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HandlerFacts {
    pub(crate) handler: String,
    pub(crate) waiting: i64,
    pub(crate) since: DateTime<Utc>,
    /// Whether a live worker has it, whose own code has stopped asking for work.
    pub(crate) hangs: bool,
    pub(crate) task_id: TaskId,
    pub(crate) step_no: i32,
}

/// Steps that somebody may have to look after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StepFacts {
    /// The engine's clock.
    pub(crate) now: DateTime<Utc>,
    pub(crate) stuck: i64,
    pub(crate) stuck_steps: Vec<StuckStep>,
    pub(crate) quarantined: i64,
    pub(crate) quarantined_steps: Vec<QuarantinedStep>,
    pub(crate) tasks_in_error: i64,
    pub(crate) task_in_error: Option<TaskId>,
    pub(crate) looked_at: i64,
}

/// A step past its deadline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StuckStep {
    pub(crate) task_id: TaskId,
    pub(crate) step_no: i32,
    pub(crate) name: String,
    pub(crate) handler: String,
    pub(crate) worker_id: i64,
    /// For how long past it.
    pub(crate) seconds: f64,
}

/// A step in quarantine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct QuarantinedStep {
    pub(crate) task_id: TaskId,
    pub(crate) step_no: i32,
    pub(crate) name: String,
    pub(crate) handler: String,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// A pause of long ago.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PauseFacts {
    pub(crate) scope: String,
    pub(crate) name: String,
    pub(crate) since: DateTime<Utc>,
    pub(crate) by: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) waiting: Option<i64>,
}

/// What workers do now and then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MaintenanceFacts {
    pub(crate) name: String,
    pub(crate) last_run_at: Option<DateTime<Utc>>,
    pub(crate) overdue_seconds: Option<f64>,
}

/// Who looked after the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UpkeepFacts {
    /// Workers of the last hour that did not live for as long as their lease.
    pub(crate) short_runs: i64,
    pub(crate) stayed_until: Option<DateTime<Utc>>,
    pub(crate) stayed_seconds_ago: Option<f64>,
}

macro_rules! facts {
    ($($(#[doc = $doc:literal])+ $name:ident: $statement:ident, $one:ident -> $facts:ty;)+) => {
        impl Store {
            $($(#[doc = $doc])+
            ///
            /// # Errors
            /// What PostgreSQL says.
            pub(crate) async fn $name(&self, connection: &mut PgConnection) -> Result<$facts> {
                self.$one(connection, |statements| &statements.$statement).await
            })+
        }
    };
}

facts! {
    /// Indexes that are missing or not valid.
    doctor_indexes: doctor_indexes, many_of_schema -> Vec<IndexFacts>;
    /// The server.
    doctor_server: doctor_server, one_of_schema -> ServerFacts;
    /// The schema.
    doctor_schema: doctor_schema, one_of_schema -> SchemaFacts;
    /// The tables of the schema.
    doctor_tables: doctor_tables, many_of_schema -> Vec<TableFacts>;
    /// The partitions of the trail.
    doctor_partitions: doctor_partitions, one -> PartitionFacts;
    /// Steps that somebody may have to look after.
    doctor_steps: doctor_steps, one -> StepFacts;
    /// Who keeps dead rows from being cleaned up.
    doctor_snapshots: doctor_snapshots, many -> Vec<SnapshotFacts>;
    /// Replication slots that nobody reads.
    doctor_slots: doctor_slots, many -> Vec<SlotFacts>;
    /// Handlers that steps wait for in vain.
    doctor_handlers: doctor_handlers, many -> Vec<HandlerFacts>;
    /// What workers do now and then.
    doctor_maintenance: doctor_maintenance, many -> Vec<MaintenanceFacts>;
    /// Who looked after the database.
    doctor_upkeep: doctor_upkeep, one -> UpkeepFacts;
}

impl Store {
    /// What time the database has.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub(crate) async fn doctor_clock(&self, connection: &mut PgConnection) -> Result<DateTime<Utc>> {
        Ok(self
            .query_scalar(&self.statements().doctor_clock)
            .fetch_one(connection)
            .await?)
    }

    /// The version that the schema is at.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub(crate) async fn doctor_version(&self, connection: &mut PgConnection) -> Result<Option<i32>> {
        Ok(self
            .query_scalar(&self.statements().doctor_version)
            .fetch_one(connection)
            .await?)
    }

    /// What was paused so many seconds ago.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub(crate) async fn doctor_pauses(
        &self,
        connection: &mut PgConnection,
        older_than_seconds: f64,
    ) -> Result<Vec<PauseFacts>> {
        rows(
            self.query_scalar(&self.statements().doctor_pauses)
                .bind(older_than_seconds)
                .fetch_all(connection)
                .await?,
        )
    }

    async fn one<T: DeserializeOwned>(
        &self,
        connection: &mut PgConnection,
        statement: impl FnOnce(&Statements) -> &Statement,
    ) -> Result<T> {
        let text: String = self
            .query_scalar(statement(self.statements()))
            .fetch_one(connection)
            .await?;
        parse(&text)
    }

    async fn many<T: DeserializeOwned>(
        &self,
        connection: &mut PgConnection,
        statement: impl FnOnce(&Statements) -> &Statement,
    ) -> Result<Vec<T>> {
        rows(
            self.query_scalar(statement(self.statements()))
                .fetch_all(connection)
                .await?,
        )
    }

    async fn one_of_schema<T: DeserializeOwned>(
        &self,
        connection: &mut PgConnection,
        statement: impl FnOnce(&Statements) -> &Statement,
    ) -> Result<T> {
        let text: String = self
            .query_scalar(statement(self.statements()))
            .bind(self.options().schema.as_str())
            .fetch_one(connection)
            .await?;
        parse(&text)
    }

    async fn many_of_schema<T: DeserializeOwned>(
        &self,
        connection: &mut PgConnection,
        statement: impl FnOnce(&Statements) -> &Statement,
    ) -> Result<Vec<T>> {
        rows(
            self.query_scalar(statement(self.statements()))
                .bind(self.options().schema.as_str())
                .fetch_all(connection)
                .await?,
        )
    }
}
