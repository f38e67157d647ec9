//! Which database an engine uses, when several places could name one (`decisions.md` 39). Pure.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// Where the name of the database came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum DatabaseSource {
    /// The caller named it: an argument, a command-line option, the host framework's configuration.
    #[serde(rename = "explicit")]
    Explicit,
    /// The variable `TASKER_DATABASE_URL`.
    #[serde(rename = "TASKER_DATABASE_URL")]
    TaskerDatabaseUrl,
    /// The variable `DATABASE_URL`.
    #[serde(rename = "DATABASE_URL")]
    DatabaseUrl,
    /// Nobody named one: the private cluster.
    #[serde(rename = "private cluster")]
    PrivateCluster,
}

impl DatabaseSource {
    /// How this source is called in messages.
    pub const fn name(self) -> &'static str {
        match self {
            DatabaseSource::Explicit => "explicit",
            DatabaseSource::TaskerDatabaseUrl => "TASKER_DATABASE_URL",
            DatabaseSource::DatabaseUrl => "DATABASE_URL",
            DatabaseSource::PrivateCluster => "private cluster",
        }
    }
}

impl fmt::Display for DatabaseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A database that somebody named, or the private cluster.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseLocation {
    /// A `postgres://` URL. It may hold a password: never print it.
    Url(String),
    /// The private cluster, see [`Cluster::open`](super::Cluster::open).
    Embedded,
}

impl fmt::Debug for DatabaseLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseLocation::Url(_) => f.write_str("Url(…)"),
            DatabaseLocation::Embedded => f.write_str("Embedded"),
        }
    }
}

/// Which database to use, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseChoice {
    /// The database.
    pub location: DatabaseLocation,
    /// Who named it.
    pub source: DatabaseSource,
}

/// The variables that declare an environment; `production` in any of them keeps the private cluster away.
const ENVIRONMENT_VARIABLES: [&str; 4] = ["TASKER_ENV", "RAILS_ENV", "NODE_ENV", "DJANGO_ENV"];

/// The variable that declares a production environment, if one does. `env` answers for environment variables.
pub fn declared_production(env: &dyn Fn(&str) -> Option<String>) -> Option<&'static str> {
    ENVIRONMENT_VARIABLES
        .into_iter()
        .find(|name| env(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("production")))
}

