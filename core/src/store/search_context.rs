//! Searching in contexts: what has an index, and what has to be bounded otherwise.

use super::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::model::TaskFilter;
use serde_json::{Map, Value};
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;

/// The longest path that is kept (`task_search_attributes.name`).
const PATH: usize = 64;

/// What a filter comes to once names have been looked up.
pub(super) struct Narrowed {
    /// The named tasks that it means; none for all.
    pub(super) names: Option<Vec<i32>>,
    /// What of its context has an index.
    pub(super) wanted: Vec<Wanted>,
}

/// A value of a context, as it is indexed.
pub(super) struct Wanted {
    /// The keys down to it.
    pub(super) path: String,
    /// Its beginning, where it is no number.
    pub(super) text: Option<String>,
    /// The number.
    pub(super) number: Option<String>,
}

impl Store {
    /// Looks up the names of a filter, and what of its context has an index. None where there is no such named task.
    pub(super) async fn narrow(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
    ) -> Result<Option<Narrowed>> {
        if !filter.context.is_empty() && filter.name.is_none() {
            return Err(refused(
                "give `name` besides: which values have an index is a matter of the template",
            ));
        }
        if filter.namespace.is_none() && filter.name.is_none() && filter.version.is_none() {
            return Ok(Some(Narrowed {
                names: None,
                wanted: Vec::new(),
            }));
        }
        let ids: Vec<i32> = self
            .query_scalar(&self.statements().named_task_ids)
            .bind(&filter.namespace)
            .bind(&filter.name)
            .bind(&filter.version)
            .fetch_all(&mut *connection)
            .await?;
        if ids.is_empty() {
            return Ok(None);
        }
        let wanted = match filter.context.is_empty() {
            true => Vec::new(),
            false => self.wanted(connection, filter, &ids).await?,
        };
        Ok(Some(Narrowed {
            names: Some(ids),
            wanted,
        }))
    }

    /// What of a context has an index. With a time it is enough to look through the tasks of that time, and so they are all
    /// found: also those that were made when the template did not list the path. Without one every value has to have one.
    async fn wanted(
        &self,
        connection: &mut PgConnection,
        filter: &TaskFilter,
        names: &[i32],
    ) -> Result<Vec<Wanted>> {
        let contents: Vec<(bool, Vec<String>)> = self
            .query(&self.statements().searchable_paths)
            .bind(names)
            .fetch_all(&mut *connection)
            .await?
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_>>()?;
        let mut values = Vec::new();
        flatten(&filter.context, "", &mut values);
        let listed = if filter.since.is_some() || filter.created_before.is_some() {
            common(contents.iter())
        } else {
            let listed = common(contents.iter().filter(|(current, _)| *current));
            let missing: Vec<&str> = values
                .iter()
                .filter(|(path, value)| !has_index(path, value, &listed))
                .map(|(path, _)| path.as_str())
                .collect();
            if !missing.is_empty() {
                return Err(not_searchable(filter, &missing, &listed));
            }
            listed
        };
        values.retain(|(path, value)| has_index(path, value, &listed));
        self.as_indexed(connection, &values).await
    }

    async fn as_indexed(
        &self,
        connection: &mut PgConnection,
        values: &[(String, &Value)],
    ) -> Result<Vec<Wanted>> {
        let texts: Vec<String> = values.iter().map(|(_, value)| value.to_string()).collect();
        let rows = self
            .query(&self.statements().search_attributes)
            .bind(texts)
            .fetch_all(connection)
            .await?;
        values
            .iter()
            .zip(&rows)
            .map(|((path, _), row)| {
                Ok(Wanted {
                    path: path.clone(),
                    text: row.try_get(0)?,
                    number: row.try_get(1)?,
                })
            })
            .collect()
    }
}

fn has_index(path: &str, value: &Value, listed: &BTreeSet<&str>) -> bool {
    !value.is_object() && !value.is_array() && listed.contains(path)
}

/// What all of these contents list.
fn common<'a>(mut contents: impl Iterator<Item = &'a (bool, Vec<String>)>) -> BTreeSet<&'a str> {
    let paths = |content: &'a (bool, Vec<String>)| -> BTreeSet<&'a str> {
        let kept = content.1.iter().filter(|path| path.chars().count() <= PATH);
        kept.map(String::as_str).collect()
    };
    let first = contents.next().map(paths).unwrap_or_default();
    contents.fold(first, |common, content| &common & &paths(content))
}

/// The values of a context with their paths.
fn flatten<'a>(map: &'a Map<String, Value>, above: &str, values: &mut Vec<(String, &'a Value)>) {
    for (key, value) in map {
        let path = if above.is_empty() {
            key.clone()
        } else {
            format!("{above}.{key}")
        };
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(inner, &path, values),
            // A key with a dot in it is no path.
            _ if key.contains('.') => values.push((format!("'{path}'"), value)),
            _ => values.push((path, value)),
        }
    }
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("context: {message}"))
}

fn not_searchable(filter: &TaskFilter, missing: &[&str], listed: &BTreeSet<&str>) -> Error {
    let name = filter.name.as_deref().unwrap_or_default();
    let listed: Vec<&str> = listed.iter().copied().collect();
    let instead = match listed.as_slice() {
        [] => "it has no searchable values in all of its versions that are meant".to_owned(),
        paths => format!("searchable are {}", paths.join(", ")),
    };
    refused(&format!(
        "{} is not searchable in '{name}': give `created_since` or `created_before` besides; {instead}",
        missing.join(", ")
    ))
}
