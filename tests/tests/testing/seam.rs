//! Statements for the host's own connection: `tests/vectors/prepared.json` holds every language to them, and PostgreSQL
//! understands them.

use crate::support::{begun, checkout, client, database};
use serde_json::{Value, json};
use tasker_core::ErrorKind;
use tasker_core::bridge::{
    AttemptMessage, Foreign, Prepared, prepare_complete, prepare_create, prepare_plan, read_created,
    read_plan,
};
use tasker_core::model::{Settings, TaskRequest};
use tasker_core::store::SchemaName;
use tasker_core::template::{ParseOptions, Template};

const VECTORS: &str = include_str!("../../vectors/prepared.json");

fn vectors() -> Vec<Value> {
    serde_json::from_str::<Value>(VECTORS).unwrap()["statements"]
        .as_array()
        .unwrap()
        .clone()
}

fn sql(schema: &str) -> Foreign {
    Foreign::new(SchemaName::new(schema).unwrap())
}

/// What the seam makes of a vector's `given`.
fn prepared(vector: &Value) -> tasker_core::Result<Prepared> {
    let given = &vector["given"];
    let sql = sql(given["schema"].as_str().unwrap_or("tasker"));
    let request = || serde_json::from_value::<TaskRequest>(given["request"].clone()).unwrap();
    match vector["call"].as_str().unwrap() {
        "prepare_plan" => Ok(prepare_plan(&sql, &request())),
        "prepare_create" => {
            let plan = read_plan(&texts(&given["plan_rows"])).unwrap();
            prepare_create(&sql, &Settings::default(), &request(), plan.as_ref())
        }
        "prepare_complete" => {
            let attempt: AttemptMessage = serde_json::from_value(given["attempt"].clone()).unwrap();
            let results = given["results"].as_str().unwrap();
            prepare_complete(&sql, &attempt, results, 1 << 20)
        }
        other => panic!("the vectors name an unknown call '{other}'"),
    }
}

/// A parameter as the vectors write it: null, its text, or the JSON in its text, where the order of keys says nothing.
fn as_in_vectors(parameter: Option<&str>, expected: &Value) -> Value {
    match parameter {
        None => Value::Null,
        Some(text) if expected.get("json").is_some() => {
            json!({"json": serde_json::from_str::<Value>(text).unwrap()})
        }
        Some(text) => json!({"text": text}),
    }
}

fn texts(rows: &Value) -> Vec<String> {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_statement_is_what_the_vectors_say() {
    let vectors = vectors();
    assert!(vectors.len() >= 8, "{} vectors", vectors.len());
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        match prepared(&vector) {
            Ok(prepared) => {
                assert_eq!(json!(prepared.sql), vector["sql"], "{name}");
                let expected = vector["parameters"].as_array().unwrap();
                assert_eq!(prepared.parameters.len(), expected.len(), "{name}");
                for (parameter, expected) in prepared.parameters.iter().zip(expected) {
                    assert_eq!(&as_in_vectors(parameter.as_deref(), expected), expected, "{name}");
                }
            }
            Err(error) => assert_eq!(json!(error.kind.name()), vector["error"], "{name}: {error}"),
        }
    }
}

#[tokio::test]
async fn postgresql_understands_every_statement_of_the_vectors() {
    let database = database().await;
    let mut connection = database.connect().await.unwrap();
    for vector in vectors().iter().filter(|vector| vector["sql"].is_string()) {
        if vector["given"]["schema"].is_string() {
            continue;
        }
        let sql = vector["sql"].as_str().unwrap();
        let prepared = sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "prepare vector as {sql}; deallocate vector"
        )));
        let answer = prepared.execute(&mut connection).await;
        assert!(answer.is_ok(), "{}: {}", vector["name"], answer.unwrap_err());
    }
}

#[tokio::test]
async fn a_host_creates_and_completes_on_its_own_connection() {
    let database = database().await;
    let client = client(&database.url());
    let mut template = serde_json::to_value(checkout()).unwrap()["source"].clone();
    template["schema"] = json!({"type": "object", "required": ["order"],
                                "properties": {"gift": {"type": "boolean", "default": false}}});
    let template = Template::from_json(&template, &ParseOptions::default()).unwrap();
    client.register_template(&template, false).await.unwrap();

    let mut connection = begun(&database).await;
    let sql = sql("tasker");
    let request = crate::support::request();
    let rows = prepare_plan(&sql, &request)
        .execute(&mut connection)
        .await
        .unwrap();
    let plan = read_plan(&rows).unwrap().unwrap();
    assert_eq!(plan.version, "1.0.0");
    let mut wrong = request.clone();
    wrong.context.clear();
    let error = prepare_create(&sql, &Settings::default(), &wrong, Some(&plan)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidContext);
    let statement = prepare_create(&sql, &Settings::default(), &request, Some(&plan)).unwrap();
    let created = read_created(&statement.execute(&mut connection).await.unwrap()).unwrap();
    assert!(created.created);

    // Not there before the commit, there after it, validated and with its defaults.
    assert!(client.task(created.task_id).await.is_err());
    sqlx::raw_sql("commit; begin")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(client.task(created.task_id).await.unwrap().context["gift"], false);

    let attempt = AttemptMessage {
        task_id: created.task_id,
        step_no: 1,
        claim_no: 1,
    };
    let complete = prepare_complete(&sql, &attempt, "{\"order\": 7}", 1 << 20).unwrap();
    let error = complete.execute(&mut connection).await.unwrap_err();
    assert_eq!(
        error.kind,
        ErrorKind::AttemptLost,
        "nobody has claimed it: {error}"
    );
    client.close().await;
}

#[test]
fn rows_that_are_none_are_refused_with_words() {
    let error = read_created(&[]).unwrap_err();
    assert!(error.message.contains("give the rows back"), "{error}");
    let error = read_plan(&["[]".to_owned()]).unwrap_err();
    assert!(error.message.contains("not of the expected shape"), "{error}");
    assert!(read_plan(&[]).unwrap().is_none());
}
