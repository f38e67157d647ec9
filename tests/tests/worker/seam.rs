//! What a language without a runtime of its own holds: an engine and a worker that take JSON and give JSON, and wait on the
//! caller's thread.

use crate::support::database;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tasker_core::{
    Error, ErrorKind,
    bridge::{Engine, HostedWorker, verbs::VERBS},
};
use tasker_tests::TestDatabase;

const WAIT: Duration = Duration::from_secs(10);

fn engine(database: &TestDatabase) -> Engine {
    let options = json!({
        "database_url": database.url(),
        "isolated": true,
        "settings": {"backoff": {"default_backoff_seconds": [0], "jitter_enabled": false}},
    });
    Engine::new(&options.to_string()).unwrap()
}

fn call(engine: &Engine, verb: &str, arguments: &Value) -> Result<Value, Error> {
    let text = engine.call(verb, &arguments.to_string())?;
    Ok(serde_json::from_str(&text).unwrap())
}

/// An answer, and the verb ticked off.
struct Caller<'e> {
    engine: &'e Engine,
    called: BTreeSet<String>,
}

impl Caller<'_> {
    fn call(&mut self, verb: &str, arguments: &Value) -> Value {
        self.called.insert(verb.to_owned());
        call(self.engine, verb, arguments).unwrap_or_else(|error| panic!("{verb}: {error}"))
    }
}

fn register(engine: &Engine) {
    let yaml = "
name: order
namespace_name: shop
version: 1.0.0
step_templates:
  - {name: validate, handler: work}
  - {name: charge, handler: work, depends_on_step: validate}
";
    let done = call(engine, "register_template", &json!({ "yaml": yaml })).unwrap();
    assert_eq!(
        done,
        json!({"namespace": "shop", "name": "order", "version": "1.0.0", "registered": "new"})
    );
}

/// Blocking calls belong on a thread of their own, as those of a language are.
async fn on_a_thread(test: impl FnOnce(&TestDatabase) + Send + 'static) {
    let database = database().await;
    tokio::task::spawn_blocking(move || {
        test(&database);
        drop(database);
    })
    .await
    .unwrap();
}

