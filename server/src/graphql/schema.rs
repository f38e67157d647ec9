//! The schema: what can be asked, and within which limits.

use super::catalogue::Catalogue;
use super::connection::Connections;
use super::errors::{Limits, explained};
use super::leading::TaskInterface;
use super::namespaces::Namespaces;
use super::node::Nodes;
use super::operate::TaskVerbs;
use super::operate_bulk::BulkVerbs;
use super::operate_catalogue::CatalogueVerbs;
use super::operate_steps::StepVerbs;
use super::options::GraphqlOptions;
use super::query::Queries;
use super::shape::{Shape, refused};
use super::subscription::{Subscriptions, Watching};
use super::why::Reasons;
use crate::problem::Refusal;
use async_graphql::async_trait::async_trait;
use async_graphql::{
    Data, Executor, MergedObject, Request, Response, SDLExportOptions, Schema, SchemaBuilder,
};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use std::sync::Arc;
use tasker_core::{Client, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What can be asked for.
#[derive(Debug, Default, MergedObject)]
pub(super) struct Query(Queries, Connections, Nodes, Catalogue, Namespaces, Reasons);

/// What can be done.
#[derive(Debug, Default, MergedObject)]
pub(super) struct Mutation(TaskVerbs, StepVerbs, CatalogueVerbs, BulkVerbs);

type Whole = Schema<Query, Mutation, Subscriptions>;

/// What executes requests over a client.
#[derive(Clone)]
pub(crate) struct Graphql {
    schema: Whole,
    limits: Limits,
    /// How many more websockets there may be.
    sockets: Watching,
}

impl Graphql {
    /// A place for a websocket.
    ///
    /// # Errors
    /// As [`Watching::place`].
    pub(super) fn socket(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.sockets.place()
    }

    /// The answer to a request that is refused as a whole.
    pub(super) fn refused(&self, refusal: Refusal) -> Response {
        explained(refused(refusal), self.limits)
    }
}

#[async_trait]
impl Executor for Graphql {
    async fn execute(&self, mut request: Request) -> Response {
        match Shape::of(&mut request) {
            Ok(shape) => explained(shape.lay_out(self.schema.execute(request).await), self.limits),
            Err(refusal) => self.refused(refusal),
        }
    }

    fn execute_stream(&self, mut request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let limits = self.limits;
        match Shape::of(&mut request) {
            Ok(shape) => self
                .schema
                .execute_stream_with_session_data(request, data.unwrap_or_default())
                .map(move |response| explained(shape.lay_out(response), limits))
                .boxed(),
            Err(refusal) => {
                let refused = self.refused(refusal);
                stream::once(async { refused }).boxed()
            }
        }
    }
}

/// No document has more directives than this.
const DIRECTIVES: usize = 50;

fn whole() -> SchemaBuilder<Query, Mutation, Subscriptions> {
    Schema::build(Query::default(), Mutation::default(), Subscriptions)
        .register_output_type::<TaskInterface>()
}

/// The schema of an engine.
pub(crate) fn over(client: Client, options: &GraphqlOptions) -> Graphql {
    let watching = Watching {
        room: Arc::new(Semaphore::new(options.subscriptions)),
        slowest: options.slowest_look,
    };
    let sockets = Watching {
        room: Arc::new(Semaphore::new(options.subscriptions)),
        ..watching.clone()
    };
    let mut schema = whole()
        .limit_depth(options.depth)
        .limit_complexity(options.complexity)
        .limit_directives(DIRECTIVES)
        .data(client)
        .data(watching);
    if !options.introspection {
        schema = schema.disable_introspection().disable_suggestions();
    }
    Graphql {
        schema: schema.finish(),
        limits: Limits {
            depth: options.depth,
            complexity: options.complexity,
        },
        sockets,
    }
}

/// The schema in its own language.
pub(crate) fn sdl() -> String {
    whole()
        .finish()
        .sdl_with_options(SDLExportOptions::new().sorted_fields().include_specified_by())
}
