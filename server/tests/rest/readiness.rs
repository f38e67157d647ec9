//! Whether a process is ready, with a database that goes away.

use crate::support::{self, Answer, Shop};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::path::Path;
use tasker_server::{Options, router};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// What becomes of what is said between the engine and its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Open,
    /// Connections stay, and nothing comes through.
    Frozen,
    /// Connections are closed, and no new ones are taken.
    Closed,
}

async fn pass_on(server: String, listener: UnixListener, mut line: watch::Receiver<Line>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = line.wait_for(|line| *line == Line::Closed) => return,
        };
        let (mut client, _) = accepted.unwrap();
        let (server, mut line) = (server.clone(), line.clone());
        tokio::spawn(async move {
            let mut server = UnixStream::connect(&server).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                _ = line.wait_for(|line| *line != Line::Open) => {}
            }
            // What is open stays open until the line is closed.
            let _ = line.wait_for(|line| *line == Line::Closed).await;
        });
    }
}

async fn ready(shop: &Shop) -> Answer {
    shop.ask(Method::GET, "/health/ready", None).await
}

/// How the system is, where that cannot be known.
async fn unknown(shop: &Shop, told: &str) {
    let answer = shop.ask(Method::GET, "/health/status", None).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    let body = answer.json();
    assert_eq!(
        (&body["healthy"], &body["status"], &body["error"]),
        (&json!(false), &json!("error"), &json!("Health check failed"))
    );
    assert!(answer.text.contains(told), "{}", answer.text);
}

#[tokio::test]
async fn a_process_is_not_ready_once_its_database_answers_no_more() {
    let mut shop = Shop::open().await;
    let url = shop.url();
    let (before, rest) = url
        .split_once("host=")
        .expect("the test server listens on a socket");
    let (place, after) = rest.split_once('&').unwrap_or((rest, ""));
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).unwrap();
    let (say, line) = watch::channel(Line::Open);
    let server = Path::new(place).join(".s.PGSQL.5432");
    tokio::spawn(pass_on(server.to_str().unwrap().to_owned(), listener, line));
    shop.client = support::client_of(format!("{before}host={}&{after}", directory.path().display()));
    shop.router = router(shop.client.clone(), Options::default());
    for _ in 0..2 {
        let answer = ready(&shop).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    say.send(Line::Frozen).unwrap();
    let (answer, ()) = tokio::join!(ready(&shop), unknown(&shop, "did not count within 10 s"));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert!(
        answer.text.contains("did not answer within 5 s"),
        "{}",
        answer.text
    );
    say.send(Line::Closed).unwrap();
    let answer = ready(&shop).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert_eq!(answer.json()["failed_checks"][0], "database");
    unknown(&shop, "database").await;
}
