//! The documentation is true: its snippets run, and its tables of reference equal the code.
// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod facts;
mod first_workflow;
mod from_sql;

use tasker_core::{Client, ClientOptions};
use tasker_tests::TestDatabase;

/// The template of the first workflow.
const GREETING: &str = include_str!("greeting.yaml");

/// An empty database of the test's own, and options that lead there.
async fn database() -> (TestDatabase, ClientOptions) {
    let database = TestDatabase::create().await.unwrap();
    let options = ClientOptions {
        database_url: Some(database.url()),
        ..ClientOptions::default()
    };
    (database, options)
}

/// The same, migrated, with the greeting registered.
async fn greeting() -> (TestDatabase, Client) {
    let (database, options) = database().await;
    let client = Client::new(options).unwrap();
    client.migrate().await.unwrap();
    client
        .register_template(&first_workflow::template().unwrap(), false)
        .await
        .unwrap();
    (database, client)
}
