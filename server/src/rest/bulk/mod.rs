//! Many tasks at once: creating them, and the verbs of operators by filter.

mod array;
mod create;
mod lines;
mod verbs;

use crate::app::App;
use crate::problem::Refusal;
use axum::extract::DefaultBodyLimit;
use tasker_core::ErrorKind;
use utoipa_axum::router::OpenApiRouter;
pub(crate) use verbs::operate;

pub(super) fn routes(bulk_bytes: usize) -> OpenApiRouter<App> {
    let create = create::routes().layer(DefaultBodyLimit::max(bulk_bytes));
    OpenApiRouter::new().merge(create).merge(verbs::routes())
}

/// What a request is answered that has not done its work when the server stops.
fn stopping(what: &str) -> Refusal {
    Refusal::new(ErrorKind::ShuttingDown, format!("the server stops: {what}"))
}
