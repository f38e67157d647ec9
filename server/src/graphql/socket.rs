//! GraphQL over a websocket: `graphql-transport-ws`.

use super::gate::{Gate, through};
use super::http::{Asked, follows, request};
use super::protocol::{Closed, Conversation};
use crate::app::App;
use crate::auth::Access;
use crate::origins::host;
use crate::problem::Refusal;
use async_graphql::{Executor, Response};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use futures_util::stream::{self, BoxStream};
use futures_util::{SinkExt, StreamExt};
use std::pin::pin;
use std::time::Duration;
use tasker_core::ErrorKind;
use tokio::sync::OwnedSemaphorePermit;

/// The name of the protocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// How long a socket may be silent. It is pinged as often; who does not answer is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a client may take to read why a socket is closed.
const LEAVING: Duration = Duration::from_secs(5);
/// The longest reason that a close frame has room for.
const REASON: usize = 123;

/// Whether a request wants to become a websocket.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.eq_ignore_ascii_case("websocket"))
}

/// Makes a request a websocket.
///
/// # Errors
/// `Forbidden` for a page of another site, 400 for another protocol; `InvalidArgument` where there are as many sockets as there may be.
pub(super) fn open(
    app: &App,
    access: Access,
    parts: &Parts,
    upgrade: WebSocketUpgrade,
) -> Result<HttpResponse, Refusal> {
    // Browsers let a page of any site open a websocket anywhere, and say only from where.
    let host = host(&parts.uri, &parts.headers);
    if let Some(page) = app.options.origins.stranger(host, &parts.headers) {
        return Err(Refusal::new(
            ErrorKind::Forbidden,
            format!(
                "a page of {page} may not open a websocket to {}: it may if its origin is listed (tasker serve --allow-origin)",
                host.unwrap_or("a host without a name")
            ),
        ));
    }
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(Refusal::malformed(format!(
            "websockets speak {PROTOCOL} here: name it in Sec-WebSocket-Protocol"
        )));
    }
    let place = app.graphql.socket()?;
    let seat = Seat {
        app: app.clone(),
        access,
    };
    let upgraded = upgrade
        .max_message_size(app.options.body_bytes)
        .on_upgrade(move |socket| talk(socket, seat, place));
    Ok(upgraded.into_response())
}

/// Who sits at the other end, and what executes for them.
#[derive(Clone)]
struct Seat {
    app: App,
    access: Access,
}

impl Seat {
    /// The answers to what is asked.
    fn execute(&self, asked: Asked) -> BoxStream<'static, Response> {
        let (graphql, objects) = (self.app.graphql.clone(), self.app.options.graphql.objects);
        let mut request = match request(&self.app, asked) {
            Ok(request) => request,
            Err(refusal) => return stream::once(async move { graphql.refused(refusal) }).boxed(),
        };
        if follows(&mut request) {
            let gate = Gate::lasting(self.access.clone(), objects);
            return graphql.execute_stream(through(request, gate, &self.app), None);
        }
        let limit = self.app.options.timeout;
        let seat = self.clone();
        let answer = async move {
            let answer = async {
                // Who opened the socket may be known no more.
                let access = seat.access.anew().await;
                if let Err(refusal) = access.is_known() {
                    return graphql.refused(refusal);
                }
                graphql
                    .execute(through(request, Gate::once(access, objects), &seat.app))
                    .await
            };
            match tokio::time::timeout(limit, answer).await {
                Ok(response) => response,
                Err(_) => graphql.refused(Refusal::new(
                    ErrorKind::Timeout,
                    format!("the request took longer than {} s", limit.as_secs_f64()),
                )),
            }
        };
        stream::once(answer).boxed()
    }
}

/// Answers until one of both ends it, or the server stops.
async fn talk(socket: WebSocket, seat: Seat, _place: OwnedSemaphorePermit) {
    let stop = seat.app.options.stop.clone();
    let (mut sender, mut receiver) = socket.split();
    let mut conversation = Conversation::new();
    let mut begins = pin!(tokio::time::sleep(seat.app.options.graphql.websocket_init));
    let mut silence = tokio::time::interval(SILENCE);
    silence.reset();
    let mut heard = true;
    loop {
        let message = tokio::select! {
            said = receiver.next() => {
                heard = true;
                let said = match &said {
                    Some(Ok(Message::Text(text))) => text.as_bytes(),
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => {
                        let _ = sender.close().await;
                        return;
                    }
                };
                match conversation.hear(said, |asked| seat.execute(asked)) {
                    Ok(None) => continue,
                    Ok(Some(text)) => Message::Text(text.into()),
                    Err(closed) => close(closed),
                }
            }
            text = conversation.tell() => Message::Text(text.into()),
            () = begins.as_mut(), if !conversation.has_begun() => close(Closed::late()),
            () = stop.cancelled() => close(Closed::new(1001, "the server stops")),
            _ = silence.tick() => match std::mem::take(&mut heard) {
                true => Message::Ping(Vec::new().into()),
                false => close(Closed::new(1001, "silent")),
            },
        };
        let last = matches!(message, Message::Close(_));
        if sender.send(message).await.is_err() {
            return;
        }
        if last {
            // What is not read when a connection is shut takes what was sent last with it.
            let rest = async { while let Some(Ok(_)) = receiver.next().await {} };
            let _ = tokio::time::timeout(LEAVING, rest).await;
            return;
        }
    }
}

fn close(closed: Closed) -> Message {
    let Closed { code, mut reason } = closed;
    reason.truncate(reason.floor_char_boundary(REASON));
    Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }))
}
