//! Who may ask for what.

use crate::support::{Shop, UNKNOWN};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tasker_server::{Auth, GraphqlOptions, Options, Principal};

fn somebody(grants: &[&str]) -> Arc<Principal> {
    Arc::new(Principal::with_grants("anna", grants.iter().copied()))
}

const SCHEMA: &str = "{ __schema {
    queryType { fields { name args { name type { ...T } defaultValue } type { ...T } } }
    mutationType { fields { name args { name type { ...T } defaultValue } type { ...T } } }
    types { name kind enumValues { name } inputFields { name defaultValue type { ...T } } } } }
  fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// A value of a type, so that a field can be asked at all.
fn value(of: &Value, name: &str, inputs: &BTreeMap<String, Value>) -> Option<Value> {
    let required = |fields: &Value| {
        let mut object = serde_json::Map::new();
        for field in fields.as_array().unwrap() {
            if field["type"]["kind"] == "NON_NULL" && field["defaultValue"].is_null() {
                let name = field["name"].as_str().unwrap();
                object.insert(
                    name.to_owned(),
                    value(&field["type"]["ofType"], name, inputs).unwrap(),
                );
            }
        }
        Value::Object(object)
    };
    Some(match (of["kind"].as_str().unwrap(), of["name"].as_str()) {
        ("NON_NULL", _) => value(&of["ofType"], name, inputs)?,
        ("LIST", _) => json!([value(&of["ofType"], name, inputs)?]),
        ("INPUT_OBJECT", Some(type_name)) => required(&inputs[type_name]),
        ("SCALAR", Some("ID")) if ["id", "ids"].contains(&name) => json!(format!("Task:{UNKNOWN}")),
        ("SCALAR", Some("ID" | "String")) => json!(UNKNOWN),
        ("SCALAR", Some("Int" | "BigInt")) => json!(1),
        ("SCALAR", Some("Boolean")) => json!(true),
        ("SCALAR", Some("JSON")) => json!({}),
        // The name of a value stands without quotes: a member without a name.
        ("ENUM", Some(type_name)) => json!({"": inputs[type_name][0]["name"]}),
        other => panic!("{name}: {other:?}"),
    })
}

fn literal(value: &Value) -> String {
    match value {
        Value::Object(members) if members.contains_key("") => members[""].as_str().unwrap().to_owned(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{name}: {}", literal(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(members) => format!("[{}]", members.iter().map(literal).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn every_field_of_a_root_takes_a_permission() {
    let shop = Shop::open().await;
    let nobody_much = somebody(&[]);
    let schema = shop.graph(SCHEMA, json!({})).await["__schema"].take();
    let inputs: BTreeMap<String, Value> = schema["types"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| ["INPUT_OBJECT", "ENUM"].contains(&one["kind"].as_str().unwrap()))
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                match one["kind"].as_str() {
                    Some("ENUM") => one["enumValues"].clone(),
                    _ => one["inputFields"].clone(),
                },
            )
        })
        .collect();
    let mut open = Vec::new();
    let mut shut = 0;
    for (operation, root) in [("query", "queryType"), ("mutation", "mutationType")] {
        for field in schema[root]["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let arguments: Vec<String> = field["args"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["type"]["kind"] == "NON_NULL" && one["defaultValue"].is_null())
                .map(|one| {
                    let name = one["name"].as_str().unwrap();
                    format!(
                        "{name}: {}",
                        literal(&value(&one["type"], name, &inputs).unwrap())
                    )
                })
                .collect();
            let arguments = if arguments.is_empty() {
                String::new()
            } else {
                format!("({})", arguments.join(", "))
            };
            let query = format!("{operation} {{ under: {name}{arguments} {{ __typename }} }}");
            let answer = shop.ask_graph_as(&nobody_much, &query, json!({})).await;
            assert!(answer.get("data").is_some(), "{query}: {answer}");
            match answer["errors"][0]["extensions"]["kind"].as_str() {
                Some("forbidden") => shut += 1,
                _ => open.push(name.to_owned()),
            }
        }
    }
    assert_eq!(open, ["annotationTypes"]);
    assert!(shut > 25, "{shut}");
}

#[tokio::test]
async fn a_field_that_may_not_be_read_is_null_and_the_others_are_answered() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let lister = somebody(&["tasker.task:index"]);
    let query = "query($id: ID!) { tasks { taskId workflowSteps { name } namedTask { name } taskAnnotations { annotation } }
        hidden: task(taskId: $id) { taskId } ...More annotationTypes { name } }
        fragment More on Query { sly: step(taskId: $id, stepId: \"1\") { name } }";
    let answer = shop.ask_graph_as(&lister, query, json!({"id": id})).await;
    assert_eq!(
        answer["data"],
        json!({
            "tasks": [{"taskId": id, "workflowSteps": null, "namedTask": null, "taskAnnotations": null}],
            "hidden": null, "sly": null, "annotationTypes": []
        })
    );
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 5, "{errors:?}");
    for error in errors {
        assert_eq!(error["extensions"]["kind"], "forbidden", "{error}");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("it takes the permission")
        );
    }
    // Down the other way: from steps to their task.
    let stepper = somebody(&["tasker.workflow_step:show"]);
    let query = "query($id: ID!) { step(taskId: $id, stepId: 1) { name children { name } task { taskId } namedStep { name } } }";
    let answer = shop.ask_graph_as(&stepper, query, json!({"id": id})).await;
    assert_eq!(
        answer["data"]["step"],
        json!({"name": "only", "children": null, "task": null, "namedStep": null})
    );
}

