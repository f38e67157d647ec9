//! Creating tasks that are asked for one by one: those that come while others are being created go together, in one transaction.

use super::shown::{self, Part, TaskBody};
use crate::problem::{Refusal, is_about_the_request};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tasker_core::model::{Created, IdentityStrategy, TaskId, TaskRequest};
use tasker_core::{Client, ErrorKind};
use tokio::sync::{Semaphore, oneshot};

/// Transactions at once: one is prepared while the other commits.
const AT_ONCE: usize = 2;
/// Tasks in one of them.
const MOST: usize = 64;

/// What became of a request, and the task.
pub(super) type Outcome = std::result::Result<(Created, TaskBody), Refusal>;

/// A request that waits for its turn.
struct Asked {
    request: TaskRequest,
    tell: oneshot::Sender<Outcome>,
}

/// Requests that wait for their turn. A request that comes alone is created at once.
#[derive(Clone)]
pub(crate) struct Creation {
    waiting: Arc<Mutex<Vec<Asked>>>,
    turns: Arc<Semaphore>,
}

impl Default for Creation {
    fn default() -> Self {
        Self {
            waiting: Arc::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl fmt::Debug for Creation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Creation").finish_non_exhaustive()
    }
}

impl Creation {
    /// Creates a task, and shows it.
    pub(super) async fn create(&self, client: &Client, request: TaskRequest) -> Outcome {
        // A request that may be that of another task waits for that one's transaction, and nobody else should.
        let may_wait = request.idempotency_key.is_some()
            || client.settings().engine.identity_strategy != IdentityStrategy::Default;
        if may_wait {
            return alone(client, &request).await;
        }
        let (tell, mut told) = oneshot::channel();
        self.waiting().push(Asked { request, tell });
        loop {
            let turn = tokio::select! {
                biased;
                outcome = &mut told => return outcome.unwrap_or_else(|_| Err(lost())),
                turn = Arc::clone(&self.turns).acquire_owned() => turn,
            };
            let batch: Vec<Asked> = {
                let mut waiting = self.waiting();
                // Whoever went away was told that nothing came of it, or was told nothing.
                waiting.retain(|asked| !asked.tell.is_closed());
                let count = waiting.len().min(MOST);
                waiting.drain(..count).collect()
            };
            if batch.is_empty() {
                drop(turn);
                return told.await.unwrap_or_else(|_| Err(lost()));
            }
            let client = client.clone();
            // Whoever goes away takes nobody else's task along.
            let creating = tokio::spawn(async move {
                together(&client, batch).await;
                drop(turn);
            });
            let _ = creating.await;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Asked>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost() -> Refusal {
    Refusal::new(ErrorKind::Internal, "a task was lost on the way")
}

async fn alone(client: &Client, request: &TaskRequest) -> Outcome {
    let created = client.create_task(request).await?;
    outcomes(client, vec![created])
        .await
        .pop()
        .unwrap_or_else(|| Err(lost()))
}

/// Creates a batch in one transaction; where one of it is refused, each alone, so that the others are made. Nothing is tried again
/// where it is not known what became of the transaction.
async fn together(client: &Client, batch: Vec<Asked>) {
    let (requests, waiting): (Vec<TaskRequest>, Vec<_>) =
        batch.into_iter().map(|asked| (asked.request, asked.tell)).unzip();
    let outcomes = match client.try_create_tasks(&requests).await {
        Ok(created) => outcomes(client, created).await,
        Err(error) if requests.len() > 1 && is_about_the_request(&error) => {
            let mut outcomes = Vec::with_capacity(requests.len());
            for request in &requests {
                outcomes.push(alone(client, request).await);
            }
            outcomes
        }
        Err(error) => {
            let refusal = Refusal::from(error);
            requests.iter().map(|_| Err(refusal.clone())).collect()
        }
    };
    for (outcome, tell) in outcomes.into_iter().zip(waiting) {
        // Whoever asked may have gone away.
        let _ = tell.send(outcome);
    }
}

async fn outcomes(client: &Client, created: Vec<Created>) -> Vec<Outcome> {
    match show(client, &created).await {
        Ok(mut shown) => created
            .into_iter()
            .map(|one| match shown.remove(&one.task_id) {
                Some(body) => Ok((one, body)),
                None => Err(gone(&one)),
            })
            .collect(),
        Err(refusal) => created
            .iter()
            .map(|one| Err(refusal.clone().after_creating(one.task_id)))
            .collect(),
    }
}

/// The tasks that were created: a statement for all of them, and one for their steps. On a new task nothing was noted yet.
async fn show(
    client: &Client,
    created: &[Created],
) -> std::result::Result<HashMap<TaskId, TaskBody>, Refusal> {
    let ids: Vec<TaskId> = created.iter().map(|one| one.task_id).collect();
    let parts = if created.iter().all(|one| one.created) {
        Part::of_new()
    } else {
        Part::every()
    };
    let tasks = client.tasks_of(&ids).await?;
    let bodies = shown::bodies(client, tasks, &parts).await?;
    Ok(bodies.into_iter().map(|body| (body.task.task_id, body)).collect())
}

/// The refusal of a task that is there no more.
fn gone(created: &Created) -> Refusal {
    let id = created.task_id;
    Refusal::new(
        ErrorKind::NotFound,
        format!("this request made task {id}, which has been pruned since"),
    )
    .with_status(axum::http::StatusCode::GONE)
}
