//! A worker, as the gem holds it.

use crate::wait::{wait_for, without_gvl};
use magnus::{Error, Ruby};
use std::sync::Arc;
use std::time::Duration;
use tasker_core::bridge::{HostedWorker, caught};

/// A worker: poll it for attempts, report what came of them.
#[magnus::wrap(class = "Tasker::Native::Worker", free_immediately, size)]
pub(crate) struct Worker {
    worker: Arc<HostedWorker>,
}

impl Worker {
    pub(crate) fn new(worker: HostedWorker) -> Self {
        Self {
            worker: Arc::new(worker),
        }
    }

    /// Up to `most` attempts to run now, and those that were cancelled, as JSON. Waits up to `seconds` for the first.
    pub(crate) fn poll(ruby: &Ruby, this: &Self, most: usize, seconds: f64) -> Result<String, Error> {
        let timeout = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        wait_for(ruby, |done| {
            this.worker
                .poll_then(most, timeout, move |polled| done.tell(polled));
            Ok(())
        })
    }

    /// Reports outcomes, the text of a JSON list. Returns how many of them count.
    pub(crate) fn complete(ruby: &Ruby, this: &Self, outcomes: String) -> Result<usize, Error> {
        without_gvl(ruby, || this.worker.complete(&outcomes))
    }

    /// The context of a task, as JSON.
    pub(crate) fn fetch_context(ruby: &Ruby, this: &Self, task_id: String) -> Result<String, Error> {
        this.on_a_thread(ruby, move |worker| worker.fetch_context(&task_id))
    }

    /// The results of all steps of a task that ended well, as a JSON object.
    pub(crate) fn fetch_results(ruby: &Ruby, this: &Self, task_id: String) -> Result<String, Error> {
        this.on_a_thread(ruby, move |worker| worker.fetch_results(&task_id))
    }

    /// What the worker does at present, as JSON.
    pub(crate) fn status(ruby: &Ruby, this: &Self) -> Result<String, Error> {
        without_gvl(ruby, || this.worker.status())
    }

    /// Hands out no more work and claims none, without waiting.
    pub(crate) fn stop_claiming(ruby: &Ruby, this: &Self) -> Result<(), Error> {
        without_gvl(ruby, || this.worker.stop_claiming())
    }

    /// Stops, and waits until it has.
    pub(crate) fn shutdown(ruby: &Ruby, this: &Self) -> Result<(), Error> {
        this.on_a_thread(ruby, HostedWorker::shutdown)
    }

    /// What waits on its own thread, so that an interrupt of Ruby's ends the wait.
    fn on_a_thread<T: Send + 'static>(
        &self,
        ruby: &Ruby,
        work: impl FnOnce(&HostedWorker) -> tasker_core::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let worker = Arc::clone(&self.worker);
        wait_for(ruby, move |done| {
            std::thread::spawn(move || done.tell(caught(|| work(&worker))));
            Ok(())
        })
    }
}