/// Chooses the database: the explicit argument, else `TASKER_DATABASE_URL`, else `DATABASE_URL`, else the private
/// cluster. A binding passes its host framework's database as `explicit` where `TASKER_DATABASE_URL` is not set.
///
/// `env` answers for environment variables; empty ones count as unset.
///
/// # Errors
/// `config_invalid` when a URL is not one of PostgreSQL, or when the private cluster would be used although a
/// production environment is declared and `TASKER_EMBEDDED` is not `1`: an engine that quietly takes orders into an
/// empty database is a disaster. `invalid_argument` when `explicit` is given but empty.
pub fn resolve_database(
    explicit: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<DatabaseChoice> {
    let variable = |name: &str| env(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    if let Some(url) = explicit {
        if url.trim().is_empty() {
            return Err(Error::invalid_argument(
                "The database URL that was given is empty. Give a URL such as postgres://user@host/database, or leave \
                 it out to use TASKER_DATABASE_URL, DATABASE_URL or the private cluster.",
            ));
        }
        return named(url.trim(), DatabaseSource::Explicit);
    }
    for source in [DatabaseSource::TaskerDatabaseUrl, DatabaseSource::DatabaseUrl] {
        if let Some(url) = variable(source.name()) {
            return named(&url, source);
        }
    }
    if let Some(name) = declared_production(env)
        && variable("TASKER_EMBEDDED").as_deref() != Some("1")
    {
        return Err(Error::new(
            ErrorKind::ConfigInvalid,
            format!(
                "No database is named, and {name}=production is declared. The private PostgreSQL cluster does not start \
                 by itself in production, because it would begin empty. Set TASKER_DATABASE_URL or DATABASE_URL to \
                 the database to use, or set TASKER_EMBEDDED=1 to use the private cluster all the same."
            ),
        ));
    }
    Ok(DatabaseChoice {
        location: DatabaseLocation::Embedded,
        source: DatabaseSource::PrivateCluster,
    })
}

fn named(url: &str, source: DatabaseSource) -> Result<DatabaseChoice> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some("postgres" | "postgresql") => Ok(DatabaseChoice {
            location: DatabaseLocation::Url(url.to_owned()),
            source,
        }),
        // The URL itself stays out of the message: it may hold a password.
        other => Err(Error::new(
            ErrorKind::ConfigInvalid,
            format!(
                "The database URL (source: {source}) {}, but Tasker needs one of PostgreSQL, such as \
                 postgres://user@host/database. To keep DATABASE_URL for another database, set TASKER_DATABASE_URL.",
                match other {
                    Some(scheme) => format!("has the scheme `{scheme}`"),
                    None => "has no scheme".to_owned(),
                }
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn resolve(explicit: Option<&str>, variables: &[(&str, &str)]) -> Result<DatabaseChoice> {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        resolve_database(explicit, &lookup)
    }

    fn url(choice: Result<DatabaseChoice>) -> (String, DatabaseSource) {
        let choice = choice.unwrap();
        match choice.location {
            DatabaseLocation::Url(url) => (url, choice.source),
            DatabaseLocation::Embedded => panic!("the private cluster was chosen"),
        }
    }

    const BOTH: [(&str, &str); 2] = [
        ("TASKER_DATABASE_URL", "postgres://tasker/a"),
        ("DATABASE_URL", "postgresql://app/b"),
    ];

    #[test]
    fn an_explicit_url_wins_over_every_variable() {
        let (url, source) = url(resolve(Some("postgres://explicit/c"), &BOTH));
        assert_eq!(
            (url.as_str(), source),
            ("postgres://explicit/c", DatabaseSource::Explicit)
        );
    }

    #[test]
    fn taskers_own_variable_wins_over_the_general_one() {
        let (url, source) = url(resolve(None, &BOTH));
        assert_eq!(
            (url.as_str(), source),
            ("postgres://tasker/a", DatabaseSource::TaskerDatabaseUrl)
        );
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let (url, source) = url(resolve(
            None,
            &[
                ("TASKER_DATABASE_URL", " "),
                ("DATABASE_URL", "postgresql://app/b"),
            ],
        ));
        assert_eq!(
            (url.as_str(), source),
            ("postgresql://app/b", DatabaseSource::DatabaseUrl)
        );
    }

    #[test]
    fn with_no_database_named_the_private_cluster_is_used() {
        let choice = resolve(None, &[("NODE_ENV", "development"), ("DATABASE_URL", "")]).unwrap();
        assert_eq!(choice.location, DatabaseLocation::Embedded);
        assert_eq!(choice.source.to_string(), "private cluster");
    }

    #[test]
    fn a_declared_production_environment_keeps_the_private_cluster_away() {
        for name in ENVIRONMENT_VARIABLES {
            let error = resolve(None, &[(name, "production")]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::ConfigInvalid);
            assert!(
                error.message.contains(&format!("{name}=production")),
                "{}",
                error.message
            );
            assert!(error.message.contains("TASKER_EMBEDDED=1"), "{}", error.message);
        }
    }

    #[test]
    fn the_private_cluster_starts_in_production_when_it_is_asked_for_in_words() {
        let choice = resolve(None, &[("RAILS_ENV", "production"), ("TASKER_EMBEDDED", "1")]).unwrap();
        assert_eq!(choice.location, DatabaseLocation::Embedded);
        let no = resolve(None, &[("RAILS_ENV", "production"), ("TASKER_EMBEDDED", "0")]);
        assert_eq!(no.unwrap_err().kind, ErrorKind::ConfigInvalid);
    }

    #[test]
    fn production_with_a_named_database_is_fine() {
        let (url, _) = url(resolve(
            None,
            &[("NODE_ENV", "production"), ("DATABASE_URL", "postgres://h/d")],
        ));
        assert_eq!(url, "postgres://h/d");
    }

    #[test]
    fn a_url_of_another_database_is_refused_without_showing_its_password() {
        let error = resolve(None, &[("DATABASE_URL", "mysql2://root:secret@host/app")]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert!(error.message.contains("mysql2") && error.message.contains("DATABASE_URL"));
        assert!(!error.message.contains("secret"));
    }

    #[test]
    fn an_empty_explicit_url_is_an_error_and_not_the_private_cluster() {
        assert_eq!(
            resolve(Some(""), &BOTH).unwrap_err().kind,
            ErrorKind::InvalidArgument
        );
    }

    #[test]
    fn debug_output_does_not_show_the_url() {
        let choice = resolve(Some("postgres://user:secret@host/d"), &[]).unwrap();
        assert!(!format!("{choice:?}").contains("secret"));
    }
}
