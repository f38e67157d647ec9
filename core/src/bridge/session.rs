//! Work on the host's own connection, as another language holds it: JSON in, JSON out.

use super::prepare::{prepare_results, read_results};
use super::testing::{Action, Command, Fault, TestOptions, TestSession};
use super::transaction::{Next, TransactionCommand, TransactionSession};
use super::verbs::{self, Registration};
use crate::engine::KnownDatabase;
use crate::error::{Error, Result};
use crate::model::{Outcome, Settings};
use crate::store::{Foreign, SchemaName, database_error};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::sync::{Mutex, PoisonError};

/// SQLSTATE for a refusal that came with none: the connection is gone.
const CONNECTION_FAILURE: &str = "08006";

/// Work on the host's own connection. A command is begun, and says what to do first; each answer says what to do next, until
/// there is the answer to the command.
///
/// An action is the text of a JSON object: `{"action": "execute", "statement": {"sql", "parameters"}}` (parameters are texts or
/// null, each row that comes back is one text), `{"action": "invoke", "invocation"}`, `{"action": "check", "variant"}`,
/// `{"action": "done", "answer"}`. What is told is one of `{"rows": [text]}`, `{"refused": {"sqlstate", "message", "hint"}}`,
/// `{"outcome": …}` as [`HostedWorker::complete`](super::HostedWorker::complete) takes it, `{"checked": problem or null}`.
#[derive(Debug)]
pub struct HostedSession {
    sql: Foreign,
    session: Mutex<Session>,
}

#[derive(Debug)]
enum Session {
    Transaction(Box<TransactionSession>),
    Test(Box<TestSession>),
}

/// What came of an action.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Told {
    Rows(Vec<String>),
    Refused(Refused),
    Outcome(Outcome),
    Checked(Option<String>),
}

/// What PostgreSQL says against a statement.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    sqlstate: Option<String>,
    message: String,
    hint: Option<String>,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let sqlstate = refused.sqlstate.as_deref().unwrap_or(CONNECTION_FAILURE);
        database_error(sqlstate, refused.message, refused.hint.as_deref())
    }
}

impl HostedSession {
    /// Work in transactions of the host: `create` (`tasks`) and `complete` (`attempt`, `results`). A connection to another
    /// database than the engine's is refused where the latter is known.
    ///
    /// # Errors
    /// `ConfigInvalid` where the name of the schema is not usable.
    pub(super) fn for_transactions(
        schema: &str,
        settings: &Settings,
        database: KnownDatabase,
    ) -> Result<Self> {
        let sql = Foreign::new(SchemaName::new(schema)?);
        let session = TransactionSession::new(sql.clone(), settings.clone(), database);
        Ok(Self::new(sql, Session::Transaction(Box::new(session))))
    }

    /// Tests of workflows in one transaction of the host. `options` is the text of a JSON object: `schema`, `settings`, blocks
    /// as in *tasker.yaml*; nothing is taken from the environment. Without a word on it the backoff has no jitter.
    ///
    /// Commands are those of [`Command`], the first of them `open`; `register` takes the arguments of the verb
    /// `register_template`; besides there are `handlers` (`names`), `inject` (`fault`) and `clear_faults`.
    ///
    /// # Errors
    /// `ConfigInvalid`, `InvalidArgument`.
    pub fn for_tests(options: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Options {
            schema: String,
            settings: Map<String, Value>,
        }
        impl Default for Options {
            fn default() -> Self {
                Self {
                    schema: TestOptions::default().schema,
                    settings: Map::new(),
                }
            }
        }
        let mut options: Options = read(options, "the options of a test")?;
        let backoff = options.settings.entry("backoff").or_insert_with(|| json!({}));
        if let Some(backoff) = backoff.as_object_mut() {
            backoff.entry("jitter_enabled").or_insert(Value::Bool(false));
        }
        let settings = serde_json::from_value(Value::Object(options.settings)).map_err(|error| {
            Error::invalid_argument(format!("the settings of a test: {error}")).with_source(error)
        })?;
        let sql = Foreign::new(SchemaName::new(&options.schema)?);
        let session = TestSession::new(TestOptions {
            schema: options.schema,
            settings,
        })?;
        Ok(Self::new(sql, Session::Test(Box::new(session))))
    }

    fn new(sql: Foreign, session: Session) -> Self {
        Self {
            sql,
            session: Mutex::new(session),
        }
    }

