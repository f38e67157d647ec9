//! The engine that a verb talks to.

use crate::args::GlobalOptions;
use crate::failure::Failure;
use tasker_core::cluster::{self, DatabaseChoice};
use tasker_core::{Client, ClientOptions};

/// A client, and which database it is on.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) choice: DatabaseChoice,
}

impl Session {
    /// The engine on the database that the options and the environment name. Opens at first use; the private cluster
    /// is started and brought up to date then, a database that somebody named is migrated by `tasker migrate` only.
    pub(crate) fn new(global: &GlobalOptions) -> Result<Self, Failure> {
        let choice =
            cluster::resolve_database(global.database_url.as_deref(), &|name| std::env::var(name).ok())?;
        Ok(Self {
            client: client(global)?,
            choice,
        })
    }

    /// The database in words, without its password: `postgres://…/tasker (private cluster)`.
    pub(crate) async fn describe_database(&self) -> Result<String, Failure> {
        let url = self.client.database_url().await?;
        Ok(format!("{} ({})", without_password(&url), self.choice.source))
    }
}

/// A client on whatever database that is; nothing is looked at yet.
pub(crate) fn client(global: &GlobalOptions) -> Result<Client, Failure> {
    Ok(Client::new(ClientOptions {
        database_url: global.database_url.clone(),
        schema: global.schema.clone(),
        application_name: Some("tasker".to_owned()),
        ..ClientOptions::default()
    })?)
}

/// The URL with its password left out.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let shown = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => authority.to_owned(),
    };
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let query: Vec<&str> = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|pair| !pair.starts_with("password="))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{shown}{path}{mark}{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_never_shown() {
        let shown =
            without_password("postgres://anna:s3cr%40t@db.example:5433/shop?sslmode=require&password=x");
        assert_eq!(shown, "postgres://anna@db.example:5433/shop?sslmode=require");
    }

    #[test]
    fn a_url_without_one_stays_as_it_is() {
        for url in [
            "postgres://db/shop",
            "postgres:///tasker?host=/run/tasker",
            "postgres://anna@db",
        ] {
            assert_eq!(without_password(url), url);
        }
    }
}
