//! `tasker doctor` as it is called: what it prints, and how it ends.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use sqlx::{Connection, PgConnection};
use std::path::Path;
use std::process::{Command, Output};
use tasker_tests::{SmallDisk, TestDatabase};

fn tasker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
    command
        .args(arguments)
        // Nothing of the machine that runs the tests may show.
        .env_remove("TASKER_DATABASE_URL")
        .env_remove("DATABASE_URL")
        .env_remove("TASKER_LOG");
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn findings(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .filter_map(|check| check["finding"].as_str())
        .collect()
}

#[test]
fn a_server_that_is_down_is_an_answer_with_exit_code_9() {
    let url = "postgres://app:s3cret@127.0.0.1:1/shop";
    let output = tasker(&["doctor", "--database-url", url]).output().unwrap();
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    let text = out(&output);
    assert!(
        text.starts_with("app@127.0.0.1:1/shop (explicit)  schema tasker"),
        "{text}"
    );
    assert!(
        text.contains("✖ connection") && text.contains("→ is the server running"),
        "{text}"
    );
    assert!(text.ends_with("1 problem; 0 checks fine\n"), "{text}");
    assert!(!text.contains("s3cret") && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn without_a_database_in_production_it_says_which_to_name() {
    let output = tasker(&["doctor", "--json"])
        .env("TASKER_ENV", "production")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    assert_eq!(findings(&json(&output)), ["no_database_named"]);
}

#[tokio::test]
async fn the_report_names_what_is_wrong_and_quiet_leaves_out_the_rest() {
    let database = TestDatabase::create().await.unwrap();
    let url = database.url();
    let doctor = |more: &[&str]| {
        let arguments = [&["doctor", "--database-url", &url], more].concat();
        tasker(&arguments).output().unwrap()
    };
    let bare = doctor(&[]);
    assert_eq!(bare.status.code(), Some(9), "{bare:?}");
    assert!(out(&bare).contains("→ tasker migrate"), "{}", out(&bare));

    let migrated = tasker(&["migrate", "--database-url", &database.url()])
        .output()
        .unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
    let report = json(&doctor(&["--json"]));
    assert!(!findings(&report).contains(&"schema_missing"), "{report}");
    assert!(findings(&report).contains(&"no_live_worker"), "{report}");
    let sections = [
        "\nConnection\n",
        "\nServer\n",
        "\nSchema\n",
        "\nTables\n",
        "\nWork\n",
    ];
    let whole = out(&doctor(&[]));
    assert!(sections.iter().all(|section| whole.contains(section)), "{whole}");
    assert!(whole.contains("✔ migrations"), "{whole}");
    let quiet = out(&doctor(&["--quiet"]));
    assert!(!quiet.contains('✔') && quiet.contains("! workers"), "{quiet}");
}

#[tokio::test]
async fn warnings_count_where_that_is_asked_for() {
    // The server for tests is not durable, which is a problem; one that was started for itself is.
    let home = tempfile_directory();
    let run = |arguments: &[&str]| {
        tasker(arguments)
            .env("TASKER_DATA_DIR", home.path())
            .output()
            .unwrap()
    };
    let fine = run(&["doctor"]);
    let strict = run(&["doctor", "--strict"]);
    let source = json(&run(&["doctor", "--json"]))["source"].clone();
    assert!(run(&["pg", "stop"]).status.success());
    assert_eq!(fine.status.code(), Some(0), "{}", out(&fine));
    assert!(out(&fine).contains("! workers"), "{}", out(&fine));
    assert_eq!(strict.status.code(), Some(9), "{}", out(&strict));
    assert_eq!(source, "private cluster");
}

fn tempfile_directory() -> tempfile::TempDir {
    let passable = std::os::unix::fs::PermissionsExt::from_mode(0o711);
    tempfile::Builder::new()
        .prefix("tasker-doctor-")
        .permissions(passable)
        .tempdir()
        .unwrap()
}

/// Writes WAL until the server has no room for more, which it does not survive.
async fn crash(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let write = "select pg_switch_wal(), pg_logical_emit_message(false, 'full', repeat('x', 1000000))";
    while sqlx::query(write).execute(&mut connection).await.is_ok() {}
}

#[tokio::test]
async fn a_private_cluster_that_a_full_disk_took_down_is_named_with_its_disk() {
    let Some(disk) = SmallDisk::mount(256).unwrap() else {
        return;
    };
    let run =
        |data: &Path, arguments: &[&str]| tasker(arguments).env("TASKER_DATA_DIR", data).output().unwrap();
    let started = run(disk.path(), &["doctor", "--json"]);
    let before = json(&started);
    assert!(!findings(&before).contains(&"disk_full"), "{before}");
    let status = json(&run(disk.path(), &["--json", "pg", "status"]));
    disk.fill().unwrap();
    crash(status["database_url"].as_str().unwrap()).await;
    let output = run(disk.path(), &["doctor", "--json"]);
    let stopped = run(disk.path(), &["pg", "stop"]);
    disk.make_room().unwrap();
    let report = json(&output);
    assert_eq!(output.status.code(), Some(9), "{report}");
    assert!(findings(&report).contains(&"disk_full"), "{report}");
    assert!(findings(&report).contains(&"private_cluster_broken"), "{report}");
    // With room it comes back as it was.
    let again = run(disk.path(), &["doctor", "--json"]);
    let healed = json(&again);
    assert!(run(disk.path(), &["pg", "stop"]).status.success(), "{stopped:?}");
    assert!(!findings(&healed).contains(&"private_cluster_broken"), "{healed}");
}
