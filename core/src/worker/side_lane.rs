//! The side lane: outcomes that somebody else's transaction holds up wait here, on one connection of the worker's, so that
//! no user's transaction stalls the flushers.

use super::core::{Core, Patience, is_outage};
use super::line::{Line, on_line};
use crate::error::Result;
use crate::metrics::FlushKind;
use crate::model::Failure;
use crate::store::{FlushArguments, StepKey, WORKER_NOT_ALIVE, is_retryable_conflict, sqlstate};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// How long to wait for somebody else's transaction before it is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

enum Delayed {
    Completion(StepKey, Arc<str>),
    Failure(StepKey, Box<Failure>),
}

/// The way into the side lane.
#[derive(Clone)]
pub(super) struct SideLane {
    sender: mpsc::UnboundedSender<Delayed>,
}

impl SideLane {
    pub(super) fn start(core: Arc<Core>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(run(core, receiver));
        Self { sender }
    }

    pub(super) fn send_completions(&self, completions: Vec<(StepKey, Arc<str>)>) {
        for (key, results) in completions {
            let _ = self.sender.send(Delayed::Completion(key, results));
        }
    }

    pub(super) fn send_failures(&self, failures: Vec<(StepKey, Box<Failure>)>) {
        for (key, failure) in failures {
            let _ = self.sender.send(Delayed::Failure(key, failure));
        }
    }
}

async fn run(core: Arc<Core>, mut receiver: mpsc::UnboundedReceiver<Delayed>) {
    let line = Line::patient(core.store.clone(), LONGEST_WAIT);
    let mut patience = Patience::default();
    while let Some(first) = receiver.recv().await {
        let mut delayed = vec![first];
        while let Ok(next) = receiver.try_recv() {
            delayed.push(next);
        }
        let (mut completions, mut failures) = (Vec::new(), Vec::new());
        for one in delayed {
            match one {
                Delayed::Completion(key, results) => completions.push((key, results)),
                Delayed::Failure(key, failure) => failures.push((key, failure)),
            }
        }
        while !completions.is_empty() || !failures.is_empty() {
            match deliver(&core, &line, &completions, &failures).await {
                Ok(()) => break,
                Err(error) if sqlstate(&error) == Some(WORKER_NOT_ALIVE) => break,
                Err(error) if is_retryable_conflict(&error) => {}
                Err(error) => {
                    if !is_outage(&error) {
                        tracing::error!(%error, "the database refuses a delayed outcome");
                    }
                    core.note_uncertain();
                    patience.wait(&core.stopped).await;
                    if core.stopped.is_cancelled() {
                        return;
                    }
                }
            }
        }
        patience.reset();
        core.room_ready.notify_one();
    }
}

/// Waits for its turn with each lock; a repeated outcome is answered `already_recorded`.
async fn deliver(
    core: &Arc<Core>,
    line: &Line,
    completions: &[(StepKey, Arc<str>)],
    failures: &[(StepKey, Box<Failure>)],
) -> Result<()> {
    if !completions.is_empty() {
        let arguments = FlushArguments {
            keys: completions.iter().map(|(key, _)| *key).collect(),
            results: completions
                .iter()
                .map(|(_, results)| results.as_ref().to_owned())
                .collect(),
            wait: true,
            ..FlushArguments::default()
        };
        let began = Instant::now();
        let rows = on_line!(line, |store, connection| store.complete(
            connection,
            Some(core.worker_id()),
            &arguments
        ));
        core.flushed(FlushKind::Completions, completions.len(), began, &rows);
        core.read_completions(completions, rows?).await?;
    }
    if !failures.is_empty() {
        let batch = core.failure_batch(failures, true);
        let began = Instant::now();
        let rows = on_line!(line, |store, connection| store.fail(
            connection,
            Some(core.worker_id()),
            &batch
        ));
        core.flushed(FlushKind::Failures, failures.len(), began, &rows);
        core.read_failures(failures, &rows?);
    }
    Ok(())
}
