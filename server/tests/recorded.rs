//! Every form in which the interface is served gives the same answers: here the router itself, and a mount. The command and the
//! languages read the same file.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use support::Shop;
use support::conversation::{Answered, Asked, Conversation, file};
use tasker_core::Error;
use tasker_core::bridge::Engine;
use tasker_server::Options;
use tasker_server::mount::{Event, Exchange, Mount, open_paths};

fn request(asked: Asked) -> Request<Body> {
    let mut request = Request::builder()
        .method(asked.method.as_str())
        .uri(&asked.target);
    for (name, value) in &asked.headers {
        request = request.header(name, value.as_bytes());
    }
    request.body(Body::from(asked.body)).unwrap()
}

#[tokio::test]
async fn the_router_answers_as_recorded() {
    let shop = Shop::empty(Options::default()).await;
    let mut conversation = Conversation::read();
    let write = std::env::var_os("TASKER_WRITE").is_some();
    for index in 0..conversation.len() {
        let answer = shop.send(request(conversation.ask(index))).await;
        let content_type = answer.headers.get("content-type");
        let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
        let answer = conversation.take(index, (answer.status.as_u16(), content_type, answer.text));
        if write {
            conversation.document["exchanges"][index]["answer"] = answer;
        } else {
            assert_eq!(
                &answer,
                conversation.expected(index),
                "{}",
                conversation.document["exchanges"][index]
            );
        }
    }
    if write {
        let text = serde_json::to_string_pretty(&conversation.document).unwrap();
        std::fs::write(file(), text + "\n").unwrap();
    }
}

/// Has the whole of an exchange, deciding as told.
fn whole(exchange: &Exchange, body: &str, decide: impl Fn(&Value) -> bool) -> Answered {
    let mut pieces = body.as_bytes().chunks(7);
    let mut head = Value::Null;
    let mut bytes = Vec::new();
    loop {
        match exchange.next().unwrap() {
            Event::Read => match pieces.next() {
                Some(piece) => exchange.write(piece.to_vec().into()).unwrap(),
                None => exchange.finish(),
            },
            Event::Decide(asked) => {
                let asked: Value = serde_json::from_str(&asked).unwrap();
                let answers = asked["questions"].as_array().unwrap().iter().map(&decide);
                exchange.decide(asked["number"].as_u64().unwrap(), answers.collect());
            }
            Event::Head(text) => head = serde_json::from_str(&text).unwrap(),
            Event::Chunk(piece) => bytes.extend_from_slice(&piece),
            Event::End => break,
            Event::Broken(why) => panic!("{why}"),
        }
    }
    let pairs: Vec<(String, String)> = serde_json::from_value(head["headers"].clone()).unwrap();
    let content_type = pairs.into_iter().find(|(name, _)| name == "content-type");
    (
        u16::try_from(head["status"].as_u64().unwrap()).unwrap(),
        content_type.map(|(_, value)| value),
        String::from_utf8(bytes).unwrap(),
    )
}

fn engine(shop: &Shop) -> Engine {
    let options = json!({"database_url": shop.url(), "isolated": true});
    Engine::new(&options.to_string()).unwrap()
}

#[tokio::test]
async fn a_mount_answers_as_recorded() {
    let shop = Shop::empty(Options::default()).await;
    let engine = engine(&shop);
    let conversing = tokio::task::spawn_blocking(move || {
        let mount = Mount::new("{}").unwrap();
        let mut conversation = Conversation::read();
        for index in 0..conversation.len() {
            let asked = conversation.ask(index);
            let head = json!({"method": asked.method, "target": asked.target, "headers": asked.headers, "prefix": "/tasker"});
            let exchange = mount.begin(&engine, &head.to_string()).unwrap();
            let answer = conversation.take(index, whole(&exchange, &asked.body, |_| false));
            assert_eq!(&answer, conversation.expected(index));
        }
        engine.close().unwrap();
    });
    conversing.await.unwrap();
}

#[test]
fn a_host_need_not_know_who_asks_at_probes() {
    let mut open = open_paths();
    open.sort();
    assert_eq!(open, ["/health/live", "/health/ready"]);
}

