//! The schema of Tasker: numbered SQL, embedded, for a schema of any name.
//!
//! The files say `tasker.`; [`in_schema`] replaces that one token by the quoted name of the schema. Applying them is
//! the core's business (`store::migrate`).

mod roles;

pub use roles::{GRANTS, Role, roles_of};

/// One step of the schema's history.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number, ascending from 1.
    pub version: i32,
    /// Its name: the file's, without number and ending.
    pub name: &'static str,
    /// Its SQL, with the token `tasker.` in front of every object.
    pub sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal => $name:literal, $file:literal;)*) => {
        &[$(Migration { version: $version, name: $name, sql: include_str!(concat!("../sql/", $file)) }),*]
    };
}

/// All migrations, in order.
pub const MIGRATIONS: &[Migration] = migrations! {
    1 => "foundation", "0001_foundation.sql";
    2 => "tasks", "0002_tasks.sql";
    3 => "lanes", "0003_lanes.sql";
    4 => "register_template", "0004_register_template.sql";
    5 => "create_tasks", "0005_create_tasks.sql";
    6 => "insert_tasks", "0006_insert_tasks.sql";
    7 => "settle_tasks", "0007_settle_tasks.sql";
    8 => "create_task", "0008_create_task.sql";
    9 => "backoff", "0009_backoff.sql";
    10 => "workers", "0010_workers.sql";
    11 => "claim_steps", "0011_claim_steps.sql";
    12 => "complete_steps", "0012_complete_steps.sql";
    13 => "fail_steps", "0013_fail_steps.sql";
    14 => "release_steps", "0014_release_steps.sql";
    15 => "reap_workers", "0015_reap_workers.sql";
    16 => "operator_steps", "0016_operator_steps.sql";
    17 => "operator_tasks", "0017_operator_tasks.sql";
    18 => "views", "0018_views.sql";
    19 => "readiness", "0019_readiness.sql";
    20 => "analytics", "0020_analytics.sql";
    21 => "security", "0021_security.sql";
    22 => "create_and_claim", "0022_create_and_claim.sql";
    23 => "complete_alone", "0023_complete_alone.sql";
    24 => "prune", "0024_prune.sql";
    25 => "partitions", "0025_partitions.sql";
    26 => "roles", "0026_roles.sql";
    27 => "records", "0027_records.sql";
    28 => "lists", "0028_lists.sql";
    29 => "access", "0029_access.sql";
    30 => "operator_actions", "0030_operator_actions.sql";
};

/// The versions that releases ended with, ascending: what is recorded in `tests/versions/`. Written by
/// `scripts/release-fixture`.
pub const RELEASES: &[i32] = &[26];

/// The version of the oldest code that works on a schema at `version`: that of the release before. Between two releases
/// migrations are additive, so that whatever worked at the one works up to the end of the next.
pub fn oldest_code(version: i32) -> i32 {
    let before = RELEASES.iter().rev().find(|release| **release < version);
    before.copied().unwrap_or(0)
}

/// `sql` with the token `tasker.` replaced by the quoted `schema`. A `tasker.` inside a longer word stays.
pub fn in_schema(sql: &str, schema: &str) -> String {
    const TOKEN: &str = "tasker.";
    let quoted = format!("\"{}\".", schema.replace('"', "\"\""));
    let mut out = String::with_capacity(sql.len() + sql.len() / 16);
    let mut rest = sql;
    while let Some(at) = rest.find(TOKEN) {
        let before = rest[..at].chars().next_back();
        out.push_str(&rest[..at]);
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.' || c == '"') {
            out.push_str(TOKEN);
        } else {
            out.push_str(&quoted);
        }
        rest = &rest[at + TOKEN.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_becomes_the_quoted_schema_and_nothing_else_changes() {
        let sql =
            "select tasker.clock(), 'tasker' || '.now' from tasker.tasks where \"x\".tasker.y = my_tasker.z";
        assert_eq!(
            in_schema(sql, "jobs"),
            "select \"jobs\".clock(), 'tasker' || '.now' from \"jobs\".tasks where \"x\".tasker.y = my_tasker.z"
        );
    }

    #[test]
    fn releases_ascend_and_end_with_a_migration() {
        assert!(RELEASES.is_sorted_by(|one, next| one < next));
        assert!(
            RELEASES
                .iter()
                .all(|release| MIGRATIONS.iter().any(|m| m.version == *release))
        );
    }

    #[test]
    fn a_schema_works_for_the_code_of_the_release_before() {
        let first = RELEASES[0];
        assert_eq!(
            (oldest_code(1), oldest_code(first)),
            (0, 0),
            "there was none before the first"
        );
        assert_eq!(oldest_code(first + 1), first);
        for pair in RELEASES.windows(2) {
            assert_eq!(oldest_code(pair[1]), pair[0]);
        }
    }

    #[test]
    fn the_numbers_ascend_from_one_without_a_gap() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(
                usize::try_from(migration.version),
                Ok(index + 1),
                "{}",
                migration.name
            );
        }
    }
}
