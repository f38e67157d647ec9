//! The schema: its version, the rights of the role, indexes, the partitions of the trail.

use super::Examination;
use super::words::{bytes, counted, listed, quoted};
use crate::model::{Check, CheckId, Finding};
use crate::store::{Held, IndexFacts, PartitionFacts, SchemaFacts, ServerFacts, Store, run};
use serde_json::json;
use tasker_migrations::MIGRATIONS;

/// Above this `add_trail_partitions` adds none by itself: its `p_most_default_bytes`.
const MOST_DEFAULT_BYTES: i64 = 64 << 20;

/// Whether there is a schema whose tables may be looked at.
pub(super) async fn check(
    examination: &mut Examination<'_>,
    store: &Store,
    held: &mut Held,
    server: &ServerFacts,
) -> bool {
    let schema = store.options().schema.as_str();
    let facts = run!(store, held, None, |connection| store.doctor_schema(connection));
    let Some(facts) = examination.facts(facts, &[CheckId::Migrations]) else {
        return false;
    };
    if let Some(check) = absent(schema, &facts, server) {
        examination.add(check);
        return false;
    }
    let seen = facts.usage == Some(true) && facts.reads_history == Some(true);
    if seen {
        let version = run!(store, held, None, |connection| store.doctor_version(connection));
        if let Some(version) = examination.facts(version, &[CheckId::Migrations]) {
            examination.add(migrations(schema, version.unwrap_or(0)));
        }
    } else {
        examination.add(Check::unseen(
            CheckId::Migrations,
            "not looked at: the role may not read schema_migrations",
        ));
    }
    examination.add_all(privileges(schema, &facts, server), || {
        Check::ok(
            CheckId::Privileges,
            format!("{} may do everything here", server.user),
            json!({"role": server.user}),
        )
    });
    let indexes = run!(store, held, None, |connection| store.doctor_indexes(connection));
    if let Some(indexes) = examination.facts(indexes, &[CheckId::Indexes]) {
        examination.add_all(indexes.iter().map(|found| index(schema, found)).collect(), || {
            Check::ok(CheckId::Indexes, "every index is there and valid", json!(null))
        });
    }
    if facts.usage != Some(true) {
        return false;
    }
    let partitions = run!(store, held, None, |connection| store
        .doctor_partitions(connection));
    if let Some(partitions) = examination.facts(partitions, &[CheckId::Partitions]) {
        examination.add_all(partitioned(schema, &partitions), || {
            Check::ok(
                CheckId::Partitions,
                format!(
                    "{} of the trail, made ahead in time",
                    counted(partitions.count, "partition")
                ),
                json!(partitions),
            )
        });
    }
    true
}

fn absent(schema: &str, facts: &SchemaFacts, server: &ServerFacts) -> Option<Check> {
    if facts.history {
        return None;
    }
    let found = json!({"schema": schema, "others": facts.others, "needed": newest()});
    let check = if facts.occupied {
        Check::found(
            Finding::SchemaForeign,
            format!("the schema {schema} holds something that is not Tasker's"),
            found,
        )
        .advise("name another schema: --schema NAME")
    } else {
        let migrate = Check::found(
            Finding::SchemaMissing,
            format!("the database has no schema {schema} with Tasker's tables"),
            found,
        )
        .advise("tasker migrate");
        if facts.may_create || facts.owns == Some(true) {
            migrate
        } else {
            migrate.advise(format!(
                "before that, an administrator makes it: create schema {} authorization {};",
                quoted(schema),
                quoted(&server.user)
            ))
        }
    };
    let elsewhere = facts
        .others
        .iter()
        .map(|other| format!("Tasker's tables are in another schema: --schema {other}"));
    Some(elsewhere.fold(check, Check::advise))
}

fn newest() -> i32 {
    MIGRATIONS.last().map_or(0, |last| last.version)
}

fn migrations(schema: &str, version: i32) -> Check {
    let needed = newest();
    let facts = json!({"schema": schema, "version": version, "needed": needed});
    match version.cmp(&needed) {
        std::cmp::Ordering::Less => Check::found(
            Finding::SchemaOld,
            format!("the schema {schema} is at version {version}, and this program needs {needed}"),
            facts,
        )
        .advise("tasker migrate")
        .advise("workers of the older version may go on meanwhile"),
        std::cmp::Ordering::Greater => Check::found(
            Finding::SchemaNewer,
            format!("the schema {schema} is at version {version}, and this program knows up to {needed}"),
            facts,
        )
        .advise("update this program: one release of difference works, for the time of a rolling deploy"),
        std::cmp::Ordering::Equal => Check::ok(
            CheckId::Migrations,
            format!("the schema {schema} is at version {version}"),
            facts,
        ),
    }
}

