//! The server: version, writes, clocks, durability, connections, transaction ids; and its disks, where they are ours to see.

use super::words::{counted, percent, quoted, seconds, share};
use super::{Examination, disk};
use crate::error::Result;
use crate::model::{Check, CheckId, Finding};
use crate::store::{Held, ServerFacts, Store, run};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::{Duration, Instant};

/// The oldest PostgreSQL that Tasker works with.
const OLDEST: i32 = 150_000;
/// How far the clocks may differ before ids made here are soon refused, in seconds: the database refuses those that are a
/// day off.
const FAR_OFF: f64 = 43_200.0;
/// PostgreSQL stops taking writes 3,000,000 ids before 2^31, and autovacuum stops being gentle at 1.6 billion.
const LAST_IDS: i64 = 1_600_000_000;
/// How often a clock is asked: the quickest answer says most.
const QUESTIONS: u32 = 3;

pub(super) async fn check(
    examination: &mut Examination<'_>,
    store: &Store,
    held: &mut Held,
    server: &ServerFacts,
) {
    examination.add(version(server));
    examination.add(writable(server));
    let skew = skew(store, held).await;
    if let Some(skew) = examination.facts(skew, &[CheckId::Clock]) {
        let moved = clock_moved(server);
        let found = moved
            .into_iter()
            .chain(clock_skewed(&skew, examination.limits.clock_seconds));
        examination.add_all(found.collect(), || {
            Check::ok(
                CheckId::Clock,
                format!(
                    "the clocks of this process and of the database agree to {}",
                    seconds(skew.seconds.abs().max(skew.uncertain))
                ),
                skew.facts(),
            )
        });
    }
    examination.add_all(durability(server), || {
        Check::ok(
            CheckId::Durability,
            "what is committed survives a crash",
            durability_facts(server),
        )
    });
    examination.add(checkpoints(server));
    examination.add_all(disk::of_server(store, server, examination.limits), || {
        Check::ok(
            CheckId::Disk,
            "the disks of the server cannot be seen from here",
            json!(null),
        )
    });
    examination.add_all(transaction_ids(server), || {
        let facts = json!({"transaction_age": server.transaction_age, "multixact_age": server.multixact_age});
        Check::ok(
            CheckId::TransactionIds,
            "transaction ids are frozen in time",
            facts,
        )
    });
}

fn version(server: &ServerFacts) -> Check {
    let facts = json!({"version": server.version, "version_text": server.version_text});
    if server.version < OLDEST {
        return Check::found(
            Finding::PostgresTooOld,
            format!(
                "PostgreSQL is {}, and Tasker needs 15 or newer",
                server.version_text
            ),
            facts,
        )
        .advise("upgrade the server: pg_upgrade, or a dump and a restore");
    }
    Check::ok(
        CheckId::Version,
        format!("PostgreSQL {}", server.version_text),
        facts,
    )
}

fn writable(server: &ServerFacts) -> Check {
    let facts = json!({"standby": server.standby, "read_only": server.read_only});
    if server.standby {
        return Check::found(
            Finding::Standby,
            "the server is a standby: it takes no writes, so nothing can be created, claimed or completed",
            facts,
        )
        .advise("let the URL lead to the primary; with several hosts in it, target_session_attrs=read-write finds it")
        .advise("if the primary is gone, promote this one: select pg_promote();");
    }
    if server.read_only {
        let (database, user) = (quoted(&server.database), quoted(&server.user));
        return Check::found(
            Finding::ReadOnly,
            "default_transaction_read_only is on: nothing can be created, claimed or completed",
            facts,
        )
        .advise("to set it back a session has to allow itself to write:")
        .advise("set default_transaction_read_only = off;")
        .advise(format!(
            "alter database {database} reset default_transaction_read_only;"
        ))
        .advise(format!("alter role {user} reset default_transaction_read_only;"))
        .advise("if it stands in postgresql.conf, take it out there and reload");
    }
    Check::ok(CheckId::Writable, "it takes writes", facts)
}

/// How far the database is ahead of this process, and how sure that is; both in seconds.
#[derive(Debug, Clone, Copy)]
struct Skew {
    seconds: f64,
    uncertain: f64,
}

impl Skew {
    fn facts(&self) -> serde_json::Value {
        json!({"database_ahead_seconds": self.seconds, "uncertain_seconds": self.uncertain})
    }
}

