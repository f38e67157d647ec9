//! Metrics: what is served is what is declared, and the values are those of what was done.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod page;
#[path = "../support/mod.rs"]
mod support;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use page::{Read, Sample, documented};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{Answer, Shop, UNKNOWN, client_of, send_to};
use tasker_core::metrics::{MOST_NAMESPACES, OTHER_NAMESPACES};
use tasker_core::model::{Failure, Outcome, OutcomeKind};
use tasker_core::store::Statements;
use tasker_core::template::{ParseOptions, Template};
use tasker_core::worker::{Worker, WorkerOptions};
use tasker_server::{Options, router};

fn scrape(accept: &str) -> Request<Body> {
    Request::get("/metrics")
        .header("accept", accept)
        .body(Body::empty())
        .unwrap()
}

async fn read(shop: &Shop) -> Read {
    let answer = shop.send(scrape("text/plain")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    Read::of(&answer.text)
}

async fn read_of(router: &Router) -> Read {
    let answer = send_to(router.clone(), scrape("text/plain")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    Read::of(&answer.text)
}

/// A namespace with a workflow `one` of one step.
async fn register(shop: &Shop, namespace: &str) {
    let one = json!({"name": "one", "namespace_name": namespace, "version": "1.0.0", "step_templates": [{"name": "only", "handler": "work"}]});
    let one = Template::from_json(&one, &ParseOptions::default()).unwrap();
    shop.client.register_template(&one, false).await.unwrap();
}

async fn start(shop: &Shop) -> Worker {
    let options = WorkerOptions {
        handlers: vec!["work".to_owned()],
        ..WorkerOptions::default()
    };
    Worker::start(&shop.client, options).await.unwrap()
}

/// Runs the next attempt, which is waited for.
async fn run(worker: &Worker, kind: OutcomeKind) {
    let taken = worker.poll(1, Duration::from_secs(60)).await.unwrap();
    let outcome = Outcome {
        task_id: taken[0].task_id(),
        step_no: taken[0].step_no(),
        claim_no: taken[0].claim_no(),
        kind,
    };
    assert_eq!(worker.complete(vec![outcome]), 1);
}

fn completed() -> OutcomeKind {
    OutcomeKind::Completed {
        results: serde_json::from_str("{}").unwrap(),
    }
}

fn failed(retryable: bool) -> OutcomeKind {
    OutcomeKind::Failed(Failure {
        message: "no".to_owned(),
        retryable,
        retry_after: Some(0.0),
        ..Failure::default()
    })
}

fn check_families(answer: &Answer, total: &str) {
    let read = Read::of(&answer.text);
    let documented = documented();
    let wanted: BTreeMap<String, String> = documented
        .iter()
        .map(|(name, (kind, _))| {
            let name = if kind == "counter" {
                name.strip_suffix(total).unwrap()
            } else {
                name
            };
            (name.to_owned(), kind.clone())
        })
        .collect();
    assert_eq!(read.types, wanted);
    assert_eq!(
        read.helps.keys().collect::<Vec<_>>(),
        wanted.keys().collect::<Vec<_>>()
    );
    for Sample { name, labels, .. } in &read.samples {
        let family = documented.get_key_value(name).or_else(|| {
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))?;
            documented
                .get_key_value(base)
                .filter(|(_, (kind, _))| kind == "histogram")
        });
        let (name, (_, wanted)) = family.unwrap_or_else(|| panic!("{name} is not documented"));
        let mut found: BTreeSet<String> = labels.keys().cloned().collect();
        found.remove("le");
        assert_eq!(&found, wanted, "{name}");
    }
}

