//! Failures that a test injects, and what it is told when it asks for something that cannot be.

use crate::support::{Shop, begun, checkout, database, request, template, workflow};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;
use tasker_core::ErrorKind;
use tasker_core::handler::{HandlerError, Registry, Step};
use tasker_core::model::{Settings, State, TaskRequest};
use tasker_core::testing::{ExecutionOutcome, TestOptions, TestReport, Workflow};

fn code<'r>(report: &'r TestReport, step: &str) -> &'r Value {
    &report.step(step).unwrap().results["error_code"]
}

#[tokio::test]
async fn a_permanent_failure_ends_the_task_and_is_not_tried_again() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    workflow.fault("charge").permanent("the card is stolen").unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Error);
    let charge = report.step("charge").unwrap();
    assert_eq!((charge.status, charge.attempts), (State::Error, 1));
    assert_eq!(charge.results["error"], "the card is stolen");
    assert_eq!(report.step("ship").unwrap().status, State::Pending);
    assert_eq!((shop.charged(), report.executions_of("charge")), (0, 0));
}

#[tokio::test]
async fn each_kind_of_fault_is_recorded_as_a_worker_would_record_it() {
    let database = database().await;
    for (fault, expected, attempts) in [
        ("panic", json!(null), 2),
        ("timeout", json!("step_timeout"), 2),
        ("lost", json!("worker_lost"), 2),
        ("no json", json!("result_not_serializable"), 1),
    ] {
        let mut connection = begun(&database).await;
        let shop = Shop::new();
        let mut workflow = workflow(&mut connection, &shop).await;
        let charge = workflow.fault("charge").on_attempt(1);
        match fault {
            "panic" => charge.panics("out of coffee"),
            "timeout" => charge.times_out(),
            "lost" => charge.loses_its_worker(),
            _ => charge.returns_no_json(),
        }
        .unwrap();
        let task = workflow.create(&request()).await.unwrap().task_id;
        workflow.run_one(task).await.unwrap();
        let report = workflow.run_one(task).await.unwrap();
        assert_eq!(code(&report, "charge"), &expected, "{fault}");
        let report = workflow.run_to_end(task).await.unwrap();
        assert_eq!(report.step("charge").unwrap().attempts, attempts, "{fault}");
        let ended = if attempts == 1 {
            State::Error
        } else {
            State::Complete
        };
        assert_eq!(report.status(), ended, "{fault}");
    }
}

#[tokio::test]
async fn a_handler_that_takes_longer_than_it_may_on_the_clock_of_the_test_has_timed_out() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let began = workflow.now();
    let slow = Duration::from_secs(21);
    workflow.fault("charge").on_attempt(1).takes(slow).unwrap();
    let in_time = Duration::from_secs(20);
    workflow.fault("charge").on_attempt(2).takes(in_time).unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    let error = report.executions[1].error.as_deref().unwrap();
    assert_eq!(error, "the attempt took longer than the 20 seconds it has");
    // The whole timeout, the wait before the second attempt, and that attempt.
    assert_eq!(report.now - began, TimeDelta::seconds(20 + 10 + 20));
    assert_eq!(shop.charged(), 2);
}

#[tokio::test]
async fn a_lost_worker_is_found_when_its_lease_is_over_and_three_of_them_quarantine_a_step() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let began = workflow.now();
    workflow.fault("charge").loses_its_worker().unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Error);
    assert_eq!(code(&report, "charge"), "poison_pill");
    let lost = report
        .executions
        .iter()
        .filter(|one| one.outcome == ExecutionOutcome::WorkerLost);
    assert_eq!((lost.count(), shop.charged()), (3, 0));
    assert!(report.now - began >= TimeDelta::seconds(3 * 31));
}

#[tokio::test]
async fn a_real_panic_and_a_real_error_of_a_handler_are_failures() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let mut shop = Shop::new();
    shop.registry
        .handler("shop.checkout.charge", |step: Step| async move {
            match step.attempt() {
                1 => panic!("out of coffee"),
                2 => Err(HandlerError::from(std::io::Error::other("no route"))),
                _ => Ok(json!({"attempt": step.attempt()})),
            }
        });
    let report = workflow(&mut connection, &shop)
        .await
        .run(&request())
        .await
        .unwrap();
    assert_eq!(report.status(), State::Complete);
    let errors: Vec<_> = report
        .executions
        .iter()
        .filter_map(|one| one.error.as_deref())
        .collect();
    assert_eq!(errors, ["the handler panicked: out of coffee", "no route"]);
}

