//! Who may do what: the table authorization.tsv, walked through with everything that somebody may bring.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod hosts;
mod paths;
#[path = "../support/mod.rs"]
mod support;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use support::Shop;
use support::tokens::{self, SECRET};
use tasker_core::model::{ApiKey, AuthSettings, NewApiKey, Operator};
use tasker_server::{Auth, Caller, Options, PERMISSIONS, Principal, document};

const TABLE: &str = include_str!("../authorization.tsv");
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

/// The path of a row, about something that there is where that is easily had.
fn path(row: &Row, task: &str) -> String {
    row.path
        .replace("{task_id}", task)
        .replace("{step_id}", "only")
        .replace("{namespace}", "shop")
        .replace("{name}", "one")
        .replace("{file}", "start.js")
        .replace("{worker_id}", "1")
}

/// A key of these roles.
async fn key(shop: &Shop, name: &str, role: &str) -> (ApiKey, String) {
    let key = NewApiKey {
        name: name.to_owned(),
        roles: vec![role.to_owned()],
        ..NewApiKey::default()
    };
    shop.client.create_api_key(&key).await.unwrap()
}

async fn ask(shop: &Shop, row: &Row, task: &str, credential: Option<&str>) -> (StatusCode, String) {
    let path = path(row, task);
    let mut request = Request::builder().method(row.method.clone()).uri(path);
    if let Some(credential) = credential {
        request = request.header("authorization", format!("Bearer {credential}"));
    }
    let body = if row.method == Method::GET {
        Body::empty()
    } else {
        request = request.header("content-type", "application/json");
        Body::from("{}")
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
    let (revoked, text) = key(&shop, "revoked", "admin").await;
    shop.client
        .revoke_api_key(&revoked.key_id, Some("anna"))
        .await
        .unwrap();
    let (live, _) = key(&shop, "live", "admin").await;
    let (expired, of_expired) = key(&shop, "expired", "admin").await;
    sqlx::query("update tasker.api_keys set expires_at = tasker.clock() where key_id = $1")
        .bind(&expired.key_id)
        .execute(&mut shop.database.connect().await.unwrap())
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
            Some(format!("tsk_{}_{}", live.key_id, "x".repeat(43))),
        ),
        ("an expired key", Some(of_expired)),
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
        let (_, key) = key(&shop, role, role).await;
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
        .body(Body::from(
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
        request.body(Body::empty()).unwrap()
    };
    let token = tokens::signed(&json!({"sub": "anna", "roles": ["viewer"]}));
    // The ancestor's clients send the token alone.
    assert_eq!(shop.send(get(&[&token])).await.status, StatusCode::OK);
    let bearer = format!("Bearer {token}");
    assert_eq!(shop.send(get(&[&bearer])).await.status, StatusCode::OK);
    let basic = format!("Basic {token}");
    let headers = [
        vec![],
        vec!["Basic YTpi"],
        vec![&basic],
        vec![&bearer, &bearer],
        vec![&token, ""],
    ];
    for headers in headers {
        let answer = shop.send(get(&headers)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert!(
            answer.header("www-authenticate").starts_with("Bearer"),
            "{headers:?}"
        );
        assert!(answer.text.contains("Authorization"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_with_what_a_browser_says_by_itself() {
    let shop = shop().await;
    for (ambient, kind, site, allowed) in [
        (true, "application/json", "same-origin", true),
        (true, "Application/JSON; charset=utf-8", "same-origin", true),
        (true, "application/json", "same-site", false),
        (true, "application/json", "none", false),
        (true, "application/json", "", false),
        (true, "text/plain", "same-origin", false),
        (true, "text/plain; application/json", "same-origin", false),
        (true, "", "same-origin", false),
        (false, "application/json", "", true),
    ] {
        let task = task(&shop).await;
        let cookie = Principal {
            ambient,
            ..Principal::with_grants("anna", ["*"])
        };
        let mut request = Request::post(format!("/tasks/{task}/cancel")).extension(Caller {
            principal: Some(Arc::new(cookie)),
            from: None,
        });
        for (name, value) in [("content-type", kind), ("sec-fetch-site", site)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let answer = shop.send(request.body("{}".into()).unwrap()).await;
        let expected = if allowed {
            StatusCode::OK
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(
            answer.status, expected,
            "{ambient} {kind} {site}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn what_is_not_taken_is_refused_whatever_it_is() {
    let admin = json!({"sub": "anna", "roles": ["admin"]});
    let keys_only = AuthSettings {
        jwt_algorithms: Vec::new(),
        ..settings()
    };
    let tokens_only = AuthSettings {
        api_keys: false,
        ..settings()
    };
    for (settings, takes, key_is_taken, token_is_taken) in [
        (keys_only, "an API key", true, false),
        (tokens_only, "a token", false, true),
        (settings(), "a token or an API key", true, true),
    ] {
        let auth = Auth::checked(&settings).unwrap();
        let shop = Shop::with(Options {
            auth,
            ..Options::default()
        })
        .await;
        let (_, key) = key(&shop, "anna", "admin").await;
        let token = tokens::signed(&admin);
        for (credential, taken) in [
            (Some(key), key_is_taken),
            (Some(token), token_is_taken),
            (None, false),
        ] {
            let mut request = Request::get("/tasks");
            if let Some(credential) = &credential {
                request = request.header("authorization", format!("Bearer {credential}"));
            }
            let answer = shop.send(request.body(Body::empty()).unwrap()).await;
            let expected = if taken {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            };
            assert_eq!(answer.status, expected, "{takes}: {}", answer.text);
            if credential.is_none() {
                assert!(
                    answer.text.contains(&format!("with {takes}\"")),
                    "{}",
                    answer.text
                );
            }
        }
    }
}
