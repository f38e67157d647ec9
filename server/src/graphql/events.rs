//! GraphQL over server-sent events: graphql-sse, with a connection for each operation.

use super::http::Answer;
use super::schema::Graphql;
use async_graphql::{Executor, Request, Response};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response as HttpResponse};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use std::convert::Infallible;
use tokio_util::sync::CancellationToken;

/// The media type.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// What a subscription gives, as it comes. Where the server stops before its end it is not complete: clients come back.
pub(super) fn follow(graphql: &Graphql, request: Request, stop: CancellationToken) -> HttpResponse {
    respond(graphql.execute_stream(request, None), stop)
}

/// An answer that is whole.
pub(super) fn whole(response: Response) -> HttpResponse {
    respond(stream::once(async { response }).boxed(), CancellationToken::new())
}

fn respond(answers: BoxStream<'static, Response>, stop: CancellationToken) -> HttpResponse {
    let next = answers.map(|response| {
        let text = serde_json::to_string(&Answer::from(response)).unwrap_or_default();
        Event::default().event("next").data(text)
    });
    let complete = stream::once(async { Event::default().event("complete").data("") });
    let events = next
        .chain(complete)
        .take_until(stop.cancelled_owned())
        .map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
