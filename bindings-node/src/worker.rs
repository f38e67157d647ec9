//! A worker, as the package holds it.

use crate::answers::Answers;
use crate::error::thrown;
use napi_derive::napi;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tasker_core::bridge::{Engine, HostedWorker, caught};
use tasker_core::{Error, ErrorKind, Result};

/// A worker: poll it for attempts, report what came of them.
#[napi]
pub struct Worker {
    hosted: Arc<OnceLock<HostedWorker>>,
    answers: Answers,
}

impl Worker {
    pub(crate) fn start(engine: Arc<Engine>, answers: Answers, number: u32, options: String) -> Self {
        let worker = Self {
            hosted: Arc::default(),
            answers,
        };
        let hosted = Arc::clone(&worker.hosted);
        worker.answers.give_from_thread(number, move || {
            let started = engine.start_worker(&options)?;
            // Nobody else sets it.
            let _ = hosted.set(started);
            Ok("null".to_owned())
        });
        worker
    }

    /// Does something that waits with the worker, and answers with JSON.
    fn with_hosted(&self, number: u32, work: impl FnOnce(&HostedWorker) -> Result<String> + Send + 'static) {
        let hosted = Arc::clone(&self.hosted);
        self.answers
            .give_from_thread(number, move || work(started(&hosted)?));
    }
}

#[napi]
impl Worker {
    /// Up to `most` attempts to run now, and those that were cancelled, as JSON. Waits up to `seconds` for the first.
    #[napi]
    pub fn poll(&self, number: u32, most: u32, seconds: f64) -> napi::Result<()> {
        let timeout = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        let answers = self.answers.clone();
        thrown(|| {
            started(&self.hosted)?.poll_then(most as usize, timeout, move |polled| {
                answers.give(number, polled);
            });
            Ok(())
        })
    }

    /// Reports outcomes, the text of a JSON list. Returns how many of them count. Does not wait.
    #[napi]
    pub fn complete(&self, outcomes: String) -> napi::Result<u32> {
        thrown(|| {
            let counted = started(&self.hosted)?.complete(&outcomes)?;
            Ok(u32::try_from(counted).unwrap_or(u32::MAX))
        })
    }

    /// The context of a task, as JSON.
    #[napi]
    pub fn fetch_context(&self, number: u32, task_id: String) {
        self.with_hosted(number, move |hosted| hosted.fetch_context(&task_id));
    }

    /// The results of all steps of a task that ended well, as a JSON object.
    #[napi]
    pub fn fetch_results(&self, number: u32, task_id: String) {
        self.with_hosted(number, move |hosted| hosted.fetch_results(&task_id));
    }

    /// What the worker does at present, as JSON. Does not wait.
    #[napi]
    pub fn status(&self) -> napi::Result<String> {
        thrown(|| started(&self.hosted)?.status())
    }

    /// Hands out no more work and claims none. Does not wait.
    #[napi]
    pub fn stop_claiming(&self) -> napi::Result<()> {
        thrown(|| started(&self.hosted)?.stop_claiming())
    }

    /// Stops: the answer comes when it has.
    #[napi]
    pub fn shutdown(&self, number: u32) {
        self.with_hosted(number, |hosted| {
            hosted.shutdown()?;
            Ok("null".to_owned())
        });
    }
}

impl Drop for Worker {
    /// The environment has ended, so nobody polls any more: no step is taken that nobody would run. What ran in it goes
    /// back when the lease is over, as if the process had died.
    fn drop(&mut self) {
        if let Some(hosted) = self.hosted.get() {
            let _ = caught(|| hosted.stop_claiming());
        }
    }
}

fn started(hosted: &OnceLock<HostedWorker>) -> Result<&HostedWorker> {
    hosted.get().ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidArgument,
            "the worker has not started yet: wait for that first",
        )
    })
}
