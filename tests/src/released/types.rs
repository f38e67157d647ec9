//! What a statement takes and gives, as PostgreSQL understands it.

use super::Release;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, Column, Connection, Either, Executor, PgConnection, SqlSafeStr, Statement, TypeInfo,
};

/// The types of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementTypes {
    /// The types of `$1`, `$2`, …
    pub parameters: Vec<String>,
    /// The name and the type of each column.
    pub columns: Vec<(String, String)>,
}

/// Asks PostgreSQL what `sql` takes and gives, without running it.
///
/// # Errors
/// When it does not understand the statement.
pub async fn describe(connection: &mut PgConnection, sql: &str) -> Result<StatementTypes> {
    // Not from a cache: the schema may have changed since.
    connection.clear_cached_statements().await?;
    let statement = connection
        .prepare(AssertSqlSafe(sql.to_owned()).into_sql_str())
        .await?;
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => types.iter().map(|kind| kind.name().to_owned()).collect(),
        Some(Either::Right(_)) | None => Vec::new(),
    };
    let columns = statement.columns().iter();
    Ok(StatementTypes {
        parameters,
        columns: columns
            .map(|column| (column.name().to_owned(), column.type_info().name().to_owned()))
            .collect(),
    })
}

/// Holds every statement of a release against the schema that the connection leads to: it must be understood, and take
/// and give what it did. Returns the complaints.
///
/// # Errors
/// When the connection fails.
pub async fn check_statements(connection: &mut PgConnection, release: &Release) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (name, (sql, then)) in &release.statements {
        let before = format!(
            "the statement {name} of the release at schema version {}",
            release.version
        );
        match describe(connection, sql).await {
            Err(error) => complaints.push(format!("{before} is not understood any more: {error}")),
            Ok(now) if now != *then => {
                complaints.push(format!("{before} took and gave {then:?}, and now {now:?}"))
            }
            Ok(_) => {}
        }
    }
    Ok(complaints)
}
