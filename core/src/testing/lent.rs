//! The connection of a test, lent to the handlers that run in it.

use crate::bridge::{AttemptMessage, Foreign, prepare_complete, prepare_results, read_results};
use crate::error::{Error, ErrorKind, Result};
use crate::handler::Host;
use crate::model::TaskId;
use crate::store::Prepared;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use sqlx::PgConnection;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{mpsc, oneshot};

const SAVEPOINT: &str = "tasker_handler";

type Job = Box<dyn for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, ()> + Send>;

/// The connection of a test, for handlers that write to the database. Cheap to clone.
///
/// In a test there is one connection and one transaction, which other connections cannot see into. A handler gets at it
/// here, while it runs:
///
/// ```no_run
/// # use tasker_core::{handler::{HandlerError, Registry, Step}, testing::Workflow};
/// # use serde_json::json;
/// # async fn test(workflow: &mut Workflow<'_>, registry: &mut Registry) {
/// let connection = workflow.connection();
/// registry.handler("shop.checkout.charge", move |step: Step| {
///     let connection = connection.clone();
///     async move {
///         connection
///             .transaction(move |c| {
///                 Box::pin(async move {
///                     sqlx::query("insert into charges values (7)").execute(&mut *c).await?;
///                     step.complete_in(c, &json!({"charged": 7})).await?;
///                     Ok::<_, HandlerError>(())
///                 })
///             })
///             .await?
///     }
/// });
/// # }
/// ```
#[derive(Clone)]
pub struct LentConnection {
    jobs: mpsc::UnboundedSender<Job>,
    /// Whether a handler of the test runs, so that somebody serves.
    lent: Arc<AtomicBool>,
}

impl fmt::Debug for LentConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LentConnection").finish_non_exhaustive()
    }
}

impl LentConnection {
    pub(super) fn new() -> (Self, Lender) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let lent = Arc::new(AtomicBool::new(false));
        let connection = Self {
            jobs: sender,
            lent: Arc::clone(&lent),
        };
        (connection, Lender { jobs: receiver, lent })
    }

    /// Runs something on the connection of the test, as in a transaction of the handler's own: it takes effect if it
    /// returns `Ok`, and is rolled back (to a savepoint) if it returns an error. Both are inside the test's transaction,
    /// so nothing is ever committed.
    ///
    /// # Errors
    /// `InvalidArgument` where no handler of the test runs at present; what PostgreSQL says. What `work` says is the inner
    /// result.
    pub async fn transaction<T, E, F>(&self, work: F) -> Result<Result<T, E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        if !self.lent.load(Ordering::Acquire) {
            return Err(not_running());
        }
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            Box::pin(async move {
                // Whoever asked may be gone: its handler was dropped.
                let _ = answer.send(in_savepoint(connection, work).await);
            })
        });
        self.jobs.send(job).map_err(|_| not_running())?;
        answered.await.map_err(|_| not_running())?
    }

    async fn rows(&self, statement: Prepared) -> Result<Vec<String>> {
        self.transaction(move |connection| Box::pin(async move { statement.execute(connection).await }))
            .await?
    }
}

fn not_running() -> Error {
    Error::invalid_argument(
        "the connection of a test is lent to handlers while they run, and none runs: a task that a handler started must \
         end before the handler does",
    )
}

async fn in_savepoint<T, E, F>(connection: &mut PgConnection, work: F) -> Result<Result<T, E>>
where
    F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
{
    Prepared::savepoint(SAVEPOINT).execute(connection).await?;
    let said = work(connection).await;
    if said.is_err() {
        Prepared::rollback_to(SAVEPOINT).execute(connection).await?;
    }
    Prepared::release(SAVEPOINT).execute(connection).await?;
    Ok(said)
}

/// The end of the test: it serves handlers while one runs.
pub(super) struct Lender {
    jobs: mpsc::UnboundedReceiver<Job>,
    lent: Arc<AtomicBool>,
}

impl fmt::Debug for Lender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lender").finish_non_exhaustive()
    }
}

impl Lender {
    /// Runs a handler to its end, and on the connection whatever it asks for meanwhile.
    pub(super) async fn serve<T>(
        &mut self,
        connection: &mut PgConnection,
        handler: impl Future<Output = T>,
    ) -> T {
        let mut handler = std::pin::pin!(handler);
        self.lent.store(true, Ordering::Release);
        loop {
            tokio::select! {
                biased;
                said = &mut handler => {
                    self.lent.store(false, Ordering::Release);
                    // What nobody waits for any more does not run: dropping it says so.
                    while self.jobs.try_recv().is_ok() {}
                    return said;
                }
                Some(job) = self.jobs.recv() => job(connection).await,
            }
        }
    }
}

/// Where the steps of a test come from.
#[derive(Debug)]
pub(super) struct TestHost {
    pub(super) connection: LentConnection,
    pub(super) sql: Foreign,
    pub(super) max_result_bytes: usize,
}

impl Host for TestHost {
    fn fetch_context(&self, task_id: TaskId) -> BoxFuture<'_, Result<Box<RawValue>>> {
        Box::pin(async move {
            // The driver gives the context along, however large it is.
            Err(Error::new(
                ErrorKind::NotFound,
                format!("the transaction of the test sees no task {task_id}"),
            ))
        })
    }

    fn fetch_results(&self, task_id: TaskId) -> BoxFuture<'_, Result<HashMap<String, Box<RawValue>>>> {
        Box::pin(
            async move { read_results(&self.connection.rows(prepare_results(&self.sql, task_id)).await?) },
        )
    }

    fn complete_in<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        attempt: AttemptMessage,
        results: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let statement = prepare_complete(&self.sql, &attempt, results, self.max_result_bytes)?;
            statement.execute(connection).await.map(|_| ())
        })
    }
}