#[tokio::test]
async fn a_mount_refuses_what_tasker_serve_does() {
    let shop = Shop::open().await;
    let engine = engine(&shop);
    let asking = tokio::task::spawn_blocking(move || {
        let mount = Mount::new("{}").unwrap();
        let ask = |method: &str, target: &str, headers: Value| {
            let head = json!({"method": method, "target": target, "headers": headers});
            let exchange = mount.begin(&engine, &head.to_string()).unwrap();
            whole(&exchange, r#"{"name": "order"}"#, |_| false)
        };
        let no_text = json!([
            ["content-type", "application/json"],
            ["idempotency-key", [99, 0xE9]]
        ]);
        let (status, _, body) = ask("POST", "/tasks", no_text);
        assert_eq!(status, 400);
        assert!(body.contains("the header idempotency-key is no UTF-8"), "{body}");
        assert_eq!(ask("GET", "/tasks", json!([["x-note", [0xE9]]])).0, 200);
        let long = |length: usize| format!("/tasks?name={}", "x".repeat(length - "/tasks?name=".len()));
        assert_eq!(ask("GET", &long(65_534), json!([])).0, 200);
        let (status, content_type, body) = ask("GET", &long(65_535), json!([]));
        assert_eq!(
            (status, content_type.as_deref()),
            (414, Some("application/problem+json"))
        );
        assert!(body.len() < 1_000, "{body}");
        engine.close().unwrap();
    });
    asking.await.unwrap();
}

#[tokio::test]
async fn a_host_says_who_asks_or_decides_by_itself() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let engine = engine(&shop);
    let asking = tokio::task::spawn_blocking(move || {
        let mount = Mount::new(r#"{"principals": true}"#).unwrap();
        let ask = |method: &str, target: &str, principal: Value, decide: &dyn Fn(&Value) -> bool| {
            let headers = json!([["content-type", "application/json"], ["cookie", "theme=dark"]]);
            let head = json!({"method": method, "target": target, "headers": headers, "from": "10.0.0.7", "principal": principal});
            let exchange = mount.begin(&engine, &head.to_string()).unwrap();
            whole(&exchange, "", decide)
        };
        let never = |_: &Value| panic!("nobody is to decide");
        let task = format!("/tasks/{id}");
        assert_eq!(ask("GET", "/health/live", Value::Null, &never).0, 200);
        assert_eq!(ask("GET", &task, Value::Null, &never).0, 401);
        let viewer = json!({"name": "vera", "roles": ["viewer"]});
        assert_eq!(ask("GET", &task, viewer.clone(), &never).0, 200);
        let (status, _, body) = ask("POST", &format!("{task}/cancel"), viewer, &never);
        assert_eq!(status, 403);
        assert!(body.contains("tasker.task:cancel"), "{body}");

        let decides = json!({"name": "dora", "decides": true});
        let asked = |question: &Value| {
            let about = json!({"resource": "tasker.workflow_step", "action": "show", "resource_id": "only", "parent_id": id});
            assert_eq!(question, &about);
            true
        };
        let step = format!("{task}/workflow_steps/only");
        assert_eq!(ask("GET", &step, decides.clone(), &asked).0, 200);
        assert_eq!(ask("GET", &step, decides, &|_| false).0, 403);

        // A cookie alone changes nothing: the request may come from a page of another site.
        let cookie = json!({"name": "cora", "roles": ["admin"], "ambient": true});
        assert_eq!(ask("GET", &task, cookie.clone(), &never).0, 200);
        let cancel = format!("{task}/cancel");
        assert_eq!(ask("POST", &cancel, cookie, &never).0, 403);
        // Nor may it where the host does not say how it knows, and there is one.
        let unsaid = json!({"name": "uma", "roles": ["admin"]});
        assert_eq!(ask("POST", &cancel, unsaid, &never).0, 403);
        let checked = json!({"name": "cora", "roles": ["admin"], "ambient": false});
        assert_eq!(ask("POST", &cancel, checked, &never).0, 200);

        let why = "who asks could not be found out";
        let (status, content_type, body) = whole(&Exchange::refused(Error::internal(why)), "", never);
        assert_eq!(
            (status, content_type.as_deref()),
            (500, Some("application/problem+json"))
        );
        assert!(!body.contains(why), "the log has it, and not the client: {body}");
        engine.close().unwrap();
    });
    asking.await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_given_up_says_so_to_whoever_waits() {
    let shop = Shop::open().await;
    let engine = engine(&shop);
    let asking = tokio::task::spawn_blocking(move || {
        let mount = Mount::new("{}").unwrap();
        let head = json!({"method": "POST", "target": "/tasks/bulk", "headers": [["content-type", "application/x-ndjson"]]});
        let exchange = mount.begin(&engine, &head.to_string()).unwrap();
        assert!(matches!(exchange.next().unwrap(), Event::Head(_)));
        assert_eq!(exchange.next().unwrap(), Event::Read);
        exchange.write("{}".into()).unwrap();
        assert!(exchange.write("{}".into()).is_err(), "it was not asked for");
        exchange.cancel();
        assert!(exchange.next().is_err());
        for wrong in [
            "",
            "{}",
            r#"{"method": "GET", "target": "no path"}"#,
            r#"{"method": "G T", "target": "/"}"#,
        ] {
            assert!(mount.begin(&engine, wrong).is_err(), "{wrong}");
        }
        engine.close().unwrap();
    });
    asking.await.unwrap();
}

#[tokio::test]
async fn a_request_that_cannot_be_begun_is_refused() {
    let answered = |error: Error| {
        let exchange = Exchange::refused(error);
        let (status, kind, body) = whole(&exchange, "", |_| false);
        assert_eq!(kind.as_deref(), Some("application/problem+json"));
        (status, body)
    };
    let asking = tokio::task::spawn_blocking(move || {
        let (status, body) = answered(Error::invalid_argument("'G T' is no method"));
        assert_eq!(status, 400);
        assert!(body.contains("'G T' is no method"), "{body}");
        let (status, body) = answered(Error::internal("the secret of the host"));
        assert_eq!(status, 500);
        assert!(!body.contains("secret"), "{body}");
    });
    asking.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_compressed_while_lines_come_ends() {
    let shop = Shop::open().await;
    let engine = engine(&shop);
    let asking = tokio::task::spawn_blocking(move || {
        let mount = Mount::new("{}").unwrap();
        let headers = json!([
            ["content-type", "application/x-ndjson"],
            ["accept-encoding", "gzip"]
        ]);
        let head = json!({"method": "POST", "target": "/tasks/bulk", "headers": headers});
        let exchange = mount.begin(&engine, &head.to_string()).unwrap();
        // Each piece of the answer is sent while the next one of the body is waited for.
        let mut lines = std::iter::repeat_n("{nothing\n", 50);
        let mut bytes = 0;
        loop {
            match exchange.next().unwrap() {
                Event::Read => match lines.next() {
                    Some(line) => exchange.write(line.into()).unwrap(),
                    None => exchange.finish(),
                },
                Event::Head(head) => assert!(head.contains("gzip"), "{head}"),
                Event::Chunk(piece) => bytes += piece.len(),
                Event::End => break,
                event => panic!("{event:?}"),
            }
        }
        assert!(bytes > 0);
        engine.close().unwrap();
    });
    asking.await.unwrap();
}
