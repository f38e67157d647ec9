//! `tasker bench` on a real database: what it prints, and that it leaves nothing behind.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use tasker_tests::{Pooler, TestDatabase};

/// Every key of the contract; those that do not apply are null.
const KEYS: &[&str] = &[
    "workload",
    "runtime",
    "tasks",
    "steps",
    "workers",
    "concurrency",
    "create_s",
    "run_s",
    "total_s",
    "steps_per_s",
    "steps_per_s_without_creation",
    "tasks_per_s_created",
    "step_ms",
    "task_ms",
    "per_step.commits",
    "per_step.wal_bytes",
    "per_step.wal_bytes_with_fpi",
    "per_step.hot_share",
    "per_step.statements",
    "per_step.rows_written",
    "cpu_s.engine",
    "cpu_s.handlers",
    "cpu_s.postgres",
    "peak_rss_mb",
    "reference.single_commit_ms",
    "reference.batch_sql_steps_per_s",
    "reference.rust_steps_per_s",
    "reference.direct_steps_per_s",
    "ratios.throughput_to_batch_sql",
    "ratios.step_p50_to_single_commit",
    "ratios.throughput_to_rust",
    "ratios.throughput_to_direct",
    "ratios.latency_to_rust",
    "ratios.last_point_to_first",
    "points",
    "machine.cpus",
    "machine.memory_gb",
    "machine.postgres",
    "machine.synchronous_commit",
    "machine.fsync",
];

fn command(database: &TestDatabase, arguments: &[&str]) -> Command {
    command_on(&database.url(), arguments)
}

fn command_on(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
    command
        .args(["--database-url", url, "bench"])
        .args(arguments)
        .env_remove("TASKER_LOG");
    command
}

/// The report, and nothing else on standard output.
fn report(output: &Output) -> Value {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(out.lines().count(), 1, "{out}");
    serde_json::from_str(&out).unwrap()
}

fn at<'v>(report: &'v Value, key: &str) -> &'v Value {
    report
        .pointer(&format!("/{}", key.replace('.', "/")))
        .unwrap_or_else(|| panic!("{key} is missing"))
}

async fn leftovers(database: &TestDatabase) -> Vec<String> {
    let mut connection = database.connect().await.unwrap();
    sqlx::query_scalar("select nspname::text from pg_namespace where nspname like '%bench%'")
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn behind_a_pooler_the_same_work_without_it_is_the_yardstick() {
    let database = TestDatabase::create().await.unwrap();
    let pooler = Pooler::start(&database.url(), 8, "").await.unwrap();
    let url = pooler.url(database.name());
    let small = ["linear", "--tasks", "200", "--workers", "2"];
    let found = report(&command_on(&url, &small).output().unwrap());
    assert!(
        at(&found, "ratios.throughput_to_direct").as_f64().unwrap() > 0.0,
        "{found}"
    );
    assert!(at(&found, "reference.direct_steps_per_s").as_f64().unwrap() > 0.0);
    assert!(at(&found, "reference.batch_sql_steps_per_s").is_number());
    let went_through = pooler.counts(database.name()).await.unwrap();
    assert!(went_through.transactions > 20, "{went_through:?}");
    assert_eq!(leftovers(&database).await, Vec::<String>::new());

    let other = TestDatabase::create().await.unwrap();
    let other_url = other.url();
    let elsewhere = [&small[..], &["--direct-url", &other_url]].concat();
    let refused = command_on(&url, &elsewhere).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("--direct-url"),
        "{told}"
    );
}

/// Waits until the run says something.
fn until_it_says(child: &mut Child, text: &str) {
    let lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    let said = lines.map_while(Result::ok).any(|line| line.contains(text));
    assert!(said, "it never said {text:?}");
}

