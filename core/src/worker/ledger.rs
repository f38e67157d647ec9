//! What this process holds: every claim from the reply that gave it to the reply that took its outcome.

use super::invocation::Invocation;
use crate::metrics::{AttemptOutcome, Work};
use crate::model::{Failure, StepNo, TaskId};
use crate::store::StepKey;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

type Place = (TaskId, StepNo);

/// How many flushes may be on their way at once. Small tasks go by one flusher each, large ones by all of them: a flush
/// locks the dependents of its steps, so that steps which wait for neighbours go the same way.
pub(super) const FLUSHERS: usize = 2;
/// Steps whose first dependents lie in the same block of so many numbers go by one flusher. Layers are wider, and a wait
/// at the edge of a block is rare.
const BLOCK: StepNo = 64;
/// A task of which more than one in so many outcomes met another flush goes by one flusher from then on.
const TOLERATED_MEETINGS: usize = 10;

/// How far a held step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits in the buffer.
    Buffered,
    /// Its handler runs.
    Running,
    /// Its outcome waits for a flush, or is in one.
    Reported,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) invocation: Arc<Invocation>,
    pub(super) phase: Phase,
    pub(super) started: Option<Instant>,
}

/// An outcome on its way to the database.
#[derive(Debug, Clone)]
pub(super) enum Report {
    Completed {
        key: StepKey,
        results: Arc<str>,
    },
    Failed {
        key: StepKey,
        failure: Box<Failure>,
    },
    Released {
        key: StepKey,
    },
    /// The handler ended the step in its own transaction: only to be verified.
    Elsewhere {
        key: StepKey,
    },
}

impl Report {
    pub(super) fn key(&self) -> StepKey {
        match self {
            Self::Completed { key, .. }
            | Self::Failed { key, .. }
            | Self::Released { key }
            | Self::Elsewhere { key } => *key,
        }
    }
}

#[derive(Debug, Default)]
struct TaskEntry {
    context: Option<Arc<str>>,
    held: usize,
    /// Its flushes met too often.
    one_flusher: bool,
    work: Option<Arc<Work>>,
}

/// Everything that this process holds.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    held: HashMap<Place, Held>,
    buffer: VecDeque<Arc<Invocation>>,
    /// Handlers whose attempt is over (deadline, cancelled, lost) but which have not returned: they keep their slot.
    abandoned: HashMap<(Place, i32), (Arc<Invocation>, Instant)>,
    running: usize,
    reports: [Vec<Report>; FLUSHERS],
    tasks: HashMap<TaskId, TaskEntry>,
    batches: HashMap<i64, usize>,
    done_batches: Vec<i64>,
    deadlines: BTreeMap<(Instant, Place), i32>,
    /// Attempts that were cancelled while their handler ran, to be told to the language.
    cancelled: Vec<StepKey>,
    /// Outcomes accepted from handlers, ever: how fast steps are run.
    pub(super) completed: u64,
}

fn place(key: &StepKey) -> Place {
    (key.task_id, key.step_no)
}

impl Ledger {
    /// Steps held in any phase.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Slots that are taken: running handlers, and those that do not return.
    pub(super) fn occupied(&self) -> usize {
        self.running + self.abandoned.len()
    }

    pub(super) fn reports_waiting(&self) -> usize {
        self.reports.iter().map(Vec::len).sum()
    }

    /// Adds a claimed step to the buffer; `first`: ahead of everything else.
    pub(super) fn add(&mut self, invocation: Arc<Invocation>, first: bool) {
        self.hold(&invocation, Phase::Buffered);
        if first {
            self.buffer.push_front(invocation);
        } else {
            self.buffer.push_back(invocation);
        }
    }

    /// Adds a claimed step that cannot be run: its failure waits for a flush.
    pub(super) fn add_refused(&mut self, invocation: &Arc<Invocation>, failure: Box<Failure>) {
        self.hold(invocation, Phase::Reported);
        if let Some(work) = invocation.work() {
            work.ended(AttemptOutcome::Refused, None);
        }
        self.line_up(Report::Failed {
            key: invocation.key,
            failure,
        });
    }

    fn hold(&mut self, invocation: &Arc<Invocation>, phase: Phase) {
        let key = invocation.key;
        // A new claim on a step says that the one before is over, also where the reply that says so is still on its way.
        if let Some(before) = self.held.get(&place(&key)).map(|held| held.invocation.key) {
            self.settle(&before);
        }
        let entry = self.tasks.entry(key.task_id).or_default();
        entry.held += 1;
        if entry.work.is_none() {
            entry.work = invocation.work().cloned();
        }
        if invocation.context.is_some() {
            entry.context.clone_from(&invocation.context);
        }
        *self.batches.entry(invocation.batch).or_default() += 1;
        self.held.insert(
            place(&key),
            Held {
                invocation: Arc::clone(invocation),
                phase,
                started: None,
            },
        );
    }

