//! Serving on a socket, until told to stop.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long requests that run may take when the server stops.
const ENDING: Duration = Duration::from_secs(30);
/// How long a client may take for the head of a request, and how long a connection stays open without one. Else whoever opens many
/// and says nothing keeps everybody else out.
const HEAD: Duration = Duration::from_secs(30);
/// How long to wait where the system has no connection to give, as without file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Why serving ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Serves a router on an address until `stop` is cancelled: then nothing new is taken, and what runs has half a minute to end.
/// `listening` is told the address as soon as requests are taken.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    address: SocketAddr,
    router: Router,
    stop: CancellationToken,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Bind { address, source })?;
    listening(listener.local_addr().unwrap_or(address));
    accept(listener, router, stop, HEAD).await;
    Ok(())
}

/// Takes connections until `stop` is cancelled; `head` is how long a client may take for the head of a request.
async fn accept(listener: TcpListener, router: Router, stop: CancellationToken, head: Duration) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(talk(stream, peer, router.clone(), stop.clone(), head));
            }
            // A client that has gone again, or no file descriptor left: others may be served.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(ENDING, connections.wait()).await.is_err() {
        tracing::warn!(
            "requests were still running after {} s and were left",
            ENDING.as_secs()
        );
    }
}

/// Answers the requests of a connection until it ends, or, once the server stops, until the one that runs is answered.
async fn talk(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken, head: Duration) {
    // Small pieces of an answer go out at once. Where the system refuses that, they go later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn server(head: Duration) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(|| async { "here" }));
        let serving = tokio::spawn(accept(listener, router, stop.clone(), head));
        (address, stop, serving)
    }

    #[tokio::test]
    async fn whoever_takes_long_for_the_head_of_a_request_is_sent_away() {
        let (address, stop, serving) = server(Duration::from_millis(50)).await;
        for begun in ["", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
            let mut slow = TcpStream::connect(address).await.unwrap();
            slow.write_all(begun.as_bytes()).await.unwrap();
            let mut answer = String::new();
            // It ends by itself.
            slow.read_to_string(&mut answer).await.unwrap();
            assert!(!answer.contains("here"), "{answer}");
        }
        stop.cancel();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_without_a_request_does_not_keep_the_server_from_stopping() {
        let (address, stop, serving) = server(HEAD).await;
        let mut open = TcpStream::connect(address).await.unwrap();
        open.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut bytes = [0; 1024];
        let count = open.read(&mut bytes).await.unwrap();
        assert!(String::from_utf8_lossy(&bytes[..count]).starts_with("HTTP/1.1 200"));
        stop.cancel();
        serving.await.unwrap();
    }
}
