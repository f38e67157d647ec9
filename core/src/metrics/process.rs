//! Everything that a client and its workers count.

use super::histogram::{Counter, Histogram, Unit};
use super::work::Work;
use super::{MOST_NAMESPACES, OTHER_NAMESPACES};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

/// How a worker came by steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimSource {
    /// It looked for what was ready.
    Index,
    /// It got what its own outcomes readied, in the same call.
    Flush,
    /// It got the first steps of a task that this process created, in the same call.
    Creation,
}

impl ClaimSource {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Index, Self::Flush, Self::Creation];

    /// Its name, as a label has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Flush => "flush",
            Self::Creation => "creation",
        }
    }
}

/// What came of looking for ready steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// There were some.
    Claimed,
    /// There were none.
    Empty,
    /// The call went wrong.
    Failed,
}

impl ClaimOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Claimed, Self::Empty, Self::Failed];

    /// Its name, as a label has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Empty => "empty",
            Self::Failed => "failed",
        }
    }
}

/// What a flush tells the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushKind {
    /// Results.
    Completions,
    /// Failures.
    Failures,
    /// Steps that go back without counting.
    Releases,
}

impl FlushKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Completions, Self::Failures, Self::Releases];

    /// Its name, as a label has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Failures => "failures",
            Self::Releases => "releases",
        }
    }
}

/// Flushes of one kind. Each is one statement.
#[derive(Debug)]
pub struct Flushes {
    /// How many outcomes each had.
    pub batch: Histogram,
    /// How long each took, the wait for a connection included.
    pub duration: Histogram,
    /// How many went wrong.
    pub failed: Counter,
}

impl Default for Flushes {
    fn default() -> Self {
        Self {
            batch: Histogram::new(Unit::Batch),
            duration: Histogram::new(Unit::Call),
            failed: Counter::default(),
        }
    }
}

impl Flushes {
    /// A flush was answered, or was not.
    pub(crate) fn ended(&self, outcomes: usize, took: Duration, failed: bool) {
        self.batch.record(count(outcomes));
        self.duration.record_duration(took);
        if failed {
            self.failed.increment();
        }
    }
}

/// Whose connections they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolOwner {
    /// The client's.
    Client,
    /// A worker's.
    Worker,
}

impl PoolOwner {
    /// Every owner.
    pub const ALL: [Self; 2] = [Self::Client, Self::Worker];

    /// Its name, as a label has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Worker => "worker",
        }
    }
}

/// The connections of a pool at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolState {
    /// How many there may be, without those that a worker took over.
    pub limit: usize,
    /// In use, or being opened.
    pub busy: usize,
    /// Open and not in use.
    pub idle: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

/// What can say how a pool is used.
pub trait PoolUse: Send + Sync + std::fmt::Debug {
    /// Its connections now.
    fn state(&self) -> PoolState;
}

/// Everything that a client and its workers count since the client was made.
#[derive(Debug)]
pub struct Metrics {
    namespaces: Mutex<BTreeMap<String, Arc<Work>>>,
    others: Arc<Work>,
    claims: [Histogram; ClaimSource::ALL.len()],
    looks: [Counter; ClaimOutcome::ALL.len()],
    flushes: [Flushes; FlushKind::ALL.len()],
    pools: Mutex<Vec<(PoolOwner, Weak<dyn PoolUse>)>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            namespaces: Mutex::default(),
            others: Arc::default(),
            claims: std::array::from_fn(|_| Histogram::new(Unit::Batch)),
            looks: Default::default(),
            flushes: Default::default(),
            pools: Mutex::default(),
        }
    }
}

impl Metrics {
    /// What became of the work of each namespace that this process had to do with, by name.
    pub fn work(&self) -> Vec<(String, Arc<Work>)> {
        let namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        namespaces
            .iter()
            .map(|(name, work)| (name.clone(), Arc::clone(work)))
            .collect()
    }

