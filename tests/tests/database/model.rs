//! The state machine of one task as a small pure model, written from the contract and not from the SQL.

use tasker_core::model::BackoffSettings;
use tasker_core::retry::backoff_seconds;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum S {
    Pending,
    Running,
    Complete,
    Error,
    Cancelled,
    Resolved,
}

impl S {
    pub(crate) fn name(self) -> &'static str {
        match self {
            S::Pending => "pending",
            S::Running => "in_progress",
            S::Complete => "complete",
            S::Error => "error",
            S::Cancelled => "cancelled",
            S::Resolved => "resolved_manually",
        }
    }

    fn satisfies(self) -> bool {
        matches!(self, S::Complete | S::Resolved)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) parents: Vec<usize>,
    pub(crate) state: S,
    pub(crate) attempts: i32,
    pub(crate) limit: i32,
    pub(crate) retryable: bool,
    losses: i32,
    /// The last attempt ended with its worker.
    lost: bool,
    /// A failed step that will be tried again: when, in seconds of the model's clock.
    pub(crate) due: Option<i64>,
    verdict: bool,
    pub(crate) claim_no: i32,
    pub(crate) worker: usize,
}

/// A task and the clock.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) steps: Vec<Step>,
    pub(crate) state: S,
    pub(crate) paused: bool,
    pub(crate) now: i64,
}

/// Whether the state machine allows the verb.
pub(crate) type Legal = bool;

impl Model {
    /// Steps by parents, retry limit, and whether they may be retried.
    pub(crate) fn new(shape: &[(Vec<usize>, i32, bool)]) -> Self {
        let step = |(parents, limit, retryable): &(Vec<usize>, i32, bool)| Step {
            parents: parents.clone(),
            state: S::Pending,
            attempts: 0,
            limit: if *retryable { *limit } else { 1 },
            retryable: *retryable,
            losses: 0,
            lost: false,
            due: None,
            verdict: true,
            claim_no: 0,
            worker: 0,
        };
        Self {
            steps: shape.iter().map(step).collect(),
            state: S::Pending,
            paused: false,
            now: 0,
        }
    }

    pub(crate) fn satisfied(&self, step: usize) -> bool {
        self.steps[step]
            .parents
            .iter()
            .all(|&parent| self.steps[parent].state.satisfies())
    }

    /// Whether it would run if a worker came, its task went on and time passed.
    fn will_run(&self, step: usize) -> bool {
        match self.steps[step].state {
            S::Pending => self.satisfied(step),
            S::Error => self.steps[step].due.is_some(),
            _ => false,
        }
    }

    pub(crate) fn ready(&self, step: usize) -> bool {
        !self.paused && self.will_run(step) && self.steps[step].due.is_none_or(|due| due <= self.now)
    }

    pub(crate) fn alive(&self) -> bool {
        (0..self.steps.len()).any(|step| self.steps[step].state == S::Running || self.will_run(step))
    }

    pub(crate) fn blocked(&self, step: usize) -> bool {
        let step = &self.steps[step];
        step.state == S::Cancelled || (step.state == S::Error && step.due.is_none())
    }

    pub(crate) fn over(&self) -> bool {
        matches!(self.state, S::Complete | S::Cancelled | S::Resolved)
    }

    fn settle(&mut self) {
        if self.over() {
            return;
        }
        self.state = if self.steps.iter().all(|step| step.state.satisfies()) {
            S::Complete
        } else if !self.alive() {
            S::Error
        } else if self.state == S::Pending && self.steps.iter().all(|step| step.state != S::Running) {
            S::Pending
        } else {
            S::Running
        };
    }

    pub(crate) fn claim(&mut self, step: usize, worker: usize) {
        assert!(
            self.ready(step),
            "step {} was claimed and is not ready: {self:?}",
            step + 1
        );
        let it = &mut self.steps[step];
        (it.state, it.due, it.worker) = (S::Running, None, worker);
        it.attempts += 1;
        it.claim_no += 1;
        self.settle();
    }

    pub(crate) fn complete(&mut self, step: usize) {
        self.steps[step].state = S::Complete;
        self.settle();
    }

    fn backoff(&self, step: usize, after: Option<f64>) -> i64 {
        let settings = BackoffSettings {
            jitter_enabled: false,
            ..BackoffSettings::default()
        };
        backoff_seconds(self.steps[step].attempts, None, &settings, after, 0.5) as i64
    }