fn privileges(schema: &str, facts: &SchemaFacts, server: &ServerFacts) -> Vec<Check> {
    let (name, role) = (quoted(schema), quoted(&server.user));
    let mut found = Vec::new();
    if facts.usage == Some(false) {
        found.push(
            Check::found(
                Finding::NoUsage,
                format!("{} may not use the schema {schema}", server.user),
                json!({"role": server.user, "schema": schema}),
            )
            .advise(format!("grant usage on schema {name} to {role};")),
        );
    }
    if !facts.no_execute.is_empty() {
        found.push(
            Check::found(
                Finding::NoExecute,
                format!("{} may not call {}", server.user, listed(&facts.no_execute)),
                json!({"role": server.user, "functions": facts.no_execute}),
            )
            .advise(format!(
                "grant execute on all functions in schema {name} to {role};"
            )),
        );
    }
    if !facts.no_select.is_empty() || !facts.no_update.is_empty() {
        let mut lacks = Vec::new();
        if !facts.no_select.is_empty() {
            lacks.push(format!("read {}", listed(&facts.no_select)));
        }
        if !facts.no_update.is_empty() {
            lacks.push(format!("update {} of tasks", listed(&facts.no_update)));
        }
        let mut check = Check::found(
            Finding::NoTableRights,
            format!(
                "{} may not {}: workers and `tasker` need it",
                server.user,
                lacks.join(", nor ")
            ),
            json!({"role": server.user, "no_select": facts.no_select, "no_update": facts.no_update}),
        );
        if !facts.no_select.is_empty() {
            check = check.advise(format!("grant select on all tables in schema {name} to {role};"));
        }
        if !facts.no_update.is_empty() {
            check = check.advise(format!(
                "grant update (context, unvalidated) on {name}.tasks to {role};"
            ));
        }
        found.push(check.advise("applications that only call the SQL functions do not need it"));
    }
    if facts.owns == Some(false) {
        let owner = facts.owner.as_deref().unwrap_or("another role");
        found.push(
            Check::found(
                Finding::NotTheOwner,
                format!(
                    "the schema {schema} belongs to {owner}: {} cannot migrate it",
                    server.user
                ),
                json!({"role": server.user, "owner": facts.owner}),
            )
            .advise(format!("run `tasker migrate` as {owner}")),
        );
    }
    if !server.sees_sessions {
        found.push(
            Check::found(
                Finding::StatisticsHidden,
                format!("{} does not see the sessions of other roles", server.user),
                json!({"role": server.user}),
            )
            .advise(format!("for the whole picture: grant pg_monitor to {role};")),
        );
    }
    found
}

fn index(schema: &str, index: &IndexFacts) -> Check {
    let (name, table) = (
        quoted(&index.index),
        format!("{}.{}", quoted(schema), quoted(&index.table)),
    );
    if index.exists {
        return Check::found(
            Finding::IndexInvalid,
            format!(
                "the index {} of {} is not valid, and not used",
                index.index, index.table
            ),
            json!(index),
        )
        .advise(format!("reindex index concurrently {}.{name};", quoted(schema)))
        .advise(format!(
            "one whose name ends in _ccnew is the rest of a failed try: drop index concurrently {}.{name};",
            quoted(schema)
        ));
    }
    let statement = match index.definition.strip_prefix("CREATE INDEX ") {
        Some(rest) => format!("create index concurrently {rest};"),
        None => format!(
            "alter table {table} add constraint {name} {};",
            index.definition.to_lowercase()
        ),
    };
    Check::found(
        Finding::IndexMissing,
        format!("the index {} of {} is missing", index.index, index.table),
        json!(index),
    )
    .advise(statement)
}

fn partitioned(schema: &str, facts: &PartitionFacts) -> Vec<Check> {
    let mut found = Vec::new();
    if facts.default_bytes > MOST_DEFAULT_BYTES {
        found.push(
            Check::found(
                Finding::DefaultPartitionFull,
                format!(
                    "the DEFAULT partitions of the trail hold {}: above {} none is added by itself, because everybody would wait while they are looked through",
                    bytes(facts.default_bytes),
                    bytes(MOST_DEFAULT_BYTES)
                ),
                json!(facts),
            )
            .advise("at a quiet hour, on a connection without a statement_timeout:")
            .advise(format!(
                "select * from {}.add_trail_partitions(p_most_default_bytes => {});",
                quoted(schema),
                facts.default_bytes.saturating_mul(2)
            ))
            .advise("or let old tasks go (tasker prune) and vacuum the partitions"),
        );
    }
    if facts.made_until.is_none_or(|until| until <= facts.now) {
        let message = match facts.made_until {
            None => "no partition of the trail was ever made".to_owned(),
            Some(until) => format!(
                "the last partition of the trail ended at {}",
                until.format("%Y-%m-%d %H:%M UTC")
            ),
        };
        found.push(
            Check::found(
                Finding::PartitionsMissing,
                format!("{message}: the DEFAULT partitions take everything, and cannot be dropped by age"),
                json!(facts),
            )
            .advise("workers make them; does one live? By hand:")
            .advise(format!(
                "select * from {}.add_trail_partitions();",
                quoted(schema)
            )),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_older_newer_or_right() {
        assert_eq!(
            migrations("tasker", newest() - 1).finding,
            Some(Finding::SchemaOld)
        );
        assert_eq!(
            migrations("tasker", newest() + 1).finding,
            Some(Finding::SchemaNewer)
        );
        assert_eq!(migrations("tasker", newest()).finding, None);
    }
}
