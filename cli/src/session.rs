//! The engine that a verb talks to.

use crate::args::GlobalOptions;
use crate::failure::Failure;
use tasker_core::cluster::{self, DatabaseChoice};
use tasker_core::config::{Configuration, Given, without_password};
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
        application_name: Some("tasker".to_owned()),
        ..ClientOptions::from_environment(given(global))?
    })?)
}

/// The configuration that the options, the environment and the file make.
pub(crate) fn configuration(global: &GlobalOptions) -> Result<Configuration, Failure> {
    Ok(Configuration::load(given(global))?)
}

fn given(global: &GlobalOptions) -> Given {
    Given {
        schema: global.schema.clone(),
        ..Given::default()
    }
}
