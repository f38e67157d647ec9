//! What the database says of all processes: for dashboards and alerts.

use super::State;
use serde::{Deserialize, Serialize};

/// The work in the database and the database itself, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// The work.
    pub work: WorkMeasurements,
    /// The server.
    pub server: ServerMeasurements,
}

/// The work in the database, by namespace: the oldest 100 each, the rest as `other`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkMeasurements {
    /// Tasks by state, of the newest 20,000.
    pub tasks: Vec<TaskCount>,
    /// Steps by state, of the newest 100,000.
    pub steps: Vec<StepCount>,
    /// Steps that could be claimed, up to 10,000 a lane.
    pub ready: Vec<ReadyCount>,
    /// Workers that have not ended.
    pub workers: Vec<WorkerCount>,
}

/// Tasks in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCount {
    /// The namespace.
    pub namespace: String,
    /// The state.
    pub state: State,
    /// How many.
    pub count: u64,
}

/// Steps in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCount {
    /// The namespace.
    pub namespace: String,
    /// The state.
    pub state: State,
    /// How many.
    pub count: u64,
    /// How many of them failed for good.
    #[serde(rename = "final")]
    pub failed_for_good: u64,
}

/// Steps that could be claimed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadyCount {
    /// The namespace.
    pub namespace: String,
    /// How many may be claimed now.
    pub ready: u64,
    /// How many could be, were their namespace, named task or handler not paused.
    pub paused: u64,
    /// How long the oldest that may be claimed has been ready; none where there is none.
    pub oldest_seconds: Option<f64>,
}

/// Workers that have not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerCount {
    /// `alive`, `draining`, or `lost`: its lease is over.
    pub state: String,
    /// How many.
    pub count: u64,
    /// How many handlers they may run at once.
    pub slots: u64,
}

/// The server, as its statistics have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerMeasurements {
    /// How many sessions the server takes.
    pub max_connections: u64,
    /// Sessions of all databases.
    pub used_connections: u64,
    /// Sessions of this database.
    pub used_of_database: u64,
    /// How long the oldest transaction of the sessions that this role sees has lasted; 0 where there is none.
    pub oldest_transaction_seconds: f64,
    /// Tables of the schema that move.
    pub tables: Vec<TableMeasurements>,
}

/// A table, as the statistics have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableMeasurements {
    /// Its name.
    pub name: String,
    /// About how many rows there are.
    pub rows: u64,
    /// About how many dead ones wait for vacuum.
    pub dead_rows: u64,
}
