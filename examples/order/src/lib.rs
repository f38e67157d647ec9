//! The handlers of the order workflow. The workflow itself is `workflow.yaml`.
//!
//! A handler gets a [`Step`], does its work, and returns what the steps after it need. It may run more than once: a
//! process can die after the work and before the result is recorded. So whatever must not happen twice carries a key
//! that stays the same, as the charge does below.

mod model;

pub use model::{Cart, Charge, Order, Receipt, Reservation, Shipment, example_context};

use serde_json::{Value, json};
use std::time::Duration;
use tasker_core::Error;
use tasker_core::handler::{HandlerError, Registry, Step};
use tasker_core::template::{CompiledTemplate, ParseOptions, Template};

/// The workflow, checked and ready to be registered.
///
/// # Errors
/// Everything that is wrong with `workflow.yaml`; the tests see to it that nothing is.
pub fn workflow() -> Result<CompiledTemplate, Error> {
    let options = ParseOptions {
        file: Some("workflow.yaml".to_owned()),
        ..ParseOptions::default()
    };
    Ok(Template::parse(include_str!("../workflow.yaml"), &options)?)
}

/// Makes the handlers known by the names that the workflow calls them: `namespace.task.step`.
pub fn register(registry: &mut Registry) {
    registry.handler("shop.process_order.validate_cart", validate_cart);
    registry.handler("shop.process_order.reserve_stock", reserve_stock);
    registry.handler("shop.process_order.charge_payment", charge_payment);
    registry.handler("shop.process_order.create_shipment", create_shipment);
    registry.handler("shop.process_order.send_receipt", send_receipt);
    registry.handler("shop.process_order.award_points", award_points);
    registry.handler("shop.process_order.close_order", close_order);
}

/// The first step: there is nothing but the order, which is the context of the task.
async fn validate_cart(step: Step) -> Result<Cart, HandlerError> {
    let order: Order = step.context_as().await?;
    work(&order).await;
    let total_cents: i64 = order
        .items
        .iter()
        .map(|item| item.price_cents * item.quantity)
        .sum();
    if total_cents == 0 {
        // Trying again will not help: the step fails for good, and so does the task.
        return Err(HandlerError::permanent("the cart is worth nothing").code("empty_cart"));
    }
    Ok(Cart {
        total_cents,
        item_count: order.items.iter().map(|item| item.quantity).sum(),
    })
}

async fn reserve_stock(step: Step) -> Result<Reservation, HandlerError> {
    let order: Order = step.context_as().await?;
    work(&order).await;
    let skus = order.items.iter().map(|item| item.sku.clone()).collect();
    Ok(Reservation {
        reservation_id: format!("res-{}", order.order_id),
        skus,
    })
}

/// The step that needs luck. What `validate_cart` returned is there to be read.
async fn charge_payment(step: Step) -> Result<Charge, HandlerError> {
    let order: Order = step.context_as().await?;
    let cart: Cart = step.results_as("validate_cart").await?;
    work(&order).await;
    if step.attempt() <= order.simulate.gateway_failures {
        // Trying again may help: the engine does so after the wait that the workflow says.
        return Err(
            HandlerError::retryable("the payment gateway answered 503 Service Unavailable")
                .code("gateway_unavailable")
                .details(json!({"gateway": "pay.example", "amount_cents": cart.total_cents})),
        );
    }
    // The gateway charges once for one key, however often it is asked.
    let idempotency_key = format!("order-{}", order.order_id);
    Ok(Charge {
        charge_id: format!("ch-{idempotency_key}"),
        amount_cents: cart.total_cents,
        attempt: step.attempt(),
    })
}

/// Waits for two steps, and reads what both returned.
async fn create_shipment(step: Step) -> Result<Shipment, HandlerError> {
    let order: Order = step.context_as().await?;
    let reservation: Reservation = step.results_as("reserve_stock").await?;
    let charge: Charge = step.results_as("charge_payment").await?;
    work(&order).await;
    Ok(Shipment {
        tracking: format!("trk-{}", order.order_id),
        reservation_id: reservation.reservation_id,
        paid_with: charge.charge_id,
    })
}

async fn send_receipt(step: Step) -> Result<Receipt, HandlerError> {
    let order: Order = step.context_as().await?;
    let shipment: Shipment = step.results_as("create_shipment").await?;
    work(&order).await;
    Ok(Receipt {
        sent_to: order.customer,
        tracking: shipment.tracking,
    })
}

async fn award_points(step: Step) -> Result<Value, HandlerError> {
    let order: Order = step.context_as().await?;
    let cart: Cart = step.results_as("validate_cart").await?;
    work(&order).await;
    Ok(json!({"points": cart.total_cents / 100}))
}

async fn close_order(step: Step) -> Result<Value, HandlerError> {
    let order: Order = step.context_as().await?;
    let receipt: Receipt = step.results_as("send_receipt").await?;
    work(&order).await;
    Ok(json!({"order_id": order.order_id, "status": "closed", "tracking": receipt.tracking}))
}

/// Stands for the work of a real handler.
async fn work(order: &Order) {
    if order.simulate.work_ms > 0 {
        tokio::time::sleep(Duration::from_millis(order.simulate.work_ms)).await;
    }
}
