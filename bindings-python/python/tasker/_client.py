"""The client that waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from . import _native, _requests
from ._records import Created, Record
from ._requests import TaskRequest, given
from ._values import from_json, to_json

T = TypeVar("T")


def read_created(answer: Any) -> Created:
    """One answer to a request for a task."""
    return Created(answer["task_id"], answer["created"], answer["pruned"])


def read_all_created(answers: Any) -> list[Created]:
    """The answers to requests for tasks."""
    return [read_created(answer) for answer in answers]


def read_records(answers: Any) -> list[Record]:
    """A list of objects."""
    return [Record(answer) for answer in answers]


def read_nothing(answer: Any) -> None:
    """No answer."""


class Client:
    """The engine, as a program holds it: configuration, until it is used.

    It opens at the first call, in each process for itself, and so may be made before a server forks. All methods may be
    called from any thread; they wait without the GIL.

    Args:
        database_url: A PostgreSQL URL. Else ``TASKER_DATABASE_URL``, then ``DATABASE_URL``, then a private cluster.
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
        options = _requests.options(database_url, schema, settings, application_name)
        self._engine = _native.Engine(to_json(options))

    def _call(self, verb: str, arguments: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        return read(from_json(self._engine.call(verb, to_json(arguments))))

    def close(self) -> None:
        """Close the connections of this process. The client can be used no more."""
        self._engine.close()

    def __enter__(self) -> Client:
        """For ``with``."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def create_task(self, name: str, **request: Any) -> Created:
        """Create a task: ``create_task("order", namespace="shop", context={"order": 7})``.

        Args:
            name: The name of the template.
            **request: The other keys of `TaskRequest`.

        Raises:
            UnknownNamedTaskError: No template of that name is registered.
            InvalidContextError: The context breaks the template's schema.
            AlreadyExistsError: It is there already, and ``on_duplicate`` is ``reject``.
        """
        return self._call("create_task", _requests.task({"name": name, **request}), read_created)

    def create_tasks(self, tasks: Iterable[TaskRequest]) -> list[Created]:
        """Create many tasks in one transaction: all of them, or none.

        Raises:
            TaskerError: As for `create_task`; which one is in the message.
        """
        requests = [_requests.task(request) for request in tasks]
        return self._call("create_tasks", {"tasks": requests}, read_all_created)

    def wait(self, task_id: str, until: Sequence[str] | None = None, *, within_seconds: float = 60.0) -> Record:
        """Wait until a task is in one of some states; by default until it has ended, well or badly.

        Raises:
            WaitTimeoutError: It is not so in time; the message says what the task does instead.
        """
        arguments = given(task_id=task_id, until=until, within_seconds=within_seconds)
        return self._call("wait", arguments, Record)

    def task(self, task_id: str) -> Record:
        """A task, with its progress.

        Raises:
            NotFoundError: There is no such task.
        """
        return self._call("task", given(task_id=task_id), Record)

    def steps(self, task_id: str) -> list[Record]:
        """The steps of a task, by number, with inputs and results.

        Raises:
            NotFoundError: There is no such task.
        """
        return self._call("steps", given(task_id=task_id), read_records)

    def step(self, task_id: str, step: str | int) -> Record:
        """A step, by its name or its number.

        Raises:
            NotFoundError: There is no such task, or no such step.
        """
        return self._call("step", given(task_id=task_id, step=step), Record)

    def transitions(self, task_id: str, step: str | int | None = None) -> list[Record]:
        """The trail of a task, or of one of its steps, oldest first.

        Raises:
            NotFoundError: There is no such task, or no such step.
        """
        return self._call("transitions", given(task_id=task_id, step=step), read_records)

    def why(self, task_id: str, step: str | int | None = None) -> list[Record]:
        """Why a task or a step does not go on: reason, since when, and what has to move first.

        Raises:
            NotFoundError: There is no such task, or no such step.
        """
        return self._call("why", given(task_id=task_id, step=step), read_records)

    def list_tasks(
        self,
        *,
        namespace: str | None = None,
        name: str | None = None,
        version: str | None = None,
        status: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        error_code: str | None = None,
        paused: bool | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """Tasks, newest first; ``after`` is the last id of the page before."""
        return self._call(
            "list_tasks",
            given(
                namespace=namespace,
                name=name,
                version=version,
                status=status,
                tags=tags,
                error_code=error_code,
                paused=paused,
                after=after,
                limit=limit,
            ),
            read_records,
        )

    def list_workers(
        self,
        *,
        health: Sequence[str] | None = None,
        handler: str | None = None,
        ended: bool = False,
        limit: int | None = None,
    ) -> list[Record]:
        """Processes that execute steps, with what they hold."""
        return self._call("list_workers", given(health=health, handler=handler, ended=ended, limit=limit), read_records)

    def cancel_task(self, task_id: str, *, by: str | None = None, reason: str | None = None) -> Record:
        """Cancel a task and all of its steps that have not ended.

        Raises:
            IllegalTransitionError: It has ended.
        """
        return self._call("cancel_task", given(task_id=task_id, by=by, reason=reason), Record)

    def retry_task(self, task_id: str, *, by: str | None = None, reason: str | None = None) -> Record:
        """Retry the failed steps of a task.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return self._call("retry_task", given(task_id=task_id, by=by, reason=reason), Record)

    def resolve_task(self, task_id: str, *, by: str | None = None, reason: str | None = None) -> Record:
        """Declare a failed task done.

        Raises:
            IllegalTransitionError: It has not failed.
        """
        return self._call("resolve_task", given(task_id=task_id, by=by, reason=reason), Record)

    def cancel_step(self, task_id: str, step: str | int, *, by: str | None = None, reason: str | None = None) -> Record:
        """Cancel a step.

        Raises:
            IllegalTransitionError: It has ended.
        """
        return self._call("cancel_step", given(task_id=task_id, step=step, by=by, reason=reason), Record)

    def retry_step(
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
        return self._call(
            "retry_step",
            given(task_id=task_id, step=step, reset_attempts=reset_attempts, by=by, reason=reason),
            Record,
        )

    def resolve_step(
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
        return self._call(
            "resolve_step",
            {**given(task_id=task_id, step=step, by=by, reason=reason), "results": results},
            Record,
        )

    def pause(
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
        return self._call(
            "pause",
            given(task_id=task_id, namespace=namespace, name=name, handler=handler, by=by, reason=reason),
            read_nothing,
        )

    def resume(
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
        return self._call(
            "resume",
            given(task_id=task_id, namespace=namespace, name=name, handler=handler, by=by, reason=reason),
            read_nothing,
        )

    def register_template(self, source: str | os.PathLike[str] | Mapping[str, Any], *, force: bool = False) -> Record:
        """Register a template: the path of a YAML file, or the same as a mapping.

        Raises:
            InvalidTemplateError: Everything that is wrong with it, with its places.
        """
        return self._call("register_template", _requests.template(source, force), Record)

    def migrate(self) -> Record:
        """Create the schema in the database, or bring it up to date.

        Raises:
            DatabaseUnavailableError: PostgreSQL cannot be reached.
        """
        return self._call("migrate", {}, Record)

    def doctor(self) -> Record:
        """Everything that is wrong with the database and the work in it, and what to do."""
        return self._call("doctor", {}, Record)
