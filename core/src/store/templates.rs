//! Registering and reading templates.

use super::Store;
use super::read::{parse, rows};
use crate::error::{Error, Result};
use crate::model::{NamedTask, Registered, TemplateContent};
use crate::template::CompiledTemplate;
use sqlx::PgConnection;

impl Store {
    /// Makes a compiled template the content of its version.
    ///
    /// # Errors
    /// `AlreadyExists` for other content under the version when `strict`.
    pub async fn register_template(
        &self,
        connection: &mut PgConnection,
        template: &CompiledTemplate,
        force: bool,
        strict: bool,
    ) -> Result<Registered> {
        let json = serde_json::to_string(template)
            .map_err(|error| Error::internal("a compiled template does not serialize").with_source(error))?;
        let answer: String = self
            .query_scalar(&self.statements().register_template)
            .bind(json)
            .bind(force)
            .bind(strict)
            .fetch_one(connection)
            .await?;
        match answer.as_str() {
            "new" => Ok(Registered::New),
            "unchanged" => Ok(Registered::Unchanged),
            "replaced" => Ok(Registered::Replaced),
            "superseded" => Ok(Registered::Superseded),
            other => Err(Error::internal(format!("register_template answered '{other}'"))),
        }
    }

    /// Every registered version.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn named_tasks(
        &self,
        connection: &mut PgConnection,
        namespace: Option<&str>,
    ) -> Result<Vec<NamedTask>> {
        rows(
            self.query_scalar(&self.statements().named_tasks)
                .bind(namespace)
                .fetch_all(connection)
                .await?,
        )
    }

    /// The content of a version, or of the latest: the current one, or the one of a digest.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn template(
        &self,
        connection: &mut PgConnection,
        namespace: &str,
        name: &str,
        version: Option<&str>,
        digest: Option<&str>,
    ) -> Result<Option<CompiledTemplate>> {
        let text: Option<String> = self
            .query_scalar(&self.statements().template)
            .bind(namespace)
            .bind(name)
            .bind(version)
            .bind(digest)
            .fetch_optional(connection)
            .await?;
        text.map(|text| parse(&text)).transpose()
    }

    /// Every content that a name ever had, newest version first.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn template_contents(
        &self,
        connection: &mut PgConnection,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<TemplateContent>> {
        rows(
            self.query_scalar(&self.statements().template_contents)
                .bind(namespace)
                .bind(name)
                .fetch_all(connection)
                .await?,
        )
    }
}
