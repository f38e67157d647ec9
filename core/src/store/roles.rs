//! The roles of a schema: made and granted where that may be done, and told in statements where it may not.
//!
//! What each role may call stands in `migrations/src/roles.rs`. Nothing is ever taken from a role, and no role dropped.

use super::{SchemaName, Store, run};
use crate::error::{Error, ErrorKind, Result};
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::time::Duration;
use tasker_migrations::{GRANTS, Role, roles_of};

/// How long to wait while others migrate.
const OTHERS_MIGRATE: Duration = Duration::from_secs(3600);
/// PostgreSQL cuts longer names off.
const LONGEST_NAME: usize = 63;

/// One of the three roles of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleReport {
    /// What it is for: `enqueue`, `work` or `operate`.
    pub kind: &'static str,
    /// Its name on the server.
    pub name: String,
    /// Whether it was there before.
    pub existed: bool,
}

/// What making and granting the roles did, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct RolesReport {
    /// The schema.
    pub schema: String,
    /// The role that the schema's functions belong to and run as.
    pub owner: String,
    /// Whether that is a superuser. Then the functions may do whatever a superuser may; they need not.
    pub owner_is_superuser: bool,
    /// The three roles.
    pub roles: Vec<RoleReport>,
    /// Whether nothing was done: the rest says what would be.
    pub dry_run: bool,
    /// The statements that were run, in order; empty when there was nothing to do.
    pub done: Vec<String>,
    /// The statements that this database user may not run; somebody else has to.
    pub left: Vec<String>,
}

/// Which names the roles have, and who is asking.
struct Rights {
    user: String,
    owner: String,
    /// May act as the owner.
    owns: bool,
    owner_is_superuser: bool,
    makes_roles: bool,
    existing: Vec<String>,
}

impl Store {
    /// Makes the roles of the schema and grants them what they are for, as far as this database user may. Does nothing twice;
    /// safe by many processes at once. `prefix`: what their names begin with, the schema's name unless given.
    ///
    /// # Errors
    /// `ConfigInvalid` where the prefix makes no usable name; `SchemaMismatch` where the schema was not migrated.
    pub async fn grant_roles(&self, prefix: Option<&str>, dry_run: bool) -> Result<RolesReport> {
        let names = names(prefix, &self.options().schema)?;
        let mut held = self.acquire().await?;
        run!(self, &mut held, Some(OTHERS_MIGRATE), |connection| self
            .grant_roles_in(connection, &names, dry_run))
    }

    async fn grant_roles_in(
        &self,
        transaction: &mut PgConnection,
        names: &[(Role, String)],
        dry_run: bool,
    ) -> Result<RolesReport> {
        self.lock_migrations(transaction).await?;
        let schema = self.options().schema.as_str();
        let Some(rights) = self.rights(transaction, names).await? else {
            return Err(Error::new(
                ErrorKind::SchemaMismatch,
                format!("there is no schema \"{schema}\" to grant anything in: run `tasker migrate` first"),
            ));
        };
        let is_there = |name: &String| rights.existing.contains(name);
        let (mut done, mut left) = (Vec::new(), Vec::new());
        for (_, name) in names.iter().filter(|(_, name)| !is_there(name)) {
            let statement = format!("create role \"{name}\" nologin");
            let list = if rights.makes_roles { &mut done } else { &mut left };
            list.push(statement);
        }
        if !dry_run {
            self.make_roles(transaction, &done).await?;
        }
        if rights.owns && !dry_run {
            self.become_role(transaction, &rights.user, &rights.owner).await?;
        }
        for (role, statement) in self.missing_grants(transaction, names).await? {
            let to_be_had = rights.makes_roles || is_there(&role);
            if !(rights.owns && to_be_had) {
                left.push(statement);
                continue;
            }
            if !dry_run {
                sqlx::raw_sql(AssertSqlSafe(statement.clone()))
                    .execute(&mut *transaction)
                    .await?;
            }
            done.push(statement);
        }
        if rights.owns && !dry_run {
            let (kinds, called): (Vec<&str>, Vec<&str>) = names
                .iter()
                .map(|(role, name)| (role.name(), name.as_str()))
                .unzip();
            self.query(&self.statements().remember_roles)
                .bind(kinds)
                .bind(called)
                .execute(&mut *transaction)
                .await?;
        }
        let roles = names
            .iter()
            .map(|(role, name)| RoleReport {
                kind: role.name(),
                name: name.clone(),
                existed: is_there(name),
            })
            .collect();
        Ok(RolesReport {
            schema: schema.to_owned(),
            owner: rights.owner,
            owner_is_superuser: rights.owner_is_superuser,
            roles,
            dry_run,
            done,
            left,
        })
    }