    /// Begins a command, the text of a JSON object with its name as `command`: the first action.
    ///
    /// # Errors
    /// What the command ends with, if it needs nothing of the host; `InvalidArgument` where this is no command.
    pub fn begin(&self, command: &str) -> Result<String> {
        self.with(|session| {
            match session {
                Session::Transaction(session) => session.begin(TransactionCommand::read(command)?),
                Session::Test(session) => {
                    if begin_test(session, command)? == Begun::Done {
                        return write(&json!({"action": "done", "answer": null}));
                    }
                }
            }
            session.next()
        })
    }

    /// Tells what came of the last action: the next one.
    ///
    /// # Errors
    /// What the command ended with; `InvalidArgument` where this is no answer to the last action.
    pub fn tell(&self, told: &str) -> Result<String> {
        let told: Told = read(told, "what came of an action")?;
        self.with(|session| {
            session.tell(told)?;
            session.next()
        })
    }

    /// The statement, as JSON, that reads what the steps of a task returned, for a handler that asks for more than came along.
    /// Commands on their way do not matter. Give its rows to [`HostedSession::read_results`].
    ///
    /// # Errors
    /// `InvalidArgument` where this is no id.
    pub fn results_statement(&self, task_id: &str) -> Result<String> {
        let task_id = task_id.parse().map_err(|_| {
            Error::invalid_argument(format!("'{task_id}' is not the id of a task: a UUID is expected"))
        })?;
        write(&prepare_results(&self.sql, task_id))
    }

    /// Results by the name of the step, as a JSON object. `rows` is the text of a JSON list of texts.
    ///
    /// # Errors
    /// `InvalidArgument`, `Internal` where these are no such rows.
    pub fn read_results(&self, rows: &str) -> Result<String> {
        let rows: Vec<String> = read(rows, "rows")?;
        write(&read_results(&rows)?)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        act(&mut self.session.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session {
    fn next(&mut self) -> Result<String> {
        match self {
            Self::Test(session) => write(&session.next_action()?),
            Self::Transaction(session) => match session.next()? {
                Next::Execute(statement) => write(&Action::Execute { statement }),
                Next::Done(answer) => write(&json!({"action": "done", "answer": answer})),
            },
        }
    }

    fn tell(&mut self, told: Told) -> Result<()> {
        match (self, told) {
            (Self::Transaction(session), Told::Rows(rows)) => session.tell(Ok(rows)),
            (Self::Transaction(session), Told::Refused(refused)) => session.tell(Err(refused.into())),
            (Self::Transaction(_), Told::Outcome(_) | Told::Checked(_)) => Err(Error::invalid_argument(
                "a transaction asks for statements only: tell their rows, or what PostgreSQL says against them",
            )),
            (Self::Test(session), Told::Rows(rows)) => session.rows(rows),
            (Self::Test(session), Told::Refused(refused)) => session.refused(refused.into()),
            (Self::Test(session), Told::Outcome(outcome)) => session.outcome(outcome.kind),
            (Self::Test(session), Told::Checked(problem)) => session.checked(problem),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Begun {
    /// The session has actions for the host.
    OnItsWay,
    /// It needed nothing.
    Done,
}

fn begin_test(session: &mut TestSession, text: &str) -> Result<Begun> {
    #[derive(Deserialize)]
    struct Handlers {
        names: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Inject {
        fault: Fault,
    }
    let mut fields: Map<String, Value> = read(text, "a command")?;
    let command = fields.get("command").and_then(Value::as_str).unwrap_or_default();
    match command {
        "handlers" => session.handlers(take::<Handlers>(fields)?.names)?,
        "inject" => session.inject(take::<Inject>(fields)?.fault)?,
        "clear_faults" => session.clear_faults()?,
        "register" => {
            fields.remove("command");
            let template = Box::new(verbs::compile(take::<Registration>(fields)?)?);
            session.begin(Command::Register { template })?;
            return Ok(Begun::OnItsWay);
        }
        _ => {
            session.begin(take(fields)?)?;
            return Ok(Begun::OnItsWay);
        }
    }
    Ok(Begun::Done)
}

fn take<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| Error::invalid_argument(format!("a command: {error}")).with_source(error))
}

fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::invalid_argument(format!("{what}: {error}")).with_source(error))
}

fn write(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("an action cannot be written as JSON").with_source(error))
}
