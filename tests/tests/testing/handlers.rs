//! Handlers under test: what they may read, and the connection that is lent to them.

use crate::support::{Shop, begun, checkout, count, database, request, template};
use serde_json::json;
use tasker_core::handler::{HandlerError, Registry, Step};
use tasker_core::model::{State, TaskRequest};
use tasker_core::testing::{ExecutionOutcome, Workflow};

#[tokio::test]
async fn what_a_handler_writes_counts_if_its_work_ends_well_and_is_rolled_back_otherwise() {
    let database = database().await;
    let mut connection = begun(&database).await;
    sqlx::raw_sql("create table charges (attempt int)")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    let lent = workflow.connection();
    let mut shop = Shop::new();
    shop.registry.handler("shop.checkout.charge", move |step: Step| {
        let lent = lent.clone();
        async move {
            let attempt = step.attempt();
            lent.transaction(move |c| {
                Box::pin(async move {
                    sqlx::query("insert into charges values ($1)")
                        .bind(attempt)
                        .execute(&mut *c)
                        .await?;
                    if attempt == 1 {
                        // A statement that PostgreSQL refuses: the test's transaction is none the worse for it.
                        sqlx::query("select 1 / 0").execute(c).await?;
                    }
                    Ok::<_, HandlerError>(json!({"attempt": attempt}))
                })
            })
            .await?
        }
    });
    workflow.handlers(&shop.registry).unwrap();
    workflow.register(&checkout()).await.unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.step("charge").unwrap().results["attempt"], 2);
    assert_eq!(count(&mut connection, "charges where attempt = 2").await, 1);
    assert_eq!(count(&mut connection, "charges").await, 1);
}

#[tokio::test]
async fn a_completion_in_the_handlers_own_transaction_counts_and_one_that_is_rolled_back_is_a_failure() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    let lent = workflow.connection();
    let mut shop = Shop::new();
    shop.registry.handler("shop.checkout.charge", move |step: Step| {
        let lent = lent.clone();
        async move {
            let attempt = step.attempt();
            let ended = lent
                .transaction(move |c| {
                    Box::pin(async move {
                        step.complete_in(c, &json!({"charged": 7, "by": "itself"}))
                            .await?;
                        if attempt == 1 {
                            return Err(HandlerError::retryable("rolled back"));
                        }
                        Ok(())
                    })
                })
                .await?;
            // The handler does not tell, as if its commit had failed unnoticed.
            drop(ended);
            Ok::<_, HandlerError>(json!({"ignored": true}))
        }
    });
    workflow.handlers(&shop.registry).unwrap();
    workflow.register(&checkout()).await.unwrap();
    let report = workflow.run(&request()).await.unwrap();
    assert_eq!(report.status(), State::Complete);
    let charge = report.step("charge").unwrap();
    assert_eq!((charge.attempts, &charge.results["by"]), (2, &json!("itself")));
    assert_eq!(report.executions[1].outcome, ExecutionOutcome::CompletedElsewhere);
    let code: String = sqlx::query_scalar(
        "select metadata ->> 'error_code' from tasker.workflow_step_transitions
         where task_id = $1 and step_no = 2 and to_state = 'error'",
    )
    .bind(report.task.task_id)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(code, "completion_rolled_back");
}

#[tokio::test]
async fn large_contexts_and_results_reach_the_handler() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let large = template(json!({
        "name": "large", "version": "1.0.0",
        "step_templates": [{"name": "a", "handler": "large"},
                           {"name": "b", "handler": "large", "depends_on_step": "a"}],
    }));
    let mut registry = Registry::new();
    registry.handler("large", |step: Step| async move {
        let context = step.context().await?;
        let text = context["text"].as_str().unwrap_or_default();
        if step.name() == "b" {
            let before = step.results("a").await?;
            assert_eq!(before["text"].as_str().map(str::len), Some(text.len()));
        }
        Ok::<_, HandlerError>(json!({"text": text}))
    });
    // Of random letters, so that PostgreSQL cannot press it below what comes along with a claim.
    let text: String = (0..200_000)
        .map(|_| char::from(b'a' + rand::random::<u8>() % 26))
        .collect();
    let context = json!({"text": text}).as_object().unwrap().clone();
    let mut workflow = Workflow::on(&mut connection).await.unwrap();
    workflow.handlers(&registry).unwrap();
    workflow.register(&large).await.unwrap();
    let report = workflow
        .run(&TaskRequest::new("large").with_context(context))
        .await
        .unwrap();
    assert_eq!(report.status(), State::Complete, "{:?}", report.executions);
}

#[tokio::test]
async fn the_connection_is_lent_only_while_a_handler_runs() {
    let database = database().await;
    let mut connection = begun(&database).await;
    let workflow = Workflow::on(&mut connection).await.unwrap();
    let lent = workflow.connection();
    let error = lent
        .transaction(|_| Box::pin(async { Ok::<_, HandlerError>(()) }))
        .await
        .unwrap_err();
    assert!(error.message.contains("while they run"), "{error}");
    drop(workflow);
    let again = lent.transaction(|_| Box::pin(async { Ok::<_, HandlerError>(()) }));
    assert_eq!(
        again.await.unwrap_err().kind,
        tasker_core::ErrorKind::InvalidArgument
    );
}
