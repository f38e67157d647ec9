//! Opening: which database, and a pool on it.

use super::client::{Client, Opened};
use crate::cluster::{Cluster, ClusterOptions, DatabaseLocation, resolve_database};
use crate::error::Result;
use crate::metrics::PoolOwner;
use crate::store::{Store, StoreOptions};
use tokio::sync::OnceCell;

/// The database in the private cluster.
const PRIVATE_DATABASE: &str = "tasker";

impl Client {
    /// The store, once it is known that this code and the schema fit each other.
    pub(crate) async fn store(&self) -> Result<&Store> {
        let opened = self.opened().await?;
        opened
            .fits
            .get_or_try_init(|| opened.store.check_version())
            .await?;
        Ok(&opened.store)
    }

    pub(super) async fn opened(&self) -> Result<&Opened> {
        self.inner.opened.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Opened> {
        let options = &self.inner.options;
        let choice = resolve_database(options.database_url.as_deref(), &|name| std::env::var(name).ok())?;
        let (database_url, private) = match &choice.location {
            DatabaseLocation::Url(url) => (url.clone(), false),
            DatabaseLocation::Embedded => {
                let cluster = Cluster::open(ClusterOptions::default()).await?;
                (cluster.ensure_database(PRIVATE_DATABASE).await?, true)
            }
        };
        let store = Store::new(self.store_options(&database_url, options.settings.database.max_connections))?;
        self.inner.metrics.add_pool(PoolOwner::Client, store.pool_use());
        if private {
            // Nobody else looks after the private cluster.
            store.migrate().await?;
        }
        Ok(Opened {
            store,
            choice,
            fits: OnceCell::new(),
        })
    }

    /// What it takes to open a store of one's own beside the client's, as a worker does.
    pub(crate) fn store_options(&self, database_url: &str, max_connections: u32) -> StoreOptions {
        StoreOptions {
            database_url: database_url.to_owned(),
            schema: self.inner.schema.clone(),
            max_connections,
            settings: self.settings().database.clone(),
            application_name: self
                .inner
                .options
                .application_name
                .clone()
                .unwrap_or_else(|| "tasker".to_owned()),
        }
    }
}
