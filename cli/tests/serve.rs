//! `tasker serve`, as a process.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use support::Shop;
use tasker_tests::Signal;

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(shop: &Shop) -> Self {
        Self::start_with(shop, &[], &[])
    }

    fn start_with(shop: &Shop, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tasker"))
            .envs(variables.iter().copied())
            .args([
                "--json",
                "--database-url",
                &shop.0.url(),
                "serve",
                "--bind",
                "127.0.0.1:0",
            ])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let address = told["listening"]
            .as_str()
            .unwrap()
            .trim_start_matches("http://")
            .to_owned();
        Self { process, address }
    }

    /// The answer to a request that closes its connection.
    fn ask(&self, request: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn stop(mut self) -> i32 {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, Signal::TERM).unwrap();
        self.process.wait().unwrap().code().unwrap()
    }
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_stop() {
    let shop = Shop::open().await;
    let server = Server::start(&shop);
    let task = shop.create(&[]);
    let shown = server.ask(&format!(
        "GET /tasks/{task} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    ));
    assert!(
        shown.starts_with("HTTP/1.1 200 OK") && shown.contains(&task),
        "{shown}"
    );
    let elsewhere = server.ask("GET /tasks HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n");
    assert!(elsewhere.starts_with("HTTP/1.1 403"), "{elsewhere}");
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_harms_nobody() {
    let shop = Shop::open().await;
    let server = Server::start(&shop);
    for broken in [
        "nonsense\r\n\r\n",
        "GET /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST /tasks HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ] {
        let answer = server.ask(broken);
        assert!(answer.starts_with("HTTP/1.1 400"), "{broken}: {answer}");
    }
    let live = server.ask("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(live.starts_with("HTTP/1.1 200"), "{live}");
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn beyond_this_machine_it_wants_to_be_told_that_nobody_is_asked_who_they_are() {
    let shop = Shop::open().await;
    let refused = shop.run(&["serve", "--bind", "0.0.0.0:0"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--allow-unauthenticated"), "{}", refused.err);
    assert_eq!(shop.run(&["serve", "--prefix", "tasker"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lets_in_until_it_is_revoked() {
    let shop = Shop::open().await;
    let wrong = shop.run(&["key", "create", "x", "--role", "clerk"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(wrong.err.contains("viewer"), "{}", wrong.err);
    assert_eq!(
        shop.run(&["key", "create", "x", "--permission", "tasker.task:fly"])
            .code,
        2
    );
    assert_eq!(shop.run(&["key", "create", "x"]).code, 2);

    let made = shop.json(&[
        "key",
        "create",
        "dashboard",
        "--role",
        "viewer",
        "--expires-in",
        "90d",
    ]);
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("tsk_"), "{key}");
    assert_eq!(
        shop.run(&["key", "create", "dashboard", "--role", "viewer"]).code,
        4
    );

    let server = Server::start_with(&shop, &[("TASKER_AUTH__API_KEYS", "true")], &[]);
    let ask = |credential: &str, method: &str| {
        let header = if credential.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {credential}\r\n")
        };
        server.ask(&format!("{method} /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n{header}\r\n"))
    };
    assert!(ask("", "GET").starts_with("HTTP/1.1 401 "));
    assert!(ask("tsk_000000000000_x", "GET").starts_with("HTTP/1.1 401 "));
    assert!(ask(key, "GET").starts_with("HTTP/1.1 200 "));
    assert!(ask(key, "POST").starts_with("HTTP/1.1 403 "));

    let listed = shop.json(&["key", "list"]);
    assert!(listed["keys"][0]["last_used_at"].is_string(), "{listed}");
    assert!(
        !listed.to_string().contains(key.rsplit('_').next().unwrap()),
        "no secret is shown"
    );
    assert_eq!(
        shop.json(&["key", "revoke", "dashboard", "--by", "anna"])["revoked_by"],
        "anna"
    );
    assert_eq!(shop.run(&["key", "revoke", "nobody"]).code, 3);
    assert_eq!(server.stop(), 0);

    // One that begins now knows nothing of before.
    let server = Server::start_with(&shop, &[("TASKER_AUTH__API_KEYS", "true")], &[]);
    let answer = server.ask(&format!(
        "GET /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n"
    ));
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert_eq!(server.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_authentication_that_cannot_work_are_told() {
    let shop = Shop::open().await;
    for (variable, value, told) in [
        ("TASKER_AUTH__JWT_ALGORITHMS", "HS256", "auth.jwt_secret"),
        ("TASKER_AUTH__JWT_ALGORITHMS", "none", "none of HS256"),
        (
            "TASKER_AUTH__ROLES",
            r#"{"clerk": ["tasker.task:fly"]}"#,
            "tasker.task:fly",
        ),
    ] {
        let answer = std::process::Command::new(env!("CARGO_BIN_EXE_tasker"))
            .args(["--database-url", &shop.0.url(), "serve", "--bind", "127.0.0.1:0"])
            .env("TASKER_AUTH__API_KEYS", "true")
            .env(variable, value)
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&answer.stderr);
        assert!(
            !answer.status.success() && err.contains(told),
            "{variable}={value}: {err}"
        );
    }
}
