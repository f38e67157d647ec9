//! The flusher: reports outcomes, by natural batching. While one flush is on its way outcomes gather; the next one takes
//! them all. Alone, an outcome is flushed at once. Two of them share the tasks, and the parts of a large one, so that one
//! writes while the other waits for the disk.

use super::core::{Core, Patience};
use super::dispatcher::as_i32;
use super::ledger::Report;
use super::line::{Line, on_line};
use super::prepare::Reported;
use super::side_lane::SideLane;
use crate::engine::Wake;
use crate::error::{Error, Result};
use crate::metrics::{ClaimSource, FlushKind};
use crate::model::{ErrorCode, Failure};
use crate::store::{
    FailureBatch, FlushArguments, FlushRow, FlushStatus, StepKey, WORKER_NOT_ALIVE, is_retryable_conflict,
    sqlstate,
};
use serde_json::json;
use std::{sync::Arc, time::Instant};

/// Claim batches that are done with are dropped this many at a time, or along with a larger flush.
const FEW: usize = 16;
/// At most this many outcomes in one flush: a transaction of some tens of milliseconds.
const MAX_FLUSH: usize = 1000;

pub(super) struct Flusher {
    core: Arc<Core>,
    /// Which of the flushers it is.
    number: usize,
    line: Line,
    side_lane: SideLane,
    patience: Patience,
    /// The worker id that the last flush was made under.
    sent_as: i64,
}

/// One flush, by kind of outcome.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) completions: Vec<(StepKey, Arc<str>)>,
    pub(super) failures: Vec<(StepKey, Box<Failure>)>,
    pub(super) releases: Vec<StepKey>,
    pub(super) elsewhere: Vec<StepKey>,
}

impl Batch {
    pub(super) fn sort(reports: Vec<Report>) -> Self {
        let mut batch = Self::default();
        for report in reports {
            match report {
                Report::Completed { key, results } => batch.completions.push((key, results)),
                Report::Failed { key, failure } => batch.failures.push((key, failure)),
                Report::Released { key } => batch.releases.push(key),
                Report::Elsewhere { key } => batch.elsewhere.push(key),
            }
        }
        batch
    }

    fn into_reports(self) -> Vec<Report> {
        let completions = self
            .completions
            .into_iter()
            .map(|(key, results)| Report::Completed { key, results });
        let failures = self
            .failures
            .into_iter()
            .map(|(key, failure)| Report::Failed { key, failure });
        let releases = self.releases.into_iter().map(|key| Report::Released { key });
        let elsewhere = self.elsewhere.into_iter().map(|key| Report::Elsewhere { key });
        completions
            .chain(failures)
            .chain(releases)
            .chain(elsewhere)
            .collect()
    }
}

impl Flusher {
    pub(super) fn new(core: Arc<Core>, number: usize, side_lane: SideLane) -> Self {
        let line = core.line();
        Self {
            core,
            number,
            line,
            side_lane,
            patience: Patience::default(),
            sent_as: 0,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let (reports, mut done) = self.core.books().ledger.take_reports(self.number, MAX_FLUSH);
            if done.len() < FEW && reports.len() < FEW {
                // Not worth a statement yet.
                self.core.books().ledger.put_back(std::mem::take(&mut done));
            }
            if reports.is_empty() {
                self.core.books().ledger.put_back(done);
                tokio::select! {
                    biased;
                    () = self.core.outcomes_ready[self.number].notified() => continue,
                    () = self.core.stopped.cancelled() => return,
                }
            }
            let batch = Batch::sort(reports);
            if batch.completions.is_empty() && batch.failures.is_empty() {
                // Nothing here says so to the database: a later flush will.
                self.core.books().ledger.put_back(done.clone());
            }
            let mut rest = Some(batch);
            while let Some(batch) = rest.take() {
                if let Err((unsent, error)) = self.flush(batch, &done).await {
                    rest = self.after(unsent, error).await;
                }
                if self.core.stopped.is_cancelled() {
                    return;
                }
            }
            self.patience.reset();
        }
    }

