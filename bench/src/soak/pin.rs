//! The snapshot that somebody holds open: a report that runs for half an hour, a forgotten transaction.

use crate::room::Room;
use anyhow::{Result, ensure};
use sqlx::{Connection, PgConnection};

/// A `REPEATABLE READ` transaction that has taken its snapshot.
#[derive(Debug)]
pub(super) struct Pin {
    connection: PgConnection,
    backend: i32,
    snapshot: String,
}

impl Pin {
    pub(super) async fn take(room: &Room) -> Result<Self> {
        let mut connection = room.another_connection().await?;
        sqlx::raw_sql(
            "set idle_in_transaction_session_timeout = 0; begin isolation level repeatable read, read only",
        )
        .execute(&mut connection)
        .await?;
        let (backend, snapshot): (i32, String) =
            sqlx::query_as("select pg_backend_pid(), pg_current_snapshot()::text from tasks limit 1")
                .fetch_one(&mut connection)
                .await?;
        Ok(Self {
            connection,
            backend,
            snapshot,
        })
    }

    /// The backend that holds it.
    pub(super) const fn backend(&self) -> i32 {
        self.backend
    }

    /// Lets it go, having made sure that it was the same one all the time.
    pub(super) async fn let_go(mut self) -> Result<()> {
        let snapshot: String = sqlx::query_scalar("select pg_current_snapshot()::text")
            .fetch_one(&mut self.connection)
            .await?;
        ensure!(
            snapshot == self.snapshot,
            "the snapshot {} was to be held, but has become {snapshot}",
            self.snapshot
        );
        sqlx::raw_sql("rollback").execute(&mut self.connection).await?;
        Ok(self.connection.close().await?)
    }
}