    /// What tells the handler of this attempt that it is cancelled; none when the attempt is over and done with.
    pub(super) fn cancellation(&self, key: &StepKey) -> Option<CancellationToken> {
        let held = self
            .held
            .get(&place(key))
            .map(|held| &held.invocation)
            .filter(|invocation| invocation.key == *key);
        let abandoned = || {
            self.abandoned
                .get(&(place(key), key.claim_no))
                .map(|(invocation, _)| invocation)
        };
        held.or_else(abandoned)
            .map(|invocation| invocation.cancellation.clone())
    }

    /// The context of a task of which a step is held.
    pub(super) fn context(&self, task_id: TaskId) -> Option<Arc<str>> {
        self.tasks.get(&task_id).and_then(|task| task.context.clone())
    }

    /// Where to count what becomes of a task of which a step is held.
    pub(super) fn work(&self, task_id: TaskId) -> Option<&Work> {
        self.tasks.get(&task_id).and_then(|task| task.work.as_deref())
    }

    /// Takes up to `max` steps out of the buffer to be run; their time begins now.
    pub(super) fn take(&mut self, max: usize, now: Instant) -> Vec<Arc<Invocation>> {
        let mut taken = Vec::new();
        while taken.len() < max {
            let Some(invocation) = self.buffer.pop_front() else {
                break;
            };
            let spot = place(&invocation.key);
            let Some(held) = self.held.get_mut(&spot) else {
                continue;
            };
            if held.phase != Phase::Buffered || held.invocation.key != invocation.key {
                continue;
            }
            held.phase = Phase::Running;
            held.started = Some(now);
            self.running += 1;
            if let Some(seconds) = invocation.timeout_seconds {
                // A timeout beyond what the clock can say never passes.
                if let Some(deadline) = Duration::try_from_secs_f64(seconds)
                    .ok()
                    .and_then(|timeout| now.checked_add(timeout))
                {
                    let _ = invocation.deadline.set(deadline);
                    self.deadlines.insert((deadline, spot), invocation.key.claim_no);
                }
            }
            taken.push(invocation);
        }
        taken
    }

    /// Accepts the outcome of a running step. False: the attempt was over already, and the outcome counts for nothing.
    pub(super) fn report(&mut self, report: Report) -> bool {
        let key = report.key();
        if self.abandoned.remove(&(place(&key), key.claim_no)).is_some() {
            return false;
        }
        match self.held.get_mut(&place(&key)) {
            Some(held) if held.invocation.key == key && held.phase == Phase::Running => {
                held.phase = Phase::Reported;
                self.running -= 1;
                self.completed += 1;
                held.count(report.outcome());
                if let Some(deadline) = held.invocation.deadline() {
                    self.deadlines.remove(&(deadline, place(&key)));
                }
                self.line_up(report);
                true
            }
            _ => false,
        }
    }

    /// Ends a running attempt from our side: the outcome is reported, the handler told, its slot stays taken.
    pub(super) fn overrule(&mut self, key: &StepKey, report: Report) {
        if let Some(held) = self.held.get_mut(&place(key))
            && held.invocation.key == *key
            && held.phase == Phase::Running
        {
            held.phase = Phase::Reported;
            self.running -= 1;
            held.count(report.outcome());
            let started = held.started.unwrap_or_else(Instant::now);
            let invocation = Arc::clone(&held.invocation);
            self.cancelled.push(*key);
            invocation.cancellation.cancel();
            self.abandoned
                .insert((place(key), key.claim_no), (invocation, started));
            self.line_up(report);
        }
    }

    /// Attempts whose deadline has passed; the next deadline otherwise.
    pub(super) fn overdue(&mut self, now: Instant) -> (Vec<Arc<Invocation>>, Option<Instant>) {
        let mut over = Vec::new();
        while let Some((&(deadline, spot), &claim_no)) = self.deadlines.first_key_value() {
            if deadline > now {
                return (over, Some(deadline));
            }
            self.deadlines.pop_first();
            if let Some(held) = self.held.get(&spot)
                && held.invocation.key.claim_no == claim_no
                && held.phase == Phase::Running
            {
                over.push(Arc::clone(&held.invocation));
            }
        }
        (over, None)
    }

    fn line_up(&mut self, report: Report) {
        let flusher = self.flusher(&report.key());
        self.reports[flusher].push(report);
    }

    /// The flusher of a step: by the last bits of its task's id, which are random, and by block within a large task. Sinks
    /// of a task have no block: they meet at the task's row.
    fn flusher(&self, key: &StepKey) -> usize {
        let whole = self.tasks.get(&key.task_id).is_none_or(|task| task.one_flusher);
        let dependent = self
            .held
            .get(&place(key))
            .and_then(|held| held.invocation.definition.first_dependent)
            .filter(|_| !whole);
        let block = dependent.map_or(0, |step_no| usize::try_from(step_no / BLOCK).unwrap_or(0));
        (usize::from(key.task_id.as_bytes()[15]) + block) % FLUSHERS
    }

    /// Notes which outcomes of a flush somebody else's transaction held up, most likely that of another flusher.
    pub(super) fn note_meetings(&mut self, flushed: impl Iterator<Item = StepKey>, busy: &[StepKey]) {
        let mut tasks: HashMap<TaskId, (usize, usize)> = HashMap::new();
        for key in busy {
            tasks.entry(key.task_id).or_default().0 += 1;
        }
        for key in flushed {
            if let Some((_, all)) = tasks.get_mut(&key.task_id) {
                *all += 1;
            }
        }
        for (task_id, (met, all)) in tasks {
            if met * TOLERATED_MEETINGS > all
                && let Some(task) = self.tasks.get_mut(&task_id)
            {
                task.one_flusher = true;
            }
        }
    }