#[tokio::test]
async fn a_missing_handler_a_missing_step_and_a_missing_timeout_are_named() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let task = workflow.create(&request()).await.unwrap().task_id;

    let mut some = Registry::new();
    some.handler("shop.checkout.check", |_: Step| async {
        Ok::<_, HandlerError>(())
    });
    workflow.handlers(&some).unwrap();
    let error = workflow.run_to_end(task).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownHandler);
    for part in [
        "'shop.checkout.charge' for the step 'charge'",
        "it has shop.checkout.check",
        "a stand-in",
    ] {
        assert!(error.message.contains(part), "{part}: {}", error.message);
    }

    workflow.handlers(&shop.registry).unwrap();
    workflow.fault("chrage").retryable("never").unwrap();
    let error = workflow.run_to_end(task).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(
        error.message.contains("'chrage'") && error.message.contains("charge"),
        "{error}"
    );

    workflow.clear_faults().unwrap();
    workflow.fault("check").times_out().unwrap();
    let error = workflow.run_to_end(task).await.unwrap_err();
    assert!(error.message.contains("timeout_seconds"), "{error}");
}

#[tokio::test]
async fn a_connection_without_a_transaction_and_one_without_the_schema_are_refused() {
    let database = database().await;
    let mut connection = database.connect().await.unwrap();
    let error = Workflow::on(&mut connection).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidArgument);
    assert!(error.message.contains("not in a transaction"), "{error}");

    let mut connection = begun(&database).await;
    let elsewhere = TestOptions {
        schema: "elsewhere".to_owned(),
        ..TestOptions::default()
    };
    let error = Workflow::with_options(&mut connection, elsewhere)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::SchemaMismatch);
    // The transaction is as it was.
    Workflow::on(&mut connection).await.unwrap();
}

#[tokio::test]
async fn what_creating_refuses_is_refused_and_the_test_goes_on() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let error = workflow.create(&TaskRequest::new("nothing")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownNamedTask);

    let strict = template(json!({
        "name": "checkout", "namespace_name": "shop", "version": "2.0.0",
        "schema": {"type": "object", "required": ["customer"],
                   "properties": {"gift": {"type": "boolean", "default": true}}},
        "step_templates": [{"name": "check"}],
    }));
    workflow.register(&strict).await.unwrap();
    let error = workflow.create(&request()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidContext);

    let mut good = request();
    good.context.insert("customer".to_owned(), json!("ada"));
    let report = workflow.run(&good).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.task.context["gift"], true, "defaults are filled in");
}

#[tokio::test]
async fn a_task_made_by_raw_sql_is_validated_when_its_first_step_is_claimed() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let strict = template(json!({
        "name": "checkout", "namespace_name": "shop", "version": "1.0.0",
        "schema": {"type": "object", "required": ["order"]},
        "step_templates": [{"name": "check"}],
    }));
    Workflow::on(&mut connection)
        .await
        .unwrap()
        .register(&strict)
        .await
        .unwrap();
    let task = sqlx::query_scalar("select created_task_id from tasker.create_task('shop', 'checkout')")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let shop = Shop::new();
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    workflow.handlers(&shop.registry).unwrap();
    let report = workflow.run_to_end(task).await.unwrap();
    assert_eq!(report.status(), State::Error);
    assert_eq!(code(&report, "check"), "invalid_context");
}

#[tokio::test]
async fn settings_are_those_of_the_test() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let mut settings = Settings::default();
    settings.backoff.jitter_enabled = false;
    settings.backoff.default_backoff_seconds = vec![100.0];
    settings.execution.max_result_bytes = 20;
    let options = TestOptions {
        settings,
        ..TestOptions::default()
    };
    let shop = Shop::new();
    let mut workflow = Workflow::with_options(&mut connection, options).await.unwrap();
    workflow.handlers(&shop.registry).unwrap();
    workflow.register(&checkout()).await.unwrap();
    let began = workflow.now();
    workflow
        .fault("check")
        .on_attempt(1)
        .retryable("not yet")
        .unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.now - began, TimeDelta::seconds(100));
    assert_eq!(code(&report, "ship"), "result_too_large");
}
