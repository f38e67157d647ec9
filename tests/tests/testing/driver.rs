//! The driver as a language without sqlx sees it: messages in, messages out, rows of text in between.

use crate::support::{begun, checkout, database, request};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row, postgres::PgRow};
use tasker_core::bridge::testing::{Action, Answer, Command, Fault, TestOptions, TestSession, Until};
use tasker_core::model::{Failure, OutcomeKind, State};
use tasker_core::store::database_error;
use tasker_core::{Error, ErrorKind};

/// A host in the manner of a scripting language: it knows of PostgreSQL what a text protocol knows, and of the driver
/// what its JSON says.
struct Host {
    connection: PgConnection,
    session: TestSession,
    statements: usize,
}

impl Host {
    async fn begin(connection: PgConnection) -> Self {
        let mut session = TestSession::new(TestOptions::default()).unwrap();
        let steps = ["check", "charge", "ship", "thank"];
        session
            .handlers(steps.map(|step| format!("shop.checkout.{step}")).to_vec())
            .unwrap();
        let mut host = Self {
            connection,
            session,
            statements: 0,
        };
        host.command(Command::Open).await.unwrap();
        host
    }

    async fn command(&mut self, command: Command) -> Result<Answer, Error> {
        // Over JSON, as it would come.
        let json = serde_json::to_string(&command).unwrap();
        self.session.begin(serde_json::from_str(&json).unwrap())?;
        loop {
            let action = self.session.next_action()?;
            let json = serde_json::to_value(&action).unwrap();
            match action {
                Action::Execute { .. } => self.execute(&json["statement"]).await,
                Action::Invoke { .. } => self.session.outcome(handler(&json["invocation"])).unwrap(),
                Action::Check { .. } => self.session.checked(None).unwrap(),
                Action::Done { answer } => return Ok(answer),
            }
        }
    }

    async fn execute(&mut self, statement: &Value) {
        self.statements += 1;
        let sql = statement["sql"].as_str().unwrap().to_owned();
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for parameter in statement["parameters"].as_array().unwrap() {
            query = query.bind(parameter.as_str().map(str::to_owned));
        }
        match query.fetch_all(&mut self.connection).await {
            Ok(rows) => {
                let rows = rows.iter().map(|row: &PgRow| row.get(0)).collect();
                self.session.rows(rows).unwrap();
            }
            Err(sqlx::Error::Database(refused)) => {
                let state = refused.code().unwrap_or_default().into_owned();
                self.session
                    .refused(database_error(&state, refused.message(), None))
                    .unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The handlers of that language.
fn handler(invocation: &Value) -> OutcomeKind {
    let results = match invocation["step_name"].as_str().unwrap() {
        "check" => json!({"order": invocation["context"]["order"]}),
        "charge" => json!({"charged": invocation["dependencies"]["check"]["order"]}),
        _ => Value::Null,
    };
    OutcomeKind::Completed {
        results: serde_json::value::to_raw_value(&results).unwrap(),
    }
}

#[tokio::test]
async fn a_language_drives_a_workflow_over_a_connection_of_its_own() {
    let database = database().await;
    let mut host = Host::begin(begun(&database).await).await;
    let template = Box::new(checkout());
    host.command(Command::Register { template }).await.unwrap();
    let request = Box::new(request());
    let created = match host.command(Command::Create { request }).await.unwrap() {
        Answer::Created { created } => created,
        other => panic!("{other:?}"),
    };
    let fault: Fault = serde_json::from_value(json!({
        "step": "charge", "attempt": 1, "fault": "fails", "failure": {"message": "gateway down", "retryable": true},
    }))
    .unwrap();
    host.session.inject(fault).unwrap();
    let run = Command::Run {
        task_id: created.task_id,
        until: Until::End,
    };
    let report = match host.command(run).await.unwrap() {
        Answer::Report { report } => report,
        other => panic!("{other:?}"),
    };
    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.step("charge").unwrap().results, json!({"charged": 7}));
    assert_eq!(
        report.step("ship").unwrap().results,
        json!({}),
        "nothing returned is stored as an empty object"
    );
    assert_eq!(report.executions.len(), 5);
    assert!(host.statements > 10);
}

#[tokio::test]
async fn what_postgresql_refuses_ends_the_command_and_not_the_session() {
    let database = database().await;
    let mut host = Host::begin(begun(&database).await).await;
    let request = Box::new(request());
    let error = host
        .command(Command::Create {
            request: request.clone(),
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownNamedTask);
    let template = Box::new(checkout());
    host.command(Command::Register { template }).await.unwrap();
    host.command(Command::Create { request }).await.unwrap();
}

#[test]
fn a_host_that_answers_out_of_turn_is_told_what_was_waited_for() {
    let mut session = TestSession::new(TestOptions::default()).unwrap();
    let error = session.next_action().unwrap_err();
    assert!(error.message.contains("begin one first"), "{error}");
    let error = session.rows(Vec::new()).unwrap_err();
    assert!(error.message.contains("begin a command first"), "{error}");

    session.begin(Command::Open).unwrap();
    let error = session.rows(Vec::new()).unwrap_err();
    assert!(error.message.contains("ask it for its next action"), "{error}");
    assert!(matches!(session.next_action().unwrap(), Action::Execute { .. }));
    let error = session.next_action().unwrap_err();
    assert!(
        error.message.contains("waits for the rows of a statement"),
        "{error}"
    );
    let outcome = OutcomeKind::Failed(Failure::default());
    let error = session.outcome(outcome).unwrap_err();
    assert!(
        error.message.contains("was told the outcome of an attempt"),
        "{error}"
    );
    let error = session.begin(Command::Open).unwrap_err();
    assert!(error.message.contains("not brought to its end"), "{error}");
    // It is still where it was.
    session.rows(Vec::new()).unwrap();
    assert!(matches!(session.next_action().unwrap(), Action::Execute { .. }));
}

#[test]
fn commands_before_the_first_and_times_that_are_none_are_refused() {
    for command in [
        Command::Advance { seconds: 1.0 },
        Command::Run {
            task_id: uuid::Uuid::nil(),
            until: Until::End,
        },
    ] {
        let mut session = TestSession::new(TestOptions::default()).unwrap();
        session.begin(command).unwrap();
        let error = session.next_action().unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error}");
    }
    let unknown = TestOptions {
        schema: "No Schema".to_owned(),
        ..TestOptions::default()
    };
    assert_eq!(
        TestSession::new(unknown).unwrap_err().kind,
        ErrorKind::ConfigInvalid
    );
}
