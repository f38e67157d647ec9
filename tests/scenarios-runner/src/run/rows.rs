//! Rows of any statement as JSON, exactly as the server itself would write them.

use anyhow::{Context, Result};
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Column, Connection, Executor, PgConnection, Row, TypeInfo, ValueRef};
use std::collections::BTreeMap;

/// Runs `query` in a session of its own, with the engine's schema first in its search path.
///
/// # Errors
/// The statement fails; the message is the server's.
pub(super) async fn query(url: &str, query: &str) -> Result<Vec<Value>> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute("set search_path = tasker, public").await?;
    // The simple protocol takes every statement, several of them too, and gives every value as text.
    let rows = connection
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(query.to_owned())))
        .await;
    let rows = rows.with_context(|| format!("the statement failed: {query}"))?;
    let mut types = BTreeMap::new();
    let mut found = Vec::new();
    for row in &rows {
        found.push(to_json(row, &mut connection, &mut types).await?);
    }
    connection.close().await.ok();
    Ok(found)
}

async fn to_json(
    row: &PgRow,
    connection: &mut PgConnection,
    types: &mut BTreeMap<u32, String>,
) -> Result<Value> {
    let mut map = Map::new();
    for column in row.columns() {
        let raw = row.try_get_raw(column.ordinal())?;
        let text = if raw.is_null() {
            None
        } else {
            Some(raw.as_str().map_err(anyhow::Error::from_boxed)?.to_owned())
        };
        let value = match text {
            None => Value::Null,
            Some(text) => {
                let name = type_name(column.type_info(), connection, types).await?;
                let cast = format!("select to_jsonb($1::text::{name})");
                sqlx::query_scalar(AssertSqlSafe(cast))
                    .bind(text)
                    .fetch_one(&mut *connection)
                    .await?
            }
        };
        map.insert(column.name().to_owned(), value);
    }
    Ok(Value::Object(map))
}

/// The type as it is written in SQL.
async fn type_name(
    info: &sqlx::postgres::PgTypeInfo,
    connection: &mut PgConnection,
    types: &mut BTreeMap<u32, String>,
) -> Result<String> {
    let Some(oid) = info.oid() else {
        return Ok(info.name().to_owned());
    };
    if let Some(name) = types.get(&oid.0) {
        return Ok(name.clone());
    }
    let query = sqlx::query_scalar("select format_type($1, null)").bind(oid);
    let name: String = query.fetch_one(connection).await?;
    types.insert(oid.0, name.clone());
    Ok(name)
}