    /// The numbers of a namespace. Asked once for each plan that a worker comes to know.
    pub(crate) fn work_of(&self, namespace: &str) -> Arc<Work> {
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(work) = namespaces.get(namespace) {
            return Arc::clone(work);
        }
        let others = usize::from(namespaces.contains_key(OTHER_NAMESPACES));
        let (name, work) = if namespace != OTHER_NAMESPACES && namespaces.len() - others < MOST_NAMESPACES {
            (namespace, Arc::default())
        } else {
            (OTHER_NAMESPACES, Arc::clone(&self.others))
        };
        Arc::clone(namespaces.entry(name.to_owned()).or_insert(work))
    }

    /// How many steps each call brought that brought any.
    pub fn claims(&self, source: ClaimSource) -> &Histogram {
        &self.claims[source as usize]
    }

    /// How often a worker looked for ready steps.
    pub fn looks(&self, outcome: ClaimOutcome) -> u64 {
        self.looks[outcome as usize].get()
    }

    /// Flushes of a kind.
    pub fn flushes(&self, kind: FlushKind) -> &Flushes {
        &self.flushes[kind as usize]
    }

    /// The connections of all pools of an owner.
    pub fn pool(&self, owner: PoolOwner) -> PoolState {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let states = pools
            .iter()
            .filter(|(of, _)| *of == owner)
            .filter_map(|(_, pool)| Some(pool.upgrade()?.state()));
        states.fold(PoolState::default(), |all, one| PoolState {
            limit: all.limit + one.limit,
            busy: all.busy + one.busy,
            idle: all.idle + one.idle,
            waiting: all.waiting + one.waiting,
        })
    }

    /// A worker looked for ready steps.
    pub(crate) fn looked(&self, outcome: ClaimOutcome) {
        self.looks[outcome as usize].increment();
    }

    /// A call brought steps.
    pub(crate) fn claimed(&self, source: ClaimSource, steps: usize) {
        self.claims[source as usize].record(count(steps));
    }

    /// Shows a pool as long as it is there.
    pub(crate) fn add_pool(&self, owner: PoolOwner, pool: Weak<dyn PoolUse>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|(_, pool)| pool.strong_count() > 0);
        pools.push((owner, pool));
    }
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_lists() {
        let in_order = |places: &[usize]| places.iter().enumerate().all(|(at, place)| at == *place);
        assert!(in_order(&ClaimSource::ALL.map(|one| one as usize)));
        assert!(in_order(&ClaimOutcome::ALL.map(|one| one as usize)));
        assert!(in_order(&FlushKind::ALL.map(|one| one as usize)));
    }

    #[test]
    fn namespaces_beyond_the_limit_share_their_numbers_and_keep_them() {
        let metrics = Metrics::default();
        let first = metrics.work_of("namespace 0");
        for number in 0..1_000 {
            metrics
                .work_of(&format!("namespace {number}"))
                .retries
                .increment();
        }
        metrics.work_of(OTHER_NAMESPACES).retries.increment();
        let work = metrics.work();
        assert_eq!(work.len(), MOST_NAMESPACES + 1);
        let other = work.iter().find(|(name, _)| name == OTHER_NAMESPACES);
        assert_eq!(other.map(|(_, work)| work.retries.get()), Some(901));
        assert!(Arc::ptr_eq(&first, &metrics.work_of("namespace 0")));
        assert_eq!(first.retries.get(), 1);
    }

    #[test]
    fn a_namespace_of_the_name_of_the_rest_takes_no_place_of_another() {
        let metrics = Metrics::default();
        metrics.work_of(OTHER_NAMESPACES).retries.increment();
        for number in 0..MOST_NAMESPACES {
            metrics.work_of(&number.to_string());
        }
        assert_eq!(metrics.work().len(), MOST_NAMESPACES + 1);
        assert_eq!(metrics.work_of("one more").retries.get(), 1);
    }
}
