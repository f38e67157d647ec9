"""The worker, as a program holds it."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from types import TracebackType

from . import _logs, _native
from ._attempts import Attempts
from ._client import Client
from ._handlers import Registry, registry
from ._records import Record
from ._values import from_json, to_json
from .errors import TaskerError

log = logging.getLogger("tasker.worker")


class Worker:
    """Runs handlers until it is stopped: functions on threads of its own, coroutines on an event loop of its own.

    Claims, reports and heartbeats go on in the engine's threads, whatever the handlers do.

    Args:
        client: The client whose database it works on.
        registry: The handlers; those that ``@tasker.handler`` registered when left out.
        concurrency: How many handlers run at once.
        name: For people; host and process when left out.
        version: The version of the application.
        listen: Whether to listen for hints, on a connection of its own; everything works without, by polling.

    Raises:
        ConfigInvalidError: No handler is registered.
        DatabaseUnavailableError: PostgreSQL cannot be reached.
        SchemaMismatchError: The schema is not that of this version.
    """

    def __init__(
        self,
        client: Client,
        registry: Registry = registry,
        *,
        concurrency: int = 16,
        name: str | None = None,
        version: str | None = None,
        listen: bool = True,
    ) -> None:
        """Start it."""
        self._stop_asked = threading.Event()
        options = {
            "handlers": list(registry),
            "concurrency": concurrency,
            "runtime": "python",
            "name": name,
            "version": version,
            "listen": listen,
        }
        self._native = client._engine.start_worker(to_json(options))
        host = _WorkerHost(self._native, client)
        self._attempts = Attempts(self._native, host, registry, concurrency, self.request_stop)
        self._process_id = os.getpid()
        _running.add(self)

    @property
    def status(self) -> Record:
        """What the worker does at present: ``worker_id``, ``buffered``, ``running``, ``stuck``, ``unreported``."""
        return Record(from_json(self._native.status()))

    def request_stop(self) -> None:
        """Ask it to stop, without waiting: `run` returns then. May be called from a signal handler."""
        self._stop_asked.set()

    def run(self) -> None:
        """Work until `request_stop`, then stop.

        Raises:
            DatabaseUnavailableError: As for `stop`.
        """
        # In slices: a wait without an end keeps Ctrl-C from being noticed on some systems.
        while not self._stop_asked.wait(0.5):
            pass
        self.stop()

    def stop(self) -> None:
        """Stop, and wait until it has.

        Nothing more is begun, handlers may finish within ``execution.shutdown_grace_seconds``, the rest goes back
        without counting as an attempt.

        Raises:
            DatabaseUnavailableError: The database could not be told; the lease will tell it.
        """
        self._stop_asked.set()
        if self not in _running:
            return
        try:
            self._native.stop_claiming()
            self._native.shutdown()
        finally:
            _running.discard(self)
            _logs.tell()
            self._attempts.end()

    def __enter__(self) -> Worker:
        """For ``with``."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self.stop()


class _WorkerHost:
    """What steps ask for."""

    def __init__(self, native: _native.Worker, client: Client) -> None:
        self.fetch_context = native.fetch_context
        self.fetch_results = native.fetch_results
        self.session = client._engine.session


_running: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """Stop what still works when the interpreter goes: its threads must not come back to one that is gone."""
    for worker in list(_running):
        if worker._process_id == os.getpid():
            try:
                worker.stop()
            except TaskerError:
                log.exception("a worker could not be stopped")
