//! Lines of clients that do not come to an end, on a socket of their own.

use crate::support::Shop;
use std::net::SocketAddr;
use std::time::Duration;
use tasker_server::{Options, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

async fn served(options: Options) -> (Shop, SocketAddr, JoinHandle<()>) {
    let stop = options.stop.clone();
    let shop = Shop::with(options).await;
    let (say, hear) = oneshot::channel();
    let router = shop.router.clone();
    let serving = tokio::spawn(async move {
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let told = |address| say.send(address).unwrap();
        serve(&[anywhere], router, stop, told).await.unwrap();
    });
    (shop, hear.await.unwrap(), serving)
}

/// A client that has sent a line and the half of another, and sends no more.
async fn stopped_in_the_middle(address: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    let lines = "{\"name\": \"one\", \"namespace\": \"shop\"}\n{\"name\":";
    let head = "POST /tasks/bulk HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    let request = format!("{head}{:x}\r\n{lines}\r\n", lines.len());
    client.write_all(request.as_bytes()).await.unwrap();
    client
}

/// What the client is told until there is something in it.
async fn hear(client: &mut TcpStream, wanted: &str) -> String {
    let mut heard = String::new();
    let mut bytes = [0; 1024];
    while !heard.contains(wanted) {
        let count = client.read(&mut bytes).await.unwrap();
        assert!(count > 0, "{heard}");
        heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    heard
}

#[tokio::test]
async fn whoever_stops_in_the_middle_of_the_body_is_sent_away() {
    let options = Options {
        timeout: Duration::from_millis(300),
        ..Options::default()
    };
    let (_shop, address, _serving) = served(options).await;
    let mut client = stopped_in_the_middle(address).await;
    let mut answer = String::new();
    // It ends by itself.
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\"created\":true,\"index\":0"), "{answer}");
    assert!(
        answer.contains("\"index\":1") && answer.contains("\"kind\":\"timeout\""),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_without_an_end_does_not_keep_the_server_from_stopping() {
    let options = Options {
        timeout: Duration::from_secs(3600),
        ..Options::default()
    };
    let stop = options.stop.clone();
    let (shop, address, serving) = served(options).await;
    let mut client = stopped_in_the_middle(address).await;
    hear(&mut client, "\"created\":true").await;
    stop.cancel();
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    assert!(
        rest.contains("\"index\":1") && rest.contains("\"kind\":\"shutting_down\""),
        "{rest}"
    );
    serving.await.unwrap();
    assert_eq!(shop.get("/tasks").await["pagination"]["total"], 1);
}
