//! register_template: a compiled template becomes the content of its version.

use super::Client;
use super::client::call;
use crate::error::Result;
use crate::model::Registered;
use crate::template::CompiledTemplate;

impl Client {
    /// Registers a template. The same content again changes nothing; other content under the version replaces it for
    /// new tasks, unless `engine.strict_versions`. Content that was once replaced comes back only with `force`.
    ///
    /// # Errors
    /// `AlreadyExists` for other content under a version that is strict; `DatabaseUnavailable`.
    pub async fn register_template(&self, template: &CompiledTemplate, force: bool) -> Result<Registered> {
        let strict = self.settings().engine.strict_versions;
        let answer = call!(self, |store, connection| store
            .register_template(connection, template, force, strict))?;
        let name = format!("{}.{}@{}", template.namespace, template.name, template.version);
        match answer {
            Registered::Replaced => tracing::warn!(
                template = name,
                "other content replaces this version for new tasks"
            ),
            Registered::Superseded => {
                tracing::warn!(
                    template = name,
                    "this content was replaced before and does not come back unless forced"
                );
            }
            Registered::New | Registered::Unchanged => {}
        }
        self.forget_plans();
        Ok(answer)
    }
}
