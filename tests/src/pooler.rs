//! A PgBouncer in transaction mode, in front of a server for tests.

use anyhow::{Context, Result, bail};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Executor, Row};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;
use tempfile::TempDir;
use url::Url;

/// PgBouncer's usual one; it is part of the name of its socket only.
const PORT: u16 = 6432;

/// A pooler of the test's own, on a unix socket in a temporary directory. Ends when the value is dropped.
#[derive(Debug)]
pub struct Pooler {
    process: Child,
    directory: TempDir,
    user: String,
}

/// What went through a pooler.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolerCounts {
    /// Transactions.
    pub transactions: u64,
    /// How often a client asked and then waited for the answer.
    pub round_trips: u64,
}

impl Pooler {
    /// Starts one that hands out at most `servers` server processes a database by transaction. `ignored`: parameters that
    /// it drops at startup, rather than to refuse them.
    ///
    /// # Errors
    /// When PgBouncer is not installed (`scripts/setup --tests` does it) or does not start.
    pub async fn start(server_url: &str, servers: u32, ignored: &str) -> Result<Self> {
        let server = Url::parse(server_url)?;
        let host = host_of(&server).context("the server's URL names no host")?;
        let user = match server.username() {
            "" => "postgres".to_owned(),
            name => name.to_owned(),
        };
        let directory = tempfile::Builder::new().prefix("tasker-pooler-").tempdir()?;
        let place = directory.path();
        let password = server.password().unwrap_or_default();
        std::fs::write(place.join("users.txt"), format!("\"{user}\" \"{password}\"\n"))?;
        let ignored = match ignored {
            "" => String::new(),
            names => format!("ignore_startup_parameters = {names}\n"),
        };
        let settings = format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\npool_mode = transaction\nlisten_port = {PORT}\n\
             unix_socket_dir = {place}\nauth_type = trust\nauth_file = {place}/users.txt\nlogfile = {place}/log\n\
             stats_users = {user}\ndefault_pool_size = {servers}\nmax_client_conn = 1000\nserver_login_retry = 1\n{ignored}",
            port = server.port().unwrap_or(5432),
            place = place.display(),
        );
        std::fs::write(place.join("pgbouncer.ini"), settings)?;
        let process = command()?
            .arg("-q")
            .arg(place.join("pgbouncer.ini"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("PgBouncer does not start")?;
        let mut pooler = Self {
            process,
            directory,
            user,
        };
        pooler.until_it_answers().await?;
        Ok(pooler)
    }

    /// The URL of a database through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{}@localhost:{PORT}/{database}?host={}&sslmode=disable",
            self.user,
            self.directory.path().display()
        )
    }

    /// What went through it to a database since it started.
    ///
    /// # Errors
    /// When its console does not answer.
    pub async fn counts(&self, database: &str) -> Result<PoolerCounts> {
        let console = PgConnectOptions::from_str(&self.url("pgbouncer"))?.extra_float_digits(None);
        let mut console = console.connect().await?;
        let rows = console.fetch_all(sqlx::raw_sql("show stats_totals")).await?;
        console.close().await?;
        let text = |row: &PgRow, column: &str| -> Result<String> {
            let value = row.try_get_raw(column)?;
            Ok(value.as_str().map_err(anyhow::Error::from_boxed)?.to_owned())
        };
        for row in &rows {
            if text(row, "database")? == database {
                return Ok(PoolerCounts {
                    transactions: text(row, "xact_count")?.parse()?,
                    round_trips: text(row, "query_count")?.parse()?,
                });
            }
        }
        Ok(PoolerCounts::default())
    }

    async fn until_it_answers(&mut self) -> Result<()> {
        let socket = self.directory.path().join(format!(".s.PGSQL.{PORT}"));
        for _ in 0..500 {
            if tokio::net::UnixStream::connect(&socket).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("PgBouncer ended with {status}: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("PgBouncer did not answer within five seconds: {}", self.log())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            let _ = writeln!(std::io::stderr(), "a PgBouncer was left behind: {error}");
        }
    }
}

/// PgBouncer refuses to run as root: then as nobody, who is root outside of a namespace of its own and may open the
/// server's socket.
fn command() -> Result<Command> {
    let places = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&places)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|place| place.join("pgbouncer"))
        .find(|program| Path::is_file(program))
        .context("PgBouncer is not installed: scripts/setup --tests installs it")?;
    if !rustix::process::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-user=65534", "--"]).arg(program);
    Ok(command)
}

fn host_of(url: &Url) -> Option<String> {
    let given = url.query_pairs().find(|(name, _)| name == "host");
    given
        .map(|(_, host)| host.into_owned())
        .or_else(|| url.host_str().map(str::to_owned))
}
