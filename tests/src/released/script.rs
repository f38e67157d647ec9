//! A script in the statements of a release: what the code of that release sends, without that code.
//!
//! A list of steps in JSON:
//! - `{"statement": NAME, "arguments": […]}` sends a statement. An argument `{"array": […]}` is an array, another object or
//!   list JSON text, `"$name"` what a step before kept, anything else itself.
//!   - `"keep": {"name": "column"}` keeps values of the first row;
//!   - `"expect": [{"column": "text", …}, …]` says what the rows hold, column by column as text, in any order;
//!   - `"refused": "SQLSTATE"` says that the statement must be refused.
//! - `{"clock": SECONDS}` moves the clock of the session forward.

use super::{Release, StatementTypes};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Column, PgConnection, Row, ValueRef};
use std::collections::{BTreeMap, BTreeSet};

/// Values that steps kept.
pub type Variables = BTreeMap<String, String>;

/// The statements of a release by name: text and types.
type Statements = BTreeMap<String, (String, StatementTypes)>;

/// A script.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Script(Vec<Step>);

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Step {
    Clock(Clock),
    Call(Call),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    clock: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    statement: String,
    arguments: Vec<Value>,
    #[serde(default)]
    keep: BTreeMap<String, String>,
    expect: Option<Vec<BTreeMap<String, String>>>,
    refused: Option<String>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// The statements that it sends.
    pub fn statements(&self) -> BTreeSet<&str> {
        let calls = self.0.iter().filter_map(|step| match step {
            Step::Call(call) => Some(call.statement.as_str()),
            Step::Clock(_) => None,
        });
        calls.collect()
    }

    /// Plays the script with the statements of `release`, adding to `variables`.
    ///
    /// # Errors
    /// All calls that do not fit the statements of the release; else the first step that does not come out as the script
    /// says.
    pub async fn play(
        &self,
        connection: &mut PgConnection,
        release: &Release,
        variables: &mut Variables,
    ) -> Result<()> {
        let misfits = self.misfits(&release.statements);
        ensure!(misfits.is_empty(), "{}", misfits.join("\n"));
        for (number, step) in self.0.iter().enumerate() {
            let place = || format!("step {} of the script: {step:?}", number + 1);
            match step {
                Step::Clock(Clock { clock }) => advance(connection, *clock).await.with_context(place)?,
                Step::Call(call) => call
                    .play(connection, release, variables)
                    .await
                    .with_context(place)?,
            }
        }
        Ok(())
    }
}

impl Script {
    /// Every call of a statement that the release has not, or with another number of arguments than it takes: known
    /// before anything is sent.
    fn misfits(&self, statements: &Statements) -> Vec<String> {
        let calls = self.0.iter().zip(1..).filter_map(|(step, number)| match step {
            Step::Call(call) => Some((call, number)),
            Step::Clock(_) => None,
        });
        let misfit = |(call, number): (&Call, usize)| {
            let (name, given) = (&call.statement, call.arguments.len());
            let Some((_, types)) = statements.get(name) else {
                return Some(format!("step {number}: the release has no statement {name}"));
            };
            let taken = types.parameters.len();
            (taken != given)
                .then(|| format!("step {number}: {name} takes {taken} arguments and is given {given}"))
        };
        calls.filter_map(misfit).collect()
    }
}

async fn advance(connection: &mut PgConnection, seconds: f64) -> Result<()> {
    sqlx::query("select set_config('tasker.now', (tasker.clock() + make_interval(secs => $1))::text, false)")
        .bind(seconds)
        .execute(connection)
        .await?;
    Ok(())
}

