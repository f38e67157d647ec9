//! Workflows under test.

use super::crashes::{CrashEverywhere, Judge};
use super::faults::FaultBuilder;
use super::lent::{Lender, LentConnection, TestHost};
use crate::bridge::Foreign;
use crate::bridge::testing::{
    Action, Answer, Command, CrashReport, Fault, Operation, TestOptions, TestReport, TestSession, Until,
};
use crate::error::{Error, Result};
use crate::handler::{Registry, run_attempt};
use crate::model::{Created, Operator, Registered, TaskId, TaskRequest};
use crate::store::SchemaName;
use crate::template::CompiledTemplate;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Workflows under test, on one connection and in one transaction. See the [module](super).
///
/// The clock of the transaction stands still but for what moves it: [`Workflow::advance`], [`Workflow::run_to_end`], and
/// faults that take time. Attempts run one after another, in the order of priority, time and step.
#[derive(Debug)]
pub struct Workflow<'c> {
    connection: &'c mut PgConnection,
    session: TestSession,
    registry: Registry,
    lent: LentConnection,
    lender: Lender,
    host: Arc<TestHost>,
    now: DateTime<Utc>,
}

impl<'c> Workflow<'c> {
    /// Begins a test on a connection that is in a transaction, with the default [`TestOptions`].
    ///
    /// # Errors
    /// `InvalidArgument` where there is no transaction; `SchemaMismatch` where Tasker's schema is not there.
    pub async fn on(connection: &'c mut PgConnection) -> Result<Self> {
        Self::with_options(connection, TestOptions::default()).await
    }

    /// Begins a test with a schema or settings of its own.
    ///
    /// # Errors
    /// As [`Workflow::on`]; `ConfigInvalid`.
    pub async fn with_options(connection: &'c mut PgConnection, options: TestOptions) -> Result<Self> {
        let (lent, lender) = LentConnection::new();
        let host = Arc::new(TestHost {
            connection: lent.clone(),
            sql: Foreign::new(SchemaName::new(&options.schema)?),
            max_result_bytes: options.settings.execution.max_result_bytes,
        });
        let mut workflow = Self {
            connection,
            session: TestSession::new(options)?,
            registry: Registry::new(),
            lent,
            lender,
            host,
            now: DateTime::UNIX_EPOCH,
        };
        workflow.now = time(workflow.command(Command::Open).await?)?;
        Ok(workflow)
    }

    /// The handlers that steps are run by, in place of those given before.
    ///
    /// # Errors
    /// `InvalidArgument` where an earlier call was dropped before its end.
    pub fn handlers(&mut self, registry: &Registry) -> Result<&mut Self> {
        self.session.handlers(registry.names())?;
        self.registry = registry.clone();
        Ok(self)
    }

    /// The connection of the test, for handlers that write to the database.
    pub fn connection(&self) -> LentConnection {
        self.lent.clone()
    }

