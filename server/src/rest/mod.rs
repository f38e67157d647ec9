//! REST: a file a group of routes.

pub(crate) mod bulk;
mod conditional;
mod creation;
mod handlers;
mod namespaces;
mod operate;
mod shown;
mod steps;
mod tasks;
mod templates;
pub(crate) mod trail;
mod workers;

pub(crate) use creation::Creation;

use crate::app::App;
use crate::auth::Access;
use crate::problem::Refusal;
use serde::Deserialize;
use tasker_core::model::Operator;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn routes(bulk_bytes: usize) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(tasks::routes())
        .merge(steps::routes())
        .merge(trail::routes())
        .merge(operate::routes())
        .merge(bulk::routes(bulk_bytes))
        .merge(handlers::routes())
        .merge(templates::routes())
        .merge(namespaces::routes())
        .merge(workers::routes())
}

/// Who steps in and why; kept in the trail.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhoAndWhy {
    /// Who, where the request is not authenticated.
    #[schema(max_length = 256)]
    pub(crate) by: Option<String>,
    /// Why.
    #[schema(max_length = 4096)]
    pub(crate) reason: Option<String>,
}

impl WhoAndWhy {
    /// Who steps in: whoever asks, or whoever the request names where nobody has to say who they are.
    ///
    /// # Errors
    /// `InvalidArgument` that names what is too long.
    pub(crate) fn of(self, access: &Access) -> Result<Operator, Refusal> {
        access.operator(self.by, self.reason)
    }
}
