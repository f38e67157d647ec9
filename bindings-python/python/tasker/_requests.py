"""The arguments of the verbs of a client: shared by the one that waits and the one for asyncio."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from ._workflow import Workflow


class TaskRequest(TypedDict, total=False):
    """A request for a task. Only ``name`` is needed.

    Keys:
        name: The name of the template.
        namespace: Its namespace; ``default`` when left out.
        version: Its version; the latest when left out.
        context: The input, a mapping that JSON can say.
        task_id: A UUIDv7 of the caller's own.
        initiator, source_system, reason: Who asks, from where, and why.
        tags: Words to find it by.
        bypass_steps: Steps that are skipped where their template allows it.
        priority: 0 (first) to 9; the steps' own when left out.
        requested_at: When it was asked for.
        idempotency_key: The same key again is the same task.
        idempotency_ttl_seconds: For how long it is.
        on_duplicate: ``return`` (the task that is there) or ``reject``.
        traceparent: The W3C trace that it belongs to.
    """

    name: str
    namespace: str | None
    version: str | None
    context: Mapping[str, Any]
    task_id: str | None
    initiator: str | None
    source_system: str | None
    reason: str | None
    tags: Sequence[str]
    bypass_steps: Sequence[str]
    priority: int | None
    requested_at: datetime.datetime | None
    idempotency_key: str | None
    idempotency_ttl_seconds: float | None
    on_duplicate: str | None
    traceparent: str | None


def given(**arguments: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in arguments.items() if value is not None}


def task(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request without what was left out.

    Raises:
        TypeError: There is a key that requests do not have.
    """
    unknown = set(request) - set(TaskRequest.__annotations__)
    if unknown:
        raise TypeError(
            f"a request for a task has no {', '.join(sorted(unknown))}; it has {', '.join(TaskRequest.__annotations__)}"
        )
    return given(**request)


def options(
    database_url: str | None,
    schema: str | None,
    settings: Mapping[str, Any] | None,
    application_name: str | None,
) -> dict[str, Any]:
    """What an engine is opened with."""
    return given(database_url=database_url, schema=schema, settings=settings or {}, application_name=application_name)


def template(source: str | os.PathLike[str] | Mapping[str, Any] | Workflow, force: bool) -> dict[str, Any]:
    """The registration of a template: the path of a file, the same as a mapping, or a workflow in code.

    Raises:
        OSError: The file cannot be read.
    """
    if isinstance(source, Workflow):
        return {"template": source.template(), "force": force}
    if isinstance(source, Mapping):
        return {"template": source, "force": force}
    with open(source, encoding="utf-8") as file:
        return {"yaml": file.read(), "file": os.fspath(source), "force": force}
