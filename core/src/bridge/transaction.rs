//! Tasks and steps on the host's own connection, in the host's own transaction: what is rolled back never was.
//!
//! Nothing here speaks to a database: a [`TransactionSession`] is asked for its next statement, the host executes it, and
//! tells the rows. So one session works over psycopg, pg, ActiveRecord or libpq.

use super::message::AttemptMessage;
use super::port::{Ask, Conversation, Port, Reply, Turn};
use super::prepare::{
    prepare_complete, prepare_create_all, prepare_plan_here, read_created_all, read_plan_here, to_be_created,
};
use crate::engine::{KnownDatabase, elsewhere, unknown_template};
use crate::error::{Error, Result};
use crate::model::{Settings, TaskRequest};
use crate::store::{Foreign, Plan, Prepared};
use crate::template::DEFAULT_NAMESPACE;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::collections::{HashMap, hash_map::Entry};

/// What a host wants done in its transaction.
#[derive(Debug)]
pub(super) enum TransactionCommand {
    /// Create tasks, validated and with their defaults as the engine does it: all of them, or none.
    Create(Vec<TaskRequest>),
    /// Complete a step. Results as JSON text.
    Complete {
        attempt: AttemptMessage,
        results: Box<RawValue>,
    },
}

impl TransactionCommand {
    /// Reads the text of a JSON object.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(super) fn read(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Named {
            command: String,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Create {
            #[serde(rename = "command")]
            _command: String,
            tasks: Vec<TaskRequest>,
        }
        // Read in one piece: results keep their text only where serde need not look at a tag first.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Complete {
            #[serde(rename = "command")]
            _command: String,
            attempt: AttemptMessage,
            results: Box<RawValue>,
        }
        let Named { command } = read(text, "a command")?;
        match command.as_str() {
            "create" => Ok(Self::Create(read::<Create>(text, "create")?.tasks)),
            "complete" => {
                let Complete { attempt, results, .. } = read(text, "complete")?;
                Ok(Self::Complete { attempt, results })
            }
            other => Err(Error::invalid_argument(format!(
                "in a transaction there is no command '{other}'; there are 'create' and 'complete'"
            ))),
        }
    }
}

fn read<'t, T: Deserialize<'t>>(text: &'t str, what: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::invalid_argument(format!("{what}: {error}")).with_source(error))
}

/// What the host is to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Execute this.
    Execute(Prepared),
    /// Nothing: this is the answer.
    Done(Value),
}

/// Work in the host's transaction.
#[derive(Debug)]
pub(super) struct TransactionSession {
    sql: Foreign,
    settings: Settings,
    database: KnownDatabase,
    running: Option<Conversation<Result<Value>>>,
}

impl TransactionSession {
    pub(super) fn new(sql: Foreign, settings: Settings, database: KnownDatabase) -> Self {
        Self {
            sql,
            settings,
            database,
            running: None,
        }
    }

    /// Begins a command. One that was abandoned before its end is forgotten.
    pub(super) fn begin(&mut self, command: TransactionCommand) {
        let (sql, settings, database) = (self.sql.clone(), self.settings.clone(), self.database.clone());
        self.running = Some(Conversation::new(|port| {
            Box::pin(async move {
                match command {
                    TransactionCommand::Create(tasks) => {
                        create(&port, &sql, &settings, &database, &tasks).await
                    }
                    TransactionCommand::Complete { attempt, results } => {
                        let max_bytes = settings.execution.max_result_bytes;
                        let statement = prepare_complete(&sql, &attempt, results.get(), max_bytes)?;
                        port.execute(statement).await.map_err(elsewhere)?;
                        Ok(Value::Null)
                    }
                }
            })
        }));
    }

    /// # Errors
    /// What the command ended with; `InvalidArgument` where nothing was begun, or the last statement was not answered.
    pub(super) fn next(&mut self) -> Result<Next> {
        match self.running()?.next()? {
            Turn::Asked(Ask::Execute(statement)) => Ok(Next::Execute(statement)),
            Turn::Asked(Ask::Invoke(_) | Ask::Check(_)) => Err(Error::internal(
                "a transaction asked for something other than a statement",
            )),
            Turn::Ended(answer) => {
                self.running = None;
                answer.map(Next::Done)
            }
        }
    }

    /// # Errors
    /// `InvalidArgument` where nothing was asked for.
    pub(super) fn tell(&mut self, rows: Result<Vec<String>>) -> Result<()> {
        self.running()?.tell(Reply::Rows(rows))
    }

    fn running(&mut self) -> Result<&mut Conversation<Result<Value>>> {
        self.running.as_mut().ok_or_else(|| {
            Error::invalid_argument("nothing was begun in this transaction: begin a command first")
        })
    }
}

