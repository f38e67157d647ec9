"""Durable workflows on PostgreSQL, inside your own process.

A step is a function, registered by name; a worker calls it; a client creates tasks and looks after them::

    import tasker

    @tasker.handler("charge")
    def charge(step: tasker.Step) -> dict:
        return {"charged": step.results("validate")["total"]}

    client = tasker.Client()
    with tasker.Worker(client):
        task = client.create_task("order", namespace="shop", context={"order": 7})
        client.wait(task.task_id)
"""

from ._async_client import AsyncClient
from ._client import Client
from ._handlers import Handler, Registry, handler, registry
from ._native import VERSION as __version__
from ._records import Created, Record
from ._scan import scan
from ._step import Step
from ._worker import Worker
from ._workflow import Workflow
from .errors import (
    PermanentError,
    RetryableError,
    TaskerError,
)
from .http import asgi_app, wsgi_app

__all__ = [
    "AsyncClient",
    "Client",
    "Created",
    "Handler",
    "PermanentError",
    "Record",
    "Registry",
    "RetryableError",
    "Step",
    "TaskerError",
    "Worker",
    "Workflow",
    "__version__",
    "asgi_app",
    "handler",
    "registry",
    "scan",
    "wsgi_app",
]
