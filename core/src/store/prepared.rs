//! Statements for a connection that is not ours: text and parameters, for the library that the host has.
//!
//! They are the named statements of `sql/`, in a form that needs nothing to be known of PostgreSQL's types: every
//! parameter goes as text and is cast in the statement, every row comes back as one text, a JSON object.

use super::SchemaName;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row, postgres::PgRow};
use std::fmt::Write;

/// A statement for the host's own connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// With placeholders `$1`, `$2`, … each followed by a cast from text. Free of comments, so that a
    /// binding may rewrite the placeholders for its library.
    pub sql: String,
    /// The parameters, as text; none is NULL.
    pub parameters: Vec<Option<String>>,
}

/// A parameter: the type that its text is cast to, and the text.
pub(super) type Parameter<'a> = (&'a str, Option<String>);

impl Prepared {
    /// Sets a savepoint; fails with SQLSTATE 25P01 where the connection is in no transaction.
    pub fn savepoint(name: &'static str) -> Self {
        Self::plain("savepoint", name)
    }

    /// Takes back what was done since the savepoint, which stays.
    pub fn rollback_to(name: &'static str) -> Self {
        Self::plain("rollback to savepoint", name)
    }

    /// Forgets the savepoint.
    pub fn release(name: &'static str) -> Self {
        Self::plain("release savepoint", name)
    }

    fn plain(verb: &str, name: &str) -> Self {
        Self {
            sql: format!("{verb} {name}"),
            parameters: Vec::new(),
        }
    }

    /// A statement that changes something and returns nothing.
    pub(super) fn command(schema: &SchemaName, text: &str, parameters: Vec<Parameter<'_>>) -> Self {
        let types: Vec<&str> = parameters.iter().map(|(kind, _)| *kind).collect();
        Self {
            sql: with_casts(&schema.apply(&without_comments(text)), &types),
            parameters: parameters.into_iter().map(|(_, text)| text).collect(),
        }
    }

    /// A statement that returns rows: each is one column, the row as a JSON object.
    pub(super) fn rows(schema: &SchemaName, text: &str, parameters: Vec<Parameter<'_>>) -> Self {
        let mut prepared = Self::command(schema, text, parameters);
        prepared.sql = format!("select row_to_json(q)::text as \"row\" from ({}) q", prepared.sql);
        prepared
    }

    /// Runs the statement on a connection of sqlx: the rows, each a JSON object.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn execute(&self, connection: &mut PgConnection) -> Result<Vec<String>> {
        // Not named: the connection is the caller's, and a pooler may stand before it.
        let mut query = sqlx::query(AssertSqlSafe(self.sql.clone())).persistent(false);
        for parameter in &self.parameters {
            query = query.bind(parameter.as_deref());
        }
        let rows = query.fetch_all(connection).await?;
        rows.iter()
            .map(|row: &PgRow| Ok(row.try_get::<Option<String>, _>(0)?.unwrap_or_default()))
            .collect()
    }
}

/// The only value of a row.
///
/// # Errors
/// `Internal` where the row is not of that shape.
pub fn only_value(row: &str) -> Result<Value> {
    match serde_json::from_str(row) {
        Ok(Value::Object(fields)) if fields.len() == 1 => {
            Ok(fields.into_iter().next().map_or(Value::Null, |(_, value)| value))
        }
        _ => Err(Error::internal(
            "a row is not a JSON object of one value: give the rows of a prepared statement back as they came",
        )),
    }
}

/// An array of PostgreSQL as text.
pub(super) fn array<T: AsRef<str>>(items: &[T]) -> String {
    let mut text = String::from("{");
    for (at, item) in items.iter().enumerate() {
        let quoted = item.as_ref().replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(text, "{}\"{quoted}\"", if at > 0 { "," } else { "" });
    }
    text.push('}');
    text
}

fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// `$1` becomes `$1::text::` and its type.
fn with_casts(sql: &str, types: &[&str]) -> String {
    let mut out = String::with_capacity(sql.len() + 16 * types.len());
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let digits = rest[at + 1..].chars().take_while(char::is_ascii_digit).count();
        let end = at + 1 + digits;
        out.push_str(&rest[..end]);
        if let Some(kind) = rest[at + 1..end]
            .parse::<usize>()
            .ok()
            .and_then(|number| types.get(number.checked_sub(1)?))
        {
            out.push_str("::text");
            if *kind != "text" {
                let _ = write!(out, "::{kind}");
            }
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_goes_as_text_and_is_cast() {
        let schema = SchemaName::new("jobs").unwrap();
        let prepared = Prepared::rows(
            &schema,
            "-- Who: $1.\nselect a from tasker.f($1, $2, $10::text::jsonb)\n",
            vec![("int", Some("7".to_owned())), ("text", None)],
        );
        assert_eq!(
            prepared.sql,
            "select row_to_json(q)::text as \"row\" from \
             (select a from \"jobs\".f($1::text::int, $2::text, $10::text::jsonb)) q"
        );
        assert_eq!(prepared.parameters, [Some("7".to_owned()), None]);
    }

    #[test]
    fn an_array_keeps_quotes_and_backslashes() {
        assert_eq!(array(&["a", "b \"c\" \\"]), r#"{"a","b \"c\" \\"}"#);
        assert_eq!(array::<&str>(&[]), "{}");
    }
}