async fn create(
    port: &Port,
    sql: &Foreign,
    settings: &Settings,
    database: &KnownDatabase,
    requests: &[TaskRequest],
) -> Result<Value> {
    // Asked anew in every transaction: what was kept may have been replaced, and a refused statement would cost the host
    // its transaction. So would asking PostgreSQL for a task of a template that is not there.
    let mut plans: HashMap<Named<'_>, Plan> = HashMap::new();
    for request in requests {
        if let Entry::Vacant(place) = plans.entry(named(request)) {
            let rows = port
                .execute(prepare_plan_here(sql, request))
                .await
                .map_err(elsewhere)?;
            let (here, plan) = read_plan_here(&rows)?;
            database.check(&here)?;
            let (namespace, name, version) = named(request);
            place.insert(
                plan.ok_or_else(|| unknown_template(namespace.unwrap_or(DEFAULT_NAMESPACE), name, version))?,
            );
        }
    }
    let completed = requests
        .iter()
        .map(|request| to_be_created(settings, request, plans.get(&named(request))))
        .collect::<Result<Vec<Value>>>()?;
    if completed.is_empty() {
        return Ok(json!([]));
    }
    let rows = port
        .execute(prepare_create_all(sql, completed))
        .await
        .map_err(elsewhere)?;
    serde_json::to_value(read_created_all(&rows)?)
        .map_err(|error| Error::internal("an answer cannot be written as JSON").with_source(error))
}

/// Namespace, name and version, as a request has them.
type Named<'r> = (Option<&'r str>, &'r str, Option<&'r str>);

fn named(request: &TaskRequest) -> Named<'_> {
    (
        request.namespace.as_deref(),
        &request.name,
        request.version.as_deref(),
    )
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::error::ErrorKind;
    use crate::store::{SchemaName, database_error};

    fn session() -> TransactionSession {
        TransactionSession::new(
            Foreign::new(SchemaName::new("tasker").unwrap()),
            Settings::default(),
            KnownDatabase::default(),
        )
    }

    fn begun(command: &Value) -> TransactionSession {
        let mut session = session();
        session.begin(TransactionCommand::read(&command.to_string()).unwrap());
        session
    }

    fn statement(session: &mut TransactionSession) -> Prepared {
        match session.next().unwrap() {
            Next::Execute(statement) => statement,
            Next::Done(answer) => panic!("{answer}"),
        }
    }

    #[test]
    fn tasks_of_one_template_ask_for_it_once() {
        let tasks = json!([{"name": "order"}, {"name": "order", "context": {"order": 7}}]);
        let mut session = begun(&json!({"command": "create", "tasks": tasks}));
        assert!(statement(&mut session).sql.contains("find_plan"));
        let plan = json!({"database": "1/5", "plan_id": 3, "version": "1.0.0", "schema": null});
        session.tell(Ok(vec![plan.to_string()])).unwrap();
        let created = statement(&mut session);
        let requests: Value = serde_json::from_str(created.parameters[0].as_deref().unwrap()).unwrap();
        assert_eq!(requests.as_array().unwrap().len(), 2);
        let row =
            json!({"task_id": "0190a0a0-0000-7000-8000-000000000000", "created": true, "pruned": false});
        session.tell(Ok(vec![row.to_string(), row.to_string()])).unwrap();
        let Next::Done(answer) = session.next().unwrap() else {
            panic!("not done");
        };
        assert_eq!(answer.as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_template_that_is_not_there_costs_the_host_no_refused_statement() {
        let mut session =
            begun(&json!({"command": "create", "tasks": [{"name": "order", "namespace": "shop"}]}));
        statement(&mut session);
        let nothing = json!({"database": "1/5", "plan_id": null, "version": null, "schema": null});
        session.tell(Ok(vec![nothing.to_string()])).unwrap();
        let error = session.next().unwrap_err();
        assert_eq!(error.kind, ErrorKind::UnknownNamedTask);
        assert!(
            error.message.contains("'order'") && error.message.contains("'shop'"),
            "{error}"
        );
    }

    #[test]
    fn a_database_that_is_not_the_engines_is_refused_before_anything_is_created() {
        let sql = Foreign::new(SchemaName::new("tasker").unwrap());
        let known = KnownDatabase::default();
        known.set("1/5".to_owned());
        let mut session = TransactionSession::new(sql, Settings::default(), known);
        let create = json!({"command": "create", "tasks": [{"name": "order"}]});
        session.begin(TransactionCommand::read(&create.to_string()).unwrap());
        statement(&mut session);
        let row = json!({"database": "1/6", "plan_id": null, "version": null, "schema": null});
        session.tell(Ok(vec![row.to_string()])).unwrap();
        let error = session.next().unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
    }

    #[test]
    fn a_database_without_tasker_is_a_matter_of_configuration() {
        let mut session = begun(&json!({"command": "create", "tasks": [{"name": "order"}]}));
        statement(&mut session);
        let refused = database_error("3F000", "schema \"tasker\" does not exist", None);
        session.tell(Err(refused)).unwrap();
        let error = session.next().unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert!(error.message.contains("own database"), "{error}");
    }

    #[test]
    fn results_keep_their_text_and_what_cannot_be_stored_is_refused_before_any_statement() {
        let attempt = r#"{"task_id":"0190a0a0-0000-7000-8000-000000000000","step_no":1,"claim_no":2}"#;
        let complete = |results: &str| {
            let text = format!(r#"{{"command":"complete","attempt":{attempt},"results":{results}}}"#);
            let mut session = session();
            session.begin(TransactionCommand::read(&text).unwrap());
            session.next()
        };
        let Next::Execute(statement) = complete("18446744073709551615").unwrap() else {
            panic!("not a statement");
        };
        assert_eq!(statement.parameters[3].as_deref(), Some("18446744073709551615"));
        let error = complete(r#""\u0000""#).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }

    #[test]
    fn an_unknown_command_is_told_which_there_are() {
        let error = TransactionCommand::read(r#"{"command":"commit"}"#).unwrap_err();
        assert!(error.message.contains("'create' and 'complete'"), "{error}");
    }
}
