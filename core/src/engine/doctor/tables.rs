//! How the tables are doing: vacuum, dead rows, bloat, scans.

use super::Examination;
use super::words::{bytes, percent, quoted, share};
use crate::model::{Check, CheckId, DoctorLimits, Finding};
use crate::store::{Held, ServerFacts, Store, TableFacts, run};
use serde_json::json;

/// The tables whose rows come and go with the work; the others are small, or only grow.
const HOT: &str = "workflow_steps";
/// Below so many dead rows nobody minds how late autovacuum is.
const FEW_DEAD: f64 = 10_000.0;

pub(super) async fn check(
    examination: &mut Examination<'_>,
    store: &Store,
    held: &mut Held,
    server: &ServerFacts,
) {
    let tables = run!(store, held, None, |connection| store.doctor_tables(connection));
    let checks = [
        CheckId::Autovacuum,
        CheckId::DeadRows,
        CheckId::Bloat,
        CheckId::IndexUse,
    ];
    let Some(tables) = examination.facts(tables, &checks) else {
        return;
    };
    let schema = store.options().schema.as_str();
    let limits = examination.limits;
    let each = |verdict: &dyn Fn(&TableFacts) -> Option<Check>| {
        tables.iter().filter_map(verdict).collect::<Vec<_>>()
    };

    let mut vacuum = each(&|table| autovacuum(schema, table));
    if !server.autovacuum {
        let off = Check::found(
            Finding::AutovacuumOff,
            "autovacuum (or track_counts, which it goes by) is off: dead rows stay, and claims become slower and slower",
            json!({"autovacuum": false}),
        );
        vacuum.insert(0, off.advise("alter system set autovacuum = on; alter system set track_counts = on; select pg_reload_conf();"));
    }
    examination.add_all(vacuum, || {
        Check::ok(
            CheckId::Autovacuum,
            "autovacuum is on for every table",
            json!(null),
        )
    });

    let dead: i64 = tables.iter().map(|table| table.dead_rows).sum();
    let live: i64 = tables.iter().map(|table| table.live_rows).sum();
    examination.add_all(each(&|table| dead_rows(schema, table, limits)), || {
        Check::ok(
            CheckId::DeadRows,
            format!("{dead} dead rows beside {live} live ones"),
            json!({"dead_rows": dead, "live_rows": live}),
        )
    });
    let size: i64 = tables.iter().map(|table| table.bytes).sum();
    examination.add_all(each(&|table| bloat(schema, table, limits)), || {
        Check::ok(
            CheckId::Bloat,
            format!(
                "the tables have {} without their indexes, little of it empty",
                bytes(size)
            ),
            json!({"bytes": size}),
        )
    });
    examination.add_all(each(&|table| scanned(schema, table, limits)), || {
        Check::ok(
            CheckId::IndexUse,
            "large tables are read by their indexes",
            json!(null),
        )
    });
}

fn full(schema: &str, table: &TableFacts) -> String {
    format!("{}.{}", quoted(schema), quoted(&table.table))
}

fn autovacuum(schema: &str, table: &TableFacts) -> Option<Check> {
    let name = full(schema, table);
    if !table.autovacuum {
        return Some(
            Check::found(
                Finding::AutovacuumOffForTable,
                format!("autovacuum is off for {}: its dead rows stay", table.table),
                json!(table),
            )
            .advise(format!("alter table {name} reset (autovacuum_enabled);")),
        );
    }
    #[allow(clippy::cast_precision_loss)] // a count of rows is compared with ten times a threshold
    let dead = table.dead_rows as f64;
    (dead > (table.vacuum_threshold * 10.0).max(FEW_DEAD)).then(|| {
        Check::found(
            Finding::AutovacuumBehind,
            format!(
                "{} has {} dead rows; autovacuum should have come at {:.0}",
                table.table, table.dead_rows, table.vacuum_threshold
            ),
            json!(table),
        )
        .advise("something keeps it from cleaning up: see the check of snapshots")
        .advise("or its workers are busy elsewhere: raise autovacuum_max_workers and autovacuum_vacuum_cost_limit")
        .advise(format!("by hand: vacuum (verbose, analyze) {name};"))
    })
}

fn dead_rows(schema: &str, table: &TableFacts, limits: &DoctorLimits) -> Option<Check> {
    (table.dead_rows > limits.dead_rows && table.dead_rows > table.live_rows).then(|| {
        Check::found(
            Finding::TableDead,
            format!(
                "{} has {} dead rows beside {} live ones ({})",
                table.table,
                table.dead_rows,
                table.live_rows,
                percent(share(table.dead_rows, table.dead_rows + table.live_rows))
            ),
            json!(table),
        )
        .advise("who holds an old snapshot? See the check of snapshots; dead rows go after it")
        .advise(format!("vacuum (verbose, analyze) {};", full(schema, table)))
    })
}

fn bloat(schema: &str, table: &TableFacts, limits: &DoctorLimits) -> Option<Check> {
    let empty = table.bytes - table.expected_bytes?;
    (empty > limits.bloat_bytes && empty * 2 > table.bytes).then(|| {
        Check::found(
            Finding::TableBloated,
            format!(
                "about {} of {} of {} are empty ({})",
                bytes(empty),
                bytes(table.bytes),
                table.table,
                percent(share(empty, table.bytes))
            ),
            json!(table),
        )
        .advise("new rows fill it again; it is worth nothing to do while the table grows")
        .advise(format!(
            "to give it back at a quiet hour (everybody waits meanwhile): vacuum full {};",
            full(schema, table)
        ))
    })
}

fn scanned(schema: &str, table: &TableFacts, limits: &DoctorLimits) -> Option<Check> {
    let large = table.live_rows >= limits.scanned_rows && (table.table == HOT || table.table == "tasks");
    (large && table.scans > 10 && table.scanned_rows > table.fetched_rows.saturating_mul(10)).then(|| {
        Check::found(
            Finding::TableScanned,
            format!(
                "{} was read from end to end {} times, {} rows; by its indexes {} rows were fetched",
                table.table, table.scans, table.scanned_rows, table.fetched_rows
            ),
            json!(table),
        )
        .advise("is an index missing? See the check of indexes")
        .advise(format!("statistics may be old: analyze {};", full(schema, table)))
        .advise("queries of your own that read it whole are better run on a standby: select query, calls, rows from pg_stat_statements order by rows desc;")
    })
}
