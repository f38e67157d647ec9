//! Who may do what: the table authorization.tsv, walked through with everything that somebody may bring.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::Shop;
use support::tokens::{self, SECRET};
use tasker_core::model::{AuthSettings, NewApiKey, Operator};
use tasker_server::{Auth, Options, PERMISSIONS, document};

const TABLE: &str = include_str!("authorization.tsv");
const ROLES: [&str; 3] = ["viewer", "operator", "admin"];

#[derive(Debug)]
struct Row {
    method: Method,
    path: &'static str,
    permissions: Vec<&'static str>,
    /// Whether anybody may, known or not.
    open: bool,
    roles: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let lines = TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let [operation, permissions, roles] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("three columns are needed: {line}");
            };
            let (method, path) = operation.split_once(' ').unwrap();
            Row {
                method: method.parse().unwrap(),
                path,
                permissions: permissions.split(' ').filter(|name| name.contains(':')).collect(),
                open: permissions == "-",
                roles: match roles {
                    "all" => ROLES.to_vec(),
                    some => some.split(' ').collect(),
                },
            }
        })
        .collect()
}

fn settings() -> AuthSettings {
    AuthSettings {
        api_keys: true,
        jwt_algorithms: vec!["HS256".to_owned()],
        jwt_secret: Some(SECRET.to_owned()),
        jwt_issuer: Some("issuer".to_owned()),
        jwt_audience: vec!["tasker".to_owned()],
        ..AuthSettings::default()
    }
}

async fn shop() -> Shop {
    Shop::with(Options {
        auth: Auth::checked(&settings()).unwrap(),
        ..Options::default()
    })
    .await
}

/// A task that can be asked about.
async fn task(shop: &Shop) -> String {
    let request = serde_json::from_value(json!({"name": "one", "namespace": "shop"})).unwrap();
    shop.client
        .create_task(&request)
        .await
        .unwrap()
        .task_id
        .to_string()
}

async fn ask(shop: &Shop, row: &Row, task: &str, credential: Option<&str>) -> (StatusCode, String) {
    let path = row
        .path
        .replace("{task_id}", task)
        .replace("{step_id}", "only")
        .replace("{namespace}", "shop")
        .replace("{name}", "one")
        .replace("{file}", "start.js")
        .replace("{worker_id}", support::UNKNOWN);
    let mut request = Request::builder().method(row.method.clone()).uri(path);
    if let Some(credential) = credential {
        request = request.header("authorization", format!("Bearer {credential}"));
    }
    let body = if row.method == Method::GET {
        axum::body::Body::empty()
    } else {
        request = request.header("content-type", "application/json");
        axum::body::Body::from("{}")
    };
    let answer = shop.send(request.body(body).unwrap()).await;
    (answer.status, answer.text)
}

fn allowed(status: StatusCode) -> bool {
    ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status)
}

#[test]
fn the_table_has_every_operation_that_is_served_and_no_other() {
    let document = document();
    let mut served = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let operation = format!("{} {path}", method.to_uppercase());
            // The verbs of bulk have a row each.
            if path == "/tasks/bulk/{verb}" {
                for verb in ["cancel", "retry", "resolve", "pause", "resume"] {
                    served.insert(operation.replace("{verb}", verb));
                }
            } else {
                served.insert(operation);
            }
        }
    }
    let listed: BTreeSet<String> = rows()
        .iter()
        .map(|row| format!("{} {}", row.method, row.path))
        .collect();
    let missing: Vec<_> = served.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&served).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "authorization.tsv lacks {missing:?}, and has {gone:?} which is not served"
    );
}

