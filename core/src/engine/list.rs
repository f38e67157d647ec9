//! Lists: tasks, named tasks, templates, workers.

use super::Client;
use super::client::call;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{NamedTask, Task, TaskFilter};
use crate::template::CompiledTemplate;
use serde_json::Value;

impl Client {
    /// Tasks, newest first.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn list_tasks(&self, filter: &TaskFilter) -> Result<Vec<Task>> {
        call!(self, |store, connection| async {
            let ids = store.list_tasks(connection, filter).await?;
            store.tasks(connection, &ids).await
        })
    }

    /// Every registered version, of one namespace or of all.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn named_tasks(&self, namespace: Option<&str>) -> Result<Vec<NamedTask>> {
        call!(self, |store, connection| store.named_tasks(connection, namespace))
    }

    /// A template as it is registered; the latest version when none is given.
    ///
    /// # Errors
    /// `UnknownNamedTask`, `DatabaseUnavailable`.
    pub async fn template(
        &self,
        namespace: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<CompiledTemplate> {
        let found = call!(self, |store, connection| store
            .template(connection, namespace, name, version))?;
        found.ok_or_else(|| {
            let version = version
                .map(|version| format!(" version {version}"))
                .unwrap_or_default();
            Error::new(
                ErrorKind::UnknownNamedTask,
                format!(
                    "no template is registered for the task '{name}'{version} in the namespace '{namespace}'"
                ),
            )
        })
    }

    /// Workers that live, and those that ended in the last hour, as JSON.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn workers(&self) -> Result<Vec<Value>> {
        call!(self, |store, connection| store.workers(connection))
    }
}
