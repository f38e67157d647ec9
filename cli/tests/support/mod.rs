//! A database of a test's own, and the command on it.

// Each test program uses its part of this.
#![allow(dead_code)]

use serde_json::Value;
use std::process::{Command, Output};
use tasker_tests::TestDatabase;

pub(crate) const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/order/workflow.yaml");
pub(crate) const CONTEXT: &str =
    r#"{"order_id": "7", "customer": "anna", "items": [{"sku": "A", "quantity": 1, "price_cents": 5}]}"#;

/// A database, and the command on it.
pub(crate) struct Shop(pub(crate) TestDatabase);

impl Shop {
    pub(crate) async fn empty() -> Self {
        Self(TestDatabase::create().await.unwrap())
    }

    /// Migrated, with the order workflow registered.
    pub(crate) async fn open() -> Self {
        let shop = Self::empty().await;
        assert_eq!(shop.run(&["migrate"]).code, 0);
        assert_eq!(shop.run(&["template", "register", ORDER]).code, 0);
        shop
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_tasker"))
            .args(["--database-url", &self.0.url()])
            .args(arguments)
            .env_remove("TASKER_LOG")
            .env("USER", "anna")
            .output()
            .unwrap();
        Answer::from(&output)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let answer = self.run(&[&["--json"], arguments].concat());
        assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.err);
        serde_json::from_str(&answer.out).unwrap()
    }

    pub(crate) fn create(&self, more: &[&str]) -> String {
        let arguments = [
            "task",
            "create",
            "process_order",
            "--namespace",
            "shop",
            "--context",
            CONTEXT,
        ];
        let created = self.json(&[&arguments, more].concat());
        created["task_id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn status(&self, task: &str) -> String {
        self.json(&["task", "show", task])["task"]["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<&Output> for Answer {
    fn from(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}
