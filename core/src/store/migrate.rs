//! Applying migrations: one transaction, safe by any number of processes at once.

use super::session::lock_limit;
use super::{Store, is_retryable_conflict, run};
use crate::error::{Error, ErrorKind, Result};
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::time::Duration;
use tasker_migrations::{MIGRATIONS, Migration};

/// How long to wait while others migrate.
const OTHERS_MIGRATE: Duration = Duration::from_secs(3600);
/// The migration that brings roles, and the function that closes functions to everybody else.
const FIRST_WITH_ROLES: i32 = 26;
/// How often a deadlock with those that work is tried again.
const CONFLICTS: u32 = 5;

/// What migrating did.
#[derive(Debug, Clone, Serialize)]
pub struct MigrationReport {
    /// The schema.
    pub schema: String,
    /// The version that it is at now.
    pub version: i32,
    /// The names of the migrations that were applied, in order; empty when there was nothing to do.
    pub applied: Vec<String>,
}

impl Store {
    /// Brings the schema to the version of this library.
    ///
    /// Processes that migrate at once queue on a transaction-scoped advisory lock (which a pooler in transaction mode
    /// keeps on one connection); the later ones find nothing to do. A schema that is ahead of this library is left alone.
    ///
    /// # Errors
    /// [`ErrorKind::SchemaMismatch`] when the schema exists and is not Tasker's; what PostgreSQL says otherwise.
    pub async fn migrate(&self) -> Result<MigrationReport> {
        self.apply_migrations(MIGRATIONS).await
    }

    /// As [`Store::migrate`], to the end of the list that is given. For tests of what a later or an earlier release does.
    ///
    /// # Errors
    /// As [`Store::migrate`].
    pub async fn apply_migrations(&self, migrations: &[Migration]) -> Result<MigrationReport> {
        let mut tries = 0;
        loop {
            let mut held = self.acquire().await?;
            let answer = run!(self, &mut held, Some(OTHERS_MIGRATE), |connection| self
                .migrate_in(connection, migrations));
            match answer {
                // Workers at work took the same tables in another order; nothing was changed.
                Err(error) if is_retryable_conflict(&error) && tries < CONFLICTS => tries += 1,
                answer => return answer,
            }
        }
    }

    async fn migrate_in(
        &self,
        transaction: &mut PgConnection,
        migrations: &[Migration],
    ) -> Result<MigrationReport> {
        let schema = self.options().schema.as_str().to_owned();
        self.lock_migrations(transaction).await?;
        let current = self.prepare_history(transaction).await?;
        let mut applied = Vec::new();
        for migration in migrations.iter().filter(|migration| migration.version > current) {
            if applied.is_empty() {
                self.go_on_as_owner(transaction, true).await?;
            }
            self.apply(transaction, migration).await?;
            applied.push(migration.name.to_owned());
        }
        let version = migrations.last().map_or(0, |last| last.version).max(current);
        if !applied.is_empty() && version >= FIRST_WITH_ROLES {
            self.query(&self.statements().close_functions)
                .execute(&mut *transaction)
                .await?;
            self.renew_grants(transaction).await?;
        }
        Ok(MigrationReport {
            schema,
            version,
            applied,
        })
    }

    /// One at a time for each schema.
    pub(super) async fn lock_migrations(&self, transaction: &mut PgConnection) -> Result<()> {
        sqlx::query("select pg_advisory_xact_lock(hashtextextended('tasker migrate ' || $1, 0))")
            .bind(self.options().schema.as_str())
            .persistent(false)
            .execute(&mut *transaction)
            .await?;
        // A table that somebody uses is waited for no longer than usual: everybody else would queue behind.
        sqlx::raw_sql(AssertSqlSafe(lock_limit(&self.options().settings)))
            .execute(transaction)
            .await?;
        Ok(())
    }

