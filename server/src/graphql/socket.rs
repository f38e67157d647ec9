//! GraphQL over a websocket: `graphql-transport-ws`.

use super::gate::{Gate, through};
use super::schema::Graphql;
use crate::app::App;
use crate::auth::Access;
use crate::problem::Refusal;
use async_graphql::async_trait::async_trait;
use async_graphql::http::{WebSocket as Protocol, WebSocketProtocols, WsMessage};
use async_graphql::{Data, Executor, Request, Response};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use futures_util::stream::{self, BoxStream};
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tasker_core::ErrorKind;
use tokio::sync::OwnedSemaphorePermit;

/// The name of the protocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// How long a socket may be silent. It is pinged as often; who does not answer is gone.
const SILENCE: Duration = Duration::from_secs(30);

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
/// `Forbidden` for a page of another site; `InvalidArgument` where there are as many sockets as there may be.
pub(super) fn open(
    app: &App,
    access: Access,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<HttpResponse, Refusal> {
    from_this_site(headers)?;
    let place = app.graphql.socket()?;
    let seat = Seat {
        graphql: app.graphql.clone(),
        app: app.clone(),
        access,
    };
    let upgraded = upgrade
        .protocols([PROTOCOL])
        .max_message_size(app.options.body_bytes)
        .on_upgrade(move |socket| talk(socket, seat, place));
    Ok(upgraded.into_response())
}

/// Browsers let a page of any site open a websocket anywhere, and say only from where.
fn from_this_site(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        return Ok(());
    };
    let host = text(header::HOST).unwrap_or_default();
    let same = origin
        .parse::<Uri>()
        .ok()
        .and_then(|uri| Some(uri.authority()?.as_str().eq_ignore_ascii_case(host)))
        .unwrap_or(false);
    if same {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorKind::Forbidden,
        format!("a page of {origin} may not open a websocket to {host}"),
    ))
}

/// Who sits at the other end, and what executes for them.
#[derive(Clone)]
struct Seat {
    graphql: Graphql,
    app: App,
    access: Access,
}

#[async_trait]
impl Executor for Seat {
    async fn execute(&self, request: Request) -> Response {
        let limit = self.app.options.timeout;
        let answer = async {
            // Who opened the socket may be known no more.
            let access = self.access.anew().await;
            if let Err(refusal) = access.is_known() {
                return self.graphql.refused(refusal);
            }
            let gate = Gate::once(access, self.app.options.graphql.objects);
            self.graphql.execute(through(request, gate, &self.app)).await
        };
        match tokio::time::timeout(limit, answer).await {
            Ok(response) => response,
            Err(_) => self.graphql.refused(Refusal::new(
                ErrorKind::Timeout,
                format!("the request took longer than {} s", limit.as_secs_f64()),
            )),
        }
    }

    fn execute_stream(&self, mut request: Request, _: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let most = self.app.options.graphql.query_bytes;
        if request.query.len() > most {
            let refused = self.graphql.refused(super::http::too_long(most));
            return stream::once(async { refused }).boxed();
        }
        if super::http::follows(&mut request) {
            let gate = Gate::lasting(self.access.clone(), self.app.options.graphql.objects);
            return self
                .graphql
                .execute_stream(through(request, gate, &self.app), None);
        }
        let seat = self.clone();
        stream::once(async move { seat.execute(request).await }).boxed()
    }
}

/// Answers until one of both ends it, or the server stops.
async fn talk(socket: WebSocket, seat: Seat, _place: OwnedSemaphorePermit) {
    let stop = seat.app.options.stop.clone();
    let (mut sender, receiver) = socket.split();
    let heard = Arc::new(AtomicBool::new(true));
    let hears = Arc::clone(&heard);
    let texts = receiver
        .take_while(|message| {
            let goes_on = matches!(message, Ok(message) if !matches!(message, Message::Close(_)));
            async move { goes_on }
        })
        .filter_map(move |message| {
            hears.store(true, Ordering::Relaxed);
            async move {
                match message {
                    Ok(Message::Text(text)) => Some(text.as_bytes().to_vec()),
                    Ok(Message::Binary(bytes)) => Some(bytes.to_vec()),
                    _ => None,
                }
            }
        })
        .boxed();
    let mut answers = Protocol::new(seat, texts, WebSocketProtocols::GraphQLWS);
    let mut silence = tokio::time::interval(SILENCE);
    silence.reset();
    loop {
        let message = tokio::select! {
            answer = answers.next() => match answer {
                Some(WsMessage::Text(text)) => Message::Text(text.into()),
                Some(WsMessage::Close(code, reason)) => close(code, reason),
                None => break,
            },
            () = stop.cancelled() => close(1001, "the server stops".to_owned()),
            _ = silence.tick() => match heard.swap(false, Ordering::Relaxed) {
                true => Message::Ping(Vec::new().into()),
                false => close(1001, "silent".to_owned()),
            },
        };
        let last = matches!(message, Message::Close(_));
        if sender.send(message).await.is_err() || last {
            break;
        }
    }
}

fn close(code: u16, reason: String) -> Message {
    Message::Close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }))
}
