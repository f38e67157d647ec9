//! Whether the code and the schema in the database fit each other.
//!
//! Versions are numbers of migrations. A schema works for the code of its own version and for that of the release before
//! it: those processes run on while a deploy goes through the machines, new schema first. Each migration writes down what
//! is the oldest code that still works (`oldest_code`), because old code cannot know what came after it.

use super::{Store, run};
use crate::error::{Error, ErrorKind, Result};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tasker_migrations::MIGRATIONS;

/// What the schema says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Recorded {
    /// Its version.
    version: i32,
    /// The version of the oldest code that works on it.
    oldest_code: i32,
}

/// The version of the schema that this code was written for.
pub(super) fn code_version() -> i32 {
    MIGRATIONS.last().map_or(0, |last| last.version)
}

impl Store {
    /// Whether this code works on the schema in the database, without changing anything.
    ///
    /// # Errors
    /// [`ErrorKind::SchemaMismatch`] where it does not, with both versions and what to do.
    pub async fn check_version(&self) -> Result<()> {
        let mut held = self.acquire().await?;
        let recorded = run!(self, &mut held, None, |connection| self.read_recorded(connection));
        let recorded = match recorded {
            Ok(recorded) => recorded,
            Err(error) if error.kind == ErrorKind::SchemaMismatch => None,
            // Who may not look will be told by the functions themselves.
            Err(error) if error.kind == ErrorKind::Forbidden => return Ok(()),
            Err(error) => return Err(error),
        };
        judge(self.options().schema.as_str(), code_version(), recorded)
    }

    async fn read_recorded(&self, connection: &mut PgConnection) -> Result<Option<Recorded>> {
        let sql = self
            .options()
            .schema
            .apply("select max(version), max(oldest_code) from tasker.schema_migrations");
        let row = sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(connection)
            .await?;
        let (version, oldest_code): (Option<i32>, Option<i32>) = (row.try_get(0)?, row.try_get(1)?);
        Ok(version
            .zip(oldest_code)
            .map(|(version, oldest_code)| Recorded { version, oldest_code }))
    }
}

/// The rule, apart from where its numbers come from.
fn judge(schema: &str, code: i32, recorded: Option<Recorded>) -> Result<()> {
    let Some(Recorded { version, oldest_code }) = recorded else {
        return Err(Error::new(
            ErrorKind::SchemaMismatch,
            format!(
                "the database has no schema \"{schema}\" of Tasker's: run `tasker migrate`, or name the schema that it has"
            ),
        )
        .with_details(json!({ "schema": schema, "code_version": code })));
    };
    let message = if version < code {
        format!(
            "the schema \"{schema}\" is at version {version}, and this program needs version {code}: run `tasker migrate` of \
             this program's version first; programs of the release before work on through it"
        )
    } else if oldest_code > code {
        format!(
            "the schema \"{schema}\" is at version {version}, which works with programs of schema version {oldest_code} and \
             later, and this one is of {code}: use a newer release of the program; schemas do not go back"
        )
    } else {
        return Ok(());
    };
    Err(
        Error::new(ErrorKind::SchemaMismatch, message).with_details(json!({
            "schema": schema, "schema_version": version, "oldest_code": oldest_code, "code_version": code,
        })),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on must stop.
    use super::*;

    fn verdict(code: i32, version: i32, oldest_code: i32) -> Result<()> {
        judge("tasker", code, Some(Recorded { version, oldest_code }))
    }

    #[test]
    fn code_works_on_its_own_schema_and_on_a_newer_one_that_says_so() {
        for (code, version, oldest_code) in [(25, 25, 0), (25, 25, 25), (25, 31, 25), (29, 31, 25)] {
            assert!(verdict(code, version, oldest_code).is_ok(), "{code} on {version}");
        }
    }

    #[test]
    fn code_refuses_an_older_schema_and_says_to_migrate() {
        let error = verdict(31, 25, 0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::SchemaMismatch);
        assert!(
            error.message.contains("version 25")
                && error.message.contains("version 31")
                && error.message.contains("tasker migrate"),
            "{error}"
        );
    }

    #[test]
    fn code_refuses_a_schema_that_is_more_than_a_release_ahead_and_says_which() {
        let error = verdict(25, 40, 31).unwrap_err();
        assert_eq!(error.kind, ErrorKind::SchemaMismatch);
        for words in ["version 40", "version 31", "of 25", "newer release"] {
            assert!(error.message.contains(words), "{words}: {error}");
        }
        assert_eq!(error.details["oldest_code"], 31);
    }

    #[test]
    fn a_database_without_the_schema_is_told_from_one_with_an_old_one() {
        let error = judge("jobs", 25, None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::SchemaMismatch);
        assert!(error.message.contains("no schema \"jobs\""), "{error}");
    }
}
