//! An engine as another language holds it: configuration, until it is used.

use super::hosted::HostedWorker;
use super::process::{self, Once};
use super::session::HostedSession;
use super::verbs;
use crate::config::{Configuration, Given};
use crate::engine::{Client, ClientOptions};
use crate::error::{Error, Result};
use crate::model::Settings;
use serde::Deserialize;
use serde_json::{Map, Value};

/// An engine as another language holds it. It opens at first use, in each process for itself: a child that was forked gets
/// connections of its own, and leaves its parent's alone.
#[derive(Debug)]
pub struct Engine {
    options: ClientOptions,
    client: Once<Client>,
}

/// What an engine is opened with.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EngineOptions {
    /// The database; found as `decisions.md` 39 says when left out.
    database_url: Option<String>,
    /// The schema.
    schema: Option<String>,
    /// Settings, a map of blocks as in a file. They win over the environment's.
    settings: Map<String, Value>,
    /// What `pg_stat_activity` shows.
    application_name: Option<String>,
    /// Take nothing from the environment and no file: the settings given here are all.
    isolated: bool,
}

impl Engine {
    /// Makes an engine from the text of a JSON object: `database_url`, `schema`, `settings` (blocks as in *tasker.yaml*),
    /// `application_name`, `isolated` (no settings from the environment). Nothing is opened yet.
    ///
    /// # Errors
    /// `ConfigInvalid` with everything that is wrong; `InvalidArgument` for an option that there is not.
    pub fn new(options: &str) -> Result<Self> {
        let given: EngineOptions = serde_json::from_str(options).map_err(|error| {
            Error::invalid_argument(format!("the options of an engine: {error}")).with_source(error)
        })?;
        let base = if given.isolated {
            let settings: Settings =
                serde_json::from_value(Value::Object(given.settings)).map_err(|error| {
                    Error::invalid_argument(format!("the settings of an engine: {error}")).with_source(error)
                })?;
            settings.validate()?;
            let defaults = ClientOptions::default();
            ClientOptions {
                schema: given.schema.unwrap_or(defaults.schema),
                settings,
                ..ClientOptions::default()
            }
        } else {
            let configuration = Configuration::load(Given {
                schema: given.schema,
                settings: given.settings,
            })?;
            ClientOptions {
                schema: configuration.schema().0.to_owned(),
                settings: configuration.settings().clone(),
                ..ClientOptions::default()
            }
        };
        let options = ClientOptions {
            database_url: given.database_url,
            application_name: given.application_name,
            ..base
        };
        // Made once for its mistakes.
        Client::new(options.clone())?;
        Ok(Self {
            options,
            client: Once::new(),
        })
    }

    /// The client of this process.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn client(&self) -> Result<Client> {
        self.client.get_or_make(|| Client::new(self.options.clone()))
    }

    /// Runs a verb and waits for it: its name, its arguments as the text of a JSON object; the answer is JSON, too.
    ///
    /// # Errors
    /// As [`verbs::call`]; `Panic`.
    pub fn call(&self, verb: &str, arguments: &str) -> Result<String> {
        process::wait_for(self.calling(verb, arguments)?)
    }

    /// Runs a verb; what came of it is handed to `done`, on a thread of the engine: pass it on, and return.
    pub fn call_then(&self, verb: &str, arguments: &str, done: impl FnOnce(Result<String>) + Send + 'static) {
        match self.calling(verb, arguments) {
            Ok(calling) => process::spawn(calling, done),
            Err(error) => done(Err(error)),
        }
    }

    fn calling(
        &self,
        verb: &str,
        arguments: &str,
    ) -> Result<impl Future<Output = Result<String>> + Send + 'static> {
        let client = self.client()?;
        let (verb, arguments) = (verb.to_owned(), arguments.to_owned());
        Ok(async move { verbs::call(&client, &verb, &arguments).await })
    }

    /// Starts a worker and waits until it has. `options` is the text of a JSON object: `handlers` (names), `concurrency`,
    /// `max_buffered`, `runtime`, `name`, `version`, `listen`, `task_id` (the one task whose steps it claims).
    ///
    /// # Errors
    /// As [`BridgeWorker::start`](super::BridgeWorker::start); `InvalidArgument` for an option that there is not.
    pub fn start_worker(&self, options: &str) -> Result<HostedWorker> {
        HostedWorker::start(&self.client()?, options)
    }

    /// Work on the host's own connection, in its own transaction. Opens nothing: run the verb `database_identity` before a
    /// `create`, so that a connection to another database is refused.
    ///
    /// # Errors
    /// `ConfigInvalid` where the name of the schema is not usable.
    pub fn session(&self) -> Result<HostedSession> {
        let database = self.client()?.known_database();
        HostedSession::for_transactions(&self.options.schema, &self.options.settings, database)
    }

    /// Closes the connections of this process. The engine can be used no more.
    ///
    /// # Errors
    /// `Panic`.
    pub fn close(&self) -> Result<()> {
        let Some(client) = self.client.get() else {
            return Ok(());
        };
        process::wait_for(async move {
            client.close().await;
            Ok(())
        })
    }
}
