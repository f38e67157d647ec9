//! Serving on a socket, until told to stop.

use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests that run may take when the server stops.
const ENDING: Duration = Duration::from_secs(30);

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
    /// The socket broke.
    #[error("serving on {address} ended: {source}")]
    Serve {
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
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let ending = stop.clone();
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(async move { ending.cancelled().await });
    tokio::select! {
        ended = serving => ended.map_err(|source| ServeError::Serve { address, source }),
        () = async { stop.cancelled().await; tokio::time::sleep(ENDING).await } => {
            tracing::warn!("requests were still running after {} s and were left", ENDING.as_secs());
            Ok(())
        }
    }
}