/// As NTP does it: the answer was made midway between question and arrival, give or take half the round trip (RFC 5905, 8).
async fn skew(store: &Store, held: &mut Held) -> Result<Skew> {
    let mut best: Option<(Duration, DateTime<Utc>, DateTime<Utc>)> = None;
    for _ in 0..QUESTIONS {
        let (asked, began) = (Utc::now(), Instant::now());
        let answer = run!(store, held, None, |connection| store.doctor_clock(connection))?;
        let round_trip = began.elapsed();
        if best.is_none_or(|(quickest, _, _)| round_trip < quickest) {
            best = Some((round_trip, asked, answer));
        }
    }
    let (round_trip, asked, answer) = best.unwrap_or((Duration::ZERO, Utc::now(), Utc::now()));
    let half = round_trip.as_secs_f64() / 2.0;
    let apart = (answer - asked).as_seconds_f64();
    Ok(Skew {
        seconds: apart - half,
        uncertain: half,
    })
}

fn clock_skewed(skew: &Skew, limit: f64) -> Option<Check> {
    let sure = skew.seconds.abs() - skew.uncertain;
    if sure <= limit {
        return None;
    }
    let way = if skew.seconds > 0.0 { "ahead of" } else { "behind" };
    let message = format!(
        "the database's clock is {} {way} that of this process",
        seconds(skew.seconds.abs())
    );
    let ntp = "synchronise the clocks of both machines (chrony, systemd-timesyncd)";
    Some(if sure >= FAR_OFF {
        Check::found(
            Finding::ClockFarOff,
            format!("{message}: a task id made here is refused once that is a day"),
            skew.facts(),
        )
        .advise(ntp)
    } else {
        Check::found(
            Finding::ClockSkewed,
            format!("{message}: the engine goes by the database's, but ids made here sort by this one"),
            skew.facts(),
        )
        .advise(ntp)
    })
}

/// For tests a transaction may set the engine's clock. Set for a database or a role it moves the clock of everybody there.
fn clock_moved(server: &ServerFacts) -> Option<Check> {
    if server.clock_set.is_none() && server.clock_settings.is_empty() {
        return None;
    }
    let facts = json!({"here": server.clock_set, "settings": server.clock_settings});
    let mut check = Check::found(
        Finding::ClockMoved,
        "the setting tasker.now moves the engine's clock: leases, retries and heartbeats go wrong",
        facts,
    );
    for setting in &server.clock_settings {
        let database = setting.database.as_deref().map(quoted);
        let role = setting.role.as_deref().map(quoted);
        check = check.advise(match (role, database) {
            (Some(role), Some(database)) => {
                format!("alter role {role} in database {database} reset \"tasker.now\";")
            }
            (Some(role), None) => format!("alter role {role} reset \"tasker.now\";"),
            (None, Some(database)) => format!("alter database {database} reset \"tasker.now\";"),
            (None, None) => "alter role all reset \"tasker.now\";".to_owned(),
        });
    }
    if server.clock_settings.is_empty() {
        check = check.advise(
            "take tasker.now out of postgresql.conf, out of the options in the URL, or out of PGOPTIONS",
        );
    }
    Some(check.advise("then restart the workers: sessions keep what they began with"))
}

fn durability_facts(server: &ServerFacts) -> serde_json::Value {
    json!({"fsync": server.fsync, "full_page_writes": server.full_page_writes, "synchronous_commit": server.synchronous_commit})
}

fn durability(server: &ServerFacts) -> Vec<Check> {
    let mut found = Vec::new();
    let set = |name: &str| {
        format!("in postgresql.conf, or: alter system set {name} = on; select pg_reload_conf();")
    };
    if !server.fsync {
        found.push(
            Check::found(
                Finding::FsyncOff,
                "fsync is off: a crash of the machine can destroy the whole database",
                durability_facts(server),
            )
            .advise(set("fsync"))
            .advise("a server for tests may stay so"),
        );
    }
    if !server.full_page_writes {
        found.push(
            Check::found(
                Finding::FullPageWritesOff,
                "full_page_writes is off: a crash of the machine can leave pages that are half old, half new",
                durability_facts(server),
            )
            .advise(set("full_page_writes"))
            .advise("it may stay off on a file system that writes 8 KiB at once, such as ZFS"),
        );
    }
    if server.synchronous_commit == "off" {
        found.push(
            Check::found(
                Finding::SynchronousCommitOff,
                "synchronous_commit is off: a crash loses the last commits; steps that were complete run again",
                durability_facts(server),
            )
            .advise(format!(
                "alter database {} set synchronous_commit = on;",
                quoted(&server.database)
            ))
            .advise("the engine commits many steps at once, so there is little to win"),
        );
    }
    found
}

