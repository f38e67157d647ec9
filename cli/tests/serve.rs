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
        let mut process = Command::new(env!("CARGO_BIN_EXE_tasker"))
            .args([
                "--json",
                "--database-url",
                &shop.0.url(),
                "serve",
                "--bind",
                "127.0.0.1:0",
            ])
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
