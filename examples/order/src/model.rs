//! What goes into the workflow, and what its steps hand on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// An order: the context of the task.
#[derive(Debug, Clone, Deserialize)]
pub struct Order {
    /// The shop's own number.
    pub order_id: String,
    /// The mail address of the customer.
    pub customer: String,
    /// What was ordered.
    pub items: Vec<Item>,
    /// How the world behaves, for trying things out.
    #[serde(default)]
    pub simulate: Simulation,
}

/// A line of an order.
#[derive(Debug, Clone, Deserialize)]
pub struct Item {
    /// What.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// At what price each.
    pub price_cents: i64,
}

/// How the world behaves, for trying things out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Simulation {
    /// How many times the payment gateway is not there.
    pub gateway_failures: i32,
    /// How long each step takes, in milliseconds.
    pub work_ms: u64,
}

/// What `validate_cart` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// The price of everything.
    pub total_cents: i64,
    /// How many things it is.
    pub item_count: i64,
}

/// What `reserve_stock` put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The number of the reservation.
    pub reservation_id: String,
    /// What was put aside.
    pub skus: Vec<String>,
}

/// What `charge_payment` took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The number of the charge.
    pub charge_id: String,
    /// How much.
    pub amount_cents: i64,
    /// The attempt that went well.
    pub attempt: i32,
}

/// What `create_shipment` handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// To follow the parcel.
    pub tracking: String,
    /// What is in it.
    pub reservation_id: String,
    /// What it was paid with.
    pub paid_with: String,
}

/// What `send_receipt` sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// To whom.
    pub sent_to: String,
    /// To follow the parcel.
    pub tracking: String,
}

/// An order to try the workflow with, whose payment fails `gateway_failures` times before it goes well.
pub fn example_context(order_id: &str, gateway_failures: i32, work_ms: u64) -> Map<String, Value> {
    let order = json!({
        "order_id": order_id,
        "customer": "anna@example.com",
        "items": [
            {"sku": "TEA-EARL-GREY", "quantity": 2, "price_cents": 890},
            {"sku": "CUP-BLUE", "quantity": 1, "price_cents": 1450},
        ],
        "simulate": {"gateway_failures": gateway_failures, "work_ms": work_ms},
    });
    order.as_object().cloned().unwrap_or_default()
}
