//! The few places where this crate meets the engine other than through a client's verbs.

use anyhow::Result;
use serde_json::Value;
use std::collections::BTreeMap;
use tasker_core::model::Settings;
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};
use tasker_core::{Client, ClientOptions};

/// A client of the database at `url`.
///
/// # Errors
/// The settings are refused.
pub fn client(url: &str, settings: Settings, name: &str) -> tasker_core::Result<Client> {
    Client::new(ClientOptions {
        database_url: Some(url.to_owned()),
        settings,
        application_name: Some(name.to_owned()),
        ..ClientOptions::default()
    })
}

/// Installs the engine's schema in the database at `url` and leaves no session behind.
///
/// # Errors
/// The database is away or refuses.
pub async fn migrate(url: &str) -> Result<()> {
    let client = client(url, Settings::default(), "tasker-scenarios")?;
    let migrated = client.migrate().await;
    client.close().await;
    migrated?;
    Ok(())
}

/// Compiles a template as a process with the environment `variables` would.
///
/// # Errors
/// Everything that is wrong with the template.
pub fn compile(
    template: &Value,
    variables: &BTreeMap<String, String>,
) -> tasker_core::Result<CompiledTemplate> {
    let options = ParseOptions {
        file: None,
        environment: variables.get("TASKER_ENV").cloned(),
        variables: &|name| variables.get(name).cloned(),
    };
    Template::from_json(template, &options).map_err(Into::into)
}
