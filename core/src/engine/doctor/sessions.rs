//! What others in the server hold: snapshots, prepared transactions, replication slots, the queue of notifications.

use super::Examination;
use super::words::{bytes, percent, seconds};
use crate::model::{Check, CheckId, DoctorLimits, Finding};
use crate::store::{Held, ServerFacts, SlotFacts, SnapshotFacts, Store, run};
use serde_json::json;

pub(super) async fn check(
    examination: &mut Examination<'_>,
    store: &Store,
    held: &mut Held,
    server: &ServerFacts,
) {
    examination.add(notifications(server, examination.limits));
    let slots = run!(store, held, None, |connection| store.doctor_slots(connection));
    if let Some(slots) = examination.facts(slots, &[CheckId::ReplicationSlots]) {
        examination.add_all(slots.iter().map(slot).collect(), || {
            Check::ok(
                CheckId::ReplicationSlots,
                "every replication slot is read, or there is none",
                json!(null),
            )
        });
    }
    let holders = run!(store, held, None, |connection| store.doctor_snapshots(connection));
    if let Some(holders) = examination.facts(holders, &[CheckId::Snapshots]) {
        let limit = examination.limits.transaction_seconds;
        let oldest = holders
            .iter()
            .filter_map(|holder| holder.seconds)
            .fold(0.0, f64::max);
        let old = holders
            .iter()
            .filter(|holder| holder.seconds.is_some_and(|age| age > limit));
        examination.add_all(old.map(snapshot).collect(), || {
            let message = if server.sees_sessions {
                format!("the oldest snapshot is {} old", seconds(oldest))
            } else {
                format!(
                    "of the sessions that this role sees the oldest snapshot is {} old",
                    seconds(oldest)
                )
            };
            Check::ok(
                CheckId::Snapshots,
                message,
                json!({"oldest_seconds": oldest, "holders": holders.len()}),
            )
        });
    }
}

fn notifications(server: &ServerFacts, limits: &DoctorLimits) -> Check {
    let usage = server.notification_usage;
    let facts = json!({"usage": usage});
    if usage <= limits.notification_share {
        return Check::ok(
            CheckId::Notifications,
            format!("the queue of notifications is {} full", percent(usage)),
            facts,
        );
    }
    Check::found(
        Finding::NotificationsPileUp,
        format!("the queue of notifications is {} full: when it is full, commits that notify fail", percent(usage)),
        facts,
    )
    .advise("a session that listens stands in a transaction for long; end it: select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and xact_start < now() - interval '5 min';")
    .advise("idle_in_transaction_session_timeout keeps it from coming back")
}

fn slot(slot: &SlotFacts) -> Check {
    let kept = slot
        .wal_bytes
        .map(|count| format!(" holds back {} of WAL", bytes(count)))
        .unwrap_or_else(|| " holds back WAL".to_owned());
    let rows = slot
        .transactions
        .map(|count| format!(", and what {count} transactions left dead"))
        .unwrap_or_default();
    Check::found(
        Finding::SlotUnused,
        format!(
            "nobody reads the {} replication slot {}: it{kept}{rows}",
            slot.kind, slot.slot
        ),
        json!(slot),
    )
    .advise("start its reader again; or, if that is gone for good:")
    .advise(format!(
        "select pg_drop_replication_slot('{}');",
        slot.slot.replace('\'', "''")
    ))
}

fn snapshot(holder: &SnapshotFacts) -> Check {
    let age = seconds(holder.seconds.unwrap_or_default());
    let role = holder.role.as_deref().unwrap_or("somebody");
    let name = holder.name.replace('\'', "''");
    if holder.kind == "prepared" {
        return Check::found(
            Finding::PreparedTransactionOld,
            format!("the prepared transaction '{}' of {role} has waited for its end for {age}", holder.name),
            json!(holder),
        )
        .advise(format!("rollback prepared '{name}';"))
        .advise("or commit prepared, if its coordinator says so; without a coordinator set max_prepared_transactions to 0");
    }
    let application = holder
        .application
        .as_deref()
        .filter(|name| !name.is_empty())
        .map(|name| format!(" ({name})"))
        .unwrap_or_default();
    let state = holder.state.as_deref().unwrap_or("active");
    let check = Check::found(
        Finding::TransactionLong,
        format!(
            "{} {} of {role}{application}, {state}, has held a snapshot for {age}: dead rows newer than that stay",
            if holder.kind == "standby" {
                "the standby on process"
            } else {
                "process"
            },
            holder.name
        ),
        json!(holder),
    );
    if holder.kind == "standby" {
        return check
            .advise("a long query runs on that standby: end it there, or turn hot_standby_feedback off");
    }
    check
        .advise(format!("end it: select pg_terminate_backend({name});"))
        .advise(
            "idle_in_transaction_session_timeout ends those that stand still; reports belong on a standby",
        )
}
