//! A PostgreSQL server for one test.

use crate::{finish, shared_server};
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::PermissionsExt;
use tasker_core::cluster::{Cluster, ClusterOptions, ClusterStatus, StopMode};
use tempfile::TempDir;

/// A server of the test's own, in a temporary directory, to be stopped, killed and restarted. Stopped and removed when
/// the value is dropped.
#[derive(Debug)]
pub struct PrivateServer {
    cluster: Cluster,
    _directory: TempDir,
}

impl PrivateServer {
    /// Makes and starts a server.
    ///
    /// # Errors
    /// When it cannot be made or started.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with other settings than those of servers for tests, which are fast and not durable.
    ///
    /// # Errors
    /// When it cannot be made or started.
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_below(&std::env::temp_dir(), settings).await
    }

    /// The same with its files in a directory of their own below `place`.
    ///
    /// # Errors
    /// When it cannot be made or started.
    pub async fn start_below(place: &std::path::Path, settings: &[(&str, &str)]) -> Result<Self> {
        let passable = std::fs::Permissions::from_mode(0o711);
        let directory = tempfile::Builder::new()
            .prefix("tasker-server-")
            .permissions(passable)
            .tempdir_in(place)?;
        let own = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let options = ClusterOptions {
            data_dir: Some(directory.path().to_owned()),
            settings: shared_server::settings().into_iter().chain(own).collect(),
            ..ClusterOptions::default()
        };
        Ok(Self {
            cluster: Cluster::open(options).await?,
            _directory: directory,
        })
    }

    /// Makes the database if there is none, and returns its URL.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn database(&self, name: &str) -> Result<String> {
        Ok(self.cluster.ensure_database(name).await?)
    }

    /// Stops it in the given way; its data stay.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop(&self, mode: StopMode) -> Result<()> {
        Ok(self.cluster.stop(mode).await?)
    }

    /// Starts it again after a stop or a kill.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_again(&mut self) -> Result<()> {
        Ok(self.cluster.start().await?)
    }

    /// Stops it in the given way and starts it again.
    ///
    /// # Errors
    /// When it does not stop or start.
    pub async fn restart(&mut self, mode: StopMode) -> Result<()> {
        Ok(self.cluster.restart(mode).await?)
    }

    /// Sends a signal to the server: KILL, or STOP and CONT for one that hangs.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.status().pid.context("the server does not run")?;
        let pid = Pid::from_raw(i32::try_from(pid)?).context("the server has no process")?;
        Ok(kill_process(pid, signal)?)
    }

    /// What is known of it.
    pub fn status(&self) -> ClusterStatus {
        self.cluster.status()
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        // A server that was sent STOP could not end. One that is gone already is fine.
        self.signal(Signal::CONT).ok();
        let stopped = finish(async { Ok(self.cluster.stop(StopMode::Immediate).await?) });
        if !std::thread::panicking() {
            assert!(stopped.is_ok(), "the server of a test does not stop: {stopped:?}");
        }
    }
}
