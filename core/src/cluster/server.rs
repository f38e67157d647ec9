//! A private cluster, for those who use it.

use super::binaries::{Binaries, Search};
use super::control::{Control, StopMode};
use super::initialise::{SUPERUSER, Settings, create_root};
use super::launcher::Launcher;
use super::lock::ClusterLock;
use super::observe::{Observed, observe};
use super::places::{Places, default_data_dir};
use crate::error::{Error, ErrorKind, Result};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where root's cluster lies by default when its server must run as `nobody`, who cannot pass root's home.
const OPEN_TO_NOBODY: &str = "/var/lib/tasker";

/// What the private cluster may be told. The default fits nearly everyone.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Where its files lie; `None`: `TASKER_DATA_DIR`, `$XDG_DATA_HOME/tasker` or `~/.local/share/tasker`. Each major
    /// version of PostgreSQL has a directory of its own in it. Root where user namespaces are forbidden: `/var/lib/tasker`
    /// instead of the last two.
    pub data_dir: Option<PathBuf>,
    /// The directory of the programs; `None`: `TASKER_PG_BIN`, else they are looked for.
    pub pg_bin: Option<PathBuf>,
    /// Settings of the server besides ours, as in `postgresql.conf`. They count from its next start.
    pub settings: Vec<(String, String)>,
    /// How long starting may take, waiting for other processes and recovery after a crash included.
    pub start_timeout: Duration,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            data_dir: None,
            pg_bin: None,
            settings: Vec::new(),
            start_timeout: Duration::from_secs(60),
        }
    }
}

/// What is known of a private cluster.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ClusterStatus {
    /// Whether it was ever created.
    pub exists: bool,
    /// Whether it runs.
    pub running: bool,
    /// The process of its server.
    pub pid: Option<u32>,
    /// The version of the installed programs, such as `15.18`.
    pub version: String,
    /// Everything of this cluster.
    pub data_dir: PathBuf,
    /// Where its socket lies; `None` before its first start.
    pub socket_dir: Option<PathBuf>,
    /// What the server writes.
    pub log: PathBuf,
}

/// A private PostgreSQL cluster. A value of this type is only knowledge of where it is: dropping it stops nothing.
#[derive(Debug, Clone)]
pub struct Cluster {
    control: Control,
    socket_dir: Option<PathBuf>,
    start_timeout: Duration,
}

impl Cluster {
    /// Finds the cluster, creates it if there is none, starts it if it does not run, and waits until it accepts
    /// connections. Any number of processes may do so at once. Takes 1 s the first time, 0.15 s to start, 10 ms to reuse.
    ///
    /// # Errors
    /// As [`Cluster::locate`] and [`Cluster::start`].
    pub async fn open(options: ClusterOptions) -> Result<Self> {
        let mut cluster = blocking(move || Self::locate(options)).await?;
        cluster.start().await?;
        Ok(cluster)
    }

    /// Finds the programs and the place of the cluster, and neither creates nor starts anything.
    ///
    /// # Errors
    /// `database_unavailable` when PostgreSQL is not installed, or not in the version that made the cluster;
    /// `config_invalid` when the data directory or a setting is no good.
    pub fn locate(options: ClusterOptions) -> Result<Self> {
        let settings = Settings::with(&options.settings)?;
        let search = Search::of_this_process(options.pg_bin);
        let found = search.find()?;
        let environment = |name: &str| std::env::var(name).ok();
        let chosen =
            options.data_dir.is_some() || environment("TASKER_DATA_DIR").is_some_and(|v| !v.is_empty());
        let data_dir = match options.data_dir {
            Some(directory) => directory,
            None => default_data_dir(&environment)?,
        };
        let settle = |data_dir: &Path| {
            let binaries = match search.named {
                Some(_) => found[0].clone(),
                None => matching(&found, data_dir)?,
            };
            let places = Places::below(data_dir, binaries.major)?;
            let launcher = Launcher::choose(&places);
            Ok::<_, Error>((binaries, places, launcher))
        };
        let (mut binaries, mut places, mut launcher) = settle(&data_dir)?;
        if !chosen && launcher.check_reach(&places.root).is_err() {
            (binaries, places, launcher) = settle(Path::new(OPEN_TO_NOBODY))?;
        }
        let socket_dir = match observe(&places.data) {
            Observed::Running(server) | Observed::Unreachable(server) => Some(server.socket_dir),
            Observed::Stale | Observed::Stopped => None,
        };
        let control = Control {
            places,
            binaries,
            launcher,
            settings,
        };
        Ok(Self {
            control,
            socket_dir,
            start_timeout: options.start_timeout,
        })
    }

