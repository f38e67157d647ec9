//! The one server that all test processes of a run share.

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use tasker_core::cluster::{Cluster, ClusterOptions, StopMode};
use url::Url;

/// A server to make databases in: the one that `TASKER_TEST_SERVER` names, else a cluster of this workspace in the
/// temporary directory, started by the first test that needs it.
#[derive(Debug, Clone)]
pub struct SharedServer {
    url: Url,
}

impl SharedServer {
    /// Finds or starts it.
    ///
    /// # Errors
    /// When the variable is no URL, or the cluster cannot be started.
    pub async fn open() -> Result<Self> {
        let named = std::env::var("TASKER_TEST_SERVER")
            .ok()
            .filter(|value| !value.is_empty());
        let url = match named {
            Some(url) => url,
            None => Cluster::open(options()?).await?.database_url("postgres")?,
        };
        Ok(Self {
            url: Url::parse(&url).context("TASKER_TEST_SERVER is not a URL")?,
        })
    }

    /// Stops the cluster of this workspace, if it runs.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop() -> Result<()> {
        Ok(Cluster::locate(options()?)?.stop(StopMode::Immediate).await?)
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.into()
    }

    /// A connection to the database from which others are made and dropped.
    pub(crate) async fn admin(&self) -> Result<PgConnection> {
        PgConnection::connect(self.url.as_str())
            .await
            .context("the test server cannot be reached")
    }
}

/// Runs one statement outside a transaction. Database names cannot be parameters.
pub(crate) async fn run(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    connection
        .execute(AssertSqlSafe(statement.to_owned()))
        .await
        .map(|_| ())
}

/// Where the cluster of this workspace lies: a directory of this user in the temporary directory, the same for every
/// test process.
///
/// # Errors
/// When the directory belongs to somebody else or others may write there.
pub fn shared_data_dir() -> Result<PathBuf> {
    let me = rustix::process::geteuid().as_raw();
    let digest = Sha256::digest(env!("CARGO_MANIFEST_DIR"));
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let directory = std::env::temp_dir().join(format!("tasker-test-{me}-{short}"));
    // Passable for everyone, because root's server may have to run as `nobody`.
    match std::fs::DirBuilder::new().mode(0o711).create(&directory) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot make {}", directory.display()));
        }
        _ => {}
    }
    let found = std::fs::symlink_metadata(&directory)?;
    ensure!(
        found.is_dir() && found.uid() == me && found.mode() & 0o022 == 0,
        "{} is not a directory that only this user can change; remove it",
        directory.display()
    );
    Ok(directory)
}

fn options() -> Result<ClusterOptions> {
    Ok(ClusterOptions {
        data_dir: Some(shared_data_dir()?),
        settings: settings(),
        ..ClusterOptions::default()
    })
}

/// What makes a server fast whose data nobody will miss, and roomy enough for tests side by side.
pub(crate) fn settings() -> Vec<(String, String)> {
    [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("max_connections", "300"),
        // Many run side by side, each with little in it.
        ("shared_buffers", "128MB"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
