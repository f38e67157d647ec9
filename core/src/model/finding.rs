//! Everything that a doctor can find. One list: the name, where it belongs, how bad it is, what it means.

use super::{CheckId, CheckStatus};
use serde::{Deserialize, Serialize};

macro_rules! findings {
    ($($check:ident { $($finding:ident = $name:literal, $status:ident, $meaning:literal;)+ })+) => {
        /// Something that a doctor found. Names are stable; more may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Finding {
            $($(#[doc = $meaning] $finding,)+)+
        }

        impl Finding {
            /// Every finding, check by check.
            pub const ALL: &'static [Finding] = &[$($(Finding::$finding,)+)+];

            /// The name, as JSON has it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Finding::$finding => $name,)+)+
                }
            }

            /// The check that finds it.
            pub const fn check(self) -> CheckId {
                match self {
                    $($(Finding::$finding => CheckId::$check,)+)+
                }
            }

            /// How bad it is.
            pub const fn status(self) -> CheckStatus {
                match self {
                    $($(Finding::$finding => CheckStatus::$status,)+)+
                }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $($(Finding::$finding => $meaning,)+)+
                }
            }
        }
    };
}

findings! {
    Connection {
        NoDatabaseNamed = "no_database_named", Problem, "no database is named, or what is named is not one";
        PrivateClusterBroken = "private_cluster_broken", Problem, "the private PostgreSQL cluster does not start";
        ServerUnreachable = "server_unreachable", Problem, "nothing answers where the server should be";
        ServerNotReady = "server_not_ready", Problem, "the server starts, stops, or recovers from a crash";
        LoginRefused = "login_refused", Problem, "the server does not let this role in: its name, its password or pg_hba.conf";
        DatabaseMissing = "database_missing", Problem, "the server has no database of that name";
        NoConnectionLeft = "no_connection_left", Problem, "the server, the database or the role has no connection left";
        ConnectionFailed = "connection_failed", Problem, "the connection failed for another reason, which is told";
    }
    Pooler {
        PoolerInFront = "pooler_in_front", Note, "a pooler hands server processes out by transaction, and the engine works that way";
        PoolerDenied = "pooler_denied", Problem, "a pooler refuses what the engine sends because `database.pooler` says that there is none";
        PoolerUnclear = "pooler_unclear", Warning, "`database.pooler` says that there is no pooler, and one that drops parameters stands in front";
        PoolerNotThere = "pooler_not_there", Note, "`database.pooler` says that a pooler stands in front, and there is none";
    }
    Listener {
        NobodyListens = "nobody_listens", Note, "behind a pooler nobody listens, so idle workers find work by polling";
        ListenerUnreachable = "listener_unreachable", Warning, "`database.listen_url` leads nowhere";
        ListenerPooled = "listener_pooled", Warning, "`database.listen_url` leads to a pooler too, where nobody can listen";
        ListenerDeaf = "listener_deaf", Warning, "what is said in the database is not heard where the engine listens";
    }
    Version {
        PostgresTooOld = "postgres_too_old", Problem, "PostgreSQL is older than 15";
    }
    Writable {
        Standby = "standby", Problem, "the server is a standby, which takes no writes";
        ReadOnly = "read_only", Problem, "transactions are read-only by default";
    }
    Clock {
        ClockMoved = "clock_moved", Problem, "the setting `tasker.now` moves the engine's clock for a whole database, role or server";
        ClockSkewed = "clock_skewed", Warning, "the clocks of this process and of the database differ";
        ClockFarOff = "clock_far_off", Problem, "they differ by more than half a day: ids made here are soon refused";
    }
    Durability {
        FsyncOff = "fsync_off", Problem, "`fsync` is off: a crash of the machine can destroy the whole database";
        FullPageWritesOff = "full_page_writes_off", Warning, "`full_page_writes` is off: a crash of the machine can leave torn pages";
        SynchronousCommitOff = "synchronous_commit_off", Warning, "`synchronous_commit` is off: a crash loses the last commits, and their steps run again";
    }
    Checkpoints {
        CheckpointsForced = "checkpoints_forced", Note, "most checkpoints are forced by the amount of WAL: `max_wal_size` is small for the load";
    }
    Connections {
        ConnectionsExhausted = "connections_exhausted", Problem, "hardly a connection is left";
        ConnectionsNearlyUsed = "connections_nearly_used", Warning, "more than 80 % of the connections are in use";
        ConnectionsOverbooked = "connections_overbooked", Warning, "the processes with a worker could take more connections than there are";
    }
    Disk {
        DiskFull = "disk_full", Problem, "a disk of the server is full, or as good as";
        DiskLow = "disk_low", Warning, "a disk of the server has little room left";
    }
    TransactionIds {
        TransactionIdsRunningOut = "transaction_ids_running_out", Problem, "transaction ids run out: the server will stop taking writes";
        TransactionIdsOld = "transaction_ids_old", Warning, "old transaction ids are not frozen, although autovacuum should have done it";
    }
    ReplicationSlots {
        SlotUnused = "slot_unused", Warning, "a replication slot that nobody reads holds back WAL files, and perhaps dead rows";
    }
    Notifications {
        NotificationsPileUp = "notifications_pile_up", Warning, "the queue of notifications fills: a session that listens does not read";
    }
    Migrations {
        SchemaMissing = "schema_missing", Problem, "the schema is not there";
        SchemaForeign = "schema_foreign", Problem, "a schema of that name holds something else";
        SchemaOld = "schema_old", Problem, "the schema is older than this program";
        SchemaNewer = "schema_newer", Warning, "the schema is newer than this program";
    }
    Privileges {
        NoUsage = "no_usage", Problem, "the role may not use the schema";
        NoExecute = "no_execute", Problem, "the role may not call functions of the schema";
        NoTableRights = "no_table_rights", Problem, "the role lacks rights on tables that the engine reads or changes by itself";
        NotTheOwner = "not_the_owner", Note, "the role does not own the schema, so that another one has to migrate";
        StatisticsHidden = "statistics_hidden", Note, "the role does not see the sessions of others: who holds snapshots stays unknown";
    }
    Indexes {
        IndexMissing = "index_missing", Problem, "an index of the schema is not there";
        IndexInvalid = "index_invalid", Problem, "an index is not valid, and not used";
    }
    Partitions {
        PartitionsMissing = "partitions_missing", Warning, "no partition of the trail is made ahead";
        DefaultPartitionFull = "default_partition_full", Warning, "the DEFAULT partitions of the trail are so large that no partition is added by itself";
    }
    Autovacuum {
        AutovacuumOff = "autovacuum_off", Problem, "autovacuum is off for the whole server";
        AutovacuumOffForTable = "autovacuum_off_for_table", Problem, "autovacuum is off for a table of the schema";
        AutovacuumBehind = "autovacuum_behind", Warning, "a table has ten times the dead rows at which autovacuum should have come";
    }
    Snapshots {
        TransactionLong = "transaction_long", Warning, "a long transaction keeps dead rows from being cleaned up";
        PreparedTransactionOld = "prepared_transaction_old", Warning, "a prepared transaction that nobody ends keeps dead rows and locks";
    }
    DeadRows {
        TableDead = "table_dead", Warning, "a table has more dead rows than live ones";
    }
    Bloat {
        TableBloated = "table_bloated", Warning, "more than half of a table is empty space beyond its fillfactor";
    }
    IndexUse {
        TableScanned = "table_scanned", Warning, "a large table is read from end to end more often than by its indexes";
    }
    Workers {
        NoLiveWorker = "no_live_worker", Warning, "no worker lives";
        WorkerLost = "worker_lost", Warning, "a worker has not been heard of for longer than its lease";
        WorkerHangs = "worker_hangs", Problem, "a worker's process lives, and its own code has stopped asking for work";
        WorkerStuck = "worker_stuck", Warning, "a handler does not return after its deadline and keeps its slot";
        WorkerFromTheFuture = "worker_from_the_future", Warning, "a worker was last heard of in the future: a clock was moved";
    }
    Handlers {
        HandlerMissing = "handler_missing", Problem, "steps are ready, and no live worker has their handler";
        HandlerHangs = "handler_hangs", Problem, "steps are ready, and all workers with their handler have stopped asking for work";
    }
    Steps {
        StepsStuck = "steps_stuck", Warning, "steps run past their deadline";
        StepsQuarantined = "steps_quarantined", Warning, "steps are in quarantine: processes died while they held them";
        TasksBlocked = "tasks_blocked", Note, "tasks are in error: nothing in them can go on";
    }
    Pauses {
        PausedForLong = "paused_for_long", Note, "something has been paused for longer than a day";
    }
    Maintenance {
        MaintenanceOverdue = "maintenance_overdue", Warning, "workers live, and what they do now and then is overdue";
        MaintenanceAbsent = "maintenance_absent", Warning, "tasks are run one at a time, and nothing looks after the database beside them";
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
