//! The schema: what can be asked, and within which limits.

use super::errors::Kinds;
use super::options::GraphqlOptions;
use super::query::Queries;
use super::task::TaskInterface;
use async_graphql::{EmptyMutation, EmptySubscription, MergedObject, SDLExportOptions, Schema};
use tasker_core::Client;

/// What can be asked for.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct Query(Queries);

/// The schema over a client.
pub(crate) type Graphql = Schema<Query, EmptyMutation, EmptySubscription>;

/// No document has more directives than this.
const DIRECTIVES: usize = 50;

/// The schema of an engine.
pub(crate) fn over(client: Client, options: &GraphqlOptions) -> Graphql {
    let mut schema = Schema::build(Query::default(), EmptyMutation, EmptySubscription)
        .register_output_type::<TaskInterface>()
        .limit_depth(options.depth)
        .limit_recursive_depth(options.depth.max(32))
        .limit_complexity(options.complexity)
        .limit_directives(DIRECTIVES)
        .extension(Kinds)
        .data(client);
    if !options.introspection {
        schema = schema.disable_introspection().disable_suggestions();
    }
    schema.finish()
}

/// The schema in its own language.
pub(crate) fn sdl() -> String {
    let schema = Schema::build(Query::default(), EmptyMutation, EmptySubscription)
        .register_output_type::<TaskInterface>()
        .finish();
    schema.sdl_with_options(SDLExportOptions::new().sorted_fields().include_specified_by())
}
