//! Ctrl-C and SIGTERM.

use crate::failure::Failure;
use tokio::signal::unix::{SignalKind, signal};

/// Ends when somebody interrupts.
pub(crate) async fn interrupted() {
    // Where a signal cannot be listened for, it ends the process in its own way.
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => if outcome.is_err() { std::future::pending().await },
        _ = terminate.recv() => {}
    }
}

/// Runs `work` to its end unless somebody interrupts; then it is dropped where it stands.
pub(crate) async fn or_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        // Work that has ended wins over an interrupt that comes at the same time.
        biased;
        outcome = work => outcome,
        () = interrupted() => Err(Failure::interrupted()),
    }
}
