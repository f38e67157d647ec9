"""The client for asyncio. The one that waits, `_client.py`, is generated from this file by ``scripts/generate``."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from . import _requests
from ._async_catalogue import AsyncCatalogue
from ._async_many import AsyncMany
from ._records import (
    Created,
    Record,
    read_all_created,
    read_created,
    read_nothing,
    read_records,
    read_text,
)
from ._requests import TaskRequest, given


class AsyncClient(AsyncMany, AsyncCatalogue):
    """The engine, as a program holds it: configuration, until it is used.

    It opens at the first call, in each process for itself, and so may be made before a server forks.
    Every method is a coroutine, and waits on the loop that it is called on.

    Args:
        database_url: A PostgreSQL URL. Else ``TASKER_DATABASE_URL``, then Django's ``DATABASES['tasker']`` or
            ``['default']``, then ``DATABASE_URL``, then a private cluster.
        schema: The schema of Tasker's tables; else ``TASKER_SCHEMA``, else the file's, else ``tasker``.
        settings: Blocks of settings as in *tasker.yaml*; they win over the file and the environment.
        application_name: What ``pg_stat_activity`` shows.

    Raises:
        ConfigInvalidError: With everything that is wrong.
    """

    def __init__(
        self,
        database_url: str | None = None,
        *,
        schema: str | None = None,
        settings: Mapping[str, Any] | None = None,
        application_name: str | None = None,
    ) -> None:
        """Take the configuration."""
        super().__init__(database_url, schema, settings, application_name)

    async def close(self) -> None:
        """Close the connections of this process. The client can be used no more."""
        await self._close()

    async def __aenter__(self) -> AsyncClient:
        """For ``async with``."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    # Tasks.

    async def create_task(self, name: str, **request: Any) -> Created:
        """Create a task: ``create_task("order", namespace="shop", context={"order": 7})``.

        Args:
            name: The name of the template.
            **request: The other keys of `TaskRequest`.

        Raises:
            UnknownNamedTaskError: No template of that name is registered.
            InvalidContextError: The context breaks the template's schema.
            AlreadyExistsError: It is there already, and ``on_duplicate`` is ``reject``.
        """
        return await self._call("create_task", _requests.task({"name": name, **request}), read_created)

    async def create_tasks(self, tasks: Iterable[TaskRequest]) -> list[Created]:
        """Create many tasks in one transaction: all of them, or none.

        Raises:
            TaskerError: As for `create_task`; which one is in the message.
        """
        requests = [_requests.task(request) for request in tasks]
        return await self._call("create_tasks", {"tasks": requests}, read_all_created)

    async def create_task_in(self, connection: object, name: str, **request: Any) -> Created:
        """Create a task on a connection of yours, in its transaction: rolled back means never created.

        Args:
            connection: It leads to the engine's database.
                Of psycopg, asyncpg or SQLAlchemy (an ``AsyncSession`` will do).
            name: The name of the template.
            **request: The other keys of `TaskRequest`.

        Raises:
            ConfigInvalidError: The database of the connection has no Tasker.
            TaskerError: As for `create_task`. The transaction is over where PostgreSQL refused the request.
        """
        requests = {"tasks": [_requests.task({"name": name, **request})]}
        return (await self._carry_out(connection, "create", requests, read_all_created))[0]

    async def create_tasks_in(self, connection: object, tasks: Iterable[TaskRequest]) -> list[Created]:
        """Create many tasks as `create_task_in` does.

        Raises:
            TaskerError: As for `create_task_in`.
        """
        requests = {"tasks": [_requests.task(request) for request in tasks]}
        return await self._carry_out(connection, "create", requests, read_all_created)

    async def wait(self, task_id: str, until: Sequence[str] | None = None, *, within_seconds: float = 60.0) -> Record:
        """Wait until a task is in one of some states; by default until it has ended, well or badly.

        Raises:
            WaitTimeoutError: It is not so in time; the message says what the task does instead.
        """
        arguments = given(task_id=task_id, until=until, within_seconds=within_seconds)
        return await self._call("wait", arguments, Record)

    async def wait_state(self, task_id: str, until: Sequence[str] | None = None, *, within_seconds: float = 60.0) -> str:
        """As `wait`, and gives the state alone, which costs the database less.

        Raises:
            WaitTimeoutError: It is not so in time.
        """
        arguments = given(task_id=task_id, until=until, within_seconds=within_seconds)
        return await self._call("wait_state", arguments, read_text)

    async def task_state(self, task_id: str) -> str:
        """The state of a task.

        Raises:
            NotFoundError: There is no such task.
        """
        return await self._call("task_state", given(task_id=task_id), read_text)

    async def task(self, task_id: str) -> Record:
        """A task, with its progress.

        Raises:
            NotFoundError: There is no such task.
        """
        return await self._call("task", given(task_id=task_id), Record)

    async def steps(self, task_id: str) -> list[Record]:
        """The steps of a task, by number, with inputs and results.

        Raises:
            NotFoundError: There is no such task.
        """
        return await self._call("steps", given(task_id=task_id), read_records)

    async def step(self, task_id: str, step: str | int) -> Record:
        """A step, by its name or its number.

        Raises:
            NotFoundError: There is no such task, or no such step.
        """
        return await self._call("step", given(task_id=task_id, step=step), Record)

    async def transitions(self, task_id: str, step: str | int | None = None) -> list[Record]:
        """The trail of a task, or of one of its steps, oldest first.

        Raises:
            NotFoundError: There is no such task, or no such step.
        """
        return await self._call("transitions", given(task_id=task_id, step=step), read_records)

    async def why(self, task_id: str, step: str | int | None = None) -> list[Record]:
        """Why a task or a step does not go on: reason, since when, and what has to move first.

        Raises:
            NotFoundError: There is no such task, or no such step.
        """
        return await self._call("why", given(task_id=task_id, step=step), read_records)

    async def list_tasks(
        self,
        *,
        namespace: str | None = None,
        name: str | None = None,
        version: str | None = None,
        status: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        since: datetime.datetime | None = None,
        created_before: datetime.datetime | None = None,
        error_code: str | None = None,
        paused: bool | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """Tasks, newest first; ``after`` is the last id of the page before."""
        return await self._call(
            "list_tasks",
            given(
                namespace=namespace,
                name=name,
                version=version,
                status=status,
                tags=tags,
                since=since,
                created_before=created_before,
                error_code=error_code,
                paused=paused,
                after=after,
                limit=limit,
            ),
            read_records,
        )

    async def cancel_task(self, task_id: str, *, by: str | None = None, reason: str | None = None) -> Record:
        """Cancel a task and all of its steps that have not ended.

        Raises:
            IllegalTransitionError: It has ended.
        """
        return await self._call("cancel_task", given(task_id=task_id, by=by, reason=reason), Record)

    async def retry_task(self, task_id: str, *, by: str | None = None, reason: str | None = None) -> Record:
        """Retry the failed steps of a task.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return await self._call("retry_task", given(task_id=task_id, by=by, reason=reason), Record)

    async def resolve_task(self, task_id: str, *, by: str | None = None, reason: str | None = None) -> Record:
        """Declare a failed task done.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return await self._call("resolve_task", given(task_id=task_id, by=by, reason=reason), Record)

    async def cancel_step(self, task_id: str, step: str | int, *, by: str | None = None, reason: str | None = None) -> Record:
        """Cancel a step.

        Raises:
            IllegalTransitionError: It has ended.
        """
        return await self._call("cancel_step", given(task_id=task_id, step=step, by=by, reason=reason), Record)

    async def retry_step(
        self,
        task_id: str,
        step: str | int,
        *,
        reset_attempts: bool = False,
        by: str | None = None,
        reason: str | None = None,
    ) -> Record:
        """Retry a failed step now: one more attempt, or its whole budget.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return await self._call(
            "retry_step",
            given(task_id=task_id, step=step, reset_attempts=reset_attempts, by=by, reason=reason),
            Record,
        )

    async def resolve_step(
        self,
        task_id: str,
        step: str | int,
        results: Any = None,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> Record:
        """Declare a step done, with the results that its dependents will read.

        Raises:
            IllegalTransitionError: It runs, or has ended.
        """
        return await self._call(
            "resolve_step",
            {**given(task_id=task_id, step=step, by=by, reason=reason), "results": results},
            Record,
        )

    async def pause(
        self,
        task_id: str | None = None,
        *,
        namespace: str | None = None,
        name: str | None = None,
        handler: str | None = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Pause a task, a named task, a namespace or a handler: nothing of it is begun.

        Raises:
            InvalidArgumentError: Not exactly one of these is given.
        """
        return await self._call(
            "pause",
            given(task_id=task_id, namespace=namespace, name=name, handler=handler, by=by, reason=reason),
            read_nothing,
        )

    async def resume(
        self,
        task_id: str | None = None,
        *,
        namespace: str | None = None,
        name: str | None = None,
        handler: str | None = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> None:
        """End a pause.

        Raises:
            InvalidArgumentError: Not exactly one of these is given.
        """
        return await self._call(
            "resume",
            given(task_id=task_id, namespace=namespace, name=name, handler=handler, by=by, reason=reason),
            read_nothing,
        )

    async def update_task(
        self,
        task_id: str,
        *,
        tags: Sequence[str] | None = None,
        priority: int | None = None,
        reason: str | None = None,
        by: str | None = None,
    ) -> Record:
        """Change a task: its tags, its reason, and the priority of the steps that have not started.

        Raises:
            NotFoundError: There is no such task.
        """
        arguments = given(task_id=task_id, tags=tags, priority=priority, reason=reason, by=by)
        return await self._call("update_task", arguments, Record)

    async def annotate_task(self, task_id: str, annotation_type: str, annotation: Any) -> Record:
        """Note something on a task, to find it by. Each call adds an annotation.

        Args:
            task_id: The task.
            annotation_type: What kind of thing it says, in 1 to 64 characters. It is made at its first use.
            annotation: What it says: whatever JSON can say, but not ``None``.

        Returns:
            ``task_annotation_id``, ``task_id``, ``annotation_type``, ``annotation`` and ``created_at``.

        Raises:
            NotFoundError: There is no such task.
            InvalidArgumentError: The type has no or more than 64 characters, or the annotation is ``None``.
        """
        arguments = {"task_id": task_id, "annotation_type": annotation_type, "annotation": annotation}
        return await self._call("annotate_task", arguments, Record)

    async def list_annotations(self, task_id: str) -> list[Record]:
        """What was noted on a task, oldest first; each as `annotate_task` gives it.

        Raises:
            NotFoundError: There is no such task.
        """
        return await self._call("list_annotations", given(task_id=task_id), read_records)

    async def operator_actions(self, task_id: str) -> list[Record]:
        """What operators did where no state moved (paused, resumed, updated, annotated), oldest first.

        To the task, to its steps, and while it lasted to its namespace, its named task and its handlers. Each has
        ``metadata`` with ``verb``, ``by``, ``reason``, ``from``, and ``changed`` with what is another value now. Moves
        stand in `transitions`.

        Raises:
            NotFoundError: There is no such task.
        """
        return await self._call("operator_actions", given(task_id=task_id), read_records)

    async def readiness(self, task_id: str) -> list[Record]:
        """What each step of a task waits for, by the rule of the claim.

        Raises:
            NotFoundError: There is no such task.
        """
        return await self._call("readiness", given(task_id=task_id), read_records)

    async def dependency_analysis(self, task_id: str, *, weights: Mapping[str, Mapping[str, float]] | None = None) -> Record:
        """Where a task stands in its graph: critical paths, what could run side by side, how far failures reach.

        Args:
            task_id: The task.
            weights: What counts how much, where not as in the Rails engine: ``impact_multipliers``,
                ``severity_multipliers``, ``penalty_constants``, ``severity_thresholds``, ``duration_estimates``.

        Returns:
            ``dependency_graph``, ``critical_paths``, ``parallelism_opportunities``, ``error_chains``,
            ``bottlenecks``, ``analysis_timestamp`` and ``task_execution_summary``.

        Raises:
            NotFoundError: There is no such task.
        """
        return await self._call("dependency_analysis", given(task_id=task_id, weights=weights), Record)

    # Steps.

    async def list_steps(
        self,
        task_id: str,
        *,
        status: Sequence[str] | None = None,
        handler: str | None = None,
        error_code: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """Steps of a task by number, without inputs and results; ``after`` is the last number of the page before.

        Raises:
            NotFoundError: There is no such task.
        """
        arguments = given(task_id=task_id, status=status, handler=handler, error_code=error_code, after=after, limit=limit)
        return await self._call("list_steps", arguments, read_records)

    async def update_step(
        self,
        task_id: str,
        step: str | int,
        *,
        retry_limit: int | None = None,
        inputs: Mapping[str, Any] | None = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> Record:
        """Change a step: its number of attempts in total, its own input. A raised limit lets an exhausted step go on.

        Raises:
            NotFoundError: There is no such task, or no such step.
            IllegalTransitionError: It has ended.
        """
        arguments = given(task_id=task_id, step=step, retry_limit=retry_limit, inputs=inputs, by=by, reason=reason)
        return await self._call("update_step", arguments, Record)