    /// Whether outcomes wait, by flusher.
    pub(super) fn flushers_due(&self) -> [bool; FLUSHERS] {
        self.reports.each_ref().map(|reports| !reports.is_empty())
    }

    /// Takes up to `max` outcomes of a flusher to be flushed, and the batches that are done with.
    pub(super) fn take_reports(&mut self, flusher: usize, max: usize) -> (Vec<Report>, Vec<i64>) {
        let reports = &mut self.reports[flusher];
        let count = reports.len().min(max);
        (
            reports.drain(..count).collect(),
            std::mem::take(&mut self.done_batches),
        )
    }

    /// Puts back batches that are done with: nothing was sent that could say so.
    pub(super) fn put_back(&mut self, done: Vec<i64>) {
        self.done_batches.extend(done);
    }

    /// Replaces the outcome of a reported step (its results were refused by the database).
    pub(super) fn report_again(&mut self, report: Report) {
        self.line_up(report);
    }

    /// The database has the outcome, or the claim is not ours any more: nothing is held. A running handler is told and
    /// keeps its slot.
    pub(super) fn settle(&mut self, key: &StepKey) {
        let spot = place(key);
        if self
            .held
            .get(&spot)
            .is_none_or(|held| held.invocation.key != *key)
        {
            return;
        }
        let Some(held) = self.held.remove(&spot) else {
            return;
        };
        if held.phase == Phase::Running {
            self.running -= 1;
            held.count(AttemptOutcome::Lost);
            self.cancelled.push(*key);
            held.invocation.cancellation.cancel();
            let started = held.started.unwrap_or_else(Instant::now);
            self.abandoned
                .insert((spot, key.claim_no), (Arc::clone(&held.invocation), started));
        }
        if let Some(deadline) = held.invocation.deadline() {
            self.deadlines.remove(&(deadline, spot));
        }
        if let Some(task) = self.tasks.get_mut(&key.task_id) {
            task.held -= 1;
            if task.held == 0 {
                self.tasks.remove(&key.task_id);
            }
        }
        let batch = held.invocation.batch;
        if let Some(open) = self.batches.get_mut(&batch) {
            *open -= 1;
            if *open == 0 {
                self.batches.remove(&batch);
                self.done_batches.push(batch);
            }
        }
        if held.phase == Phase::Buffered {
            self.buffer.retain(|invocation| invocation.key != *key);
        }
    }

    /// Every held step.
    pub(super) fn keys(&self) -> Vec<(StepKey, Phase)> {
        self.held
            .values()
            .map(|held| (held.invocation.key, held.phase))
            .collect()
    }

    /// Takes everything out of the buffer, to be handed back.
    pub(super) fn release_buffer(&mut self, only: Option<TaskId>) {
        let (go, stay): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.buffer)
            .into_iter()
            .partition(|invocation| only.is_none_or(|task_id| invocation.key.task_id == task_id));
        self.buffer = stay;
        for invocation in go {
            if let Some(held) = self.held.get_mut(&place(&invocation.key)) {
                held.phase = Phase::Reported;
                self.line_up(Report::Released { key: invocation.key });
            }
        }
    }

    /// Releases what still runs: asked to stop, the grace time over.
    pub(super) fn release_running(&mut self) {
        let running: Vec<StepKey> = self
            .keys()
            .into_iter()
            .filter(|(_, phase)| *phase == Phase::Running)
            .map(|(key, _)| key)
            .collect();
        for key in running {
            self.overrule(&key, Report::Released { key });
        }
    }

    /// The worker was taken for dead: everything it held is somebody else's.
    pub(super) fn drop_everything(&mut self) {
        self.reports.iter_mut().for_each(Vec::clear);
        for (key, _) in self.keys() {
            self.settle(&key);
        }
        self.buffer.clear();
        self.batches.clear();
        self.done_batches.clear();
    }

    /// The handler that has run longest: name, step, seconds.
    pub(super) fn oldest_running(&self, now: Instant) -> Option<(Arc<Invocation>, f64)> {
        let running = self.held.values().filter(|held| held.phase == Phase::Running);
        running
            .filter_map(|held| {
                held.started
                    .map(|started| (Arc::clone(&held.invocation), started))
            })
            .chain(self.abandoned.values().cloned())
            .min_by_key(|(_, started)| *started)
            .map(|(invocation, started)| (invocation, now.duration_since(started).as_secs_f64()))
    }

    /// Attempts that were cancelled since the last call.
    pub(super) fn take_cancelled(&mut self) -> Vec<StepKey> {
        std::mem::take(&mut self.cancelled)
    }

    pub(super) fn has_cancelled(&self) -> bool {
        !self.cancelled.is_empty()
    }

    pub(super) fn abandoned(&self) -> usize {
        self.abandoned.len()
    }
}