    /// What is to be sent again after an error.
    async fn after(&mut self, unsent: Batch, error: Error) -> Option<Batch> {
        if sqlstate(&error) == Some(WORKER_NOT_ALIVE) {
            // Every claim was taken away with the worker; the outcomes would be refused one by one.
            self.core.come_back(self.sent_as).await;
            None
        } else if is_retryable_conflict(&error) {
            Some(unsent)
        } else if blames_a_value(&error) {
            self.isolate(unsent, error).await
        } else {
            // Whatever else it is, the outcomes are good: a server that only reads for now, a right that is missing.
            tracing::warn!(%error, "outcomes are kept until the database takes them");
            self.core.note_uncertain();
            self.patience.wait(&self.core.stopped).await;
            Some(unsent)
        }
    }

    /// One flush. On an error, what is not known to be recorded comes back.
    async fn flush(&mut self, mut batch: Batch, done: &[i64]) -> Result<(), (Batch, Error)> {
        let core = Arc::clone(&self.core);
        let gate = core.gate.read().await;
        self.sent_as = core.worker_id();
        if !batch.elsewhere.is_empty() {
            match self.verify(std::mem::take(&mut batch.elsewhere)).await {
                Ok(failed) => batch.failures.extend(failed),
                Err((keys, error)) => {
                    batch.elsewhere = keys;
                    return Err((batch, error));
                }
            }
        }
        if !batch.completions.is_empty() {
            let answer = self.complete(&batch.completions, done).await;
            match answer {
                Ok(()) => batch.completions.clear(),
                Err(error) => return Err((batch, error)),
            }
        }
        if !batch.failures.is_empty() {
            match self.fail(&batch.failures, done).await {
                Ok(()) => batch.failures.clear(),
                Err(error) => return Err((batch, error)),
            }
        }
        if !batch.releases.is_empty() {
            let began = Instant::now();
            let answer = on_line!(&mut self.line, |store, connection| store.release(
                connection,
                core.worker_id(),
                &batch.releases
            ));
            core.flushed(FlushKind::Releases, batch.releases.len(), began, &answer);
            match answer {
                Ok(_) => {
                    core.settle_all(batch.releases.drain(..));
                    core.wake_all();
                }
                Err(error) => return Err((batch, error)),
            }
        }
        drop(gate);
        core.room_ready.notify_one();
        Ok(())
    }

    async fn complete(&mut self, completions: &[(StepKey, Arc<str>)], done: &[i64]) -> Result<()> {
        let core = Arc::clone(&self.core);
        let arguments = core.flush_arguments(completions, done);
        let room = arguments.room;
        let began = Instant::now();
        let rows = on_line!(&mut self.line, |store, connection| store.complete(
            connection,
            Some(core.worker_id()),
            &arguments
        ));
        core.flushed(FlushKind::Completions, completions.len(), began, &rows);
        core.books()
            .capacity
            .flushed(completions.len(), usize::try_from(room).unwrap_or(0));
        let busy = core.read_completions(completions, rows?).await?;
        self.side_lane.send_completions(busy);
        Ok(())
    }

    async fn fail(&mut self, failures: &[(StepKey, Box<Failure>)], done: &[i64]) -> Result<()> {
        let core = Arc::clone(&self.core);
        let mut batch = core.failure_batch(failures, false);
        batch.done = done.to_vec();
        let began = Instant::now();
        let rows = on_line!(&mut self.line, |store, connection| store.fail(
            connection,
            Some(core.worker_id()),
            &batch
        ));
        core.flushed(FlushKind::Failures, failures.len(), began, &rows);
        let busy = core.read_failures(failures, &rows?);
        self.side_lane.send_failures(busy);
        core.wake_all();
        Ok(())
    }

    /// Completed (or failed) by the handler in its own transaction: was that committed? If not, it is a retryable failure.
    async fn verify(
        &mut self,
        keys: Vec<StepKey>,
    ) -> Result<Vec<(StepKey, Box<Failure>)>, (Vec<StepKey>, Error)> {
        let core = Arc::clone(&self.core);
        let held = match on_line!(&mut self.line, |store, connection| store
            .held(connection, core.worker_id()))
        {
            Ok(held) => held,
            Err(error) => return Err((keys, error)),
        };
        let (open, ended): (Vec<StepKey>, Vec<StepKey>) =
            keys.into_iter().partition(|key| held.contains(key));
        core.settle_all(ended.into_iter());
        core.wake_all();
        Ok(open
            .into_iter()
            .map(|key| (key, Box::new(rolled_back())))
            .collect())
    }

