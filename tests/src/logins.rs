//! Database users of one test. Roles belong to the server that all tests share, so each has a name of its own and goes.

use crate::{TestDatabase, finish};
use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;

/// Makes roles whose names begin with the test's own prefix; drops every one of them with the value. Declare it after the
/// database, so that it goes before.
#[derive(Debug)]
pub struct Logins {
    admin_url: String,
    prefix: String,
}

impl Logins {
    /// None yet.
    pub fn of(database: &TestDatabase) -> Self {
        Self {
            admin_url: database.url(),
            prefix: database.name().to_owned(),
        }
    }

    /// What the names of this test's roles begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Makes a user `<prefix>_<name>` with these attributes (`nosuperuser`, `createrole`). Returns the URL to log in with.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn add(&self, name: &str, attributes: &str) -> Result<String> {
        let user = format!("{}_{name}", self.prefix);
        self.run(&format!("create role \"{user}\" login {attributes}"))
            .await?;
        let mut url = Url::parse(&self.admin_url)?;
        url.set_username(&user)
            .ok()
            .context("the server's URL takes no user")?;
        Ok(url.into())
    }

    /// Runs statements as the superuser, `{}` being the prefix.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn run(&self, statements: &str) -> Result<()> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        sqlx::raw_sql(AssertSqlSafe(statements.replace("{}", &self.prefix)))
            .execute(&mut admin)
            .await?;
        Ok(admin.close().await?)
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        let ours = format!(
            "do $$ declare r text; begin \
             for r in select rolname from pg_roles where rolname ^@ '{}_' loop \
               execute format('drop owned by %I cascade', r); execute format('drop role %I', r); \
             end loop; end $$",
            self.prefix
        );
        // What stays behind is harmless: its name is nobody else's.
        drop(finish(self.run(&ours)));
    }
}
