//! The name of the schema that Tasker lives in.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// The name of a schema: a lower-case identifier of at most 63 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaName(String);

impl SchemaName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`ErrorKind::ConfigInvalid`] unless it is a letter or underscore followed by letters, digits and underscores, all
    /// lower case, and none of PostgreSQL's own.
    pub fn new(name: &str) -> Result<Self> {
        let mut letters = name.chars();
        let plain = letters.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !plain || name.len() > 63 || name.starts_with("pg_") || name == "information_schema" {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                format!(
                    "'{name}' cannot be the schema: it must be lower-case letters, digits and underscores, begin with a \
                     letter, have at most 63 of them, and not be one of PostgreSQL's own"
                ),
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `sql` with its objects in this schema.
    pub fn apply(&self, sql: &str) -> String {
        tasker_migrations::in_schema(sql, &self.0)
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