    /// PostgreSQL refused a batch for what is in it: it is split until the culprit stands alone. What is left to be sent
    /// again comes back.
    async fn isolate(&mut self, batch: Batch, error: Error) -> Option<Batch> {
        let reports = batch.into_reports();
        if reports.len() == 1 {
            self.give_up(reports, &error);
            return None;
        }
        let mut rest = Vec::new();
        for report in reports {
            match self.flush(Batch::sort(vec![report]), &[]).await {
                Ok(()) => {}
                Err((culprit, error)) if blames_a_value(&error) => {
                    self.give_up(culprit.into_reports(), &error)
                }
                Err((unsent, _)) => rest.extend(unsent.into_reports()),
            }
        }
        (!rest.is_empty()).then(|| Batch::sort(rest))
    }

    /// An outcome that the database will not have: a failure that says so in its place, permanent for results.
    fn give_up(&self, reports: Vec<Report>, error: &Error) {
        tracing::error!(%error, "the database refuses an outcome");
        let mut books = self.core.books();
        for report in reports {
            let key = report.key();
            let failure = match report {
                Report::Completed { .. } => Failure {
                    message: format!("the results cannot be stored: {}", error.message),
                    error_code: Some(ErrorCode::RESULT_NOT_SERIALIZABLE.to_owned()),
                    retryable: false,
                    ..Failure::default()
                },
                Report::Failed { failure, .. } if !failure.message.starts_with(NOT_STORABLE) => Failure {
                    message: format!("{NOT_STORABLE}: {}", error.message),
                    retryable: failure.retryable,
                    ..Failure::default()
                },
                // Nothing of it can be kept. The comparison hands the step back.
                Report::Failed { .. } | Report::Released { .. } | Report::Elsewhere { .. } => {
                    books.ledger.settle(&key);
                    continue;
                }
            };
            books.ledger.report_again(Report::Failed {
                key,
                failure: Box::new(failure),
            });
        }
    }
}

/// What a failure says when what the handler said of it cannot be stored.
const NOT_STORABLE: &str = "the handler failed, and what it said cannot be stored";

/// Whether PostgreSQL refuses what is in a batch (SQLSTATE classes 22, data exception, and 54, program limit), rather than
/// the batch at this time.
fn blames_a_value(error: &Error) -> bool {
    sqlstate(error).is_some_and(|state| state.starts_with("22") || state.starts_with("54"))
}

impl Core {
    fn flush_arguments(&self, completions: &[(StepKey, Arc<str>)], done: &[i64]) -> FlushArguments {
        let mut books = self.books();
        let (held, buffered, occupied) = (
            books.ledger.held(),
            books.ledger.buffered(),
            books.ledger.occupied(),
        );
        let closed = self.draining.is_cancelled()
            || books.alone
            || books.draining_for_alone.is_some()
            || self.stuck(&books.ledger);
        let room = if closed {
            0
        } else {
            // What is reported here will be gone when the answer comes.
            books.capacity.sticky_room(held, completions.len())
        };
        let slots = books.capacity.free_slots(occupied, buffered).min(room);
        books.capacity.flushing(completions.len(), room);
        FlushArguments {
            keys: completions.iter().map(|(key, _)| *key).collect(),
            results: completions
                .iter()
                .map(|(_, results)| results.as_ref().to_owned())
                .collect(),
            room: as_i32(room),
            slots: as_i32(slots),
            priority: books.capacity.sticky_priority(),
            wait: false,
            done: done.to_vec(),
        }
    }

