"""The order workflow in Python: the same steps and the same handlers as in `examples/order`, in code.

A handler may run more than once: a process can die after the work and before the result is recorded. So whatever must not
happen twice carries a key that stays the same, as the charge does below.
"""

from __future__ import annotations

from dataclasses import dataclass

import tasker


@dataclass
class Item:
    """A line of the cart."""

    sku: str
    quantity: int
    price_cents: int


@dataclass
class Order:
    """What a task is given: the context."""

    order_id: str
    customer: str
    items: list[Item]
    gateway_failures: int = 0


@dataclass
class Cart:
    """What the cart adds up to."""

    total_cents: int
    item_count: int


@dataclass
class Charge:
    """A payment."""

    charge_id: str
    amount_cents: int
    attempt: int


process_order = tasker.Workflow("process_order", namespace="shop", version="2.0.0", context=Order)


@process_order.step
def validate_cart(context: Order) -> Cart:
    """Add up what is in the cart."""
    total = sum(item.quantity * item.price_cents for item in context.items)
    if total == 0:
        # Trying again will not help: the step fails for good, and so does the task.
        raise tasker.PermanentError("the cart is worth nothing", error_code="empty_cart")
    return Cart(total, sum(item.quantity for item in context.items))


@process_order.step(depends_on=validate_cart)
def reserve_stock(context: Order) -> dict[str, object]:
    """Put the items aside."""
    return {"reservation_id": f"res-{context.order_id}", "skus": [item.sku for item in context.items]}


@process_order.step(
    depends_on=validate_cart,
    default_retry_limit=5,
    retry={"strategy": "exponential", "base_seconds": 0.8, "multiplier": 2, "max_seconds": 30},
    timeout_seconds=20,
)
async def charge_payment(step: tasker.Step, context: Order, validate_cart: Cart) -> Charge:
    """Take the money; the gateway is not always there."""
    if step.attempt <= context.gateway_failures:
        # Trying again may help: the engine does so after the wait that the workflow says.
        raise tasker.RetryableError("the payment gateway answered 503", error_code="gateway_unavailable")
    return Charge(f"ch-order-{context.order_id}", validate_cart.total_cents, step.attempt)


@process_order.step(depends_on=[reserve_stock, charge_payment])
def create_shipment(context: Order, charge_payment: Charge) -> dict[str, str]:
    """Hand the parcel over, once the goods are there and paid for."""
    return {"tracking": f"trk-{context.order_id}", "paid_with": charge_payment.charge_id}


@process_order.step(depends_on=create_shipment)
def send_receipt(context: Order, create_shipment: dict[str, str]) -> dict[str, str]:
    """Tell the customer."""
    return {"sent_to": context.customer, "tracking": create_shipment["tracking"]}
