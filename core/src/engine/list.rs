//! Lists: tasks, named tasks, templates, workers.

use super::Client;
use super::client::call;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Found, HandlerUse, Listed, NamePage, NamedTask, Namespace, StepFilter, StepSummary, Task, TaskFilter,
    TaskId, TaskSearch, TemplateContent, Worker, WorkerFilter,
};
use crate::store::in_order;
use crate::template::CompiledTemplate;
use std::collections::BTreeSet;

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

    /// A page of tasks in some order, where the next one begins, and how many there are.
    ///
    /// # Errors
    /// `InvalidArgument` for a cursor of another order; `DatabaseUnavailable`, `Timeout`.
    pub async fn search_tasks(&self, search: &TaskSearch) -> Result<(Vec<Task>, Found)> {
        call!(self, |store, connection| async {
            let found = store.search_tasks(connection, search).await?;
            let tasks = store.tasks(connection, &found.task_ids).await?;
            Ok((in_order(&found.task_ids, tasks, |task| task.task_id), found))
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
            .template(connection, namespace, name, version, None))?;
        found.ok_or_else(|| unknown_template(namespace, name, version))
    }

    /// Every content that a name ever had, newest version first; those that were replaced, too.
    ///
    /// # Errors
    /// `UnknownNamedTask`, `DatabaseUnavailable`.
    pub async fn template_contents(&self, namespace: &str, name: &str) -> Result<Vec<TemplateContent>> {
        let contents = call!(self, |store, connection| store
            .template_contents(connection, namespace, name))?;
        if contents.is_empty() {
            return Err(unknown_template(namespace, name, None));
        }
        Ok(contents)
    }

    /// The content of a name whose digest begins with `digest`, current or replaced.
    ///
    /// # Errors
    /// `UnknownNamedTask` where there is none; `InvalidArgument` where several begin so; `DatabaseUnavailable`.
    pub async fn template_content(
        &self,
        namespace: &str,
        name: &str,
        digest: &str,
    ) -> Result<CompiledTemplate> {
        let contents = self.template_contents(namespace, name).await?;
        let digests: BTreeSet<&str> = contents
            .iter()
            .map(|content| content.digest.as_str())
            .filter(|known| known.starts_with(digest))
            .collect();
        if digests.len() > 1 {
            return Err(Error::invalid_argument(format!(
                "{} contents of {namespace}.{name} have a digest that begins with '{digest}'; give more of it",
                digests.len()
            )));
        }
        let found = contents
            .iter()
            .find(|content| digests.contains(content.digest.as_str()));
        let Some(found) = found else {
            return Err(Error::new(
                ErrorKind::UnknownNamedTask,
                format!("no content of {namespace}.{name} has a digest that begins with '{digest}'"),
            ));
        };
        let (version, digest) = (Some(found.version.as_str()), Some(found.digest.as_str()));
        let template = call!(self, |store, connection| store
            .template(connection, namespace, name, version, digest))?;
        template.ok_or_else(|| unknown_template(namespace, name, version))
    }

    /// Steps of a task, by number, without inputs and results.
    ///
    /// # Errors
    /// `NotFound`, `DatabaseUnavailable`.
    pub async fn list_steps(&self, id: TaskId, filter: &StepFilter) -> Result<Vec<StepSummary>> {
        let steps = call!(self, |store, connection| store.list_steps(connection, id, filter))?;
        if steps.is_empty() {
            let known = call!(self, |store, connection| store.task_state(connection, id))?;
            known.ok_or_else(|| super::read::no_task(id))?;
        }
        Ok(steps)
    }

    /// Workers, by id, with what they hold and what has run in them for longest.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn list_workers(&self, filter: &WorkerFilter) -> Result<Vec<Worker>> {
        Ok(self.page_of_workers(filter).await?.found)
    }

    /// As [`Client::list_workers`], with how many there are and whether more follow.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn page_of_workers(&self, filter: &WorkerFilter) -> Result<Listed<Worker>> {
        call!(self, |store, connection| store.list_workers(connection, filter))
    }

    /// Namespaces, by name, with their pauses.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn list_namespaces(&self, page: &NamePage) -> Result<Vec<Namespace>> {
        Ok(self.page_of_namespaces(page).await?.found)
    }

    /// As [`Client::list_namespaces`], with how many there are and whether more follow.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn page_of_namespaces(&self, page: &NamePage) -> Result<Listed<Namespace>> {
        call!(self, |store, connection| store.list_namespaces(connection, page))
    }

    /// Handlers that templates name, by name, with the workers that have them and what waits for them.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn list_handlers(&self, page: &NamePage) -> Result<Vec<HandlerUse>> {
        Ok(self.page_of_handlers(page).await?.found)
    }

    /// As [`Client::list_handlers`], with how many there are and whether more follow.
    ///
    /// # Errors
    /// `DatabaseUnavailable`.
    pub async fn page_of_handlers(&self, page: &NamePage) -> Result<Listed<HandlerUse>> {
        call!(self, |store, connection| store.list_handlers(connection, page))
    }
}

/// No template is registered for a task of this name.
pub(crate) fn unknown_template(namespace: &str, name: &str, version: Option<&str>) -> Error {
    let version = version
        .map(|version| format!(" version {version}"))
        .unwrap_or_default();
    Error::new(
        ErrorKind::UnknownNamedTask,
        format!("no template is registered for the task '{name}'{version} in the namespace '{namespace}'"),
    )
}
