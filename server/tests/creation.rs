//! Tasks that are asked for one by one, at the same time.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::Shop;
use tasker_core::model::TaskFilter;
use tasker_server::{Options, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

#[tokio::test]
async fn each_of_many_that_come_together_has_its_own_answer() {
    let shop = Shop::open().await;
    let asking = (0..150).map(|number| {
        let name = if number % 10 == 3 { "nobody" } else { "one" };
        let mut request = json!({"name": name, "namespace": "shop", "context": {"number": number}});
        if number % 7 == 0 {
            request["idempotency_key"] = json!(format!("key {}", number % 14));
        }
        let shop = &shop;
        async move { (number, shop.post("/tasks", request).await) }
    });
    let mut made = BTreeSet::new();
    for (number, answer) in join_all(asking).await {
        if number % 10 == 3 {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
            assert!(answer.text.contains("nobody"), "{}", answer.text);
            continue;
        }
        if number % 7 == 0 {
            // One of those with a key is first; the same key with another context is a conflict.
            assert!(
                [StatusCode::CREATED, StatusCode::CONFLICT].contains(&answer.status),
                "{}",
                answer.text
            );
            continue;
        }
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        let task = &answer.json()["task"];
        assert_eq!(task["context"]["number"], number);
        assert_eq!(task["workflow_steps"][0]["name"], "only");
        assert_eq!(task["task_annotations"], json!([]));
        assert!(
            answer
                .header("location")
                .ends_with(task["task_id"].as_str().unwrap())
        );
        assert!(
            made.insert(task["task_id"].as_str().unwrap().to_owned()),
            "twice: {task}"
        );
    }
    let count = shop
        .client
        .count_tasks(&TaskFilter::default(), 1000)
        .await
        .unwrap();
    let plain = (0..150)
        .filter(|number| number % 10 != 3 && number % 7 != 0)
        .count();
    assert_eq!(usize::try_from(count).unwrap(), plain + 2, "two keys");
}

/// Passes everything on between the engine and its database, but for one answer: where `lose` is set, the next one to a creation is
/// swallowed and its connection closed, so that nobody knows what became of it.
async fn losing(server: PathBuf, listener: UnixListener, lose: Arc<AtomicBool>) {
    while let Ok((client, _)) = listener.accept().await {
        let (mut client_in, mut client_out) = client.into_split();
        let (mut server_in, mut server_out) = UnixStream::connect(&server).await.unwrap().into_split();
        let creates = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&creates);
        tokio::spawn(async move {
            let mut bytes = vec![0; 1 << 16];
            loop {
                let count = client_in.read(&mut bytes).await?;
                if count == 0 {
                    return std::io::Result::Ok(());
                }
                if bytes[..count].windows(5).any(|text| text == b"\"one\"") {
                    asked.store(true, Ordering::SeqCst);
                }
                server_out.write_all(&bytes[..count]).await?;
            }
        });
        let lose = Arc::clone(&lose);
        tokio::spawn(async move {
            let mut bytes = vec![0; 1 << 16];
            loop {
                let count = server_in.read(&mut bytes).await?;
                // The last message of an answer says that the server is ready for more: it has committed.
                let ends = bytes[..count].ends_with(b"Z\0\0\0\x05I") && creates.swap(false, Ordering::SeqCst);
                if count == 0 || (ends && lose.swap(false, Ordering::SeqCst)) {
                    return std::io::Result::Ok(());
                }
                client_out.write_all(&bytes[..count]).await?;
            }
        });
    }
}

#[tokio::test]
async fn what_may_have_been_created_is_not_created_again() {
    let mut shop = Shop::open().await;
    let looker = shop.client.clone();
    let url = shop.url();
    let (before, rest) = url
        .split_once("host=")
        .expect("the test server listens on a socket");
    let (place, after) = rest.split_once('&').unwrap_or((rest, ""));
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).unwrap();
    let lose = Arc::new(AtomicBool::new(false));
    tokio::spawn(losing(
        Path::new(place).join(".s.PGSQL.5432"),
        listener,
        Arc::clone(&lose),
    ));
    shop.client = support::client_of(format!("{before}host={}&{after}", directory.path().display()));
    shop.router = router(shop.client.clone(), Options::default());
    // Connections are open, and statements known.
    shop.one(json!({})).await;
    let count = async || looker.count_tasks(&TaskFilter::default(), 1000).await.unwrap();
    assert_eq!(count().await, 1);

    lose.store(true, Ordering::SeqCst);
    let lines = "{\"name\": \"one\", \"namespace\": \"shop\"}\n".repeat(10);
    let request = Request::post("/tasks/bulk").header("content-type", "application/x-ndjson");
    let answer = shop.send(request.body(Body::from(lines)).unwrap()).await;
    assert_eq!(
        answer.text.matches("\"kind\":\"database_unavailable\"").count(),
        10,
        "{}",
        answer.text
    );
    assert_eq!(count().await, 11, "each line at most once");

    lose.store(true, Ordering::SeqCst);
    let asking = (0..40).map(|_| shop.post("/tasks", json!({"name": "one", "namespace": "shop"})));
    let answers = join_all(asking).await;
    let refused = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE)
        .count();
    let created = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::CREATED)
        .count();
    let told: Vec<&str> = answers
        .iter()
        .filter(|answer| !answer.status.is_success())
        .map(|answer| answer.text.as_str())
        .collect();
    assert_eq!(created + refused, 40, "{told:?}");
    assert!(refused > 0, "an answer was lost");
    assert!(count().await <= 11 + 40, "each request at most once");
}
