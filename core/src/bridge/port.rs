//! Where an `async fn` that needs the host meets it: each `await` on a [`Port`] is one action, and the host's answer is what
//! it resolves to. No runtime is involved: whoever asks for the next action polls.

use super::message::InvocationMessage;
use super::testing::Variant;
use crate::error::{Error, Result};
use crate::model::OutcomeKind;
use crate::store::Prepared;
use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// What the host is asked for.
#[derive(Debug)]
pub(super) enum Ask {
    Execute(Prepared),
    Invoke(Box<InvocationMessage>),
    Check(Box<Variant>),
}

/// What the host says.
#[derive(Debug)]
pub(super) enum Reply {
    Rows(Result<Vec<String>>),
    Outcome(OutcomeKind),
    Checked(Option<String>),
}

/// What fits as an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Rows,
    Outcome,
    Judgement,
}

impl Wanted {
    fn by(ask: &Ask) -> Self {
        match ask {
            Ask::Execute(_) => Self::Rows,
            Ask::Invoke(_) => Self::Outcome,
            Ask::Check(_) => Self::Judgement,
        }
    }

    fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Rows(_) => Self::Rows,
            Reply::Outcome(_) => Self::Outcome,
            Reply::Checked(_) => Self::Judgement,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Rows => "the rows of a statement",
            Self::Outcome => "the outcome of an attempt",
            Self::Judgement => "the judgement of a variant",
        }
    }
}

#[derive(Debug, Default)]
enum Slot {
    #[default]
    Empty,
    Asked(Ask),
    /// The host has it.
    Handed(Wanted),
    Told(Reply),
}

/// The driver's end.
#[derive(Debug, Clone, Default)]
pub(super) struct Port {
    slot: Arc<Mutex<Slot>>,
}

impl Port {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, ask: Ask) -> Reply {
        *self.slot() = Slot::Asked(ask);
        poll_fn(|_| {
            let mut slot = self.slot();
            match std::mem::take(&mut *slot) {
                Slot::Told(reply) => Poll::Ready(reply),
                other => {
                    *slot = other;
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Has a statement executed: its rows, each a JSON object.
    pub(super) async fn execute(&self, statement: Prepared) -> Result<Vec<String>> {
        match self.ask(Ask::Execute(statement)).await {
            Reply::Rows(rows) => rows,
            _ => Err(mixed_up()),
        }
    }

    /// Has an attempt run by the host.
    pub(super) async fn invoke(&self, message: InvocationMessage) -> Result<OutcomeKind> {
        match self.ask(Ask::Invoke(Box::new(message))).await {
            Reply::Outcome(outcome) => Ok(outcome),
            _ => Err(mixed_up()),
        }
    }

    /// Has a variant judged by the host: what is wrong with it, where something is.
    pub(super) async fn check(&self, variant: Variant) -> Result<Option<String>> {
        match self.ask(Ask::Check(Box::new(variant))).await {
            Reply::Checked(problem) => Ok(problem),
            _ => Err(mixed_up()),
        }
    }
}

fn mixed_up() -> Error {
    Error::internal("an action of the session was answered by something else")
}

/// What a conversation has come to.
#[derive(Debug)]
pub(super) enum Turn<T> {
    Asked(Ask),
    Ended(T),
}

/// The host's end: an `async fn` of the driver that is on its way.
pub(super) struct Conversation<T> {
    port: Port,
    future: Pin<Box<dyn Future<Output = T> + Send>>,
}

impl<T> fmt::Debug for Conversation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl<T> Conversation<T> {
    pub(super) fn new(begin: impl FnOnce(Port) -> Pin<Box<dyn Future<Output = T> + Send>>) -> Self {
        let port = Port::default();
        Self {
            future: begin(port.clone()),
            port,
        }
    }

    /// Goes on until something is asked, or all is said.
    pub(super) fn next(&mut self) -> Result<Turn<T>> {
        if let Slot::Handed(wanted) = &*self.port.slot() {
            return Err(Error::invalid_argument(format!(
                "the session waits for {}: tell it before asking for the next action",
                wanted.words()
            )));
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(end) = self.future.as_mut().poll(&mut context) {
            return Ok(Turn::Ended(end));
        }
        let mut slot = self.port.slot();
        match std::mem::take(&mut *slot) {
            Slot::Asked(ask) => {
                *slot = Slot::Handed(Wanted::by(&ask));
                Ok(Turn::Asked(ask))
            }
            _ => Err(Error::internal("the session waits for nothing")),
        }
    }

    /// Tells what came of the last action.
    pub(super) fn tell(&mut self, reply: Reply) -> Result<()> {
        let mut slot = self.port.slot();
        match &*slot {
            Slot::Handed(wanted) if *wanted == Wanted::of(&reply) => {
                *slot = Slot::Told(reply);
                Ok(())
            }
            Slot::Handed(wanted) => Err(Error::invalid_argument(format!(
                "the session waits for {}, and was told {}",
                wanted.words(),
                Wanted::of(&reply).words()
            ))),
            _ => Err(Error::invalid_argument(
                "the session has asked for nothing: ask it for its next action first",
            )),
        }
    }
}
