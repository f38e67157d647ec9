"""The kit: workflows in the test's own transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import tasker
from conftest import asyncpg_connection, chain
from tasker import errors
from tasker.testing import AsyncWorkflowTest, WorkflowTest

pytest_plugins = ["pytester"]

TEMPLATE = {
    **chain("order", "validate", "charge", timeout_seconds=20),
    "namespace_name": "shop",
}


@pytest.fixture
def orders(handlers: tasker.Registry) -> tasker.Registry:
    """Handlers of `order`."""

    @handlers.handler("validate")
    def validate(step: tasker.Step) -> dict[str, Any]:
        return {"total": step.context["price"] * 2}

    @handlers.handler("charge")
    async def charge(step: tasker.Step) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"charged": step.results("validate")["total"]}

    return handlers


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """In a transaction that is rolled back."""
    with psycopg.connect(database_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def shop(connection: psycopg.Connection, orders: tasker.Registry) -> WorkflowTest:
    """A test of `order`."""
    shop = WorkflowTest(connection, orders)
    shop.register(TEMPLATE)
    return shop


def order() -> dict[str, Any]:
    return {"namespace": "shop", "context": {"price": 21}}


def test_a_workflow_runs_in_the_transaction_and_nothing_is_left(
    shop: WorkflowTest, connection: psycopg.Connection, client: tasker.Client
) -> None:
    report = shop.run("order", **order())
    assert (report.status, report.step("charge").results) == ("complete", {"charged": 42})
    connection.rollback()
    with pytest.raises(errors.NotFoundError):
        client.task(report.task["task_id"])


def test_faults_strike_and_waits_take_no_time(shop: WorkflowTest) -> None:
    shop.fault("charge").on_attempt(1).retryable("503")
    shop.fault("charge").on_attempt(2).times_out()
    report = shop.run("order", **order())
    assert (report.status, report.executions_of("charge"), report.step("charge").attempts) == ("complete", 2, 3)
    shop.clear_faults()
    shop.fault("validate").permanent("no such order", error_code="no_order")
    report = shop.run("order", **order())
    assert (report.status, report.step("validate").results["error_code"]) == ("error", "no_order")


def test_the_clock_is_the_tests(shop: WorkflowTest) -> None:
    shop.fault("charge").on_attempt(1).raises(OSError("away"))
    task_id = shop.create("order", **order()).task_id
    report = shop.run_until_idle(task_id)
    assert report.status == "in_progress" and report.next_due_at > shop.now
    shop.advance(0.5)
    assert shop.cancel_task(task_id).status == "cancelled"
    with pytest.raises(errors.IllegalTransitionError):
        shop.retry_task(task_id)
    assert shop.report(task_id).status == "cancelled"


def test_a_workflow_is_right_wherever_its_process_dies(shop: WorkflowTest) -> None:
    seen: list[object] = []
    crashes = shop.crash_everywhere("order", check=lambda variant: seen.append(variant.crash), **order())
    assert crashes.is_right, str(crashes)
    assert len(seen) == len(crashes.variants) == 1 + 2 * 3
    assert crashes.most_executions_of("charge") == 2


def test_what_is_wrong_after_a_crash_is_told_with_the_crash(shop: WorkflowTest) -> None:
    def charged_once(variant: tasker.Record) -> None:
        assert variant.report.executions_of("charge") == 1, "charged twice"

    crashes = shop.crash_everywhere("order", check=charged_once, **order())
    assert not crashes.is_right
    assert "charged twice" in str(crashes) and "after handler of 'charge'" in str(crashes)


def test_a_handler_that_the_test_lacks_is_named(connection: psycopg.Connection, handlers: tasker.Registry) -> None:
    shop = WorkflowTest(connection, handlers)
    shop.register(TEMPLATE)
    with pytest.raises(errors.UnknownHandlerError, match="'charge'"):
        shop.run("order", **order())


def test_a_handler_may_complete_in_the_transaction_of_the_test(
    connection: psycopg.Connection, handlers: tasker.Registry
) -> None:
    handlers.add("validate", lambda step: step.complete_in(connection, {"total": 1}))
    shop = WorkflowTest(connection, handlers)
    shop.register(chain("order", "validate"))
    report = shop.run("order")
    assert (report.status, report.step("validate").results) == ("complete", {"total": 1})
    assert report.executions[0]["outcome"] == "completed_elsewhere"


def test_without_a_transaction_there_is_no_test(database_url: str, orders: tasker.Registry) -> None:
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        pytest.raises(errors.InvalidArgumentError, match="not in a transaction"),
    ):
        WorkflowTest(connection, orders)


def test_with_asyncio_the_same(database_url: str, orders: tasker.Registry) -> None:
    async def work() -> None:
        connection = await asyncpg_connection(database_url)
        transaction = connection.transaction()
        await transaction.start()
        shop = AsyncWorkflowTest(connection, orders)
        await shop.register(TEMPLATE)
        await shop.fault("charge").on_attempt(1).loses_its_worker()
        report = await shop.run("order", **order())
        assert (report.status, report.executions_of("charge")) == ("complete", 1)
        await shop.clear_faults()
        assert (await shop.crash_everywhere("order", **order())).is_right
        await transaction.rollback()
        await connection.close()

    asyncio.run(work())


def test_the_plugin_gives_a_workflow_in_a_transaction(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    pytester.makepyfile(
        """
        import tasker

        @tasker.handler("pay")
        def pay(step):
            return {"paid": True}

        def test_pays(tasker_workflow):
            tasker_workflow.register(
                {"name": "order", "version": "1.0.0", "step_templates": [{"name": "pay", "handler": "pay"}]}
            )
            assert tasker_workflow.run("order").status == "complete"
        """
    )
    monkeypatch.setenv("TASKER_TEST_DATABASE_URL", database_url)
    pytester.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=1)