#[tokio::test]
async fn creation_is_reported_with_every_key_and_leaves_nothing() {
    let database = TestDatabase::create().await.unwrap();
    let report = report(
        &command(&database, &["create", "--tasks", "2000"])
            .output()
            .unwrap(),
    );
    for key in KEYS {
        at(&report, key);
    }
    assert_eq!(at(&report, "steps"), 10_000);
    assert!(at(&report, "steps_per_s").is_null());
    let ways: Vec<&str> = report["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["way"].as_str().unwrap())
        .collect();
    assert_eq!(ways, ["batches", "one_by_one", "callers_transaction"]);
    // A task of five steps is at least six rows, and 200 of 2,200 tasks were a commit each.
    assert!(
        at(&report, "per_step.rows_written").as_f64().unwrap() >= 1.2,
        "{report}"
    );
    let commits = at(&report, "per_step.commits").as_f64().unwrap();
    assert!((0.018..0.03).contains(&commits), "{report}");
    assert_eq!(leftovers(&database).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_interrupted_run_drops_its_schema_and_ends_with_130() {
    let database = TestDatabase::create().await.unwrap();
    let mut child = command(&database, &["create", "--tasks", "100000000", "--no-reference"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until_it_says(&mut child, "creating in batches");
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty());
    assert_eq!(leftovers(&database).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_database_in_which_workers_run_is_refused_unless_forced() {
    let database = TestDatabase::create().await.unwrap();
    let migrated = Command::new(env!("CARGO_BIN_EXE_tasker"))
        .args(["--database-url", &database.url(), "migrate"])
        .status()
        .unwrap();
    assert!(migrated.success());
    let mut connection = database.connect().await.unwrap();
    sqlx::query("select tasker.register_worker('w', 'h', 1, 'rust', '2', array['a'], 1, 30)")
        .execute(&mut connection)
        .await
        .unwrap();
    let refused = command(&database, &["create", "--tasks", "10"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("--force"), "{said}");
    let forced = report(
        &command(
            &database,
            &["create", "--tasks", "10", "--no-reference", "--force"],
        )
        .output()
        .unwrap(),
    );
    assert!(at(&forced, "reference.single_commit_ms").is_null());
}

#[tokio::test]
async fn steps_do_not_go_with_workloads_of_a_fixed_length() {
    let database = TestDatabase::create().await.unwrap();
    let output = command(&database, &["diamond", "--steps", "9"]).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The tasks of the workloads are small here: that they run, and that the figures are there, is what is tested.
async fn runs(arguments: &[&str], steps: u64) -> Value {
    let database = TestDatabase::create().await.unwrap();
    let report = report(&command(&database, arguments).output().unwrap());
    assert_eq!(at(&report, "steps"), steps, "{report}");
    for key in [
        "total_s",
        "run_s",
        "steps_per_s",
        "step_ms.p50",
        "task_ms.p99",
        "per_step.rows_written",
    ] {
        assert!(at(&report, key).as_f64().unwrap() > 0.0, "{key}: {report}");
    }
    // A step is at least a row made and a row changed twice; more than a few dozen would be somebody else's.
    let rows = at(&report, "per_step.rows_written").as_f64().unwrap();
    assert!((3.0..30.0).contains(&rows), "{report}");
    assert_eq!(leftovers(&database).await, Vec::<String>::new());
    report
}

#[tokio::test]
async fn chains_run_beside_both_yardsticks() {
    let report = runs(&["linear", "--tasks", "40"], 200).await;
    for key in [
        "reference.batch_sql_steps_per_s",
        "reference.single_commit_ms",
        "ratios.throughput_to_batch_sql",
    ] {
        assert!(at(&report, key).as_f64().unwrap() > 0.0, "{key}: {report}");
    }
}

#[tokio::test]
async fn diamonds_run() {
    runs(&["diamond", "--tasks", "20", "--no-reference"], 80).await;
}

#[tokio::test]
async fn a_fan_out_runs_with_its_root_and_its_join() {
    runs(&["fanout", "--steps", "50", "--no-reference"], 52).await;
}

#[tokio::test]
async fn jobs_run_in_two_processes() {
    let report = runs(
        &[
            "jobs",
            "--tasks",
            "100",
            "--workers",
            "2",
            "--no-reference",
            "--payload-bytes",
            "100",
        ],
        100,
    )
    .await;
    assert_eq!(at(&report, "workers"), 2);
    assert!(at(&report, "peak_rss_mb").as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn latency_is_told_beside_the_single_commits_of_the_same_moments() {
    let report = runs(&["latency", "--tasks", "5"], 25).await;
    assert!(at(&report, "create_s").is_null());
    assert!(at(&report, "reference.batch_sql_steps_per_s").is_null());
    let (step, task) = (
        at(&report, "step_ms.p50").as_f64().unwrap(),
        at(&report, "task_ms.p50").as_f64().unwrap(),
    );
    assert!((task / step - 5.0).abs() < 0.01, "{report}");
    assert!(at(&report, "ratios.step_p50_to_single_commit").as_f64().unwrap() > 0.0);
}

/// A twentieth of what `make scale` runs.
#[tokio::test]
async fn a_claim_touches_no_more_beside_a_backlog_than_on_empty_tables() {
    let database = TestDatabase::create().await.unwrap();
    let arguments = [
        "backlog",
        "--waiting",
        "50000",
        "--finished",
        "500000",
        "--no-reference",
    ];
    let report = report(&command(&database, &arguments).output().unwrap());
    let points = report["points"].as_array().unwrap();
    let sizes: Vec<(&str, u64)> = points
        .iter()
        .map(|point| (point["way"].as_str().unwrap(), point["size"].as_u64().unwrap()))
        .collect();
    assert_eq!(sizes, [("empty", 0), ("backlog", 600_000)]);
    let blocks: Vec<f64> = points
        .iter()
        .map(|point| point["blocks_per_claim"].as_f64().unwrap())
        .collect();
    // Counts, not times: these are the same on a busy machine. Trees are a level or two deeper.
    assert!(blocks[0] > 20.0 && blocks[1] <= 2.0 * blocks[0], "{report}");
    assert!(points[1]["claim_ms"]["p50"].as_f64().unwrap() > 0.0);
    assert!(at(&report, "ratios.last_point_to_first").as_f64().unwrap() > 0.0);
    assert_eq!(leftovers(&database).await, Vec::<String>::new());
}

/// A twentieth of what `make scale` runs.
#[tokio::test]
async fn graphs_of_every_size_run_and_a_worker_stays_small() {
    let report = runs(&["graph-size", "--steps", "5000", "--no-reference"], 20_000).await;
    let points = report["points"].as_array().unwrap();
    let sizes: Vec<u64> = points
        .iter()
        .map(|point| point["size"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes, [10, 100, 1_000, 5_000]);
    for point in points {
        assert!(point["us_per_step"].as_f64().unwrap() > 0.0, "{report}");
        let worker_rss_mb = point["worker_rss_mb"].as_f64().unwrap();
        assert!((1.0..100.0).contains(&worker_rss_mb), "{report}");
    }
}

#[tokio::test]
async fn the_memory_of_a_worker_is_looked_at_in_ten_parts_and_judged() {
    let database = TestDatabase::create().await.unwrap();
    // Short: what a worker begins with is still part of it, so whether it is flat is not asked here, but that it is judged.
    let run = ["memory", "--tasks", "5000", "--no-reference"];
    let output = command(&database, &run).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (at(&found, "steps"), at(&found, "workers")),
        (&25_000.into(), &1.into())
    );
    let points = found["points"].as_array().unwrap();
    let sizes: Vec<u64> = points.iter().filter_map(|point| point["size"].as_u64()).collect();
    assert_eq!(sizes, (1..=10).map(|tenth| tenth * 2_500).collect::<Vec<_>>());
    let rss = |point: &Value| point["worker_rss_mb"].as_f64().unwrap();
    let ratio = at(&found, "ratios.last_point_to_first").as_f64().unwrap();
    assert!(
        (ratio - rss(&points[9]) / rss(&points[0])).abs() < 0.001,
        "{found}"
    );
    assert_eq!(output.status.code(), Some(i32::from(ratio > 1.05)), "{found}");
    assert_eq!(leftovers(&database).await, Vec::<String>::new());

    let short = command(&database, &["memory", "--tasks", "20", "--no-reference"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&short.stderr);
    assert!(
        short.status.code() == Some(1) && told.contains("more --tasks"),
        "{told}"
    );
}

/// Half a minute of what `make soak` runs for an hour: too short to be judged, long enough for everything to happen once.
#[tokio::test]
async fn a_soak_runs_beside_a_held_snapshot_and_is_judged() {
    let database = TestDatabase::create().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("samples.jsonl");
    let arguments = [
        "soak",
        "--minutes",
        "0.5",
        "--every",
        "0.5",
        "--rate",
        "300",
        "--retention",
        "0.5",
        "--recovery",
        "1",
        "--kill-every",
        "5",
        "--output",
        path.to_str().unwrap(),
    ];
    let output = command(&database, &arguments).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let holds = at(&report, "holds").as_bool().unwrap();
    assert_eq!(output.status.code(), Some(if holds { 0 } else { 1 }), "{err}");

    let lines: Vec<Value> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (last, samples) = lines.split_last().unwrap();
    assert_eq!(*last, report);
    let phases: Vec<&str> = samples
        .iter()
        .map(|sample| sample["phase"].as_str().unwrap())
        .collect();
    for phase in ["before", "pinned", "after"] {
        assert!(phases.contains(&phase), "{phases:?}");
    }
    for sample in samples {
        assert!(sample["claim_buffers"].as_f64().unwrap() > 20.0, "{sample}");
        assert!(sample["ratio"].as_f64().unwrap() > 0.0, "{sample}");
        let is_pinned = sample["phase"] == "pinned";
        assert!(is_pinned || sample["pinned_age"].is_null(), "{sample}");
    }
    let count = |key: &str| at(&report, key).as_u64().unwrap();
    assert_eq!(at(&report, "ending.problems"), &Value::Array(vec![]), "{report}");
    assert_eq!(
        count("ending.tasks_created"),
        count("ending.tasks_kept") + count("ending.tasks_pruned")
    );
    assert!(
        count("ending.tasks_pruned") > 0 && count("workers_killed") > 0,
        "{report}"
    );
    assert_eq!(leftovers(&database).await, Vec::<String>::new());
}