    /// Gives the roles that were made before what a migration has brought. For the owner.
    pub(super) async fn renew_grants(&self, transaction: &mut PgConnection) -> Result<()> {
        let rows = self
            .query(&self.statements().known_roles)
            .fetch_all(&mut *transaction)
            .await?;
        let mut names = Vec::with_capacity(rows.len());
        for row in &rows {
            let kind: &str = row.try_get(0)?;
            names.extend(
                Role::ALL
                    .into_iter()
                    .find(|role| role.name() == kind)
                    .map(|role| Ok::<_, sqlx::Error>((role, row.try_get(1)?)))
                    .transpose()?,
            );
        }
        for (_, statement) in self.missing_grants(transaction, &names).await? {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut *transaction)
                .await?;
        }
        Ok(())
    }

    /// Goes on as another role, to the end of the transaction: what it makes belongs to that one.
    pub(super) async fn become_role(
        &self,
        transaction: &mut PgConnection,
        user: &str,
        role: &str,
    ) -> Result<()> {
        if user != role {
            let quoted = role.replace('"', "\"\"");
            sqlx::raw_sql(AssertSqlSafe(format!("set local role \"{quoted}\"")))
                .execute(transaction)
                .await?;
        }
        Ok(())
    }

    async fn rights(
        &self,
        connection: &mut PgConnection,
        names: &[(Role, String)],
    ) -> Result<Option<Rights>> {
        let called: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        let row = self
            .query(&self.statements().role_rights)
            .bind(self.options().schema.as_str())
            .bind(called)
            .fetch_one(connection)
            .await?;
        let Some(owner) = row.try_get(1)? else {
            return Ok(None);
        };
        Ok(Some(Rights {
            user: row.try_get(0)?,
            owner,
            owns: row.try_get(2)?,
            owner_is_superuser: row.try_get(3)?,
            makes_roles: row.try_get(4)?,
            existing: row.try_get(5)?,
        }))
    }

    /// Another schema of this server may have roles of the same name made at the same moment.
    async fn make_roles(&self, transaction: &mut PgConnection, statements: &[String]) -> Result<()> {
        for statement in statements {
            let unless_there = format!(
                "do $do$ begin {statement}; exception when duplicate_object or unique_violation then null; end $do$"
            );
            sqlx::raw_sql(AssertSqlSafe(unless_there))
                .execute(&mut *transaction)
                .await?;
        }
        Ok(())
    }

    /// Role and statement, in order.
    async fn missing_grants(
        &self,
        connection: &mut PgConnection,
        names: &[(Role, String)],
    ) -> Result<Vec<(String, String)>> {
        let called: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        let reading: Vec<&str> = names
            .iter()
            .filter(|(role, _)| role.reads())
            .map(|(_, name)| name.as_str())
            .collect();
        let (functions, callers): (Vec<&str>, Vec<&str>) = names
            .iter()
            .flat_map(|(role, name)| {
                GRANTS
                    .iter()
                    .filter(|(roles, _)| roles.contains(role))
                    .flat_map(|(_, functions)| functions.iter().map(|function| (*function, name.as_str())))
            })
            .unzip();
        let rows = self
            .query(&self.statements().missing_grants)
            .bind(self.options().schema.as_str())
            .bind(called)
            .bind(functions)
            .bind(callers)
            .bind(reading)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect()
    }

    /// The same error, with the role that is missing where PostgreSQL refused one of our objects.
    pub(crate) fn explain(&self, mut error: Error) -> Error {
        if error.kind != ErrorKind::Forbidden {
            return error;
        }
        let Some(rest) = error.message.strip_prefix("permission denied for ") else {
            error.message += ": `tasker doctor` names what the role lacks, with the grants";
            return error;
        };
        let prefix = self.options().schema.as_str();
        let helping = match rest.split_once(' ') {
            Some(("function", function)) => roles_of(function.trim()),
            Some(("table" | "view", _)) => &[Role::Work, Role::Operate],
            Some(("schema", schema)) if schema == prefix => &Role::ALL,
            _ => &[],
        };
        if helping.is_empty() {
            error.message +=
                ": only the owner of Tasker's schema may do this; `tasker doctor` names what the role lacks";
            return error;
        }
        let names: Vec<String> = helping
            .iter()
            .map(|role| format!("{prefix}_{}", role.name()))
            .collect();
        error.message = format!(
            "{}: the database user is not a member of {}; `tasker migrate --roles` makes the roles, and GRANT {} TO \
             the user makes it one (under another --role-prefix they have other names)",
            error.message,
            names.join(" or "),
            names[0],
        );
        if let Some(details) = error.details.as_object_mut() {
            details.insert("roles".to_owned(), names.into());
        }
        error
    }
}

/// The roles and what they are called.
fn names(prefix: Option<&str>, schema: &SchemaName) -> Result<Vec<(Role, String)>> {
    let prefix = prefix.unwrap_or_else(|| schema.as_str());
    let names: Vec<(Role, String)> = Role::ALL
        .into_iter()
        .map(|role| (role, format!("{prefix}_{}", role.name())))
        .collect();
    let longest = names.iter().map(|(_, name)| name.len()).max().unwrap_or_default();
    // The rules for the name of a schema are right for these as well, and spare us every question of quoting.
    if SchemaName::new(prefix).is_err() || longest > LONGEST_NAME {
        return Err(Error::new(
            ErrorKind::ConfigInvalid,
            format!(
                "roles cannot be named \"{prefix}_work\" and the like: the prefix must be lower-case letters, digits and \
                 underscores, begin with a letter, and leave the names at most {LONGEST_NAME} characters; name another with \
                 --role-prefix"
            ),
        ));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn called(prefix: Option<&str>, schema: &str) -> Result<Vec<String>> {
        let names = names(prefix, &SchemaName::new(schema).unwrap())?;
        Ok(names.into_iter().map(|(_, name)| name).collect())
    }

    #[test]
    fn roles_are_named_after_the_schema_unless_told_otherwise() {
        let expected = ["tasker_enqueue", "tasker_work", "tasker_operate"];
        assert_eq!(called(None, "tasker").unwrap(), expected);
        assert_eq!(called(None, "jobs").unwrap()[1], "jobs_work");
        assert_eq!(called(Some("shop_jobs"), "jobs").unwrap()[2], "shop_jobs_operate");
    }

    #[test]
    fn a_prefix_that_makes_no_usable_name_is_refused() {
        for prefix in ["", "pg_tasker", "Shop", "shop\"; drop role x", &"x".repeat(56)] {
            let error = called(Some(prefix), "tasker").unwrap_err();
            assert_eq!(error.kind, ErrorKind::ConfigInvalid, "{prefix}");
        }
        assert!(called(None, &"x".repeat(60)).is_err());
    }
}
