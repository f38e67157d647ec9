//! Subscriptions: what goes on for as long as a task does.

use super::gate::{Gate, may};
use super::scalars::{task_id, task_text};
use super::task::{self, Task};
use crate::problem::Refusal;
use async_graphql::{Context, ID, Result, Subscription};
use futures_util::Stream;
use futures_util::stream;
use std::sync::Arc;
use std::time::Duration;
use tasker_core::model::{State, TaskId};
use tasker_core::{Client, Error, ErrorKind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const FIRST_LOOK: Duration = Duration::from_millis(50);

/// What all subscriptions of a process share.
#[derive(Debug, Clone)]
pub(super) struct Watching {
    /// How many more there may be.
    pub(super) room: Arc<Semaphore>,
    /// How often one looks, at the rarest.
    pub(super) slowest: Duration,
}

impl Watching {
    /// A place among them.
    ///
    /// # Errors
    /// `InvalidArgument`, to be tried again, where there are as many as there may be.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.room).try_acquire_owned().map_err(|_| Error {
            retry: true,
            ..Error::invalid_argument("as many subscriptions run as may at once: end one, or ask again later")
        })
    }
}

/// What can be followed.
#[derive(Debug, Default)]
pub(super) struct Subscriptions;

#[Subscription(name = "Subscription")]
impl Subscriptions {
    /// A task: as it is now, and again whenever something of it has changed, until it has ended. Changes that follow each other
    /// closely are seen as one. Takes tasker.task:show, each time.
    async fn task_progress(
        &self,
        context: &Context<'_>,
        task_id: ID,
    ) -> Result<impl Stream<Item = Result<Task>>> {
        let gate = context.data_unchecked::<Arc<Gate>>();
        gate.require(&[may("tasker.task", "show").about(task_text(&task_id))])
            .await?;
        let watching = context.data_unchecked::<Watching>().clone();
        let watch = Watch {
            _place: watching.place()?,
            id: self::task_id(&task_id)?,
            client: context.data_unchecked::<Client>().clone(),
            gate: Arc::clone(gate),
            watching,
            seen: None,
            ended: false,
        };
        Ok(stream::unfold(watch, |mut watch| async move {
            let next = watch.next().await?;
            watch.ended |= next.is_err();
            Some((next.map_err(Into::into), watch))
        }))
    }
}

/// One subscription.
struct Watch {
    client: Client,
    gate: Arc<Gate>,
    id: TaskId,
    watching: Watching,
    /// The task as it was shown last.
    seen: Option<String>,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    /// The task, as soon as it is not as it was shown last; none after its end.
    async fn next(&mut self) -> Option<Result<Task, Refusal>> {
        let mut pause = FIRST_LOOK.min(self.watching.slowest);
        while !self.ended {
            match self.look().await.transpose() {
                Some(changed) => return Some(changed),
                None => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(self.watching.slowest);
        }
        None
    }

    /// The task, if it is not as it was shown last.
    async fn look(&mut self) -> Result<Option<Task>, Refusal> {
        let found = self.client.task(self.id).await?;
        let now = serde_json::to_string(&found)
            .map_err(|error| Refusal::new(ErrorKind::Internal, format!("a task is no JSON: {error}")))?;
        if self.seen.as_ref() == Some(&now) {
            return Ok(None);
        }
        self.gate
            .require(&[may("tasker.task", "show").about(self.id)])
            .await?;
        self.gate.count_anew();
        self.seen = Some(now);
        self.ended = State::ENDS.contains(&found.status);
        task::task(&self.gate, found).map(Some)
    }
}
