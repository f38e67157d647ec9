"""What a worker does with what handlers return, raise, and do."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import tasker
from conftest import chain


def ended(client: tasker.Client, task_id: str) -> tasker.Record:
    """The task, when it has ended."""
    return client.wait(task_id, within_seconds=30)


def test_a_workflow_crosses_functions_coroutines_and_classes(client: tasker.Client, handlers: tasker.Registry) -> None:
    @handlers.handler("validate")
    def validate(step: tasker.Step) -> dict[str, Any]:
        return {"total": step.context["price"] * 2, "attempt": step.attempt}

    @handlers.handler("charge")
    async def charge(step: tasker.Step) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"charged": step.results("validate")["total"]}

    @handlers.handler("ship")
    class Ship:
        def process(self, task: tasker.Record, sequence: Any, step: tasker.Step) -> dict[str, Any]:
            return {"order": task.context["order"], "paid": sequence.results("charge"), "first": sequence["validate"]}

    client.register_template(chain("order", "validate", "charge", "ship"))
    with tasker.Worker(client, handlers) as worker:
        assert worker.status.running == 0
        task = client.create_task("order", context={"order": 7, "price": 21})
        assert task.created
        assert ended(client, task.task_id).status == "complete"
    steps = {step.name: step.results for step in client.steps(task.task_id)}
    assert steps["validate"] == {"total": 42, "attempt": 1}
    assert steps["ship"] == {"order": 7, "paid": {"charged": 42}, "first": {"total": 42, "attempt": 1}}


def test_what_is_raised_decides_whether_it_is_tried_again(client: tasker.Client, handlers: tasker.Registry) -> None:
    attempts: list[int] = []

    @handlers.handler("flaky")
    def flaky(step: tasker.Step) -> str:
        attempts.append(step.attempt)
        if step.attempt == 1:
            raise tasker.RetryableError("the bank is closed", retry_after=0, error_code="closed", details={"bank": 1})
        if step.attempt == 2:
            raise KeyError("nothing of Tasker's")
        return "done"

    @handlers.handler("hopeless")
    def hopeless(step: tasker.Step) -> None:
        raise tasker.PermanentError("no such card", error_code="no_card")

    client.register_template(chain("order", "flaky", "hopeless", default_retry_limit=5))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert ended(client, task_id).status == "error"
    assert attempts == [1, 2, 3]
    failures = [move.metadata for move in client.transitions(task_id, "flaky") if move.to_state == "error"]
    assert [failure["error_class"] for failure in failures] == ["RetryableError", "KeyError"]
    assert failures[0]["error_code"] == "closed" and "nothing of Tasker's" in failures[1]["backtrace"]
    (final,) = (move.metadata for move in client.transitions(task_id, "hopeless") if move.to_state == "error")
    assert final["error_code"] == "no_card"


def test_values_of_python_become_json(client: tasker.Client, handlers: tasker.Registry) -> None:
    @dataclass
    class Receipt:
        amount: decimal.Decimal
        at: datetime.datetime

    zone = datetime.timezone(datetime.timedelta(hours=2))

    @handlers.handler("pay")
    def pay(step: tasker.Step) -> Any:
        return {"receipt": Receipt(decimal.Decimal("1.10"), datetime.datetime(2026, 1, 1, 2, tzinfo=zone)), "n": 2**63}

    client.register_template(chain("order", "pay"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert ended(client, task_id).status == "complete"
    assert client.step(task_id, "pay").results == {
        "receipt": {"amount": "1.10", "at": "2026-01-01T00:00:00Z"},
        "n": 2**63,
    }


@pytest.mark.parametrize(
    "value",
    [b"bytes", {("a", "pair"): 1}, float("nan"), {1, 2}, datetime.datetime(2026, 1, 1), "\ud800", 2**64, "\x00"],
    ids=repr,
)
def test_what_json_cannot_say_is_a_permanent_failure(client: tasker.Client, handlers: tasker.Registry, value: object) -> None:
    handlers.add("pay", lambda step: {"it": value})
    client.register_template(chain("order", "pay"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert ended(client, task_id).status == "error"
    (failure,) = (move.metadata for move in client.transitions(task_id, 1) if move.to_state == "error")
    assert failure["error_code"] == "result_not_serializable"


def test_a_cancelled_attempt_hears_of_it(client: tasker.Client, handlers: tasker.Registry) -> None:
    begun, heard = threading.Event(), threading.Event()

    @handlers.handler("slow")
    def slow(step: tasker.Step) -> None:
        begun.set()
        if step.wait_cancelled(30):
            heard.set()

    client.register_template(chain("order", "slow"))
    with tasker.Worker(client, handlers, concurrency=1):
        task_id = client.create_task("order").task_id
        assert begun.wait(30)
        client.cancel_task(task_id, by="anna", reason="enough")
        assert heard.wait(30)


def test_a_cancelled_coroutine_is_cancelled(client: tasker.Client, handlers: tasker.Registry) -> None:
    begun, heard = threading.Event(), threading.Event()

    @handlers.handler("slow")
    async def slow(step: tasker.Step) -> None:
        begun.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            heard.set()
            raise

    client.register_template(chain("order", "slow"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert begun.wait(30)
        client.cancel_task(task_id)
        assert heard.wait(30)


@pytest.mark.parametrize("interrupt", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_a_handler_hands_the_step_back_and_stops_the_worker(
    client: tasker.Client, handlers: tasker.Registry, interrupt: type[BaseException]
) -> None:
    @handlers.handler("leave")
    def leave(step: tasker.Step) -> None:
        raise interrupt

    client.register_template(chain("order", "leave"))
    worker = tasker.Worker(client, handlers)
    task_id = client.create_task("order").task_id
    worker.run()
    step = client.step(task_id, "leave")
    assert (step.status, step.attempts) == ("pending", 0)


class Secret(Mapping[str, object]):
    """What raises whoever looks into it."""

    def __getitem__(self, key: str) -> object:
        raise RuntimeError("secret")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("secret")

    def __len__(self) -> int:
        raise RuntimeError("secret")

    def __repr__(self) -> str:
        raise RuntimeError("secret")


class Unmade:
    """A handler that cannot be made."""

    def __init__(self) -> None:
        raise LookupError("no such shop")

    def process(self, task: object, sequence: object, step: tasker.Step) -> None:
        """Never called."""


class Misleading(tasker.RetryableError):
    """An error whose own property raises."""

    @property
    def details(self) -> object:
        raise RuntimeError("secret")

    @details.setter
    def details(self, details: object) -> None:
        pass


def misled(step: tasker.Step) -> None:
    raise Misleading("why")


def hidden(step: tasker.Step) -> None:
    raise tasker.RetryableError("why", details=Secret())  # type: ignore[arg-type]


def generating(step: tasker.Step) -> Iterator[int]:
    yield 1


async def generating_later(step: tasker.Step) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("handler", "error_class", "code"),
    [
        (Unmade, "LookupError", None),
        (lambda step: Secret(), "RuntimeError", None),
        (misled, "RuntimeError", None),
        (hidden, "RetryableError", None),
        (generating, "TypeError", "result_not_serializable"),
        (generating_later, "TypeError", "result_not_serializable"),
    ],
    ids=["a constructor", "a result", "a property of an error", "details", "a generator", "an async generator"],
)
def test_wherever_something_is_raised_the_attempt_fails_and_the_worker_goes_on(
    client: tasker.Client, handlers: tasker.Registry, handler: Any, error_class: str, code: str | None
) -> None:
    handlers.add("odd", handler)
    handlers.add("even", lambda step: {})
    client.register_template(chain("odd", "odd", default_retry_limit=1))
    client.register_template(chain("even", "even"))
    with tasker.Worker(client, handlers, concurrency=1):
        task_id = client.create_task("odd").task_id
        assert ended(client, task_id).status == "error"
        assert ended(client, client.create_task("even").task_id).status == "complete"
    (failure,) = (move.metadata for move in client.transitions(task_id, 1) if move.to_state == "error")
    assert (failure["error_class"], failure["error_code"]) == (error_class, code)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_destructor_that_raises_changes_nothing(client: tasker.Client, handlers: tasker.Registry) -> None:
    class Unloved(dict[str, int]):
        def __del__(self) -> None:
            raise RuntimeError("no")

    handlers.add("pay", lambda step: Unloved(paid=1))
    client.register_template(chain("order", "pay"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert ended(client, task_id).status == "complete"
    assert client.step(task_id, "pay").results == {"paid": 1}


def test_an_exception_that_cannot_be_read_is_a_failure_like_any_other(client: tasker.Client, handlers: tasker.Registry) -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even this")

    @handlers.handler("fail")
    def fail(step: tasker.Step) -> None:
        raise Silent

    client.register_template(chain("order", "fail", default_retry_limit=1))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert ended(client, task_id).status == "error"
    (failure,) = (move.metadata for move in client.transitions(task_id, 1) if move.to_state == "error")
    assert "Silent" in failure["error_class"]


@pytest.mark.parametrize(
    "failure",
    [
        OSError("no file \udcff"),
        tasker.RetryableError("\ud800", retry_after=float("nan"), details={"path": "\udcff"}),
        tasker.RetryableError("odd", error_code=7, retry_after="soon", details={1, 2}),  # type: ignore[arg-type]
        tasker.RetryableError("deep", details={"é": ["\U0001f600"]}),
    ],
    ids=repr,
)
def test_whatever_a_failure_says_it_is_recorded(client: tasker.Client, handlers: tasker.Registry, failure: Exception) -> None:
    @handlers.handler("fail")
    def fail(step: tasker.Step) -> None:
        raise failure

    client.register_template(chain("order", "fail", default_retry_limit=1))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert ended(client, task_id).status == "error"
    (said,) = (move.metadata for move in client.transitions(task_id, 1) if move.to_state == "error")
    assert said["error_class"] == type(failure).__name__


def test_a_worker_without_handlers_is_refused(client: tasker.Client, handlers: tasker.Registry) -> None:
    with pytest.raises(tasker.errors.ConfigInvalidError, match="at least one handler"):
        tasker.Worker(client, handlers)


def test_a_name_is_registered_once(handlers: tasker.Registry) -> None:
    handlers.add("pay", print)
    with pytest.raises(ValueError, match="'pay' is there already"):
        handlers.add("pay", print)
    with pytest.raises(TypeError, match="no process"):
        handlers.add("other", object)
