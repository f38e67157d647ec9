//! The clock, waits, and what operators do in between.

use crate::support::{Shop, begun, checkout, database, request, workflow};
use chrono::{TimeDelta, Utc};
use std::time::Duration;
use tasker_core::ErrorKind;
use tasker_core::model::State;
use tasker_core::testing::{ExecutionOutcome, Operation, Recorded, Workflow};

#[tokio::test]
async fn a_workflow_runs_to_its_end_by_the_real_sql_on_the_thread_of_the_test() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let report = workflow(&mut connection, &shop)
        .await
        .run(&request())
        .await
        .unwrap();
    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.step("ship").unwrap().results["for"], 7);
    assert_eq!(report.step("ship").unwrap().results["after"]["charged"], 7);
    let ran: Vec<(&str, i32, Recorded)> = report
        .executions
        .iter()
        .map(|one| (one.step.as_str(), one.attempt, one.recorded))
        .collect();
    let once = |step| (step, 1, Recorded::Recorded);
    assert_eq!(ran, ["check", "charge", "ship", "thank"].map(once));
    assert!(report.executions.iter().all(|one| one.began_at == report.now));
    assert_eq!((shop.charged(), report.next_due_at), (1, None));
}

#[tokio::test]
async fn a_retry_waits_for_the_clock_of_the_test_and_not_for_anybody_elses() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let began = workflow.now();
    workflow
        .fault("charge")
        .on_attempt(1)
        .retryable("gateway down")
        .unwrap();
    let task = workflow.create(&request()).await.unwrap().task_id;

    let report = workflow.run_until_idle(task).await.unwrap();
    assert_eq!(report.status(), State::InProgress);
    assert_eq!(report.step("charge").unwrap().status, State::Error);
    assert_eq!(report.next_due_at, Some(began + TimeDelta::seconds(10)));

    workflow.advance(Duration::from_millis(9_999)).await.unwrap();
    let report = workflow.run_until_idle(task).await.unwrap();
    assert_eq!(
        report.step("charge").unwrap().attempts,
        1,
        "a millisecond too early"
    );

    workflow.advance(Duration::from_millis(1)).await.unwrap();
    let report = workflow.run_until_idle(task).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.step("charge").unwrap().attempts, 2);
    assert_eq!(shop.charged(), 1, "the attempt that was made to fail did not run");
}

#[tokio::test]
async fn running_to_the_end_jumps_over_the_waits() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let began = workflow.now();
    for attempt in [1, 2] {
        workflow
            .fault("charge")
            .on_attempt(attempt)
            .after_the_handler()
            .retryable("gateway down")
            .unwrap();
    }
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.now - began, TimeDelta::seconds(10 + 30));
    assert_eq!(workflow.now(), report.now);
    assert_eq!(shop.charged(), 3);
}

#[tokio::test]
async fn the_clock_may_run_years_ahead_and_tasks_are_still_created() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    workflow
        .advance(Duration::from_secs(3 * 365 * 86_400))
        .await
        .unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    assert!(report.task.created_at > Utc::now() + TimeDelta::days(1_000));
}

#[tokio::test]
async fn operators_act_between_two_attempts() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    workflow.fault("charge").permanent("the card is stolen").unwrap();
    let task = workflow.create(&request()).await.unwrap().task_id;
    let report = workflow.run_one(task).await.unwrap();
    assert_eq!(report.executions.len(), 1);

    let paused = workflow.operate(task, Operation::PauseTask).await.unwrap();
    assert!(paused.task.paused);
    let report = workflow.run_to_end(task).await.unwrap();
    assert_eq!(
        (report.executions.len(), report.next_due_at),
        (1, None),
        "paused means paused"
    );
    workflow.operate(task, Operation::ResumeTask).await.unwrap();

    let report = workflow.run_to_end(task).await.unwrap();
    assert_eq!(report.status(), State::Error);
    workflow.clear_faults().unwrap();
    workflow
        .operate(
            task,
            Operation::RetryStep {
                step: "charge".to_owned(),
                reset_attempts: true,
            },
        )
        .await
        .unwrap();
    assert_eq!(workflow.run_to_end(task).await.unwrap().status(), State::Complete);
}

#[tokio::test]
async fn a_resolved_step_lets_its_dependents_run_and_its_handler_does_not() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let task = workflow.create(&request()).await.unwrap().task_id;
    workflow.run_one(task).await.unwrap();
    let resolved = Operation::ResolveStep {
        step: "charge".to_owned(),
        results: serde_json::json!({"charged": "by hand"}),
    };
    workflow.operate(task, resolved).await.unwrap();
    let report = workflow.run_to_end(task).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    assert_eq!(
        report.step("ship").unwrap().results["after"]["charged"],
        "by hand"
    );
    assert_eq!((shop.charged(), report.executions_of("charge")), (0, 0));
}

#[tokio::test]
async fn a_cancelled_task_runs_no_further_and_an_illegal_verb_leaves_the_test_whole() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let shop = Shop::new();
    let mut workflow = workflow(&mut connection, &shop).await;
    let task = workflow.create(&request()).await.unwrap().task_id;
    workflow.run_one(task).await.unwrap();
    let report = workflow.operate(task, Operation::CancelTask).await.unwrap();
    assert_eq!(report.status(), State::Cancelled);
    assert_eq!(report.step("charge").unwrap().status, State::Cancelled);
    let report = workflow.run_to_end(task).await.unwrap();
    assert_eq!((report.executions.len(), shop.charged()), (1, 0));

    let illegal = Operation::RetryStep {
        step: "check".to_owned(),
        reset_attempts: false,
    };
    let error = workflow.operate(task, illegal).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::IllegalTransition);
    assert_eq!(workflow.report(task).await.unwrap().status(), State::Cancelled);
}

#[tokio::test]
async fn an_attempt_that_is_cancelled_while_it_runs_is_refused() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    let mut shop = Shop::new();
    let lent = workflow.connection();
    shop.registry
        .handler("shop.checkout.check", move |step: tasker_core::handler::Step| {
            let lent = lent.clone();
            async move {
                lent.transaction(move |c| {
                    Box::pin(async move {
                        sqlx::query("select tasker.cancel_task($1)")
                            .bind(step.task_id())
                            .execute(c)
                            .await
                    })
                })
                .await??;
                Ok::<_, tasker_core::handler::HandlerError>(())
            }
        });
    workflow.handlers(&shop.registry).unwrap();
    workflow.register(&checkout()).await.unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Cancelled);
    let [execution] = report.executions.as_slice() else {
        panic!("{:?}", report.executions)
    };
    assert_eq!(
        (execution.outcome, execution.recorded),
        (ExecutionOutcome::Completed, Recorded::Refused)
    );
}
