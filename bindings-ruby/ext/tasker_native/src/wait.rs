//! Waiting without the GVL.

use crate::error::raised;
use crate::gvl::release;
use magnus::{Error, Ruby};
use std::sync::mpsc::{Sender, channel};
use tasker_core::bridge::caught;
use tasker_core::{Error as EngineError, ErrorKind, Result};

/// What ends a wait.
enum Told<T> {
    Answer(Result<T>),
    Interrupt,
}

/// Starts something that hands over its answer from another thread, and waits for that without the GVL. An interrupt that comes
/// meanwhile (a signal, `Thread#raise`, `Timeout`) is dealt with as Ruby does; what it raises is raised here.
pub(crate) fn wait_for<T: Send + 'static>(
    ruby: &Ruby,
    start: impl FnOnce(Done<T>) -> Result<()>,
) -> std::result::Result<T, Error> {
    let (sender, receiver) = channel();
    let done = Done(Some(sender.clone()));
    without_gvl(ruby, || start(done))?;
    let interrupt = || {
        let _ = sender.send(Told::Interrupt);
    };
    loop {
        match release(|| receiver.recv(), &interrupt) {
            Some(Ok(Told::Answer(answer))) => return raised(ruby, answer),
            // An error there is none while we hold a sender.
            Some(Ok(Told::Interrupt) | Err(_)) | None => ruby.thread_check_ints()?,
        }
    }
}

/// Where an answer is handed over, once. Dropped without one it says that the engine has ended.
pub(crate) struct Done<T>(Option<Sender<Told<T>>>);

impl<T> Done<T> {
    /// Hands it over. Nobody may wait any more: an interrupt ended the wait.
    pub(crate) fn tell(mut self, answer: Result<T>) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(Told::Answer(answer));
        }
    }
}

impl<T> Drop for Done<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let gone = EngineError::new(ErrorKind::ShuttingDown, "the engine of this process has ended");
            let _ = sender.send(Told::Answer(Err(gone)));
        }
    }
}

/// Does something of the engine that does not take long, without the GVL. What goes wrong is raised, a panic too.
pub(crate) fn without_gvl<T>(ruby: &Ruby, work: impl FnOnce() -> Result<T>) -> std::result::Result<T, Error> {
    let mut work = Some(work);
    loop {
        let done = release(|| work.take().map(|work| caught(work)), &|| {});
        match done.flatten() {
            Some(result) => return raised(ruby, result),
            None => ruby.thread_check_ints()?,
        }
    }
}