#[tokio::test]
async fn what_is_served_is_what_is_documented_in_either_format() {
    let shop = Shop::open().await;
    shop.one(json!({})).await;
    let plain = shop.send(scrape("*/*")).await;
    assert_eq!(plain.status, StatusCode::OK);
    assert_eq!(
        plain.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(plain.header("cache-control"), "no-store");
    check_families(&plain, "");
    let open = shop
        .send(scrape("application/openmetrics-text; version=1.0.0"))
        .await;
    assert_eq!(
        open.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert_eq!(open.header("cache-control"), "no-store");
    assert!(open.text.ends_with("# EOF\n"));
    assert!(
        open.text
            .contains("\n# UNIT tasker_task_duration_seconds seconds\n")
    );
    check_families(&open, "_total");
}

#[tokio::test]
async fn tasks_and_steps_are_counted_by_state_and_what_is_ready_by_whether_it_is_paused() {
    let shop = Shop::open().await;
    register(&shop, "stopped").await;
    register(&shop, "idle").await;
    shop.one(json!({})).await;
    shop.one(json!({})).await;
    let given_up = shop.one(json!({})).await;
    let answer = shop.post(&format!("/tasks/{given_up}/cancel"), json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let created = shop
        .post("/tasks", json!({"name": "one", "namespace": "stopped"}))
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    let paused = shop.post("/pause", json!({"namespace": "stopped"})).await;
    assert_eq!(paused.status, StatusCode::OK, "{}", paused.text);

    let read = read(&shop).await;
    let (open, stopped, idle) = (
        [("namespace", "shop")],
        [("namespace", "stopped")],
        [("namespace", "idle")],
    );
    let by_state = |name: &str, namespace: &str, state: &str| {
        read.count(name, &[("namespace", namespace), ("state", state)])
    };
    for name in ["tasker_tasks", "tasker_steps"] {
        assert_eq!(by_state(name, "shop", "pending"), 2);
        assert_eq!(by_state(name, "shop", "cancelled"), 1);
        assert_eq!(by_state(name, "shop", "complete"), 0);
        assert_eq!(by_state(name, "stopped", "pending"), 1);
        assert_eq!(by_state(name, "idle", "pending"), 0);
    }
    assert_eq!(read.count("tasker_ready_steps", &open), 2);
    assert_eq!(read.count("tasker_ready_steps_paused", &open), 0);
    assert!(read.value("tasker_ready_step_oldest_age_seconds", &open) > 0.0);
    assert_eq!(read.count("tasker_ready_steps", &stopped), 0);
    assert_eq!(read.count("tasker_ready_steps_paused", &stopped), 1);
    assert!(read.value("tasker_ready_step_oldest_age_seconds", &stopped) == 0.0);
    assert_eq!(read.count("tasker_ready_steps", &idle), 0);
    assert_eq!(read.count("tasker_database_up", &[]), 1);
    assert_eq!(read.count("tasker_workers", &[("state", "alive")]), 0);
    assert!(read.count("tasker_database_connections", &[("database", "own")]) >= 1);
    assert!(
        read.value("tasker_database_connections_max", &[])
            >= read.value("tasker_database_connections", &[("database", "own")])
    );
    assert!(
        read.find("tasker_table_dead_rows", &[("table", "workflow_steps")])
            .is_some()
    );
    assert!(
        read.find("tasker_step_attempts_total", &[("namespace", "shop")])
            .is_none(),
        "nothing ran here"
    );
}

#[tokio::test]
async fn what_a_worker_of_this_process_does_is_counted() {
    let shop = Shop::open().await;
    register(&shop, "second").await;
    shop.one(json!({})).await;
    let worker = start(&shop).await;
    run(&worker, failed(true)).await;
    run(&worker, completed()).await;
    let created = shop
        .post("/tasks", json!({"name": "one", "namespace": "second"}))
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    run(&worker, failed(false)).await;
    // It reports what it has before it goes.
    worker.shutdown().await.unwrap();

    let read = read(&shop).await;
    let (first, second) = ([("namespace", "shop")], [("namespace", "second")]);
    let attempts = |namespace: &str, outcome: &str| {
        read.count(
            "tasker_step_attempts_total",
            &[("namespace", namespace), ("outcome", outcome)],
        )
    };
    assert_eq!(
        (attempts("shop", "completed"), attempts("shop", "failed")),
        (1, 1)
    );
    assert_eq!(
        (
            attempts("second", "completed"),
            attempts("second", "failed_permanently")
        ),
        (0, 1)
    );
    assert_eq!(read.count("tasker_step_retries_total", &first), 1);
    assert_eq!(read.count("tasker_step_retries_total", &second), 0);
    for (name, of_first, of_second) in [
        ("tasker_step_attempt_duration_seconds", 2, 1),
        ("tasker_step_queue_latency_seconds", 2, 1),
        ("tasker_task_duration_seconds", 1, 0),
    ] {
        assert_eq!(read.count(&format!("{name}_count"), &first), of_first, "{name}");
        assert_eq!(read.count(&format!("{name}_count"), &second), of_second, "{name}");
        let all = read.count(
            &format!("{name}_bucket"),
            &[("namespace", "shop"), ("le", "+Inf")],
        );
        assert_eq!(all, of_first, "{name}");
    }
    assert!(read.value("tasker_task_duration_seconds_sum", &first) > 0.0);
    let outcomes = |kind: &str| read.count("tasker_flush_batch_outcomes_sum", &[("kind", kind)]);
    assert_eq!(
        (
            outcomes("completions"),
            outcomes("failures"),
            outcomes("releases")
        ),
        (1, 2, 0)
    );
    assert_eq!(
        read.count("tasker_flush_duration_seconds_count", &[("kind", "failures")]),
        2
    );
    let claimed: i64 = ["index", "flush", "creation"]
        .iter()
        .map(|source| read.count("tasker_claim_batch_steps_sum", &[("source", source)]))
        .sum();
    assert_eq!(claimed, 3);
    assert!(read.count("tasker_claims_total", &[("outcome", "claimed")]) >= 1);
    // The same, as the database has it.
    assert_eq!(read.count("tasker_steps_failed_for_good", &second), 1);
    assert_eq!(read.count("tasker_steps_failed_for_good", &first), 0);
}

#[tokio::test]
async fn workers_and_their_connections_are_shown_as_long_as_they_are_there() {
    let shop = Shop::open().await;
    let worker = start(&shop).await;
    let alive = read(&shop).await;
    assert_eq!(alive.count("tasker_workers", &[("state", "alive")]), 1);
    assert_eq!(alive.count("tasker_worker_slots", &[("state", "alive")]), 64);
    assert_eq!(alive.count("tasker_workers", &[("state", "lost")]), 0);
    let all = |read: &Read| {
        ["client", "worker"].map(|owner| read.count("tasker_pool_connections_max", &[("owner", owner)]))
    };
    assert_eq!(all(&alive).iter().sum::<i64>(), 4, "the budget of a process");
    assert!(all(&alive)[1] >= 1);
    assert_eq!(alive.count("tasker_pool_waiting", &[("owner", "client")]), 0);
    worker.shutdown().await.unwrap();
    drop(worker);
    assert_eq!(all(&read(&shop).await), [4, 0]);
}

#[tokio::test]
async fn an_attempt_that_is_handed_back_is_counted_as_such() {
    let shop = Shop::open().await;
    shop.one(json!({})).await;
    let worker = start(&shop).await;
    run(&worker, OutcomeKind::Released).await;
    // It comes again, and that is no retry.
    run(&worker, completed()).await;
    worker.shutdown().await.unwrap();
    let read = read(&shop).await;
    let attempts = |outcome: &str| read.count("tasker_step_attempts_total", &[("outcome", outcome)]);
    assert_eq!((attempts("released"), attempts("completed")), (1, 1));
    assert_eq!(read.count("tasker_step_retries_total", &[]), 0);
    assert_eq!(
        read.count("tasker_flush_batch_outcomes_sum", &[("kind", "releases")]),
        1
    );
}

#[tokio::test]
async fn what_one_client_does_is_nothing_to_another_in_the_same_process() {
    let (one, other) = (Shop::open().await, Shop::open().await);
    one.one(json!({})).await;
    let worker = start(&one).await;
    run(&worker, completed()).await;
    worker.shutdown().await.unwrap();
    let other = read(&other).await;
    assert!(
        other
            .samples
            .iter()
            .all(|sample| sample.name != "tasker_step_attempts_total")
    );
    assert_eq!(
        other.count("tasker_flush_batch_outcomes_count", &[("kind", "completions")]),
        0
    );
    assert!(
        other.find("tasker_http_requests_total", &[]).is_none(),
        "this is its first request"
    );
}

#[tokio::test]
async fn a_namespace_of_any_name_is_a_label() {
    let shop = Shop::open().await;
    let odd = "a \"b\" \\n c\\ {d=\"e\"} ü,#";
    register(&shop, odd).await;
    let created = shop
        .post("/tasks", json!({"name": "one", "namespace": odd}))
        .await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
    let worker = start(&shop).await;
    run(&worker, completed()).await;
    worker.shutdown().await.unwrap();
    for accept in ["text/plain", "application/openmetrics-text"] {
        let read = Read::of(&shop.send(scrape(accept)).await.text);
        assert_eq!(
            read.count("tasker_tasks", &[("namespace", odd), ("state", "complete")]),
            1,
            "{accept}"
        );
        assert_eq!(
            read.count(
                "tasker_step_attempt_duration_seconds_count",
                &[("namespace", odd)]
            ),
            1,
            "{accept}"
        );
    }
}

#[tokio::test]
async fn namespaces_beyond_a_hundred_are_one() {
    let shop = Shop::open().await;
    // One of the first is called as the rest is.
    register(&shop, "other").await;
    for number in 0..MOST_NAMESPACES + 20 {
        register(&shop, &format!("space-{number}")).await;
    }
    for namespace in ["other", "space-0", "space-110", "space-119"] {
        let created = shop
            .post("/tasks", json!({"name": "one", "namespace": namespace}))
            .await;
        assert_eq!(created.status, StatusCode::CREATED);
    }
    let read = read(&shop).await;
    let namespaces = read.values_of("namespace");
    assert!(namespaces.len() <= MOST_NAMESPACES + 1, "{}", namespaces.len());
    assert!(!namespaces.contains("space-119"));
    assert_eq!(
        read.count("tasker_tasks", &[("namespace", "space-0"), ("state", "pending")]),
        1
    );
    assert_eq!(
        read.count("tasker_tasks", &[("namespace", "other"), ("state", "pending")]),
        3
    );
    assert_eq!(read.count("tasker_ready_steps", &[("namespace", "other")]), 3);
}

#[tokio::test]
async fn the_database_is_looked_at_once_for_all_who_ask_meanwhile() {
    let shop = Shop::open().await;
    let all = tokio::join!(read(&shop), read(&shop), read(&shop), read(&shop));
    let took =
        [all.0, all.1, all.2, all.3].map(|read| read.value("tasker_database_look_duration_seconds", &[]));
    // To the nanosecond: it is the same look.
    assert!(
        took.iter().all(|one| one.to_bits() == took[0].to_bits()),
        "{took:?}"
    );
}

#[tokio::test]
async fn the_limits_that_are_told_are_those_of_the_statement() {
    let shop = Shop::open().await;
    let read = read(&shop).await;
    let (_, statement) = Statements::FILES
        .iter()
        .find(|(name, _)| *name == "measure_work")
        .unwrap();
    for (metric, told, limit) in [
        ("tasker_tasks", "20,000", "limit 20000)"),
        ("tasker_steps", "100,000", "limit 100000)"),
        ("tasker_steps_failed_for_good", "100,000", "limit 100000)"),
        ("tasker_ready_steps", "10,000", "limit 10000)"),
    ] {
        assert!(read.helps[metric].contains(told), "{metric}");
        assert!(statement.contains(limit), "{limit}");
    }
    assert!(statement.contains(&format!("<= {MOST_NAMESPACES} then")));
    assert!(statement.contains(&format!("else '{OTHER_NAMESPACES}' end")));
}

#[tokio::test]
async fn without_the_database_a_process_tells_what_it_knows() {
    // Nobody listens there.
    let client = client_of("postgres://127.0.0.1:1/nothing".to_owned());
    let router = router(client, Options::default());
    read_of(&router).await;
    let answer = send_to(router.clone(), scrape("text/plain")).await;
    check_families(&answer, "");
    let read = Read::of(&answer.text);
    assert_eq!(read.count("tasker_database_up", &[]), 0);
    assert!(read.find("tasker_workers", &[("state", "alive")]).is_none());
    assert_eq!(read.count("tasker_build_info", &[]), 1);
    let asked = [("route", "/metrics"), ("method", "GET"), ("status", "2xx")];
    assert_eq!(read.count("tasker_http_requests_total", &asked), 1);
}

#[tokio::test]
async fn requests_are_counted_by_template_and_class_and_never_by_what_somebody_wrote() {
    let shop = Shop::open().await;
    for id in [UNKNOWN, "not-an-id"] {
        shop.ask(Method::GET, &format!("/tasks/{id}"), None).await;
    }
    shop.ask(Method::GET, "/nowhere/at/all", None).await;
    shop.ask(Method::from_bytes(b"BREW").unwrap(), "/tasks", None)
        .await;
    shop.one(json!({})).await;
    let read = read(&shop).await;
    let requests = |route: &str, method: &str, status: &str| {
        read.find(
            "tasker_http_requests_total",
            &[("route", route), ("method", method), ("status", status)],
        )
    };
    assert_eq!(
        requests("/tasks/{task_id}", "GET", "4xx"),
        Some(2.0),
        "{:?}",
        read.values_of("route")
    );
    assert_eq!(requests("none", "GET", "4xx"), Some(1.0));
    assert_eq!(requests("/tasks", "other", "4xx"), Some(1.0));
    assert_eq!(requests("/tasks", "POST", "2xx"), Some(1.0));
    assert_eq!(
        read.count(
            "tasker_http_request_duration_seconds_count",
            &[("route", "/tasks/{task_id}"), ("method", "GET")]
        ),
        2
    );
    assert!(!read.samples.iter().any(|one| {
        one.labels
            .values()
            .any(|value| value.contains("nowhere") || value.contains(UNKNOWN))
    }));
}

#[tokio::test]
async fn where_it_is_mounted_is_no_part_of_a_route() {
    let client = client_of("postgres://127.0.0.1:1/nothing".to_owned());
    let options = Options {
        prefix: "/tasker".to_owned(),
        ..Options::default()
    };
    let host = Router::new().nest("/tasker", router(client, options));
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    send_to(host.clone(), get("/tasker/health/live")).await;
    send_to(host.clone(), get("/tasker/nowhere")).await;
    let read = Read::of(&send_to(host, get("/tasker/metrics")).await.text);
    assert_eq!(read.values_of("route"), BTreeSet::from(["/health/live", "none"]));
}
