//! Database servers: one given by the user, or a private one; and a database of its own for each scenario.

use anyhow::{Context, Result, bail};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tasker_core::cluster::StopMode;
use tasker_tests::{Pooler, PrivateServer};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

/// Server processes a database behind a pooler: fewer than the engine has connections.
const SERVERS: u32 = 3;

/// A server on which scenarios have their databases.
pub struct Server {
    /// The URL of a database that is always there.
    admin_url: Url,
    /// How the names of our databases begin; another runner beside us has another one.
    prefix: String,
    number: AtomicUsize,
    template: OnceCell<String>,
    /// Stopped and removed when it is dropped.
    private: Option<Mutex<PrivateServer>>,
    /// Between the engine and the server.
    pooler: Option<Pooler>,
}

/// A database of one scenario.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Where the engine finds it: the same, or through a pooler.
    pub engine_url: String,
}

impl Server {
    /// The server of the database at `url`, which we may make databases on.
    ///
    /// # Errors
    /// The URL does not read, or nothing answers there.
    pub async fn given(url: &str) -> Result<Self> {
        let admin_url = Url::parse(url).with_context(|| "the database URL does not read")?;
        if !matches!(admin_url.scheme(), "postgres" | "postgresql") {
            bail!(
                "the database URL must begin with postgres://, not {}://",
                admin_url.scheme()
            );
        }
        let server = Self::with(admin_url, None);
        server
            .admin()
            .await
            .context("the server of the database URL does not answer")?
            .close()
            .await
            .ok();
        Ok(server)
    }

    /// A private server in a directory of its own, gone when it is stopped.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub async fn private() -> Result<Self> {
        let server = PrivateServer::start()
            .await
            .context("cannot start a private PostgreSQL server")?;
        let admin_url = Url::parse(&server.database("postgres").await?)?;
        Ok(Self::with(admin_url, Some(Mutex::new(server))))
    }

    fn with(admin_url: Url, private: Option<Mutex<PrivateServer>>) -> Self {
        let random = uuid::Uuid::now_v7().simple().to_string();
        let prefix = format!("tasker_scenarios_{}", random.get(20..).unwrap_or(&random));
        Self {
            admin_url,
            prefix,
            number: AtomicUsize::new(1),
            template: OnceCell::new(),
            private,
            pooler: None,
        }
    }

    /// The same server, with a pooler in transaction mode between it and the engine.
    ///
    /// # Errors
    /// PgBouncer is not installed, or does not start.
    pub async fn behind_a_pooler(self) -> Result<Self> {
        let pooler = Pooler::start(self.admin_url.as_str(), SERVERS, "").await?;
        Ok(Self {
            pooler: Some(pooler),
            ..self
        })
    }

    /// Whether there is a pooler, which keeps sessions on the server that are nobody's.
    pub fn has_pooler(&self) -> bool {
        self.pooler.is_some()
    }

    /// A new database with the engine's schema in it.
    ///
    /// # Errors
    /// The server refuses, or the schema cannot be installed.
    pub async fn create_database(&self) -> Result<Database> {
        let template = self.template.get_or_try_init(|| self.make_template()).await?;
        let name = format!("{}_{}", self.prefix, self.number.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("create database {name} template {template}"))
            .await?;
        Ok(Database {
            url: self.url_of(&name),
            engine_url: match &self.pooler {
                Some(pooler) => pooler.url(&name),
                None => self.url_of(&name),
            },
            name,
        })
    }

    /// Removes a database with all that is in it, and ends the sessions that it still has.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn drop_database(&self, database: &Database) -> Result<()> {
        self.execute(&format!("drop database if exists {} with (force)", database.name))
            .await
    }

    /// The sessions that `database` has, each with what it is called and what it does.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn sessions(&self, database: &Database) -> Result<Vec<String>> {
        let mut admin = self.admin().await?;
        let query = "select format('%s (pid %s): %s %s', coalesce(nullif(application_name, ''), 'unnamed'), pid, state, query) \
                     from pg_stat_activity where datname = $1 and backend_type = 'client backend'";
        let rows = sqlx::query(query)
            .bind(&database.name)
            .fetch_all(&mut admin)
            .await?;
        admin.close().await.ok();
        rows.iter().map(|row| Ok(row.try_get::<String, _>(0)?)).collect()
    }

    /// Restarts the server; it answers again when this is done.
    ///
    /// # Errors
    /// It is not a private one, or it does not come back.
    pub async fn restart(&self, mode: &str) -> Result<()> {
        let Some(private) = &self.private else {
            bail!("this server is not ours to restart")
        };
        let mode = match mode {
            "fast" => StopMode::Fast,
            "immediate" => StopMode::Immediate,
            other => bail!("there is no way '{other}' to restart a server"),
        };
        private.lock().await.restart(mode).await
    }

    /// Removes what we made; a private server is stopped and its files are removed.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn close(self) -> Result<()> {
        match (&self.private, self.template.get()) {
            (None, Some(template)) => {
                self.execute(&format!("drop database if exists {template} with (force)"))
                    .await
            }
            _ => Ok(()),
        }
    }

    /// Leaves everything as it is, a private server running: its URL, and the directory of a private one.
    pub fn keep(self) -> (String, Option<PathBuf>) {
        let directory = self.private.map(|private| {
            let private = private.into_inner();
            let directory = private.status().data_dir;
            // Dropping it would stop it.
            std::mem::forget(private);
            directory
        });
        (self.admin_url.to_string(), directory)
    }

    async fn make_template(&self) -> Result<String> {
        let name = format!("{}_template", self.prefix);
        self.execute(&format!("create database {name}")).await?;
        crate::engine::migrate(&self.url_of(&name))
            .await
            .context("cannot install the schema")?;
        self.wait_until_unused(&name).await?;
        Ok(name)
    }

    /// A database with a session cannot be a template; a session ends a moment after its client has gone.
    async fn wait_until_unused(&self, name: &str) -> Result<()> {
        let database = Database {
            name: name.to_owned(),
            url: String::new(),
            engine_url: String::new(),
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let sessions = self.sessions(&database).await?;
            if sessions.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                bail!(
                    "the client that installed the schema left sessions behind: {}",
                    sessions.join("; ")
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn admin(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(self.admin_url.as_str()).await?)
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        let mut admin = self.admin().await?;
        let done = admin.execute(AssertSqlSafe(statement.to_owned())).await;
        admin.close().await.ok();
        done.map(drop).with_context(|| format!("'{statement}' failed"))
    }

    fn url_of(&self, name: &str) -> String {
        let mut url = self.admin_url.clone();
        url.set_path(name);
        url.to_string()
    }
}