    /// Functions run as whoever they belong to: all of them must belong to the owner of the tables, whoever migrates.
    async fn go_on_as_owner(&self, transaction: &mut PgConnection, must: bool) -> Result<()> {
        let schema = self.options().schema.as_str();
        let row = self
            .query(&self.statements().role_rights)
            .bind(schema)
            .bind(Vec::<String>::new())
            .fetch_one(&mut *transaction)
            .await?;
        let (user, owner, owns): (String, String, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if !owns && !must {
            return Ok(());
        }
        if !owns {
            return Err(Error::new(
                ErrorKind::Forbidden,
                format!(
                    "the schema \"{schema}\" belongs to the role \"{owner}\", and \"{user}\" may not act as that one: migrate \
                     as \"{owner}\", or as one of its members (GRANT \"{owner}\" TO \"{user}\")"
                ),
            ));
        }
        self.become_role(transaction, &user, &owner).await
    }

    /// The version that the schema is at, without changing anything; none where there is no schema.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn schema_version(&self) -> Result<Option<i32>> {
        let mut held = self.acquire().await?;
        run!(self, &mut held, None, |connection| self.read_version(connection))
    }

    async fn read_version(&self, connection: &mut PgConnection) -> Result<Option<i32>> {
        let name = self.options().schema.as_str();
        let exists: bool =
            sqlx::query_scalar("select to_regclass(quote_ident($1) || '.schema_migrations') is not null")
                .bind(name)
                .persistent(false)
                .fetch_one(&mut *connection)
                .await?;
        if !exists {
            return Ok(None);
        }
        let sql = self
            .options()
            .schema
            .apply("select max(version) from tasker.schema_migrations");
        Ok(sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?)
    }

    async fn prepare_history(&self, connection: &mut PgConnection) -> Result<i32> {
        let schema = &self.options().schema;
        let row = sqlx::query(
            "select exists (select from pg_namespace where nspname = $1) as schema_exists, \
             to_regclass(quote_ident($1) || '.schema_migrations') is not null as history_exists, \
             exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1) as occupied",
        )
        .bind(schema.as_str())
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;
        let (schema_exists, history_exists, occupied): (bool, bool, bool) =
            (row.get(0), row.get(1), row.get(2));
        if occupied && !history_exists {
            return Err(Error::new(
                ErrorKind::SchemaMismatch,
                format!(
                    "the schema \"{schema}\" holds tables that are not Tasker's: choose another name with --schema"
                ),
            ));
        }
        if !schema_exists {
            sqlx::raw_sql(AssertSqlSafe(format!("create schema \"{schema}\"")))
                .execute(&mut *connection)
                .await?;
        }
        if !history_exists {
            // Somebody may have made the schema for us, and own it.
            self.go_on_as_owner(connection, false).await?;
            let sql = schema.apply(
                "create table tasker.schema_migrations (version int primary key, name text not null, \
                 applied_at timestamptz not null default clock_timestamp(), \
                 oldest_code int not null default 0); \
                 grant select on tasker.schema_migrations to public",
            );
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut *connection)
                .await?;
        }
        let sql = schema.apply("select coalesce(max(version), 0) from tasker.schema_migrations");
        Ok(sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?)
    }

    async fn apply(&self, connection: &mut PgConnection, migration: &Migration) -> Result<()> {
        let schema = &self.options().schema;
        sqlx::raw_sql(AssertSqlSafe(schema.apply(migration.sql)))
            .execute(&mut *connection)
            .await
            .map_err(|error| {
                let cause = Error::from(error);
                let retry = cause.retry;
                let details = cause.details.clone();
                let mut error = Error::new(
                    cause.kind,
                    format!(
                        "migration {} ({}) failed and nothing was changed: {}",
                        migration.version, migration.name, cause.message
                    ),
                )
                .with_details(details)
                .with_source(cause);
                error.retry |= retry;
                error
            })?;
        let sql = schema
            .apply("insert into tasker.schema_migrations (version, name, oldest_code) values ($1, $2, $3)");
        sqlx::query(AssertSqlSafe(sql))
            .bind(migration.version)
            .bind(migration.name)
            .bind(tasker_migrations::oldest_code(migration.version))
            .persistent(false)
            .execute(connection)
            .await?;
        Ok(())
    }
}
