//! Who may ask for what: the table beside this, walked through.

use crate::support::Shop;
use axum::body::Body;
use axum::http::Request;
use regex::Regex;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tasker_core::model::{AuthSettings, Operator};
use tasker_server::{Auth, Caller, Options, PERMISSIONS, Principal, graphql_schema};

const TABLE: &str = include_str!("authorization.tsv");

#[derive(Debug)]
struct Row {
    field: &'static str,
    permissions: BTreeSet<&'static str>,
    roles: Vec<&'static str>,
    query: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let [field, permissions, roles, query] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("four columns are needed: {line}");
            };
            Row {
                field,
                permissions: permissions.split(' ').filter(|name| name.contains(':')).collect(),
                roles: match roles {
                    "all" => vec!["viewer", "operator", "admin"],
                    some => some.split(' ').collect(),
                },
                query,
            }
        })
        .collect()
}

/// Fields of the schema by `Type.field`, with what their descriptions say that they take: those of a root, those that lead to
/// something with fields of its own, and whatever says that it takes something.
fn described() -> BTreeMap<String, BTreeSet<String>> {
    // Arguments with descriptions stand on lines of their own.
    let arguments = Regex::new(r"(?ms)^(\t\w+)\(\n.*?^\t\)").unwrap();
    let schema = graphql_schema();
    let schema = arguments.replace_all(&schema, "$1");
    let types = Regex::new(r"(?ms)^(?:type|interface) (\w+)[^\n]*\{\n(.*?)^\}").unwrap();
    let unions = Regex::new(r"(?m)^union (\w+)").unwrap();
    let described = Regex::new("(?ms)^\t\"\"\"\n(.*?)^\t\"\"\"\n").unwrap();
    let field = Regex::new(r"^\t(\w+)(?:\(.*\))?: \[?(\w+)").unwrap();
    let takes = Regex::new(r"tasker\.\w+:\w+").unwrap();
    let with_fields: BTreeSet<&str> = types
        .captures_iter(&schema)
        .chain(unions.captures_iter(&schema))
        .map(|of| of.get(1).unwrap().as_str())
        .collect();
    let mut found = BTreeMap::new();
    let mut note = |of: &str, name: &str, leads_to: &str, description: &str| {
        let found_in = takes.find_iter(description);
        let permissions: BTreeSet<String> = found_in.map(|one| one.as_str().to_owned()).collect();
        let is_root = ["Query", "Mutation", "Subscription"].contains(&of);
        if !permissions.is_empty() || is_root || with_fields.contains(leads_to) {
            found.insert(format!("{of}.{name}"), permissions);
        }
    };
    for of in types.captures_iter(&schema) {
        let mut rest = &of[2];
        while !rest.is_empty() {
            let description = described
                .captures(rest)
                .filter(|one| one.get(0).unwrap().start() == 0);
            let text = description
                .as_ref()
                .map_or("", |one| one.get(1).unwrap().as_str());
            rest = &rest[description.as_ref().map_or(0, |one| one.get(0).unwrap().end())..];
            let (line, after) = rest.split_once('\n').unwrap();
            let field = field
                .captures(line)
                .unwrap_or_else(|| panic!("{} has the line {line:?}", &of[1]));
            note(&of[1], &field[1], &field[2], text);
            rest = after;
        }
    }
    found
}

#[test]
fn the_table_has_every_field_that_leads_somewhere_or_takes_a_permission() {
    let described = described();
    let rows = rows();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row.field).collect();
    assert_eq!(
        described.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        listed,
        "server/tests/graphql/authorization.tsv has to have each of these, and no other"
    );
    for row in &rows {
        let told = &described[row.field];
        assert!(
            row.permissions.iter().all(|one| told.contains(*one)),
            "the description of {} names {told:?}",
            row.field
        );
    }
}

/// Whether anything of a query was refused to somebody with these grants.
async fn is_refused(shop: &Shop, row: &Row, grants: impl IntoIterator<Item = String>) -> (bool, String) {
    let request = serde_json::from_value(json!({"name": "one", "namespace": "shop"})).unwrap();
    let id = shop.client.create_task(&request).await.unwrap().task_id;
    let named = shop.client.task(id).await.unwrap().named_task_id.to_string();
    let note = json!({"a": 1});
    shop.client
        .annotate_task(id, "note", &note, &Operator::default())
        .await
        .unwrap();
    if row.field.starts_with("Subscription") {
        // So that what follows it ends.
        shop.client.cancel_task(id, &Operator::default()).await.unwrap();
    }
    let body = json!({"query": row.query.replace("$id", &id.to_string()).replace("$named", &named)});
    let accepted = if row.field.starts_with("Subscription") {
        "text/event-stream"
    } else {
        "application/json"
    };
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", accepted)
        .extension(Caller {
            principal: Some(Arc::new(Principal::with_grants("anna", grants))),
            from: None,
        })
        .body(Body::from(body.to_string()))
        .unwrap();
    let answer = shop.send(request).await;
    assert!(answer.status.is_success(), "{row:?}: {}", answer.text);
    assert!(
        !answer.text.contains("Unknown argument") && !answer.text.contains("Unknown field"),
        "{row:?}: {}",
        answer.text
    );
    (answer.text.contains("\"forbidden\""), answer.text)
}

async fn shop() -> Shop {
    Shop::with(Options {
        auth: Auth::host(),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn each_field_takes_its_permissions_and_no_other_will_do() {
    let shop = shop().await;
    let every: Vec<String> = PERMISSIONS
        .iter()
        .flat_map(|(resource, actions)| actions.iter().map(move |action| format!("{resource}:{action}")))
        .collect();
    for row in rows() {
        let (refused, text) = is_refused(&shop, &row, every.clone()).await;
        assert!(!refused, "{row:?} with everything: {text}");
        if row.field.starts_with("Query")
            || row.field.starts_with("Mutation")
            || row.field.starts_with("Subscription")
        {
            let own = row.permissions.iter().map(|one| (*one).to_owned());
            let (refused, text) = is_refused(&shop, &row, own).await;
            assert!(!refused, "{row:?} with what it takes: {text}");
        }
        for one in &row.permissions {
            let others = every.iter().filter(|name| name.as_str() != *one).cloned();
            let (refused, text) = is_refused(&shop, &row, others).await;
            assert!(refused, "{row:?} without {one}: {text}");
            assert!(text.contains(one), "what is needed is told: {text}");
        }
    }
}

#[tokio::test]
async fn each_role_may_ask_for_what_the_table_says() {
    let shop = shop().await;
    for (role, grants) in AuthSettings::default().roles {
        for row in rows() {
            let inside = !row.field.starts_with("Query")
                && !row.field.starts_with("Subscription")
                && row.query.starts_with("mutation");
            // What is reached by a mutation takes that one, too.
            let expected = row.roles.contains(&role.as_str()) && !(inside && role == "viewer");
            let (refused, text) = is_refused(&shop, &row, grants.clone()).await;
            assert_eq!(!refused, expected, "{role}: {row:?}: {text}");
        }
    }
}