#[tokio::test]
async fn whoever_is_not_known_gets_in_nowhere() {
    let shop = shop().await;
    let task = task(&shop).await;
    let admin = json!({"sub": "mallory", "roles": ["admin"]});
    let (revoked, text) = shop
        .client
        .create_api_key(&NewApiKey {
            name: "revoked".to_owned(),
            roles: vec!["admin".to_owned()],
            ..NewApiKey::default()
        })
        .await
        .unwrap();
    shop.client
        .revoke_api_key(&revoked.key_id, Some("anna"))
        .await
        .unwrap();
    let credentials = [
        ("none", None),
        ("no token", Some("nonsense".to_owned())),
        ("unsigned", Some(tokens::unsigned(&admin))),
        (
            "another secret",
            Some(tokens::signed_with("another secret that is long enough", &admin)),
        ),
        (
            "expired",
            Some(tokens::signed(
                &json!({"sub": "m", "roles": ["admin"], "exp": 1_000_000_000}),
            )),
        ),
        (
            "another audience",
            Some(tokens::signed(
                &json!({"sub": "m", "roles": ["admin"], "aud": "other"}),
            )),
        ),
        (
            "another issuer",
            Some(tokens::signed(
                &json!({"sub": "m", "roles": ["admin"], "iss": "other"}),
            )),
        ),
        ("a revoked key", Some(text.clone())),
        (
            "a key with another secret",
            Some(format!("tsk_{}_{}", revoked.key_id, "x".repeat(43))),
        ),
        (
            "a key that there is not",
            Some(format!("tsk_000000000000_{}", "x".repeat(43))),
        ),
    ];
    for row in rows() {
        for (name, credential) in &credentials {
            let (status, text) = ask(&shop, &row, &task, credential.as_deref()).await;
            if row.open {
                assert!(allowed(status), "{row:?} with {name}: {text}");
            } else {
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{row:?} with {name}: {text}");
            }
        }
    }
    assert_eq!(
        shop.client
            .task(task.parse().unwrap())
            .await
            .unwrap()
            .status
            .as_str(),
        "pending"
    );
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says() {
    let shop = shop().await;
    for role in ["viewer", "operator", "admin", "stranger"] {
        let key = NewApiKey {
            name: role.to_owned(),
            roles: vec![role.to_owned()],
            ..NewApiKey::default()
        };
        let (_, key) = shop.client.create_api_key(&key).await.unwrap();
        let token = tokens::signed(&json!({"sub": role, "roles": [role]}));
        for row in rows() {
            let anybody = row.permissions.is_empty();
            let expected = anybody || row.roles.contains(&role);
            for credential in [&key, &token] {
                let task = task(&shop).await;
                let (status, text) = ask(&shop, &row, &task, Some(credential)).await;
                assert_eq!(allowed(status), expected, "{role}: {row:?}: {status} {text}");
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{role}: {row:?}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn each_operation_takes_its_permissions_and_no_other_will_do() {
    let shop = shop().await;
    let every: Vec<String> = PERMISSIONS
        .iter()
        .flat_map(|(resource, actions)| actions.iter().map(move |action| format!("{resource}:{action}")))
        .collect();
    for row in rows() {
        let own: Vec<String> = row.permissions.iter().map(|name| (*name).to_owned()).collect();
        let task_id = task(&shop).await;
        let token = tokens::signed(&json!({"sub": "anna", "permissions": own}));
        let (status, text) = ask(&shop, &row, &task_id, Some(&token)).await;
        assert!(allowed(status), "{row:?} with what it takes: {status} {text}");
        for one in &own {
            let others: Vec<&String> = every.iter().filter(|name| *name != one).collect();
            let token = tokens::signed(&json!({"sub": "anna", "permissions": others}));
            let (status, text) = ask(&shop, &row, &task_id, Some(&token)).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{row:?} without {one}: {text}");
            assert!(text.contains(one.as_str()), "what is needed is told: {text}");
        }
    }
}

#[tokio::test]
async fn who_and_from_where_stands_in_the_trail() {
    let shop = shop().await;
    let token = tokens::signed(&json!({"sub": "anna", "roles": ["operator"]}));
    let task = task(&shop).await;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("/tasks/{task}/cancel"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(axum::body::Body::from(
            r#"{"by": "somebody else", "reason": "changed her mind"}"#,
        ))
        .unwrap();
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(std::net::SocketAddr::from((
            [10, 1, 2, 3],
            999,
        ))));
    let answer = shop.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let trail = shop
        .client
        .transitions(task.parse().unwrap(), None)
        .await
        .unwrap();
    let last = &trail.last().unwrap().metadata;
    let told: Vec<&Value> = ["verb", "by", "reason", "from"]
        .iter()
        .map(|name| &last[name])
        .collect();
    assert_eq!(told, ["cancel", "anna", "changed her mind", "10.1.2.3"], "{last}");

    // Who asks for a task is its initiator, unless the request names another.
    let body = json!({"name": "one", "namespace": "shop"});
    let request = Request::builder()
        .method(Method::POST)
        .uri("/tasks")
        .header("authorization", format!("bearer {token}"))
        .header("content-type", "application/json");
    let answer = shop.send(request.body(body.to_string().into()).unwrap()).await;
    assert_eq!(answer.json()["task"]["initiator"], "anna");

    // Nothing of it stays for the next who steps in without.
    let other = shop
        .client
        .create_task(&serde_json::from_value(body).unwrap())
        .await
        .unwrap();
    shop.client
        .cancel_task(other.task_id, &Operator::named("bob"))
        .await
        .unwrap();
    let trail = shop.client.transitions(other.task_id, None).await.unwrap();
    assert_eq!(trail.last().unwrap().metadata["from"], Value::Null);
}

#[tokio::test]
async fn what_may_be_brought_is_told_and_several_at_once_are_refused() {
    let shop = shop().await;
    let get = |headers: &[&str]| {
        let mut request = Request::builder().uri("/tasks");
        for header in headers {
            request = request.header("authorization", *header);
        }
        request.body(axum::body::Body::empty()).unwrap()
    };
    let token = tokens::signed(&json!({"sub": "anna", "roles": ["viewer"]}));
    // The ancestor's clients send the token alone.
    assert_eq!(shop.send(get(&[&token])).await.status, StatusCode::OK);
    let bearer = format!("Bearer {token}");
    assert_eq!(shop.send(get(&[&bearer])).await.status, StatusCode::OK);
    for headers in [vec![], vec!["Basic YTpi"], vec![bearer.as_str(), bearer.as_str()]] {
        let answer = shop.send(get(&headers)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert!(
            answer.header("www-authenticate").starts_with("Bearer"),
            "{headers:?}"
        );
        assert!(answer.text.contains("Authorization"), "{}", answer.text);
    }
}