impl Call {
    async fn play(
        &self,
        connection: &mut PgConnection,
        release: &Release,
        variables: &mut Variables,
    ) -> Result<()> {
        let (sql, _) = release
            .statements
            .get(&self.statement)
            .with_context(|| format!("the release has no statement {}", self.statement))?;
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|argument| literal(argument, variables))
            .collect::<Result<_>>()?;
        // The simple protocol gives every value as text. PREPARE, because a statement is what the code sends.
        let execute = match arguments.as_slice() {
            [] => "execute recorded".to_owned(),
            some => format!("execute recorded({})", some.join(", ")),
        };
        sqlx::raw_sql(AssertSqlSafe(format!("prepare recorded as {sql}")))
            .execute(&mut *connection)
            .await?;
        let answer = sqlx::raw_sql(AssertSqlSafe(execute))
            .fetch_all(&mut *connection)
            .await;
        sqlx::raw_sql("deallocate recorded")
            .execute(&mut *connection)
            .await?;
        let rows = match (answer, &self.refused) {
            (Ok(rows), None) => rows,
            (Ok(_), Some(state)) => bail!("it was not refused with {state}"),
            (Err(error), None) => return Err(error.into()),
            (Err(error), Some(state)) => {
                let found = error.as_database_error().and_then(|error| error.code());
                ensure!(
                    found.as_deref() == Some(state.as_str()),
                    "it was refused otherwise: {error}"
                );
                return Ok(());
            }
        };
        let rows: Vec<BTreeMap<String, String>> = rows.iter().map(texts).collect::<Result<_>>()?;
        self.compare(&rows, variables)?;
        for (name, column) in &self.keep {
            let value = rows.first().and_then(|row| row.get(column));
            let value = value.with_context(|| format!("there is no {column} to keep in {rows:?}"))?;
            variables.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    fn compare(&self, rows: &[BTreeMap<String, String>], variables: &Variables) -> Result<()> {
        let Some(expected) = &self.expect else {
            return Ok(());
        };
        let resolve = |wanted: &BTreeMap<String, String>| {
            let columns = wanted.iter();
            columns
                .map(|(column, text)| Ok((column.clone(), resolved(text, variables)?)))
                .collect::<Result<BTreeMap<_, _>>>()
        };
        let expected: Vec<BTreeMap<String, String>> = expected.iter().map(resolve).collect::<Result<_>>()?;
        ensure!(
            rows.len() == expected.len(),
            "{} rows, not {}: {rows:?}",
            rows.len(),
            expected.len()
        );
        for wanted in &expected {
            let fits = |row: &&BTreeMap<String, String>| {
                wanted.iter().all(|(column, text)| row.get(column) == Some(text))
            };
            ensure!(
                rows.iter().any(|row| fits(&row)),
                "no row holds {wanted:?}: {rows:?}"
            );
        }
        Ok(())
    }
}

/// An SQL literal; the statement says of which type.
fn literal(argument: &Value, variables: &Variables) -> Result<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    Ok(match argument {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => quoted(&argument.to_string()),
        Value::String(text) => quoted(&resolved(text, variables)?),
        Value::Object(members) if members.len() == 1 && members.contains_key("array") => {
            let items = members["array"].as_array().context("an array is a list")?;
            let item = |item: &Value| match item {
                Value::Null => Ok("NULL".to_owned()),
                Value::String(text) => Ok(element(&resolved(text, variables)?)),
                other => Ok(element(&other.to_string())),
            };
            let items: Vec<String> = items.iter().map(item).collect::<Result<_>>()?;
            quoted(&format!("{{{}}}", items.join(",")))
        }
        Value::Array(_) | Value::Object(_) => quoted(&argument.to_string()),
    })
}

/// An element of an array literal.
fn element(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn resolved(text: &str, variables: &Variables) -> Result<String> {
    match text.strip_prefix('$') {
        None => Ok(text.to_owned()),
        Some(name) => variables
            .get(name)
            .cloned()
            .with_context(|| format!("nothing was kept as {name}")),
    }
}

/// The values of a row that came as text; nulls are left out.
fn texts(row: &PgRow) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for column in row.columns() {
        let value = row.try_get_raw(column.ordinal())?;
        if !value.is_null() {
            let text = value.as_str().map_err(anyhow::Error::from_boxed)?;
            found.insert(column.name().to_owned(), text.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on must stop.
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_become_literals() {
        let variables = Variables::from([("task".to_owned(), "it's".to_owned())]);
        let shown = |argument: Value| literal(&argument, &variables).unwrap();
        assert_eq!(shown(json!(null)), "null");
        assert_eq!(shown(json!(true)), "'true'");
        assert_eq!(shown(json!(1.5)), "'1.5'");
        assert_eq!(shown(json!("$task")), "'it''s'");
        assert_eq!(shown(json!({"a": ["$task"]})), r#"'{"a":["$task"]}'"#);
        assert_eq!(
            shown(json!({"array": [1, null, "$task", {"k": "v"}]})),
            r#"'{"1",NULL,"it''s","{\"k\":\"v\"}"}'"#
        );
        assert!(literal(&json!("$gone"), &variables).is_err());
    }

    #[test]
    fn what_does_not_fit_is_told_all_at_once() {
        let script = r#"[{"statement": "claim", "arguments": []}, {"clock": 5},
            {"statement": "claim", "arguments": [1]}, {"statement": "gone", "arguments": []}]"#;
        let types = StatementTypes {
            parameters: vec!["bigint".to_owned()],
            columns: Vec::new(),
        };
        let statements = Statements::from([("claim".to_owned(), ("select $1".to_owned(), types))]);
        assert_eq!(
            Script::parse(script).unwrap().misfits(&statements),
            [
                "step 1: claim takes 1 arguments and is given 0",
                "step 4: the release has no statement gone",
            ]
        );
    }

    #[test]
    fn a_script_with_an_unknown_key_is_refused() {
        assert!(Script::parse(r#"[{"statement": "a", "arguments": [], "expects": []}]"#).is_err());
        assert!(Script::parse(r#"[{"clock": 5}, {"statement": "a", "arguments": []}]"#).is_ok());
    }
}