    pub(crate) fn fail(&mut self, step: usize, retryable: bool, after: Option<f64>) {
        let due = self.now + self.backoff(step, after);
        let it = &mut self.steps[step];
        it.state = S::Error;
        (it.verdict, it.lost) = (retryable, false);
        it.due = (retryable && it.retryable && it.attempts < it.limit).then_some(due);
        self.settle();
    }

    pub(crate) fn lose(&mut self, step: usize) {
        let later = self.now + self.backoff(step, None);
        let now = self.now;
        let it = &mut self.steps[step];
        it.state = S::Error;
        it.losses += 1;
        it.lost = true;
        it.claim_no += 1;
        it.verdict = it.losses < 3 && it.retryable && it.limit > 1;
        it.due = it.verdict.then_some(if it.losses == 1 { now } else { later });
        self.settle();
    }

    pub(crate) fn release(&mut self, step: usize) {
        let it = &mut self.steps[step];
        it.state = S::Pending;
        it.attempts -= 1;
        it.claim_no += 1;
    }

    fn rearm(&mut self, step: usize, reset: bool) {
        let it = &mut self.steps[step];
        if reset {
            (it.attempts, it.losses) = (0, 0);
        }
        it.limit = it.limit.max(it.attempts + 1);
        (it.state, it.due) = (S::Pending, None);
    }

    pub(crate) fn retry_step(&mut self, step: usize, reset: bool) -> Legal {
        let legal = self.steps[step].state == S::Error && !self.over();
        if legal {
            self.rearm(step, reset);
            self.settle();
        }
        legal
    }

    pub(crate) fn resolve_step(&mut self, step: usize) -> Legal {
        let legal = matches!(self.steps[step].state, S::Pending | S::Error) && !self.over();
        if legal {
            (self.steps[step].state, self.steps[step].due) = (S::Resolved, None);
            self.settle();
        }
        legal
    }

    pub(crate) fn cancel_step(&mut self, step: usize) -> Legal {
        let it = &mut self.steps[step];
        if it.state.satisfies() {
            return false;
        }
        it.claim_no += i32::from(it.state == S::Running);
        (it.state, it.due) = (S::Cancelled, None);
        self.settle();
        true
    }

    pub(crate) fn update_limit(&mut self, step: usize, limit: i32) -> Legal {
        let now = self.now;
        let over = self.over();
        let it = &mut self.steps[step];
        if over || !matches!(it.state, S::Pending | S::Running | S::Error) {
            return false;
        }
        it.limit = limit;
        if it.state == S::Error {
            // Losses alone exhaust nothing, but for a step that may run once only.
            let again = it.retryable && it.verdict && (it.attempts < limit || (it.lost && limit > 1));
            it.due = again.then(|| it.due.unwrap_or(now));
        }
        self.settle();
        true
    }

    fn cancel_open(&mut self) {
        for step in &mut self.steps {
            if matches!(step.state, S::Pending | S::Running) || step.due.is_some() {
                step.claim_no += i32::from(step.state == S::Running);
                (step.state, step.due) = (S::Cancelled, None);
            }
        }
    }

    pub(crate) fn cancel_task(&mut self) -> Legal {
        if self.state != S::Cancelled {
            self.cancel_open();
            self.state = S::Cancelled;
        }
        true
    }

    pub(crate) fn resolve_task(&mut self) -> Legal {
        let legal = self.state == S::Error;
        if legal {
            self.cancel_open();
            self.state = S::Resolved;
        }
        legal
    }

    pub(crate) fn retry_task(&mut self) -> Legal {
        let failed: Vec<usize> = (0..self.steps.len())
            .filter(|&step| self.steps[step].state == S::Error && self.steps[step].due.is_none())
            .collect();
        let legal = !self.over() && !failed.is_empty();
        if legal {
            for step in failed {
                self.rearm(step, false);
            }
            self.settle();
        }
        legal
    }

    pub(crate) fn pause(&mut self) -> Legal {
        let legal = !self.over();
        self.paused |= legal;
        legal
    }

    pub(crate) fn resume(&mut self) -> Legal {
        if self.paused {
            self.paused = false;
            for step in &mut self.steps {
                step.due = step.due.map(|due| due.max(self.now));
            }
        }
        true
    }
}
