//! GraphQL over websockets, on a socket of its own.

use crate::support::{Shop, tokens};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tasker_core::model::{AuthSettings, Operator};
use tasker_server::{Auth, GraphqlOptions, Options, Origins, serve};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

const PROTOCOL: &str = "graphql-transport-ws";

/// A shop that is served until the token is cancelled.
async fn served(websocket: bool) -> (Shop, SocketAddr, CancellationToken) {
    served_to(
        Auth::open(),
        GraphqlOptions {
            websocket,
            ..GraphqlOptions::default()
        },
    )
    .await
}

async fn served_to(auth: Auth, graphql: GraphqlOptions) -> (Shop, SocketAddr, CancellationToken) {
    let stop = CancellationToken::new();
    let shop = Shop::with(Options {
        auth,
        stop: stop.clone(),
        graphql,
        origins: Origins::new(["https://ops.example"]).unwrap(),
        ..Options::default()
    })
    .await;
    let (say, hear) = oneshot::channel();
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let (router, stopping) = (shop.router.clone(), stop.clone());
    tokio::spawn(async move {
        let listening = |address| say.send(address).unwrap();
        serve(&[anywhere], router, stopping, listening).await
    });
    (shop, hear.await.unwrap(), stop)
}

async fn open(address: SocketAddr, origin: Option<&str>) -> Result<WebSocketStream<TcpStream>, u16> {
    open_with(PROTOCOL, address, origin, None).await
}

async fn open_with(
    protocols: &str,
    address: SocketAddr,
    origin: Option<&str>,
    token: Option<&str>,
) -> Result<WebSocketStream<TcpStream>, u16> {
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    let headers = request.headers_mut();
    if !protocols.is_empty() {
        headers.insert("sec-websocket-protocol", protocols.parse().unwrap());
    }
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().unwrap());
    }
    if let Some(token) = token {
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, response)) => {
            assert_eq!(response.headers()["sec-websocket-protocol"], PROTOCOL);
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
    assert!(open(address, Some("https://ops.example")).await.is_ok());
    stop.cancel();
    let (_shop, address, stop) = served(false).await;
    assert_eq!(open(address, None).await.err(), Some(400));
    stop.cancel();
}

#[tokio::test]
async fn nobody_opens_one_without_being_known_and_whoever_is_known_no_more_is_told_nothing() {
    let settings = AuthSettings {
        jwt_algorithms: vec!["HS256".to_owned()],
        jwt_secret: Some(tokens::SECRET.to_owned()),
        jwt_audience: vec!["tasker".to_owned()],
        jwt_leeway_seconds: 0.0,
        ..AuthSettings::default()
    };
    let (shop, address, stop) = served_to(
        Auth::checked(&settings).unwrap(),
        GraphqlOptions {
            websocket: true,
            ..GraphqlOptions::default()
        },
    )
    .await;
    let other = tokens::signed(&json!({"sub": "anna", "roles": ["admin"], "aud": "other"}));
    let past = tokens::signed(&json!({"sub": "anna", "roles": ["admin"], "exp": 1_000_000_000}));
    for token in [None, Some("nonsense"), Some(other.as_str()), Some(past.as_str())] {
        assert_eq!(
            open_with(PROTOCOL, address, None, token).await.err(),
            Some(401),
            "{token:?}"
        );
    }

    let request = serde_json::from_value(json!({"name": "one", "namespace": "shop"})).unwrap();
    let id = shop.client.create_task(&request).await.unwrap().task_id;
    let ask =
        |name: &str, query: String| json!({"type": "subscribe", "id": name, "payload": {"query": query}});
    let follow = format!("subscription {{ taskProgress(taskId: \"{id}\") {{ status }} }}");
    // A token that counts for so long that something is told, however slow the machine is.
    let mut seconds = 1.0;
    let mut socket = loop {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
        let token = tokens::signed(&json!({"sub": "anna", "roles": ["viewer"], "exp": now + seconds}));
        if let Ok(mut socket) = open_with(PROTOCOL, address, None, Some(&token)).await {
            say(&mut socket, json!({"type": "connection_init"})).await;
            assert_eq!(hear(&mut socket).await["type"], "connection_ack");
            say(&mut socket, ask("s", follow.clone())).await;
            let told = hear(&mut socket).await;
            if told["payload"]["data"]["taskProgress"]["status"] == "pending" {
                break socket;
            }
        }
        seconds *= 2.0;
    };
    // What takes no permission takes being known. Sooner or later the token has expired.
    let kind = loop {
        say(&mut socket, ask("q", "{ annotationTypes { name } }".to_owned())).await;
        let answer = hear(&mut socket).await;
        if answer["type"] == "error" {
            break answer["payload"][0]["extensions"]["kind"].clone();
        }
        assert_eq!(hear(&mut socket).await, json!({"type": "complete", "id": "q"}));
    };
    assert_eq!(kind, "unauthenticated");
    let anna = Operator::named("anna");
    shop.client.cancel_task(id, &anna).await.unwrap();
    let told = hear(&mut socket).await;
    assert_eq!(
        told["payload"]["errors"][0]["extensions"]["kind"], "unauthenticated",
        "{told}"
    );
    assert_eq!(hear(&mut socket).await, json!({"type": "complete", "id": "s"}));
    say(&mut socket, ask("again", follow)).await;
    let told = hear(&mut socket).await;
    assert_eq!(
        told["payload"]["errors"][0]["extensions"]["kind"], "unauthenticated",
        "{told}"
    );
    stop.cancel();
}

