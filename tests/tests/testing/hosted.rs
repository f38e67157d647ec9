//! The host's own connection as a language holds it: JSON in, JSON out, for transactions and for tests.

use crate::support::{begun, checkout, client, database};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row, postgres::PgRow};
use tasker_core::bridge::{Engine, HostedSession};
use tasker_core::{Error, ErrorKind};
use tasker_tests::TestDatabase;

fn engine(database: &TestDatabase) -> Engine {
    Engine::new(&json!({"database_url": database.url(), "isolated": true}).to_string()).unwrap()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What a library of PostgreSQL makes of a statement, as the session is told it.
async fn execute(connection: &mut PgConnection, statement: &Value) -> Value {
    let sql = statement["sql"].as_str().unwrap().to_owned();
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).persistent(false);
    for parameter in statement["parameters"].as_array().unwrap() {
        query = query.bind(parameter.as_str().map(str::to_owned));
    }
    match query.fetch_all(connection).await {
        Ok(rows) => json!({"rows": rows.iter().map(|row: &PgRow| row.get(0)).collect::<Vec<String>>()}),
        Err(sqlx::Error::Database(refused)) => json!({"refused": {
            "sqlstate": refused.code().unwrap_or_default(), "message": refused.message(), "hint": null}}),
        Err(error) => panic!("{error}"),
    }
}

/// Carries out a command, with handlers that return the names of their steps.
async fn carry_out(
    session: &HostedSession,
    connection: &mut PgConnection,
    command: &Value,
) -> Result<Value, Error> {
    let mut action = parse(&session.begin(&command.to_string())?);
    loop {
        let told = match action["action"].as_str().unwrap() {
            "execute" => execute(connection, &action["statement"]).await,
            "invoke" => {
                let mut outcome =
                    json!({"outcome": "completed", "results": action["invocation"]["step_name"]});
                for key in ["task_id", "step_no", "claim_no"] {
                    outcome[key] = action["invocation"][key].clone();
                }
                json!({"outcome": outcome})
            }
            "check" => json!({"checked": null}),
            _ => return Ok(action["answer"].take()),
        };
        action = parse(&session.tell(&told.to_string())?);
    }
}

async fn shop(database: &TestDatabase) {
    let client = client(&database.url());
    client.register_template(&checkout(), false).await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn tasks_are_created_with_the_transaction_or_not_at_all() {
    let database = database().await;
    shop(&database).await;
    let client = client(&database.url());
    let session = engine(&database).session().unwrap();
    let task = json!({"name": "checkout", "namespace": "shop", "context": {"order": 7}});
    let command = json!({"command": "create", "tasks": [task, task]});

    let mut connection = begun(&database).await;
    let gone = carry_out(&session, &mut connection, &command).await.unwrap();
    sqlx::raw_sql("rollback; begin")
        .execute(&mut connection)
        .await
        .unwrap();
    let kept = carry_out(&session, &mut connection, &command).await.unwrap();
    sqlx::raw_sql("commit").execute(&mut connection).await.unwrap();

    let id = |answer: &Value| answer[0]["task_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        client.task(id(&gone)).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
    assert_eq!(client.task(id(&kept)).await.unwrap().context["order"], 7);
    assert_eq!(kept.as_array().unwrap().len(), 2);
    client.close().await;
}

#[tokio::test]
async fn a_lost_attempt_and_a_foreign_database_are_told_by_their_kinds() {
    let database = database().await;
    shop(&database).await;
    let engine = engine(&database);
    let session = engine.session().unwrap();
    let attempt = json!({"task_id": "0190a0a0-0000-7000-8000-000000000000", "step_no": 1, "claim_no": 1});
    let complete = json!({"command": "complete", "attempt": attempt, "results": {}});
    let mut connection = begun(&database).await;
    let lost = carry_out(&session, &mut connection, &complete).await.unwrap_err();
    assert_eq!(lost.kind, ErrorKind::AttemptLost);

    sqlx::raw_sql("rollback; drop schema tasker cascade; begin")
        .execute(&mut connection)
        .await
        .unwrap();
    let create = json!({"command": "create", "tasks": [{"name": "checkout", "namespace": "shop"}]});
    let foreign = carry_out(&session, &mut connection, &create).await.unwrap_err();
    assert_eq!(foreign.kind, ErrorKind::ConfigInvalid, "{foreign}");
}

#[tokio::test]
async fn a_workflow_is_tested_by_messages() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let session = HostedSession::for_tests("{}").unwrap();
    let steps = ["check", "charge", "ship", "thank"].map(|step| format!("shop.checkout.{step}"));
    for command in [
        json!({"command": "open"}),
        json!({"command": "handlers", "names": steps}),
        json!({"command": "register", "template": serde_json::to_value(checkout()).unwrap()["source"]}),
        json!({"command": "inject", "fault": {"step": "charge", "attempt": 1, "fault": "worker_lost"}}),
    ] {
        carry_out(&session, &mut connection, &command).await.unwrap();
    }
    let create = json!({"command": "create", "request": {"name": "checkout", "namespace": "shop"}});
    let task = carry_out(&session, &mut connection, &create).await.unwrap()["created"]["task_id"].take();
    let run = json!({"command": "run", "task_id": task, "until": "end"});
    let report = carry_out(&session, &mut connection, &run).await.unwrap()["report"].take();
    assert_eq!(report["task"]["status"], "complete");
    let charges: Vec<&Value> = report["executions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["step"] == "charge")
        .map(|one| &one["outcome"])
        .collect();
    assert_eq!(charges, ["worker_lost", "completed"]);

    let statement = session.results_statement(task.as_str().unwrap()).unwrap();
    let rows = execute(&mut connection, &parse(&statement)).await["rows"].take();
    assert_eq!(
        parse(&session.read_results(&rows.to_string()).unwrap())["ship"],
        "ship"
    );

    carry_out(&session, &mut connection, &json!({"command": "clear_faults"}))
        .await
        .unwrap();
    let crash = json!({"command": "crash_everywhere", "request": {"name": "checkout", "namespace": "shop"}});
    let crashes = carry_out(&session, &mut connection, &crash).await.unwrap()["report"].take();
    assert!(crashes["variants"].as_array().unwrap().len() > 8, "{crashes}");
}

#[tokio::test]
async fn what_does_not_answer_the_last_action_is_refused() {
    let database = database().await;
    let session = engine(&database).session().unwrap();
    let nothing = session.tell(r#"{"rows": []}"#).unwrap_err();
    assert_eq!(nothing.kind, ErrorKind::InvalidArgument, "{nothing}");
    session
        .begin(r#"{"command": "create", "tasks": [{"name": "order"}]}"#)
        .unwrap();
    for (told, told_of) in [
        (r#"{"checked": null}"#, "statements only"),
        (r#"{"row": []}"#, "row"),
        ("no JSON", "what came of an action"),
    ] {
        let error = session.tell(told).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.message.contains(told_of), "{error}");
    }
    let tests = HostedSession::for_tests(r#"{"shema": "tasker"}"#).unwrap_err();
    assert!(tests.message.contains("shema"), "{tests}");
}