fn start(engine: &Engine) -> HostedWorker {
    engine
        .start_worker(r#"{"handlers": ["work"], "concurrency": 4, "runtime": "test"}"#)
        .unwrap()
}

/// The next attempt.
fn next(worker: &HostedWorker) -> Value {
    let polled: Value = serde_json::from_str(&worker.poll(1, WAIT).unwrap()).unwrap();
    polled["invocations"][0].clone()
}

fn report(worker: &HostedWorker, attempt: &Value, outcome: Value) -> usize {
    let mut reported = outcome;
    for key in ["task_id", "step_no", "claim_no"] {
        reported[key] = attempt[key].clone();
    }
    worker.complete(&json!([reported]).to_string()).unwrap()
}

#[tokio::test]
async fn a_task_runs_to_its_end_by_messages() {
    on_a_thread(|database| {
        let engine = engine(database);
        register(&engine);
        let worker = start(&engine);
        let task = call(&engine, "create_task", &json!({"namespace": "shop", "name": "order", "context": {"order": 7}}))
            .unwrap();
        let task_id = &task["task_id"];

        let first = next(&worker);
        assert_eq!((&first["step_name"], &first["context"]), (&json!("validate"), &json!({"order": 7})));
        assert_eq!(report(&worker, &first, json!({"outcome": "completed", "results": {"ok": 1}})), 1);
        let second = next(&worker);
        assert_eq!(second["dependencies"], json!({"validate": {"ok": 1}}));
        let failure = json!({"outcome": "failed", "message": "the bank is closed", "retryable": true, "retry_after": 0.0});
        report(&worker, &second, failure);
        let again = next(&worker);
        assert_eq!((&again["step_name"], &again["attempt"]), (&json!("charge"), &json!(2)));
        let all: Value = serde_json::from_str(&worker.fetch_results(task_id.as_str().unwrap()).unwrap()).unwrap();
        assert_eq!(all, json!({"validate": {"ok": 1}}));
        report(&worker, &again, json!({"outcome": "completed", "results": null}));

        let ended = call(&engine, "wait", &json!({"task_id": task_id, "within_seconds": 10})).unwrap();
        assert_eq!(ended["status"], "complete");
        worker.shutdown().unwrap();
        let after = worker.poll(1, WAIT).unwrap_err();
        assert_eq!(after.kind, ErrorKind::ShuttingDown);
        engine.close().unwrap();
    })
    .await;
}

#[tokio::test]
async fn every_verb_can_be_called() {
    on_a_thread(|database| {
        let engine = engine(database);
        let mut on = Caller {
            engine: &engine,
            called: BTreeSet::new(),
        };
        on.call("migrate", &json!({}));
        on.called.insert("register_template".to_owned());
        register(&engine);
        let order = json!({"namespace": "shop", "name": "order"});
        let task = on.call("create_task", &order)["task_id"].clone();
        assert_eq!(on.call("create_tasks", &json!({"tasks": [order, order]})).as_array().unwrap().len(), 2);
        let of = json!({ "task_id": task });
        let of_step = json!({"task_id": task, "step": "validate"});
        assert_eq!(on.call("task", &of)["name"], "order");
        assert_eq!(on.call("task_state", &of), "pending");
        assert_eq!(on.call("steps", &of).as_array().unwrap().len(), 2);
        assert_eq!(on.call("step", &json!({"task_id": task, "step": 2}))["name"], "charge");
        assert_eq!(on.call("readiness", &of).as_array().unwrap().len(), 2);
        let weighed = json!({"task_id": task, "weights": {"impact_multipliers": {"blocked_penalty": 0}}});
        assert_eq!(on.call("dependency_analysis", &weighed)["critical_paths"]["paths"][0]["criticality_score"], 22.0);
        assert_eq!(on.call("transitions", &of).as_array().unwrap().len(), 1);
        assert_eq!(on.call("why", &of_step)[0]["reason"], "no_worker");
        assert_eq!(on.call("list_tasks", &json!({"status": ["pending"], "limit": 2})).as_array().unwrap().len(), 2);
        assert_eq!(on.call("list_steps", &of).as_array().unwrap().len(), 2);
        assert_eq!(on.call("list_workers", &json!({})), json!([]));
        assert_eq!(on.call("list_namespaces", &json!({"containing": "sho"}))[0]["name"], "shop");
        assert_eq!(on.call("list_handlers", &json!({}))[0]["handler"], "work");
        assert_eq!(on.call("named_tasks", &json!({}))[0]["name"], "order");
        assert_eq!(on.call("template", &order)["version"], "1.0.0");
        assert_eq!(on.call("template_contents", &order).as_array().unwrap().len(), 1);
        let note = on.call("annotate_task", &json!({"task_id": task, "annotation_type": "parcel", "annotation": {"by": "DHL"}}));
        assert_eq!(on.call("list_annotations", &of), json!([note]));
        on.call("update_task", &json!({"task_id": task, "tags": ["vip"], "by": "anna"}));
        on.call("update_step", &json!({"task_id": task, "step": "charge", "retry_limit": 5}));
        on.call("pause", &json!({"handler": "work", "by": "anna"}));
        on.call("resume", &json!({"handler": "work"}));
        on.call("pause", &of);
        on.call("resume", &of);
        let actions = on.call("operator_actions", &of);
        assert_eq!((&actions[0]["metadata"]["verb"], &actions[0]["metadata"]["by"]), (&json!("update_task"), &json!("anna")));
        let resolved = on.call("resolve_step", &json!({"task_id": task, "step": 1, "results": {"by": "hand"}}));
        assert_eq!((&resolved["status"], &resolved["results"]["by"]), (&json!("resolved_manually"), &json!("hand")));
        assert_eq!(on.call("cancel_step", &json!({"task_id": task, "step": 2}))["status"], "cancelled");
        let state = on.call("wait_state", &json!({"task_id": task, "until": ["pending", "error", "in_progress", "cancelled"], "within_seconds": 5}));
        on.call("wait", &json!({"task_id": task, "until": [state]}));
        failed_for_good(&mut on, &order);
        in_bulk(&mut on, &order);
        assert!(on.call("schema_version", &json!({})).as_i64().unwrap() > 20);
        assert_eq!(on.call("database", &json!({})), database.url());
        assert!(on.call("database_identity", &json!({})).as_str().unwrap().contains('/'));
        assert_eq!(on.call("settings", &json!({}))["backoff"]["jitter_enabled"], false);
        assert!(on.call("doctor", &json!({}))["checks"].is_array());

        let called: Vec<&str> = on.called.iter().map(String::as_str).collect();
        assert_eq!(called, VERBS, "every verb, in this order");
        engine.close().unwrap();
    })
    .await;
}

/// The verbs for what has failed: retry and resolve, and cancel.
fn failed_for_good(on: &mut Caller<'_>, order: &Value) {
    let failed = |on: &mut Caller<'_>| {
        let task = on.call("create_task", order)["task_id"].clone();
        let of_step = json!({"task_id": task, "step": "validate"});
        let worker = start(on.engine);
        loop {
            let attempt = next(&worker);
            let is_mine = attempt["task_id"] == task;
            report(
                &worker,
                &attempt,
                json!({"outcome": "failed", "message": "no", "retryable": false}),
            );
            if is_mine {
                break;
            }
        }
        on.call("wait", &json!({"task_id": task, "until": ["error"]}));
        worker.shutdown().unwrap();
        (task, of_step)
    };
    let (task, mut of_step) = failed(on);
    of_step["reset_attempts"] = json!(true);
    assert_eq!(on.call("retry_step", &of_step)["status"], "pending");
    assert_eq!(
        on.call(
            "cancel_task",
            &json!({"task_id": task, "by": "anna", "reason": "enough"})
        )["status"],
        "cancelled"
    );
    let (task, _) = failed(on);
    assert_eq!(
        on.call("retry_task", &json!({ "task_id": task }))["status"],
        "in_progress"
    );
    let (task, _) = failed(on);
    assert_eq!(
        on.call("resolve_task", &json!({ "task_id": task }))["status"],
        "resolved_manually"
    );
}

