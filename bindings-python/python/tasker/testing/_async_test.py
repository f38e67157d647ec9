"""Tests of workflows for asyncio. Those that wait, `_test.py`, are generated from this file by ``scripts/generate``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from .. import _requests
from .._handlers import Registry, registry
from .._records import Created, read_created
from .._workflow import Workflow
from ._faults import Fault
from ._reports import CrashReport, TestReport
from ._stage import AsyncStage, Check


class AsyncWorkflowTest(AsyncStage):
    """Workflows under test, on one connection and in one transaction: roll it back, and nothing is left.

    The clock of the transaction stands still but for what moves it: `advance`, `run_to_end`, and faults that take time.
    Attempts run one after another where the test runs, in the order of priority, time and step.
    Handlers may be functions or coroutines.

    Args:
        connection: It is in a transaction, and Tasker's schema is in its database.
            Of asyncpg, psycopg or SQLAlchemy.
        registry: The handlers; those that ``@tasker.handler`` registered when left out.
        schema: The schema of Tasker's tables.
        settings: Blocks of settings as in *tasker.yaml*. Without a word on it the backoff has no jitter.

    Raises:
        InvalidArgumentError: The connection is not in a transaction.
        SchemaMismatchError: Its database has no Tasker that this version can use.
    """

    def __init__(
        self,
        connection: object,
        registry: Registry = registry,
        *,
        schema: str = "tasker",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin."""
        super().__init__(connection, registry, schema, settings)

    async def register(self, source: str | os.PathLike[str] | Mapping[str, Any] | Workflow) -> str:
        """Register a template inside the transaction; it is then the content of its version, whatever was.

        Raises:
            InvalidTemplateError: Everything that is wrong with it, with its places.
        """
        answer = await self._carry_out("register", **_requests.template(source, True))
        return str(answer["registered"])

    async def create(self, name: str, **request: Any) -> Created:
        """Create a task inside the transaction: as ``create_task`` of a client.

        Raises:
            TaskerError: As ``create_task`` of a client does.
        """
        answer = await self._carry_out("create", request=_requests.task({"name": name, **request}))
        return read_created(answer["created"])

    async def run(self, name: str, **request: Any) -> TestReport:
        """Create a task and run it to its end: `create`, then `run_to_end`.

        Raises:
            TaskerError: As for `create` and `run_to_end`.
        """
        created = await self.create(name, **request)
        return await self.run_to_end(created.task_id)

    async def run_to_end(self, task_id: str) -> TestReport:
        """Run a task until nothing of it is ready or due any more. Waits between attempts take no time.

        Raises:
            UnknownHandlerError: A step that may still run has no handler here.
            NotFoundError: The transaction sees no such task.
            InvalidArgumentError: A fault names a step that no task of the test has.
        """
        return await self._run(task_id, "end")

    async def run_until_idle(self, task_id: str) -> TestReport:
        """Run a task until nothing of it is ready at this instant.

        Raises:
            TaskerError: As for `run_to_end`.
        """
        return await self._run(task_id, "idle")

    async def run_one(self, task_id: str) -> TestReport:
        """Run one attempt of a task, if one is ready now.

        Raises:
            TaskerError: As for `run_to_end`.
        """
        return await self._run(task_id, "one")

    async def report(self, task_id: str) -> TestReport:
        """What has become of a task so far.

        Raises:
            NotFoundError: The transaction sees no such task.
        """
        return self._reported(await self._carry_out("report", task_id=task_id))

    async def advance(self, seconds: float) -> str:
        """Move the clock, of this transaction only. Returns the time, in RFC 3339.

        Raises:
            InvalidArgumentError: It would move backwards, or beyond the end of time.
        """
        moved = await self._carry_out("advance", seconds=seconds)
        return self._at(moved["now"])

    async def cancel_task(self, task_id: str) -> TestReport:
        """Do what an operator would: cancel the task.

        Raises:
            IllegalTransitionError: It has ended. The test goes on as if nothing had been asked.
        """
        return await self._operate(task_id, "cancel_task")

    async def retry_task(self, task_id: str) -> TestReport:
        """Try again what failed for good in the task.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return await self._operate(task_id, "retry_task")

    async def resolve_task(self, task_id: str) -> TestReport:
        """Declare the task done.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return await self._operate(task_id, "resolve_task")

    async def pause_task(self, task_id: str) -> TestReport:
        """Let nothing of the task be claimed."""
        return await self._operate(task_id, "pause_task")

    async def resume_task(self, task_id: str) -> TestReport:
        """Let the task go on."""
        return await self._operate(task_id, "resume_task")

    async def cancel_step(self, task_id: str, step: str) -> TestReport:
        """Cancel a step.

        Raises:
            IllegalTransitionError: It has ended.
        """
        return await self._operate(task_id, "cancel_step", step=step)

    async def retry_step(self, task_id: str, step: str, *, reset_attempts: bool = False) -> TestReport:
        """Try a failed step again: one more attempt, or its whole budget.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return await self._operate(task_id, "retry_step", step=step, reset_attempts=reset_attempts)

    async def resolve_step(self, task_id: str, step: str, results: Any = None) -> TestReport:
        """Declare a step done, with the results that its dependents will read.

        Raises:
            IllegalTransitionError: It runs, or has ended.
        """
        return await self._operate(task_id, "resolve_step", step=step, results=results)

    def fault(self, step: str) -> Fault[Any]:
        """Begin to inject a fault into a step: ``test.fault("charge").on_attempt(1).retryable("503")``."""
        return Fault(self._inject, step)

    async def clear_faults(self) -> None:
        """Take all faults back."""
        await self._carry_out("clear_faults")

    async def crash_everywhere(
        self, name: str, *, check: Check | None = None, may_differ: Iterable[str] = (), **request: Any
    ) -> CrashReport:
        """Run the workflow once for each point at which its process could die: is it right if it dies anywhere?

        Each run is rolled back to where it began. It has to end as it did undisturbed: the same state, the same states of
        its steps, the same results.

        Args:
            name: The name of the template.
            check: Assertions of yours after each run, about the outside world and about what stands in the database; it gets
                a variant with ``crash`` and ``report``. What it raises is a problem of that variant.
            may_differ: Steps whose results contain a time, a random id or the attempt.
            **request: The other keys of the request for a task.

        Raises:
            TaskerError: As for `run`. What is wrong with the workflow is in the report.
        """
        self._check = check
        await self._know_handlers()
        try:
            answer = await self._carry_out(
                "crash_everywhere",
                request=_requests.task({"name": name, **request}),
                may_differ=list(may_differ),
            )
        finally:
            self._check = None
        return CrashReport(answer["report"])

    async def _inject(self, fault: dict[str, Any]) -> None:
        await self._carry_out("inject", fault=fault)

    async def _know_handlers(self) -> None:
        await self._carry_out("handlers", names=list(self._registry))

    async def _run(self, task_id: str, until: str) -> TestReport:
        await self._know_handlers()
        return self._reported(await self._carry_out("run", task_id=task_id, until=until))

    async def _operate(self, task_id: str, verb: str, **more: Any) -> TestReport:
        operation = {"verb": verb, **more}
        operator = {"by": "the test", "reason": None}
        return self._reported(await self._carry_out("operate", task_id=task_id, operation=operation, operator=operator))

    def _reported(self, answer: Any) -> TestReport:
        report = TestReport(answer["report"])
        self._at(report["now"])
        return report