    /// Reads the answer to a flush of completions; returns the outcomes that somebody else's transaction holds up.
    pub(super) async fn read_completions(
        self: &Arc<Self>,
        completions: &[(StepKey, Arc<str>)],
        rows: Vec<FlushRow>,
    ) -> Result<Vec<(StepKey, Arc<str>)>> {
        let mut busy = Vec::new();
        let mut claims = Vec::new();
        let mut readied = false;
        let mut ended = Vec::new();
        for row in rows {
            match row.status {
                FlushStatus::Claimed => claims.push(row),
                FlushStatus::Busy => busy.push(row.key),
                FlushStatus::Readied => readied = true,
                FlushStatus::Ended => ended.push(row.key.task_id),
                FlushStatus::AttemptLost => {
                    tracing::warn!(task_id = %row.key.task_id, step = row.key.step_no, "a result came too late: the step was taken away meanwhile");
                }
                FlushStatus::AlreadyRecorded
                | FlushStatus::Created
                | FlushStatus::Alone
                | FlushStatus::AloneWaiting
                | FlushStatus::More
                | FlushStatus::SlotWaiting
                | FlushStatus::NextDue => {}
            }
        }
        self.books().capacity.took_sticky(claims.len());
        self.count_ended(&ended);
        for task_id in ended {
            self.wake(Wake::Ended(task_id));
        }
        let reported: Reported = completions
            .iter()
            .map(|(key, results)| ((key.task_id, key.step_no), Arc::clone(results)))
            .collect();
        let accepted = self.accept(claims, &reported, ClaimSource::Flush).await;
        if !busy.is_empty() {
            let flushed = completions.iter().map(|(key, _)| *key);
            self.books().ledger.note_meetings(flushed, &busy);
        }
        let (stuck, recorded): (Vec<_>, Vec<_>) = completions
            .iter()
            .cloned()
            .partition(|(key, _)| busy.contains(key));
        self.settle_all(recorded.into_iter().map(|(key, _)| key));
        if readied {
            self.wake_all();
        }
        if let Err(error) = accepted {
            // The steps are ours by now, only not known here: the comparison will find and release them.
            tracing::warn!(%error, "claimed steps could not be prepared");
            self.note_uncertain();
        }
        Ok(stuck)
    }

    pub(super) fn failure_batch(&self, failures: &[(StepKey, Box<Failure>)], wait: bool) -> FailureBatch {
        FailureBatch {
            keys: failures.iter().map(|(key, _)| *key).collect(),
            failures: failures.iter().map(|(_, failure)| stored(failure)).collect(),
            retry_afters: failures.iter().map(|(_, failure)| failure.retry_after).collect(),
            backoff: self.backoff.clone(),
            wait,
            max_worker_losses: self.settings.execution.max_worker_losses,
            done: Vec::new(),
        }
    }

    /// Reads the answer to a flush of failures; returns those that somebody else's transaction holds up.
    pub(super) fn read_failures(
        &self,
        failures: &[(StepKey, Box<Failure>)],
        rows: &[FlushRow],
    ) -> Vec<(StepKey, Box<Failure>)> {
        let busy: Vec<StepKey> = rows
            .iter()
            .filter(|row| row.status == FlushStatus::Busy)
            .map(|row| row.key)
            .collect();
        let (stuck, recorded): (Vec<_>, Vec<_>) =
            failures.iter().cloned().partition(|(key, _)| busy.contains(key));
        self.settle_all(recorded.into_iter().map(|(key, _)| key));
        stuck
    }

    /// The database has these outcomes.
    pub(super) fn settle_all(&self, keys: impl Iterator<Item = StepKey>) {
        let mut books = self.books();
        for key in keys {
            books.ledger.settle(&key);
        }
        let cancelled = books.ledger.has_cancelled();
        drop(books);
        self.tell(cancelled);
    }

    /// Something left the ledger; `cancelled`: handlers are to be told.
    pub(super) fn tell(&self, cancelled: bool) {
        self.settled.notify_waiters();
        if cancelled {
            self.cancelled.notify_waiters();
        }
    }
}

/// A failure as it is stored (`decisions.md` 11); the attempt is added by the database.
pub(crate) fn stored(failure: &Failure) -> String {
    json!({
        "error": failure.message,
        "error_class": failure.error_class,
        "error_code": failure.error_code,
        "backtrace": failure.backtrace,
        "retryable": failure.retryable,
        "details": failure.details,
    })
    .to_string()
}

/// The failure of an attempt whose handler ended the step by itself, in vain.
pub(crate) fn rolled_back() -> Failure {
    Failure {
        message: "the handler ended the step in its own transaction, and that transaction was rolled back"
            .to_owned(),
        error_code: Some("completion_rolled_back".to_owned()),
        retryable: true,
        ..Failure::default()
    }
}