    /// Creates the cluster if there is none, starts it if it does not run, waits until it accepts connections.
    ///
    /// # Errors
    /// `database_unavailable` with what `initdb`, `pg_ctl` or the server's log said; `timeout` when another process is
    /// busy with the cluster for longer than the start timeout.
    pub async fn start(&mut self) -> Result<()> {
        let deadline = Instant::now() + self.start_timeout;
        loop {
            let control = self.control.clone();
            let socket_dir = blocking(move || {
                create_root(&control.places, control.launcher)?;
                let _lock = ClusterLock::acquire(&control.places.lock, deadline)?;
                control.start(deadline)
            })
            .await?;
            self.socket_dir = Some(socket_dir);
            // Without the lock: a server that is recovering, or closing smartly, may take its time, and a stop must be
            // possible meanwhile.
            if self.accepts_connections(deadline).await? {
                return Ok(());
            }
        }
    }

    /// Waits until the running server lets clients in. `false`: it has gone meanwhile, start it again.
    async fn accepts_connections(&self, deadline: Instant) -> Result<bool> {
        loop {
            let error = match self.connect("postgres").await {
                Ok(connection) => {
                    connection.close().await.ok();
                    return Ok(true);
                }
                Err(error) => error,
            };
            let gone = !matches!(observe(&self.control.places.data), Observed::Running(_));
            if Instant::now() >= deadline {
                return Err(Error::new(
                    ErrorKind::DatabaseUnavailable,
                    format!(
                        "The private PostgreSQL cluster runs but lets nobody in: {error}. Its log is {}.",
                        self.control.places.log.display()
                    ),
                )
                .with_source(error));
            }
            if gone {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops the server, in the given way, and returns when it has stopped. Succeeds when it does not run.
    ///
    /// # Errors
    /// `database_unavailable` when it does not stop within the start timeout.
    pub async fn stop(&self, mode: StopMode) -> Result<()> {
        let (control, patience) = (self.control.clone(), self.start_timeout);
        if !control.places.root.is_dir() {
            return Ok(());
        }
        blocking(move || {
            let _lock = ClusterLock::acquire(&control.places.lock, Instant::now() + patience)?;
            control.stop(mode, patience)
        })
        .await
    }

    /// Stops the server in the given way and starts it again. Other processes that open the cluster meanwhile wait.
    ///
    /// # Errors
    /// As [`Cluster::stop`] and [`Cluster::start`].
    pub async fn restart(&mut self, mode: StopMode) -> Result<()> {
        let (control, patience) = (self.control.clone(), self.start_timeout);
        blocking(move || {
            create_root(&control.places, control.launcher)?;
            let _lock = ClusterLock::acquire(&control.places.lock, Instant::now() + patience)?;
            control.stop(mode, patience)?;
            control.start(Instant::now() + patience)
        })
        .await?;
        self.start().await
    }

    /// What is known of the cluster right now.
    pub fn status(&self) -> ClusterStatus {
        let places = &self.control.places;
        let server = match observe(&places.data) {
            Observed::Running(server) => Some(server),
            Observed::Unreachable(_) | Observed::Stale | Observed::Stopped => None,
        };
        ClusterStatus {
            exists: places.exists(),
            running: server.is_some(),
            pid: server.as_ref().map(|server| server.pid),
            version: self.control.binaries.version.clone(),
            data_dir: places.root.clone(),
            socket_dir: server
                .map(|server| server.socket_dir)
                .or_else(|| self.socket_dir.clone()),
            log: places.log.clone(),
        }
    }

    /// The URL of the database `name`, usable by every PostgreSQL client on this machine.
    ///
    /// # Errors
    /// `database_unavailable` when the cluster was only located and does not run.
    pub fn database_url(&self, name: &str) -> Result<String> {
        let host = utf8_percent_encode(&self.running_socket_dir()?.to_string_lossy(), URL_VALUE).to_string();
        let database = utf8_percent_encode(name, URL_VALUE);
        // The port and the mode are the defaults, and said all the same: PGPORT or PGSSLMODE may stand in the environment.
        Ok(format!(
            "postgres://{SUPERUSER}@localhost:5432/{database}?host={host}&sslmode=disable"
        ))
    }

    /// Makes the database `name` if there is none and returns its URL.
    ///
    /// # Errors
    /// `database_unavailable` when the server cannot be reached or refuses.
    pub async fn ensure_database(&self, name: &str) -> Result<String> {
        let url = self.database_url(name)?;
        let unavailable = |error: sqlx::Error| {
            Error::new(
                ErrorKind::DatabaseUnavailable,
                format!("The database {name:?} of the private PostgreSQL cluster cannot be made: {error}."),
            )
            .with_source(error)
        };
        if self.running_socket_dir().is_ok()
            && let Ok(connection) = self.connect(name).await
        {
            connection.close().await.ok();
            return Ok(url);
        }
        let mut connection = self.connect("postgres").await.map_err(unavailable)?;
        let quoted = name.replace('"', "\"\"");
        let made = connection
            .execute(AssertSqlSafe(format!(
                "CREATE DATABASE \"{quoted}\" TEMPLATE template0"
            )))
            .await;
        connection.close().await.ok();
        match made {
            Ok(_) => Ok(url),
            // Somebody else was faster: 42P04 says so, 23505 when both were at it in the same moment.
            Err(sqlx::Error::Database(error))
                if matches!(error.code().as_deref(), Some("42P04" | "23505")) =>
            {
                Ok(url)
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// The directory of the installed programs, for those who want `psql` of the same version.
    pub fn bin_dir(&self) -> &Path {
        &self.control.binaries.directory
    }

    fn running_socket_dir(&self) -> Result<&Path> {
        self.socket_dir.as_deref().ok_or_else(|| {
            Error::new(
                ErrorKind::DatabaseUnavailable,
                format!(
                    "The private PostgreSQL cluster in {} does not run. Start it with `tasker pg start`.",
                    self.control.places.root.display()
                ),
            )
        })
    }

    async fn connect(&self, database: &str) -> Result<PgConnection, sqlx::Error> {
        let socket_dir = self
            .running_socket_dir()
            .map_err(|error| sqlx::Error::Configuration(Box::new(error)))?;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(socket_dir)
            .port(5432)
            .username(SUPERUSER)
            .database(database)
            .ssl_mode(PgSslMode::Disable);
        PgConnection::connect_with(&options).await
    }
}

/// What a value in a URL may hold as it is.
const URL_VALUE: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The programs to use: those of the version that made an existing cluster, else the preferred ones. A newer PostgreSQL
/// that was installed meanwhile must not make yesterday's tasks seem gone.
fn matching(found: &[Binaries], data_dir: &Path) -> Result<Binaries> {
    let mut made_by: Vec<u32> = std::fs::read_dir(data_dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("data/PG_VERSION").is_file())
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("pg")?.parse().ok())
        .collect();
    made_by.sort_unstable();
    let installed = |major: &u32| found.iter().find(|binaries| binaries.major == *major).cloned();
    if let Some(binaries) = made_by.iter().rev().find_map(installed) {
        return Ok(binaries);
    }
    if let Some(major) = made_by.last() {
        let there: Vec<&str> = found.iter().map(|binaries| binaries.version.as_str()).collect();
        return Err(Error::new(
            ErrorKind::DatabaseUnavailable,
            format!(
                "The private cluster in {} was made by PostgreSQL {major}, which is not installed (found: {}). Install \
                 PostgreSQL {major} again, name another version with TASKER_PG_BIN to begin an empty cluster beside it, or \
                 set DATABASE_URL.",
                data_dir.display(),
                there.join(", ")
            ),
        ));
    }
    let preferred = found.first().cloned();
    preferred.ok_or_else(|| Error::internal("The search for PostgreSQL found nothing and said nothing."))
}

/// Runs what waits for processes and files off the threads of the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::internal(format!(
            "Work on the private PostgreSQL cluster broke off: {error}."
        ))),
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
