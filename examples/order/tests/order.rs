//! The order workflow on a real database.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;
use tasker_core::handler::{Registry, Worker, WorkerOptions};
use tasker_core::model::{State, Task, TaskRequest};
use tasker_core::{Client, ClientOptions, ErrorKind};
use tasker_example_order::{Charge, Shipment, example_context, register, workflow};
use tasker_tests::TestDatabase;

const PATIENCE: Duration = Duration::from_secs(60);

/// An engine on a database of its own, with the workflow registered and a worker that has its handlers.
struct Shop {
    client: Client,
    worker: Worker,
    _database: TestDatabase,
}

impl Shop {
    async fn open() -> Self {
        let database = TestDatabase::create().await.unwrap();
        let options = ClientOptions {
            database_url: Some(database.url()),
            ..ClientOptions::default()
        };
        let client = Client::new(options).unwrap();
        client.migrate().await.unwrap();
        client
            .register_template(&workflow().unwrap(), false)
            .await
            .unwrap();
        let mut registry = Registry::new();
        register(&mut registry);
        let worker = Worker::start(&client, registry, WorkerOptions::default())
            .await
            .unwrap();
        Self {
            client,
            worker,
            _database: database,
        }
    }

    async fn order(&self, request: TaskRequest) -> Task {
        let created = self.client.create_task(&request).await.unwrap();
        let ended = [State::Complete, State::Error];
        self.client.wait(created.task_id, &ended, PATIENCE).await.unwrap()
    }

    async fn close(self) {
        self.worker.shutdown().await.unwrap();
        self.client.close().await;
    }
}

fn request(gateway_failures: i32) -> TaskRequest {
    TaskRequest::new("process_order")
        .in_namespace("shop")
        .with_context(example_context("000007", gateway_failures, 0))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_from_the_cart_to_the_receipt() {
    let shop = Shop::open().await;
    let task = shop.order(request(0)).await;
    assert_eq!((task.status, task.completed_steps), (State::Complete, 7));
    let shipment = shop
        .client
        .step(task.task_id, &"create_shipment".into())
        .await
        .unwrap();
    let shipment: Shipment = serde_json::from_value(shipment.results).unwrap();
    assert_eq!(shipment.paid_with, "ch-order-000007");
    assert_eq!(shipment.reservation_id, "res-000007");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_fails_twice_recovers() {
    let shop = Shop::open().await;
    let task = shop.order(request(2)).await;
    assert_eq!(task.status, State::Complete);
    let payment = shop
        .client
        .step(task.task_id, &"charge_payment".into())
        .await
        .unwrap();
    assert_eq!(payment.attempts, 3);
    let charge: Charge = serde_json::from_value(payment.results).unwrap();
    assert_eq!((charge.amount_cents, charge.attempt), (3_230, 3));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_a_price_fails_for_good_and_is_not_tried_again() {
    let shop = Shop::open().await;
    let mut request = request(0);
    for item in request.context["items"].as_array_mut().unwrap() {
        item["price_cents"] = 0.into();
    }
    let task = shop.order(request).await;
    assert_eq!(task.status, State::Error);
    let cart = shop
        .client
        .step(task.task_id, &"validate_cart".into())
        .await
        .unwrap();
    assert_eq!(
        (cart.attempts, cart.results["error_code"].as_str()),
        (1, Some("empty_cart"))
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_can_be_left_out() {
    let shop = Shop::open().await;
    let task = shop
        .order(TaskRequest {
            bypass_steps: vec!["award_points".into()],
            ..request(0)
        })
        .await;
    assert_eq!(task.status, State::Complete);
    let points = shop
        .client
        .step(task.task_id, &"award_points".into())
        .await
        .unwrap();
    assert_eq!(points.status, State::ResolvedManually);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_items_is_refused_with_every_mistake() {
    let shop = Shop::open().await;
    let mut request = request(0);
    request.context.insert("items".into(), serde_json::json!([]));
    request.context.remove("customer");
    let error = shop.client.create_task(&request).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidContext);
    let told = format!("{} {}", error.message, error.details);
    assert!(told.contains("items") && told.contains("customer"), "{told}");
    shop.close().await;
}