    /// Registers a template inside the transaction; it is then the content of its version, whatever was.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub async fn register(&mut self, template: &CompiledTemplate) -> Result<Registered> {
        let template = Box::new(template.clone());
        match self.command(Command::Register { template }).await? {
            Answer::Registered { registered } => Ok(registered),
            other => Err(unexpected(&other)),
        }
    }

    /// Creates a task inside the transaction.
    ///
    /// # Errors
    /// As [`Client::create_task`](crate::Client::create_task).
    pub async fn create(&mut self, request: &TaskRequest) -> Result<Created> {
        let request = Box::new(request.clone());
        match self.command(Command::Create { request }).await? {
            Answer::Created { created } => Ok(created),
            other => Err(unexpected(&other)),
        }
    }

    /// Creates a task and runs it to its end, as [`Workflow::run_to_end`] does.
    ///
    /// # Errors
    /// As [`Workflow::create`] and [`Workflow::run_to_end`].
    pub async fn run(&mut self, request: &TaskRequest) -> Result<TestReport> {
        let created = self.create(request).await?;
        self.run_to_end(created.task_id).await
    }

    /// Runs a task until nothing of it is ready or due any more. The clock jumps from one due instant to the next: waits
    /// between attempts take no time.
    ///
    /// # Errors
    /// `UnknownHandler` where a step that may still run has no handler here; `NotFound`; `InvalidArgument` where a fault
    /// names a step that no task of the test has; what PostgreSQL says.
    pub async fn run_to_end(&mut self, task: TaskId) -> Result<TestReport> {
        self.run_until(task, Until::End).await
    }

    /// Runs a task until nothing of it is ready at this instant.
    ///
    /// # Errors
    /// As [`Workflow::run_to_end`].
    pub async fn run_until_idle(&mut self, task: TaskId) -> Result<TestReport> {
        self.run_until(task, Until::Idle).await
    }

    /// Runs one attempt of a task, if one is ready now.
    ///
    /// # Errors
    /// As [`Workflow::run_to_end`].
    pub async fn run_one(&mut self, task: TaskId) -> Result<TestReport> {
        self.run_until(task, Until::One).await
    }

    async fn run_until(&mut self, task_id: TaskId, until: Until) -> Result<TestReport> {
        let answer = self.command(Command::Run { task_id, until }).await?;
        self.reported(answer)
    }

    /// What has become of a task so far.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn report(&mut self, task_id: TaskId) -> Result<TestReport> {
        let answer = self.command(Command::Report { task_id }).await?;
        self.reported(answer)
    }

    /// The time of the test.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Moves the clock, of this transaction only. Returns the time.
    ///
    /// # Errors
    /// `InvalidArgument` beyond the end of time.
    pub async fn advance(&mut self, by: Duration) -> Result<DateTime<Utc>> {
        let seconds = by.as_secs_f64();
        self.now = time(self.command(Command::Advance { seconds }).await?)?;
        Ok(self.now)
    }

    /// Does what an operator would.
    ///
    /// # Errors
    /// `NotFound`, `IllegalTransition`: the test goes on as if nothing had been asked.
    pub async fn operate(&mut self, task_id: TaskId, operation: Operation) -> Result<TestReport> {
        let operator = Operator::named("the test");
        let command = Command::Operate {
            task_id,
            operation,
            operator,
        };
        let answer = self.command(command).await?;
        self.reported(answer)
    }

    /// Begins to inject a fault into a step: `workflow.fault("charge").on_attempt(1).retryable("gateway down")?`. Where
    /// several strike the same attempt, the one injected last does.
    pub fn fault(&mut self, step: impl Into<String>) -> FaultBuilder<'_, 'c> {
        FaultBuilder::new(self, step.into())
    }

    /// Injects a fault.
    ///
    /// # Errors
    /// `InvalidArgument` where an earlier call was dropped before its end.
    pub fn inject(&mut self, fault: Fault) -> Result<()> {
        self.session.inject(fault)
    }

    /// Takes all faults back.
    ///
    /// # Errors
    /// `InvalidArgument` where an earlier call was dropped before its end.
    pub fn clear_faults(&mut self) -> Result<()> {
        self.session.clear_faults()
    }

    /// Asks whether the workflow is right if its process dies anywhere: it runs once undisturbed, then once for each point
    /// at which the process could die, each time in a savepoint that is rolled back. What is compared and judged is said on
    /// the value that comes back.
    pub fn crash_everywhere(&mut self, request: &TaskRequest) -> CrashEverywhere<'_, 'c> {
        CrashEverywhere::new(self, request.clone())
    }

    pub(super) async fn crash(
        &mut self,
        request: TaskRequest,
        may_differ: Vec<String>,
        judge: &mut impl Judge,
    ) -> Result<CrashReport> {
        let command = Command::CrashEverywhere {
            request: Box::new(request),
            may_differ,
        };
        match self.judged_command(command, judge).await? {
            Answer::Crashes { report } => Ok(*report),
            other => Err(unexpected(&other)),
        }
    }

    async fn command(&mut self, command: Command) -> Result<Answer> {
        self.judged_command(command, &mut ()).await
    }

    /// Does what the driver asks for, until it has its answer.
    async fn judged_command(&mut self, command: Command, judge: &mut impl Judge) -> Result<Answer> {
        self.session.begin(command)?;
        loop {
            match self.session.next_action()? {
                Action::Execute { statement } => match statement.execute(self.connection).await {
                    Ok(rows) => self.session.rows(rows)?,
                    Err(error) => self.session.refused(error)?,
                },
                Action::Invoke { invocation } => {
                    let host: Arc<TestHost> = Arc::clone(&self.host);
                    let attempt = run_attempt(&self.registry, *invocation, host, CancellationToken::new());
                    let outcome = self.lender.serve(self.connection, attempt).await;
                    self.session.outcome(outcome)?;
                }
                Action::Check { variant } => {
                    let problem = judge.judge(&variant, self.connection).await;
                    self.session.checked(problem)?;
                }
                Action::Done { answer } => return Ok(answer),
            }
        }
    }

    fn reported(&mut self, answer: Answer) -> Result<TestReport> {
        match answer {
            Answer::Report { report } => {
                self.now = report.now;
                Ok(*report)
            }
            other => Err(unexpected(&other)),
        }
    }
}

fn time(answer: Answer) -> Result<DateTime<Utc>> {
    match answer {
        Answer::Time { now } => Ok(now),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(answer: &Answer) -> Error {
    Error::internal(format!("the test driver answered {answer:?} to another command"))
}
