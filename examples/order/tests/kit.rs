//! The order workflow under the testing kit: no worker, no waiting, and nothing left in the database. The guide
//! `docs/guides/testing-workflows.md` takes its snippets from here.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tasker_core::handler::{HandlerError, Registry, Step};
use tasker_core::model::{State, TaskRequest};
use tasker_core::testing::{Operation, Workflow};
use tasker_core::{Client, ClientOptions};
use tasker_example_order::{Order, example_context, register, workflow};
use tasker_tests::TestDatabase;

/// A database with Tasker's schema. An application takes the test database that it has.
async fn database() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let client = Client::new(ClientOptions {
        database_url: Some(database.url()),
        ..ClientOptions::default()
    })
    .unwrap();
    client.migrate().await.unwrap();
    client.close().await;
    database
}

fn order() -> TaskRequest {
    TaskRequest::new("process_order")
        .in_namespace("shop")
        .with_context(example_context("000007", 0, 0))
}

/// The order workflow on a connection that is in a transaction, with its own handlers.
async fn shop(connection: &mut PgConnection) -> anyhow::Result<Workflow<'_>> {
    let mut registry = Registry::new();
    register(&mut registry);
    let mut shop = Workflow::on(connection).await?;
    shop.handlers(&registry)?;
    shop.register(&workflow()?).await?;
    Ok(shop)
}

#[tokio::test]
async fn a_payment_recovers_from_a_gateway_that_is_down_twice() -> anyhow::Result<()> {
    let database = database().await;
    let mut connection = database.connect().await?;

    let mut transaction = connection.begin().await?;
    let mut shop = shop(&mut transaction).await?;
    shop.fault("charge_payment").on_attempt(1).retryable("503")?;
    shop.fault("charge_payment").on_attempt(2).times_out()?;

    let report = shop.run(&order()).await?;

    assert_eq!(report.status(), State::Complete);
    assert_eq!(report.executions_of("charge_payment"), 2);
    assert_eq!(report.step("charge_payment").unwrap().attempts, 3);
    assert_eq!(
        report.step("close_order").unwrap().results["tracking"],
        "trk-000007"
    );
    transaction.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn an_order_waits_for_its_second_attempt_and_can_be_cancelled_meanwhile() -> anyhow::Result<()> {
    let database = database().await;
    let mut connection = database.connect().await?;
    let mut transaction = connection.begin().await?;
    let mut shop = shop(&mut transaction).await?;

    shop.fault("charge_payment").on_attempt(1).retryable("503")?;
    let task = shop.create(&order()).await?.task_id;
    let report = shop.run_until_idle(task).await?;
    assert_eq!(report.status(), State::InProgress);
    let due = report.next_due_at.expect("a second attempt");
    assert!(due > shop.now());

    shop.advance(Duration::from_millis(500)).await?;
    let report = shop.operate(task, Operation::CancelTask).await?;
    assert_eq!(report.status(), State::Cancelled);
    assert_eq!(shop.run_to_end(task).await?.executions_of("create_shipment"), 0);
    Ok(())
}

/// A payment gateway: it charges once for one key, however often it is asked.
#[derive(Clone, Default)]
struct Gateway {
    charges: Arc<Mutex<BTreeSet<String>>>,
}

#[tokio::test]
async fn a_customer_pays_once_wherever_the_process_dies() -> anyhow::Result<()> {
    let database = database().await;
    let mut connection = database.connect().await?;
    let mut transaction = connection.begin().await?;
    let mut shop = shop(&mut transaction).await?;

    let gateway = Gateway::default();
    shop.handlers(&handlers_with(&gateway))?;
    let report = shop
        .crash_everywhere(&order())
        .check(async |_variant, _connection| {
            let charges = std::mem::take(&mut *gateway.charges.lock().unwrap());
            assert_eq!(charges.len(), 1, "the customer paid {charges:?}");
            Ok::<_, String>(())
        })
        .await?;
    assert!(report.is_right(), "{report}");
    // The handler ran twice where the process died after it; the gateway charged once.
    assert_eq!(report.most_executions_of("charge_payment"), 2);
    Ok(())
}

fn handlers_with(gateway: &Gateway) -> Registry {
    let mut registry = Registry::new();
    register(&mut registry);
    let gateway = gateway.clone();
    registry.handler("shop.process_order.charge_payment", move |step: Step| {
        let gateway = gateway.clone();
        async move {
            let order: Order = step.context_as().await?;
            let key = format!("order-{}", order.order_id);
            gateway.charges.lock().unwrap().insert(key.clone());
            Ok::<_, HandlerError>(serde_json::json!({
                "charge_id": format!("ch-{key}"), "amount_cents": 3_230, "attempt": 1,
            }))
        }
    });
    registry
}

#[tokio::test]
async fn the_workflow_as_it_ships_is_right_wherever_the_process_dies() -> anyhow::Result<()> {
    let database = database().await;
    let mut connection = database.connect().await?;
    let mut transaction = connection.begin().await?;
    // A charge tells which attempt made it.
    let report = shop(&mut transaction)
        .await?
        .crash_everywhere(&order())
        .may_differ("charge_payment")
        .run()
        .await?;
    assert!(report.is_right(), "{report}");
    assert_eq!(report.variants.len(), 1 + 3 * 7);
    Ok(())
}
