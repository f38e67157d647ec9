//! The listener: hears hints of other processes, on a connection of its own. Everything works without it.

use super::core::{Core, Patience};
use crate::engine::Wake;
use crate::error::Result;
use sqlx::postgres::PgListener;
use std::sync::Arc;

pub(super) async fn run(core: Arc<Core>) {
    let mut patience = Patience::default();
    while !core.stopped.is_cancelled() {
        if let Some(Err(error)) = core
            .stopped
            .clone()
            .run_until_cancelled(listen(&core, &mut patience))
            .await
        {
            tracing::debug!(%error, "not listening for now; polling goes on");
        }
        patience.wait(&core.stopped).await;
    }
}

async fn listen(core: &Core, patience: &mut Patience) -> Result<()> {
    let Some(options) = core.store.listening()? else {
        tracing::info!(
            "not listening: a pooler stands before the database, and database.listen_url names no way around it"
        );
        core.stopped.cancelled().await;
        return Ok(());
    };
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(core.store.options().schema.as_str()).await?;
    patience.reset();
    // What was said while nobody listened is found by looking.
    core.wake(Wake::Ready);
    loop {
        match listener.try_recv().await? {
            Some(notification) => core.wake(read(notification.payload())),
            None => core.wake(Wake::Ready),
        }
    }
}

fn read(payload: &str) -> Wake {
    payload
        .strip_prefix("task ")
        .and_then(|id| id.parse().ok())
        .map_or(Wake::Ready, Wake::Task)
}