/// The verbs on everything that a filter lets through.
fn in_bulk(on: &mut Caller<'_>, order: &Value) {
    let mut tagged = order.clone();
    tagged["tags"] = json!(["bulk"]);
    on.call("create_tasks", &json!({"tasks": [tagged, tagged, tagged]}));
    let (tasks, steps) = (
        json!({"tags": ["bulk"]}),
        json!({"tags": ["bulk"], "names": ["validate"]}),
    );
    assert_eq!(on.call("count_tasks", &json!({ "filter": tasks })), 3);
    assert_eq!(
        on.call("count_steps", &json!({"filter": steps, "most": 2})),
        2,
        "counting ends at the most"
    );
    assert_eq!(on.call("find_steps", &steps)[0]["full_name"], "shop.order@1.0.0");
    let update = json!({"verb": "update", "retry_limit": 7, "filter": steps});
    assert_eq!(
        on.call("operate_on_steps", &update)["outcomes"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let mut cancel = json!({"verb": "cancel", "by": "anna", "filter": {"tags": ["bulk"], "limit": 2}});
    let first = on.call("operate_on_tasks", &cancel);
    assert_eq!(first["outcomes"].as_array().unwrap().len(), 2);
    cancel["filter"]["after"] = first["after"].clone();
    let second = on.call("operate_on_tasks", &cancel);
    assert_eq!(second["outcomes"].as_array().unwrap().len(), 1);
    cancel["filter"]["after"] = second["after"].clone();
    assert_eq!(
        on.call("operate_on_tasks", &cancel),
        json!({"outcomes": [], "after": null})
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place() {
    on_a_thread(|database| {
        let engine = engine(database);
        let said = |verb: &str, arguments: &str| {
            let error = engine.call(verb, arguments).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{error}");
            error.message
        };
        assert!(said("cancel_taks", "{}").contains("is it 'cancel_task'?"));
        assert!(said("task", r#"{"task": 1}"#).contains("task_id"));
        assert!(said("task", "{").starts_with("task: "));
        assert!(said("cancel_step", r#"{"task_id": "x", "step": 1}"#).contains("cancel_step: "));
        let deep = format!(
            r#"{{"name": "order", "context": {{"a": {}1{}}}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        );
        assert!(
            said("create_task", &deep).contains("/context/a"),
            "{}",
            said("create_task", &deep)
        );
        let large = r#"{"name": "order", "context": {"n": 18446744073709551616}}"#;
        assert!(
            said("create_task", large).contains("/context/n"),
            "{}",
            said("create_task", large)
        );
        assert!(
            said(
                "wait",
                r#"{"task_id": "0190a0a0-0000-7000-8000-000000000000", "within_seconds": -1}"#
            )
            .contains("within_seconds")
        );
        assert!(said("pause", "{}").contains("'handler'"));
        // A filter that is misspelt would let everything through.
        let misspelt = r#"{"verb": "cancel", "filter": {"tag": ["bulk"]}}"#;
        assert!(said("operate_on_tasks", misspelt).contains("tag"));
        assert!(said("operate_on_tasks", r#"{"verb": "cancel"}"#).contains("filter"));
        assert!(said("operate_on_steps", r#"{"verb": "stop", "filter": {}}"#).contains("resolve or update"));
        assert!(said("register_template", "{}").contains("'yaml'"));
        assert!(
            engine
                .start_worker(r#"{"handler": "work"}"#)
                .unwrap_err()
                .message
                .contains("handler")
        );

        let bad = r#"{"isolated": true, "settings": {"backoff": {"jitter": 1}}}"#;
        assert_eq!(Engine::new(bad).unwrap_err().kind, ErrorKind::InvalidArgument);
        assert!(
            Engine::new(r#"{"url": "x"}"#)
                .unwrap_err()
                .message
                .contains("url")
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_can_be_handed_on_instead_of_waited_for() {
    on_a_thread(|database| {
        let engine = engine(database);
        let (sender, receiver) = std::sync::mpsc::channel();
        engine.call_then("schema_version", "{}", move |answer| sender.send(answer).unwrap());
        assert!(receiver.recv().unwrap().unwrap().parse::<i32>().unwrap() > 20);
        let (sender, receiver) = std::sync::mpsc::channel();
        engine.call_then("nothing", "{}", move |answer| sender.send(answer).unwrap());
        assert_eq!(
            receiver.recv().unwrap().unwrap_err().kind,
            ErrorKind::InvalidArgument
        );

        register(&engine);
        let worker = start(&engine);
        let (sender, receiver) = std::sync::mpsc::channel();
        worker.poll_then(1, WAIT, move |polled| sender.send(polled).unwrap());
        call(
            &engine,
            "create_task",
            &json!({"namespace": "shop", "name": "order"}),
        )
        .unwrap();
        assert!(receiver.recv().unwrap().unwrap().contains("validate"));
        worker.stop_claiming().unwrap();
        worker.shutdown().unwrap();
        engine.close().unwrap();
    })
    .await;
}

#[tokio::test]
async fn outcomes_that_do_not_read_are_refused_and_lose_nothing() {
    on_a_thread(|database| {
        let engine = engine(database);
        register(&engine);
        let worker = start(&engine);
        let task = call(
            &engine,
            "create_task",
            &json!({"namespace": "shop", "name": "order"}),
        )
        .unwrap();
        let attempt = next(&worker);
        assert_eq!(
            worker.complete("[{}]").unwrap_err().kind,
            ErrorKind::InvalidArgument
        );
        let status: Value = serde_json::from_str(&worker.status().unwrap()).unwrap();
        assert_eq!(status["running"], 1);
        report(&worker, &attempt, json!({"outcome": "released"}));
        let state = call(&engine, "task_state", &json!({"task_id": task["task_id"]})).unwrap();
        assert_ne!(state, "error");
        assert!(worker.cancelled().unwrap().is_empty());
        worker.shutdown().unwrap();
        engine.close().unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_worker_of_one_task_leaves_all_others_alone() {
    on_a_thread(|database| {
        let engine = engine(database);
        register(&engine);
        let create = || {
            call(
                &engine,
                "create_task",
                &json!({"name": "order", "namespace": "shop"}),
            )
            .unwrap()
        };
        let (other, mine) = (create()["task_id"].clone(), create()["task_id"].clone());
        let options = json!({"handlers": ["work"], "concurrency": 1, "runtime": "test", "task_id": mine});
        let worker = engine.start_worker(&options.to_string()).unwrap();
        // Created beside it: it is handed over to no worker of one task.
        create();
        for _ in ["validate", "charge"] {
            let attempt = next(&worker);
            assert_eq!(attempt["task_id"], mine);
            report(&worker, &attempt, json!({"outcome": "completed", "results": {}}));
        }
        let done = call(
            &engine,
            "wait_state",
            &json!({"task_id": mine, "within_seconds": 10.0}),
        )
        .unwrap();
        assert_eq!(done, "complete");
        worker.shutdown().unwrap();
        let untouched = call(&engine, "task_state", &json!({"task_id": other})).unwrap();
        assert_eq!(untouched, "pending");
        engine.close().unwrap();
    })
    .await;
}

#[tokio::test]
async fn details_of_128_levels_are_kept() {
    on_a_thread(|database| {
        let engine = engine(database);
        register(&engine);
        let order = call(
            &engine,
            "create_task",
            &json!({"name": "order", "namespace": "shop"}),
        )
        .unwrap();
        let worker = start(&engine);
        let attempt = next(&worker);
        let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
        let key = format!(
            r#""task_id": {}, "step_no": {}, "claim_no": {}"#,
            attempt["task_id"], attempt["step_no"], attempt["claim_no"]
        );
        let failed = r#""outcome": "failed", "message": "no", "retryable": false"#;
        // A list, an outcome, and what is around the details: more than serde_json reads by itself.
        let outcomes = format!(r#"[{{{key}, {failed}, "details": {{"a": [[[[[[[{deep}]]]]]]]}}}}]"#);
        assert_eq!(worker.complete(&outcomes).unwrap(), 1);
        let done = json!({"task_id": order["task_id"], "within_seconds": 10.0});
        assert_eq!(call(&engine, "wait_state", &done).unwrap(), "error");
        worker.shutdown().unwrap();
        engine.close().unwrap();
    })
    .await;
}
