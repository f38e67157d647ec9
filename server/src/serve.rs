//! Serving on a socket, until told to stop.

use crate::framing::{self, Watched};
use crate::problem::Refusal;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// A client for the head of a request, and a connection without one. Else whoever opens many and says nothing keeps everybody
    /// else out.
    head: Duration,
    /// A client for any part of an answer. Else whoever asks for much and reads nothing keeps it in memory.
    reading: Duration,
    /// Requests that run when the server stops.
    ending: Duration,
}

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(30),
    reading: Duration::from_secs(60),
    ending: Duration::from_secs(30),
};
/// How long to wait where the system has no connection to give, as without file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Why serving ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// None of the addresses can be listened on.
    #[error("cannot listen on {}: {source}", in_words(addresses))]
    Bind {
        /// The addresses.
        addresses: Vec<SocketAddr>,
        /// What the system says of the last of them.
        source: io::Error,
    },
}

fn in_words(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(" or ")
}

/// Serves a router on the first of these addresses that can be listened on, until `stop` is cancelled: then nothing new is taken, and
/// what runs has half a minute to end. `listening` is told the address as soon as requests are taken.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    addresses: &[SocketAddr],
    router: Router,
    stop: CancellationToken,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let bind = |source| ServeError::Bind {
        addresses: addresses.to_vec(),
        source,
    };
    let listener = TcpListener::bind(addresses).await.map_err(bind)?;
    listening(listener.local_addr().map_err(bind)?);
    accept(listener, router, stop, PATIENCE).await;
    Ok(())
}

/// Takes connections until `stop` is cancelled.
async fn accept(listener: TcpListener, router: Router, stop: CancellationToken, patience: Patience) {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let talk = talk(stream, peer, router.clone(), stop.clone(), patience);
                connections.spawn(cut.clone().run_until_cancelled_owned(talk));
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
    if tokio::time::timeout(patience.ending, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "connections were cut: requests were still running, or answers not read, after {} s",
            patience.ending.as_secs()
        );
        cut.cancel();
        connections.wait().await;
    }
}

/// Answers the requests of a connection until it ends, or, once the server stops, until the one that runs is answered.
async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
    patience: Patience,
) {
    // Small pieces of an answer go out at once. Where the system refuses that, they go later.
    let _ = stream.set_nodelay(true);
    let (stream, first_ambiguous) = Watched::new(stream);
    let mut stream = Box::pin(TimeoutStream::new(stream));
    stream.as_mut().set_write_timeout_pinned(Some(patience.reading));
    let requests = AtomicU64::new(0);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let number = requests.fetch_add(1, Ordering::Relaxed);
        let wrong = match first_ambiguous.is(number) {
            true => Some(framing::LENGTHS),
            false => framing::ambiguous(request.version(), request.headers()),
        };
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            match wrong {
                Some(wrong) => Ok(refused(wrong)),
                None => router.oneshot(request).await,
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
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

/// The answer to a request that is not certain to be one. What follows it on the connection is none.
fn refused(wrong: &str) -> Response {
    let mut response = Refusal::malformed(wrong).into_response();
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// More than the buffers of a connection take.
    const LARGE: usize = 64 << 20;

    async fn server(patience: Patience) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/large", get(|| async { vec![b'x'; LARGE] }));
        let serving = tokio::spawn(accept(listener, router, stop.clone(), patience));
        (address, stop, serving)
    }

    const SHORT: Duration = Duration::from_millis(50);

    /// A connection on which something large was asked for, and on which the answer has begun.
    async fn asked_for_much(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        stream.readable().await.unwrap();
        stream
    }

    #[tokio::test]
    async fn whoever_takes_long_for_the_head_of_a_request_is_sent_away() {
        let (address, stop, serving) = server(Patience {
            head: SHORT,
            ..PATIENCE
        })
        .await;
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
    async fn whoever_reads_nothing_of_an_answer_is_sent_away() {
        let (address, stop, serving) = server(Patience {
            reading: SHORT,
            ..PATIENCE
        })
        .await;
        let mut slow = asked_for_much(address).await;
        // The server stops only when the connection has ended, and that it does by itself.
        stop.cancel();
        serving.await.unwrap();
        let mut answer = Vec::new();
        let _ = slow.read_to_end(&mut answer).await;
        assert!(answer.len() < LARGE, "{} bytes came", answer.len());
    }

    #[tokio::test]
    async fn what_is_not_read_is_cut_when_the_grace_has_ended() {
        let (address, stop, serving) = server(Patience {
            ending: SHORT,
            ..PATIENCE
        })
        .await;
        let mut slow = asked_for_much(address).await;
        stop.cancel();
        serving.await.unwrap();
        let mut answer = Vec::new();
        let _ = slow.read_to_end(&mut answer).await;
        assert!(answer.len() < LARGE, "{} bytes came", answer.len());
    }

    #[tokio::test]
    async fn whoever_reads_slowly_gets_the_whole_answer() {
        let (address, stop, serving) = server(PATIENCE).await;
        let mut slow = asked_for_much(address).await;
        stop.cancel();
        let mut answer = Vec::new();
        slow.read_to_end(&mut answer).await.unwrap();
        assert!(answer.len() > LARGE);
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_without_a_request_does_not_keep_the_server_from_stopping() {
        let (address, stop, serving) = server(PATIENCE).await;
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