#[tokio::test]
async fn who_has_a_permission_may_and_is_named_in_the_trail() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let operator = somebody(&["tasker.task:cancel"]);
    let query = "mutation($id: ID!) { cancelTask(input: {taskId: $id, by: \"somebody else\", reason: \"wrong order\", clientMutationId: \"7\"}) { taskId status clientMutationId } }";
    let answer = shop.ask_graph_as(&operator, query, json!({"id": id})).await;
    assert_eq!(
        answer,
        json!({"data": {"cancelTask": {"taskId": id, "status": "cancelled", "clientMutationId": "7"}}})
    );
    let trail = shop
        .graph(
            "query($id: ID!) { timeline(taskId: $id) { toState metadata } }",
            json!({"id": id}),
        )
        .await;
    let last = trail["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["metadata"]["by"].is_string())
        .unwrap();
    assert_eq!(
        (&last["metadata"]["by"], &last["metadata"]["reason"]),
        (&json!("anna"), &json!("wrong order"))
    );
}

#[tokio::test]
async fn whoever_is_known_without_a_name_is_nobody_else() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let unnamed = Arc::new(Principal {
        name: None,
        ..Principal::with_grants("", ["tasker.task:cancel"])
    });
    let query = "mutation($id: ID!) { cancelTask(input: {taskId: $id, by: \"anna\", reason: \"wrong order\"}) { status } }";
    let answer = shop.ask_graph_as(&unnamed, query, json!({"id": id})).await;
    assert_eq!(answer["data"]["cancelTask"]["status"], "cancelled", "{answer}");
    let trail = shop.client.transitions(id.parse().unwrap(), None).await.unwrap();
    let last = &trail.last().unwrap().metadata;
    assert_eq!(
        (&last["by"], &last["reason"]),
        (&Value::Null, &json!("wrong order"))
    );
}

#[tokio::test]
async fn a_dry_run_shows_tasks_to_whoever_may_list_them() {
    let shop = Shop::open().await;
    shop.one(json!({"context": {"card": "4111"}})).await;
    let query = "mutation { bulk(input: {verb: CANCEL, filter: {namespace: \"shop\"}, dryRun: true}) { count sample { context } } }";
    let own = ["tasker.task:cancel", "tasker.task:bulk"];
    for (more, shown) in [
        (None, json!([])),
        (Some("tasker.task:index"), json!([{"context": {"card": "4111"}}])),
    ] {
        let grants: Vec<&str> = own.into_iter().chain(more).collect();
        let answer = shop.ask_graph_as(&somebody(&grants), query, json!({})).await;
        assert_eq!(
            answer["data"]["bulk"],
            json!({"count": 1, "sample": shown}),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn whoever_is_not_known_is_refused_before_anything_is_read() {
    let shop = Shop::with(Options {
        auth: Auth::host(),
        ..Options::default()
    })
    .await;
    for query in [
        "{ __schema { queryType { name } } }",
        "{ annotationTypes { name } }",
        "{",
    ] {
        let answer = shop.ask_graph(query, json!({})).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let known = shop
        .ask_graph_as(&somebody(&[]), "{ __schema { queryType { name } } }", json!({}))
        .await;
    assert_eq!(known["data"]["__schema"]["queryType"]["name"], "Query");
}

#[tokio::test]
async fn what_a_browser_says_by_itself_changes_nothing_from_another_site() {
    let shop = Shop::open().await;
    let cookie = Arc::new(Principal {
        ambient: true,
        ..Principal::with_grants("anna", ["*"])
    });
    for (site, status) in [
        ("same-origin", StatusCode::OK),
        ("cross-site", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("sec-fetch-site", site)
            .extension(tasker_server::Caller {
                principal: Some(Arc::clone(&cookie)),
                from: None,
            })
            .body(Body::from("{\"query\": \"{ annotationTypes { name } }\"}"))
            .unwrap();
        assert_eq!(shop.send(request).await.status, status);
    }
}

#[tokio::test]
async fn introspection_can_be_shut() {
    let shop = Shop::with(Options {
        graphql: GraphqlOptions {
            introspection: false,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    })
    .await;
    let answer = shop
        .ask_graph(
            "{ __schema { types { name } } __type(name: \"Task\") { name } }",
            json!({}),
        )
        .await
        .json();
    assert!(!answer.to_string().contains("WorkflowStep"), "{answer}");
    let answer = shop.ask_graph("{ task { taskId } }", json!({})).await.json();
    assert!(answer["errors"].is_array(), "{answer}");
}
