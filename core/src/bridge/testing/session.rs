//! The test driver as the host holds it.

use super::fault::Fault;
use super::message::{Action, Answer, Command, TestOptions};
use super::state::State;
use super::{create, explore, operate, run};
use crate::bridge::port::{Ask, Conversation, Port, Reply, Turn};
use crate::error::{Error, Result};
use crate::model::{OutcomeKind, TaskId};

/// A test of workflows on one connection, in one transaction. See the [module](super).
///
/// Everything that it writes goes with the transaction: roll it back.
#[derive(Debug)]
pub struct TestSession {
    /// None while a command is on its way: it has the state.
    state: Option<Box<State>>,
    running: Option<Conversation<(Box<State>, Result<Answer>)>>,
}

impl TestSession {
    /// A session; nothing has been asked of the host yet. The first command is [`Command::Open`].
    ///
    /// # Errors
    /// `ConfigInvalid` where a setting or the name of the schema is not usable.
    pub fn new(options: TestOptions) -> Result<Self> {
        let schema = options.checked()?;
        Ok(Self {
            state: Some(Box::new(State::new(schema, options.settings)?)),
            running: None,
        })
    }

    /// The names of the handlers that the host has: nothing else is claimed.
    ///
    /// # Errors
    /// `InvalidArgument` while a command is on its way.
    pub fn handlers(&mut self, names: Vec<String>) -> Result<()> {
        self.idle()?.set_handlers(names);
        Ok(())
    }

    /// Injects a fault. Where several strike the same attempt, the one injected last does.
    ///
    /// # Errors
    /// `InvalidArgument` while a command is on its way.
    pub fn inject(&mut self, fault: Fault) -> Result<()> {
        self.idle()?.faults.push(fault);
        Ok(())
    }

    /// Takes all faults back.
    ///
    /// # Errors
    /// `InvalidArgument` while a command is on its way.
    pub fn clear_faults(&mut self) -> Result<()> {
        self.idle()?.faults.clear();
        Ok(())
    }

    /// Begins a command. Its answer is the last of its actions.
    ///
    /// # Errors
    /// `InvalidArgument` while another is on its way.
    pub fn begin(&mut self, command: Command) -> Result<()> {
        self.idle()?;
        let Some(mut state) = self.state.take() else {
            return Err(busy());
        };
        self.running = Some(Conversation::new(|port| {
            Box::pin(async move {
                let answer = obey(&mut state, &port, command).await;
                (state, answer)
            })
        }));
        Ok(())
    }

    /// What the host is to do next.
    ///
    /// # Errors
    /// The engine error that the command ended with: the session can go on with another command. `InvalidArgument` where
    /// the last action was not answered, or no command was begun.
    pub fn next_action(&mut self) -> Result<Action> {
        let running = self.running.as_mut().ok_or_else(|| {
            Error::invalid_argument("the test driver has no command to carry out: begin one first")
        })?;
        match running.next()? {
            Turn::Asked(Ask::Execute(statement)) => Ok(Action::Execute { statement }),
            Turn::Asked(Ask::Invoke(invocation)) => Ok(Action::Invoke { invocation }),
            Turn::Asked(Ask::Check(variant)) => Ok(Action::Check { variant }),
            Turn::Ended((state, answer)) => {
                self.state = Some(state);
                self.running = None;
                answer.map(|answer| Action::Done { answer })
            }
        }
    }

    /// Tells the rows of a statement: the one column of each, none for a statement without rows.
    ///
    /// # Errors
    /// `InvalidArgument` where no statement was asked for.
    pub fn rows(&mut self, rows: Vec<String>) -> Result<()> {
        self.tell(Reply::Rows(Ok(rows)))
    }

    /// Tells that a statement went wrong; see [`database_error`](crate::store::database_error).
    ///
    /// # Errors
    /// `InvalidArgument` where no statement was asked for.
    pub fn refused(&mut self, error: Error) -> Result<()> {
        self.tell(Reply::Rows(Err(error)))
    }

    /// Tells what came of an attempt.
    ///
    /// # Errors
    /// `InvalidArgument` where no attempt was asked for.
    pub fn outcome(&mut self, outcome: OutcomeKind) -> Result<()> {
        self.tell(Reply::Outcome(outcome))
    }

    /// Tells what the test's own assertions find wrong with a variant.
    ///
    /// # Errors
    /// `InvalidArgument` where no judgement was asked for.
    pub fn checked(&mut self, problem: Option<String>) -> Result<()> {
        self.tell(Reply::Checked(problem))
    }

    fn tell(&mut self, reply: Reply) -> Result<()> {
        match &mut self.running {
            Some(running) => running.tell(reply),
            None => Err(Error::invalid_argument(
                "the test driver has asked for nothing: begin a command first",
            )),
        }
    }

    fn idle(&mut self) -> Result<&mut State> {
        self.state.as_deref_mut().ok_or_else(busy)
    }
}

fn busy() -> Error {
    Error::invalid_argument(
        "a command of this test was begun and not brought to its end: carry out its actions until it is done; where it \
         was abandoned, roll the transaction back and begin a new test",
    )
}

async fn obey(state: &mut State, port: &Port, command: Command) -> Result<Answer> {
    match command {
        Command::Open => state.open(port).await.map(|now| Answer::Time { now }),
        Command::Register { template } => create::register(state, port, &template)
            .await
            .map(|registered| Answer::Registered { registered }),
        Command::Create { request } => create::create(state, port, &request)
            .await
            .map(|created| Answer::Created { created }),
        Command::Run { task_id, until } => {
            run::run(state, port, task_id, until).await?;
            report_of(state, port, task_id).await
        }
        Command::Report { task_id } => report_of(state, port, task_id).await,
        Command::Advance { seconds } => state.advance(port, seconds).await.map(|now| Answer::Time { now }),
        Command::Operate {
            task_id,
            operation,
            operator,
        } => {
            operate::operate(state, port, task_id, &operation, &operator).await?;
            report_of(state, port, task_id).await
        }
        Command::CrashEverywhere { request, may_differ } => {
            explore::crash_everywhere(state, port, &request, &may_differ)
                .await
                .map(|report| Answer::Crashes {
                    report: Box::new(report),
                })
        }
    }
}

async fn report_of(state: &mut State, port: &Port, task_id: TaskId) -> Result<Answer> {
    state.report(port, task_id).await.map(|report| Answer::Report {
        report: Box::new(report),
    })
}
