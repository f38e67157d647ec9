//! What dashboards ask for: bounded counts, and the server's own statistics.

use super::Store;
use super::read::parse;
use crate::error::Result;
use crate::model::{ServerMeasurements, WorkMeasurements};
use sqlx::PgConnection;

impl Store {
    /// The work in the database, counted up to the limits of the statement.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn measure_work(&self, connection: &mut PgConnection) -> Result<WorkMeasurements> {
        let text: String = self
            .query_scalar(&self.statements().measure_work)
            .fetch_one(connection)
            .await?;
        parse(&text)
    }

    /// The server and the tables of the schema, as the statistics have them.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn measure_server(&self, connection: &mut PgConnection) -> Result<ServerMeasurements> {
        let text: String = self
            .query_scalar(&self.statements().measure_server)
            .bind(self.options().schema.as_str())
            .fetch_one(connection)
            .await?;
        parse(&text)
    }
}
