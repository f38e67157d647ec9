//! GraphQL over websockets, on a socket of its own.

use crate::support::Shop;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tasker_core::model::Operator;
use tasker_server::{GraphqlOptions, Options, serve};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

/// A shop that is served until the token is cancelled.
async fn served(websocket: bool) -> (Shop, SocketAddr, CancellationToken) {
    let stop = CancellationToken::new();
    let shop = Shop::with(Options {
        stop: stop.clone(),
        graphql: GraphqlOptions {
            websocket,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    })
    .await;
    let (say, hear) = oneshot::channel();
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let serving = serve(anywhere, shop.router.clone(), stop.clone(), |address| {
        say.send(address).unwrap();
    });
    tokio::spawn(serving);
    (shop, hear.await.unwrap(), stop)
}

async fn open(address: SocketAddr, origin: Option<&str>) -> Result<WebSocketStream<TcpStream>, u16> {
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, response)) => {
            assert_eq!(
                response.headers()["sec-websocket-protocol"],
                "graphql-transport-ws"
            );
            Ok(socket)
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(frame) => return json!({"close": u16::from(frame.unwrap().code)}),
            _ => {}
        }
    }
}

#[tokio::test]
async fn everything_can_be_asked_over_a_websocket() {
    let (shop, address, stop) = served(true).await;
    let id = shop.one(json!({})).await;
    let mut socket = open(address, Some(&format!("http://{address}"))).await.unwrap();
    say(&mut socket, json!({"type": "connection_init"})).await;
    assert_eq!(hear(&mut socket).await, json!({"type": "connection_ack"}));
    let ask = |name: &str, query: &str| json!({"type": "subscribe", "id": name, "payload": {"query": query, "variables": {"id": id}}});
    let follow = "subscription($id: ID!) { taskProgress(taskId: $id) { status } }";
    say(&mut socket, ask("s", follow)).await;
    let next = |name: &str, data: Value| json!({"type": "next", "id": name, "payload": {"data": data}});
    let progress = |status: &str| next("s", json!({"taskProgress": {"status": status}}));
    assert_eq!(hear(&mut socket).await, progress("pending"));
    say(
        &mut socket,
        ask("q", "query($id: ID!) { task(taskId: $id) { taskId } }"),
    )
    .await;
    assert_eq!(
        hear(&mut socket).await,
        next("q", json!({"task": {"taskId": id}}))
    );
    assert_eq!(hear(&mut socket).await, json!({"type": "complete", "id": "q"}));
    let anna = Operator::named("anna");
    shop.client.cancel_task(id.parse().unwrap(), &anna).await.unwrap();
    assert_eq!(hear(&mut socket).await, progress("cancelled"));
    assert_eq!(hear(&mut socket).await, json!({"type": "complete", "id": "s"}));
    stop.cancel();
    assert_eq!(hear(&mut socket).await, json!({"close": 1001}));
}

#[tokio::test]
async fn pages_of_other_sites_open_none_and_a_mount_has_none() {
    let (_shop, address, stop) = served(true).await;
    assert_eq!(open(address, Some("http://example.com")).await.err(), Some(403));
    assert_eq!(open(address, Some("null")).await.err(), Some(403));
    assert!(open(address, None).await.is_ok());
    stop.cancel();
    let (_shop, address, stop) = served(false).await;
    assert_eq!(open(address, None).await.err(), Some(400));
    stop.cancel();
}