#[tokio::test]
async fn a_socket_is_closed_for_what_the_protocol_does_not_allow() {
    let (shop, address, stop) = served(true).await;
    let id = shop.one(json!({})).await;
    let init = json!({"type": "connection_init"});
    let follow = json!({"type": "subscribe", "id": "s", "payload": {
        "query": "subscription($id: ID!) { taskProgress(taskId: $id) { status } }", "variables": {"id": id}}});
    for (messages, code) in [
        (vec![follow.clone()], 4401),
        (vec![json!({"type": "complete", "id": "s"})], 4401),
        (vec![init.clone(), init.clone()], 4429),
        (vec![init.clone(), follow.clone(), follow.clone()], 4409),
        (
            vec![init.clone(), json!({"type": "start", "id": "s", "payload": {}})],
            4400,
        ),
        (
            vec![
                init.clone(),
                json!({"type": "subscribe", "payload": {"query": "{ a }"}}),
            ],
            4400,
        ),
        (
            vec![
                init.clone(),
                json!({"type": "subscribe", "id": 7, "payload": {"query": "{ a }"}}),
            ],
            4400,
        ),
        (
            vec![
                init.clone(),
                json!({"type": "subscribe", "id": "s", "payload": {"query": 7}}),
            ],
            4400,
        ),
        (vec![json!({"type": "connection_init", "payload": 7})], 4400),
        (vec![json!({"type": "é".repeat(200)})], 4400),
        (vec![json!([])], 4400),
        (vec![json!({})], 4400),
    ] {
        let mut socket = open(address, None).await.unwrap();
        for message in &messages {
            say(&mut socket, message.clone()).await;
        }
        loop {
            let heard = hear(&mut socket).await;
            if heard.get("close").is_some() {
                assert_eq!(heard, json!({"close": code}), "{messages:?}");
                break;
            }
        }
    }
    let mut socket = open(address, None).await.unwrap();
    socket.send(Message::text("no JSON")).await.unwrap();
    assert_eq!(hear(&mut socket).await, json!({"close": 4400}));
    for protocols in ["", "graphql-ws", "soap"] {
        assert_eq!(
            open_with(protocols, address, None, None).await.err(),
            Some(400),
            "{protocols}"
        );
    }
    assert!(
        open_with("graphql-ws, graphql-transport-ws", address, None, None)
            .await
            .is_ok()
    );
    stop.cancel();
}

#[tokio::test]
async fn a_socket_on_which_nobody_begins_is_closed() {
    let (_shop, address, stop) = served_to(
        Auth::open(),
        GraphqlOptions {
            websocket: true,
            websocket_init: Duration::from_millis(20),
            ..GraphqlOptions::default()
        },
    )
    .await;
    let mut socket = open(address, None).await.unwrap();
    assert_eq!(hear(&mut socket).await, json!({"close": 4408}));
    stop.cancel();
}

#[tokio::test]
async fn what_cannot_be_executed_is_an_error_and_its_id_is_free_again() {
    let (shop, address, stop) = served(true).await;
    let mut socket = open(address, None).await.unwrap();
    say(&mut socket, json!({"type": "ping", "payload": {"n": 1}})).await;
    assert_eq!(
        hear(&mut socket).await,
        json!({"type": "pong", "payload": {"n": 1}})
    );
    say(&mut socket, json!({"type": "connection_init", "payload": {}})).await;
    assert_eq!(hear(&mut socket).await, json!({"type": "connection_ack"}));
    let long = format!("{{ tasks {{ taskId }} }} # {}", "x".repeat(300_000));
    for query in [
        "{ nothing }",
        "{ tasks {",
        "query A { tasks { taskId } } query B { tasks { taskId } }",
        &*long,
    ] {
        say(
            &mut socket,
            json!({"type": "subscribe", "id": "a", "payload": {"query": query}}),
        )
        .await;
        let told = hear(&mut socket).await;
        assert_eq!(
            (&told["type"], &told["id"]),
            (&json!("error"), &json!("a")),
            "{told}"
        );
        assert!(told["payload"][0]["extensions"]["kind"].is_string(), "{told}");
    }
    // Errors of what was executed are part of its answer.
    let partly = "{ task(taskId: \"0198c0de-0000-7000-8000-000000000000\") { taskId } }";
    say(
        &mut socket,
        json!({"type": "subscribe", "id": "a", "payload": {"query": partly}}),
    )
    .await;
    let told = hear(&mut socket).await;
    assert_eq!(
        (&told["type"], &told["payload"]["data"]),
        (&json!("next"), &json!({"task": null})),
        "{told}"
    );
    assert_eq!(hear(&mut socket).await, json!({"type": "complete", "id": "a"}));
    // What the client completes says nothing more, and its id may be used at once.
    let id = shop.one(json!({})).await;
    let follow = json!({"type": "subscribe", "id": "a", "payload": {
        "query": "subscription($id: ID!) { taskProgress(taskId: $id) { status } }", "variables": {"id": id}}});
    for _ in 0..2 {
        say(&mut socket, follow.clone()).await;
        assert_eq!(hear(&mut socket).await["type"], "next");
        say(&mut socket, json!({"type": "complete", "id": "a"})).await;
    }
    say(&mut socket, json!({"type": "ping"})).await;
    assert_eq!(hear(&mut socket).await, json!({"type": "pong"}));
    stop.cancel();
}