fn checkpoints(server: &ServerFacts) -> Check {
    let facts = json!({"max_wal_size": server.max_wal_size, "timed": server.checkpoints_timed, "forced": server.checkpoints_forced});
    match (server.checkpoints_timed, server.checkpoints_forced) {
        // Backups and shutdowns force some, whatever the load.
        (Some(timed), Some(forced)) if forced > 20 && forced > timed => Check::found(
            Finding::CheckpointsForced,
            format!(
                "{forced} of {} checkpoints were forced by the amount of WAL; max_wal_size is {}",
                forced + timed,
                server.max_wal_size
            ),
            facts,
        )
        .advise("raise max_wal_size until most checkpoints come by time: each forced one makes the next writes dearer"),
        _ => Check::ok(
            CheckId::Checkpoints,
            format!("checkpoints come by time; max_wal_size is {}", server.max_wal_size),
            facts,
        ),
    }
}

fn transaction_ids(server: &ServerFacts) -> Vec<Check> {
    let ages = [
        (
            "transaction",
            server.transaction_age,
            server.freeze_max_age,
            "datfrozenxid",
        ),
        (
            "multixact",
            server.multixact_age,
            server.multixact_freeze_max_age,
            "datminmxid",
        ),
    ];
    let mut found = Vec::new();
    for (kind, age, limit, column) in ages {
        let facts = json!({"kind": kind, "age": age, "freeze_max_age": limit});
        let which = format!("select datname, age({column}) from pg_database order by 2 desc;")
            .replace("age(datminmxid)", "mxid_age(datminmxid)");
        let vacuum = "what holds it up is usually a long transaction, a prepared one or a replication slot; end it, then vacuum (freeze) in the oldest database";
        if age >= LAST_IDS {
            found.push(
                Check::found(
                    Finding::TransactionIdsRunningOut,
                    format!("the oldest {kind} id is {age} ids old; at 2,147,483,648 the server takes no more writes"),
                    facts,
                )
                .advise(which)
                .advise(vacuum),
            );
        } else if age > limit.saturating_mul(2) {
            found.push(
                Check::found(
                    Finding::TransactionIdsOld,
                    format!("the oldest {kind} id is {age} ids old, twice the age ({limit}) at which autovacuum freezes"),
                    facts,
                )
                .advise(which)
                .advise(vacuum),
            );
        }
    }
    found
}

/// How many connections are in use, and how many the live processes with a worker could take: `processes`, each as many as
/// this one is allowed, and one to listen.
pub(super) fn connections(server: &ServerFacts, each: i64, processes: Option<i64>) -> Check {
    // Whoever reaches the first limit is refused.
    let limits = [
        (
            "the server",
            Some(server.max_connections - server.reserved_connections),
            server.used_connections,
        ),
        ("the database", server.limit_of_database, server.used_of_database),
        (
            "the role",
            server.limit_of_role.filter(|_| !server.superuser),
            Some(server.used_of_role),
        ),
    ];
    let wanted = processes.map(|processes| processes * each);
    let facts = json!({
        "max_connections": server.max_connections, "reserved": server.reserved_connections, "used": server.used_connections,
        "limit_of_database": server.limit_of_database, "limit_of_role": server.limit_of_role,
        "processes": processes, "connections_of_each": each, "wanted_by_workers": wanted,
    });
    let narrowest = limits
        .into_iter()
        .filter_map(|(of, limit, used)| Some((of, limit?, used?)))
        .max_by(|a, b| share(a.2, a.1).total_cmp(&share(b.2, b.1)));
    let Some((of, limit, used)) = narrowest else {
        return Check::unseen(
            CheckId::Connections,
            "not looked at: the server does not say how many there are",
        );
    };
    let taken = format!("{used} of {limit} connections of {of} are in use");
    let fewer = "lower database.max_connections of the processes, or put a pooler in front";
    let who = "select usename, application_name, state, count(*) from pg_stat_activity group by 1, 2, 3 order by 4 desc;";
    let room = share(used, limit);
    let check = |finding, message| Check::found(finding, message, facts.clone());
    if room >= 0.95 {
        return check(Finding::ConnectionsExhausted, taken).advise(who).advise(fewer).advise(
            "raise max_connections (a restart), or the limit of the role or database: alter … connection limit …",
        );
    }
    if room >= 0.8 {
        return check(Finding::ConnectionsNearlyUsed, taken)
            .advise(who)
            .advise(fewer);
    }
    let smallest = limits
        .iter()
        .filter_map(|(_, limit, _)| *limit)
        .min()
        .unwrap_or(limit);
    match (processes, wanted) {
        (Some(processes), Some(wanted)) if wanted > smallest => check(
            Finding::ConnectionsOverbooked,
            format!(
                "{} with a worker could take {each} connections each, {wanted} together, and there are {smallest}",
                counted(processes, "process").replace("processs", "processes")
            ),
        )
        .advise(fewer)
        .advise("or raise max_connections of the server (a restart)"),
        _ => Check::ok(CheckId::Connections, format!("{taken} ({})", percent(room)), facts),
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
