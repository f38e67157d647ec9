//! Creating tasks.

use super::Store;
use crate::error::{Error, Result};
use crate::model::Created;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, Row};

/// What a request means at present: the plan, and what its context must look like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Its id; a request carries it, so that a plan replaced meanwhile is noticed.
    pub plan_id: i32,
    /// The version it belongs to.
    pub version: String,
    /// The JSON Schema of the context.
    pub schema: Option<Value>,
}

impl Store {
    /// Creates tasks, all or nothing. `requests` is a JSON array as `tasker.create_tasks` reads it.
    ///
    /// # Errors
    /// Those of `tasker.create_tasks`.
    pub async fn create_tasks(&self, connection: &mut PgConnection, requests: &str) -> Result<Vec<Created>> {
        let rows = self
            .query(&self.statements().create_tasks)
            .bind(requests)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Created {
                    task_id: row.try_get(0)?,
                    created: row.try_get(1)?,
                    pruned: row.try_get(2)?,
                })
            })
            .collect()
    }

    /// The plan that a request for this named task would get.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn find_plan(
        &self,
        connection: &mut PgConnection,
        namespace: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<Option<Plan>> {
        let row = self
            .query(&self.statements().find_plan)
            .bind(namespace)
            .bind(name)
            .bind(version)
            .fetch_optional(connection)
            .await?;
        row.map(|row| {
            let schema: Option<String> = row.try_get(2)?;
            let schema = schema
                .map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|error| {
                    Error::internal(format!("the stored schema of {namespace}.{name} is not JSON"))
                        .with_source(error)
                })?;
            Ok(Plan {
                plan_id: row.try_get(0)?,
                version: row.try_get(1)?,
                schema,
            })
        })
        .transpose()
    }

    /// What tells the database of a connection from all others.
    ///
    /// # Errors
    /// What PostgreSQL says; it does not know the function where there is no Tasker.
    pub async fn database_identity(&self, connection: &mut PgConnection) -> Result<String> {
        Ok(self
            .query_scalar(&self.statements().database_identity)
            .fetch_one(connection)
            .await?)
    }

    /// Sets a savepoint in the caller's transaction. False: there is no transaction to set it in.
    ///
    /// By hand: sqlx would take a transaction that was begun by a plain BEGIN for none.
    pub async fn savepoint(&self, connection: &mut PgConnection) -> bool {
        sqlx::raw_sql("savepoint tasker_create")
            .execute(connection)
            .await
            .is_ok()
    }

    /// Ends the savepoint: keeps what was done since, or takes it back.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn end_savepoint(&self, connection: &mut PgConnection, keep: bool) -> Result<()> {
        let end = if keep {
            "release savepoint tasker_create"
        } else {
            "rollback to savepoint tasker_create"
        };
        sqlx::raw_sql(end).execute(connection).await?;
        Ok(())
    }
}
