"""Workflows in code, and what handlers ask for by their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pydantic
import pytest
import tasker
from tasker import errors


class Order(pydantic.BaseModel):
    """The context."""

    price: int
    count: int = 1


class Priced(pydantic.BaseModel):
    """What `validate` returns."""

    total: int


@dataclass
class Receipt:
    """What `charge` returns."""

    charged: int
    attempt: int


YAML = """
name: order
namespace_name: shop
version: 1.0.0
description: An order
schema:
  title: Order
  description: The context.
  type: object
  required: [price]
  properties:
    price: {title: Price, type: integer}
    count: {title: Count, type: integer, default: 1}
step_templates:
  - {name: validate, handler: shop.order.validate}
  - {name: charge, handler: charge_card, depends_on_step: validate, default_retry_limit: 5, timeout_seconds: 20}
  - {name: pack, handler: warehouse, depends_on_step: validate}
  - {name: ship, handler: shop.order.ship, depends_on_steps: [charge, pack]}
"""


def order(handlers: tasker.Registry) -> tasker.Workflow:
    """The workflow of `YAML`, in code."""
    shop = tasker.Workflow("order", namespace="shop", version="1.0.0", context=Order, registry=handlers, description="An order")

    @shop.step
    def validate(context: Order) -> Priced:
        return Priced(total=context.price * context.count)

    @shop.step(handler="charge_card", depends_on=validate, default_retry_limit=5, timeout_seconds=20)
    async def charge(step: tasker.Step, validate: Priced) -> Receipt:
        return Receipt(charged=validate.total, attempt=step.attempt)

    pack = shop.remote_step("pack", handler="warehouse", depends_on=validate)

    @shop.step(depends_on=[charge, pack])
    def ship(charge: Receipt, pack: dict[str, str], context: Order) -> str:
        return f"{charge.charged} {pack['box']} {context.count}"

    return shop


def test_code_and_yaml_are_the_same_template(client: tasker.Client, handlers: tasker.Registry, tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text(YAML)
    assert client.register_template(file).registered == "new"
    # Under the same version something else would be refused.
    assert client.register_template(order(handlers)).registered == "unchanged"


def test_parameters_are_filled_by_their_names_and_types(client: tasker.Client, handlers: tasker.Registry) -> None:
    client.register_template(order(handlers))
    handlers.add("warehouse", lambda step: {"box": "small"})
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order", namespace="shop", context={"price": 21, "count": 2}).task_id
        assert client.wait(task_id, within_seconds=30).status == "complete"
    assert client.step(task_id, "charge").results == {"charged": 42, "attempt": 1}
    assert client.step(task_id, "ship").results == "42 small 2"


def test_a_context_of_another_type_is_refused_at_creation(client: tasker.Client, handlers: tasker.Registry) -> None:
    client.register_template(order(handlers))
    with pytest.raises(errors.InvalidContextError, match="price"):
        client.create_task("order", namespace="shop", context={"count": 2})


def test_what_is_not_of_the_type_asked_for_is_a_permanent_failure(client: tasker.Client, handlers: tasker.Registry) -> None:
    shop = tasker.Workflow("order", version="1.0.0", registry=handlers)

    @shop.step
    def validate(step: tasker.Step) -> dict[str, str]:
        return {"sum": "much"}

    @shop.step(depends_on=validate)
    def charge(validate: Priced) -> None:
        raise AssertionError("never called")

    client.register_template(shop)
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert client.wait(task_id, within_seconds=30).status == "error"
    (failure,) = (move.metadata for move in client.transitions(task_id, "charge") if move.to_state == "error")
    assert (failure["error_code"], failure["retryable"]) == ("invalid_results", False)
    assert "total" in failure["error"]


def test_a_reference_to_no_step_is_told_where_it_is_made(handlers: tasker.Registry) -> None:
    shop = tasker.Workflow("order", version="1.0.0", registry=handlers)

    def elsewhere(step: tasker.Step) -> None: ...

    with pytest.raises(LookupError, match=r"'charge' depends on .*elsewhere.*, which is no step of order"):

        @shop.step(depends_on=elsewhere)
        def charge(step: tasker.Step) -> None: ...

    with pytest.raises(LookupError, match="asks for the results of validate"):

        @shop.step
        def ship(step: tasker.Step, validate: Priced) -> None: ...

    shop.step(elsewhere)
    with pytest.raises(ValueError, match="has a step 'elsewhere' already"):
        shop.step(elsewhere)
