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
    /// What it says of itself.
    told: Value,
}

impl Server {
    fn start(shop: &Shop) -> Self {
        Self::start_with(shop, &[], &[])
    }

    fn start_with(shop: &Shop, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let anywhere: &[&str] = match arguments.contains(&"--bind") {
            true => &[],
            false => &["--bind", "127.0.0.1:0"],
        };
        let mut process = Command::new(env!("CARGO_BIN_EXE_tasker"))
            .envs(variables.iter().copied())
            .args(["--json", "--database-url", &shop.0.url(), "serve"])
            .args(anywhere)
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
        Self {
            process,
            address,
            told,
        }
    }

    /// The answer to a request that closes its connection.
    fn ask(&self, request: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn interrupt(&self) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, Signal::TERM).unwrap();
    }

    fn stop(mut self) -> i32 {
        self.interrupt();
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
async fn a_request_that_can_be_read_in_two_ways_is_refused_with_all_that_follows_it() {
    let shop = Shop::open().await;
    let server = Server::start(&shop);
    let follows = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for (head, body) in [
        ("Host: localhost\r\nHost: localhost", ""),
        ("Host: localhost\r\nHost: elsewhere", ""),
        ("Accept: */*", ""),
        ("Host: localhost\r\nContent-Length: 2\r\nContent-Length: 2", "{}"),
        ("Host: localhost\r\nContent-Length: 2\r\nContent-Length: 3", "{}"),
        ("Host: localhost\r\nContent-Length: 2, 2", "{}"),
        ("Host: localhost\r\nContent-Length: +2", "{}"),
        (
            "Host: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "Host: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 2",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "Host: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "Host: localhost\r\nTransfer-Encoding: gzip, chunked",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "Host: localhost\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "Host: localhost\r\nTransfer-Encoding: chunked, identity",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "Host: localhost\r\nTransfer-Encoding: xchunked",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "Host: localhost\r\nTransfer-Encoding : chunked",
            "2\r\n{}\r\n0\r\n\r\n",
        ),
    ] {
        let request =
            format!("POST /tasks HTTP/1.1\r\nContent-Type: application/json\r\n{head}\r\n\r\n{body}");
        let answer = server.ask(&format!("{request}{follows}"));
        assert!(
            answer.starts_with("HTTP/1.1 400")
                && answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"),
            "{request}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request}: {answer}");
    }
    // What is certain is answered, one after the other.
    let sized = "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let chunked = "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let answer = server.ask(&format!("{sized}{chunked}{sized}{follows}"));
    assert_eq!(answer.matches("HTTP/1.1 422").count(), 3, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    let twice = "GET /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n";
    let answer = server.ask(&format!("{sized}{chunked}{twice}{follows}"));
    assert_eq!(answer.matches("HTTP/1.1 422").count(), 2, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 400").count(), 1, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 3, "{answer}");
    assert_eq!(server.stop(), 0);
}

#[tokio::test]
async fn a_second_interrupt_ends_what_the_first_one_waits_for() {
    let shop = Shop::open().await;
    let mut server = Server::start(&shop);
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(
        b"POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
    )
    .unwrap();
    let mut line = String::new();
    // The request runs: it waits for its body.
    BufReader::new(&slow).read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    server.interrupt();
    // Nothing new is taken as soon as the first interrupt has come.
    while TcpStream::connect(&server.address).is_ok() {
        std::thread::yield_now();
    }
    assert!(server.process.try_wait().unwrap().is_none());
    server.interrupt();
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
}

#[tokio::test]
async fn names_threads_and_pages_that_may_ask_are_given_as_options() {
    let shop = Shop::open().await;
    let server = Server::start_with(
        &shop,
        &[],
        &[
            "--bind",
            "localhost:0",
            "--workers",
            "3",
            "--allow-origin",
            "https://ops.example",
        ],
    );
    assert_eq!(server.told["threads"], 3, "{}", server.told);
    let pause = |origin: &str| {
        server.ask(&format!(
            "POST /pause HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n\
             Content-Length: 21\r\n\r\n{{\"namespace\": \"shop\"}}"
        ))
    };
    let listed = pause("https://ops.example");
    assert!(listed.starts_with("HTTP/1.1 200"), "{listed}");
    assert!(
        listed.contains("access-control-allow-origin: https://ops.example"),
        "{listed}"
    );
    let foreign = pause("https://evil.example");
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    assert_eq!(server.stop(), 0);
    for (arguments, told) in [
        (&["--bind", "nowhere"][..], "--bind nowhere"),
        (&["--bind", "nowhere.invalid:80"], "--bind nowhere.invalid:80"),
        (&["--workers", "0"], "--workers"),
        (&["--allow-origin", "ops.example"], "https://ops.example"),
        (&["--allow-origin", "*"], "auth.*"),
    ] {
        let refused = shop.run(&[&["serve"], arguments].concat());
        assert_eq!(refused.code, 2, "{arguments:?}: {}", refused.err);
        assert!(refused.err.contains(told), "{arguments:?}: {}", refused.err);
    }
}

#[tokio::test]
async fn beyond_this_machine_it_wants_to_be_told_that_nobody_is_asked_who_they_are() {
    let shop = Shop::open().await;
    let refused = shop.run(&["serve", "--bind", "0.0.0.0:0"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--allow-unauthenticated"), "{}", refused.err);
    assert_eq!(shop.run(&["serve", "--prefix", "tasker"]).code, 2);
    assert_eq!(shop.run(&["serve", "--prefix", "/a b"]).code, 2);
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
            "TASKER_AUTH__JWT_SECRET",
            "a secret of thirty-two bytes, or more",
            "auth.jwt_algorithms is needed",
        ),
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
        assert!(
            value != "none" || !err.contains("is needed"),
            "one mistake is told once: {err}"
        );
    }
}
