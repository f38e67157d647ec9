"""The worker: it polls, runs handlers, and reports."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ._client import Client
from ._handlers import Registry, is_async, registry
from ._outcomes import completed, failed, released, unreportable
from ._records import Record
from ._step import Step
from ._values import from_json, to_json
from .errors import ShuttingDownError, TaskerError

log = logging.getLogger("tasker.worker")

POLL_SECONDS = 1.0
"""How long one poll waits for work."""
ENDING_SECONDS = 2.0
"""How long the threads of a stopped worker are waited for; a handler that does not return keeps its own."""


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
        self._registry = registry
        self._running: dict[tuple[str, int, int], _Attempt] = {}
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(concurrency)
        self._attempts: queue.SimpleQueue[_Attempt | None] = queue.SimpleQueue()
        self._stop_asked = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        options = {
            "handlers": list(registry),
            "concurrency": concurrency,
            "runtime": "python",
            "name": name,
            "version": version,
            "listen": listen,
        }
        self._native = client._engine.start_worker(to_json(options))
        self._threads = [
            threading.Thread(target=self._run_attempts, name="tasker-handler", daemon=True) for _ in range(concurrency)
        ]
        self._pollers = [
            threading.Thread(target=self._poll, name="tasker-poll", daemon=True),
            threading.Thread(target=self._watch_cancellations, name="tasker-cancel", daemon=True),
        ]
        if any(is_async(function) for function in map(registry.get, registry) if function is not None):
            self._loop = asyncio.new_event_loop()
            self._threads.append(threading.Thread(target=self._run_loop, name="tasker-loop", daemon=True))
        for thread in (*self._threads, *self._pollers):
            thread.start()
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
            self._native.shutdown()
        finally:
            _running.discard(self)
            for _ in self._threads:
                self._attempts.put(None)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
            until = time.monotonic() + ENDING_SECONDS
            for thread in (*self._pollers, *self._threads):
                if thread is not threading.current_thread():
                    thread.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Worker:
        """For ``with``."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    # Polling, on a thread of its own; cancellations on another, since with every slot taken the first waits for one.

    def _poll(self) -> None:
        while True:
            self._slots.acquire()
            free = 1
            while self._slots.acquire(blocking=False):
                free += 1
            taken = 0
            try:
                polled = from_json(self._native.poll(free, POLL_SECONDS))
                for message in polled["invocations"]:
                    self._begin(message)
                    taken += 1
                self._cancel(polled["cancelled"])
            except ShuttingDownError:
                return
            except Exception:
                log.exception("polling went wrong")
                self._stop_asked.wait(POLL_SECONDS)
            finally:
                if free > taken:
                    self._slots.release(free - taken)

    def _watch_cancellations(self) -> None:
        while True:
            try:
                self._cancel(from_json(self._native.poll(0, POLL_SECONDS))["cancelled"])
            except ShuttingDownError:
                return
            except Exception:
                log.exception("looking for cancelled attempts went wrong")
                self._stop_asked.wait(POLL_SECONDS)

    def _begin(self, message: dict[str, Any]) -> None:
        function = self._registry.get(message["handler"])
        attempt = _Attempt(Step(message, self._native), function)
        with self._lock:
            self._running[attempt.key] = attempt
        if function is not None and is_async(function) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin_on_loop, attempt)
        else:
            self._attempts.put(attempt)

    def _cancel(self, keys: list[dict[str, Any]]) -> None:
        for key in keys:
            with self._lock:
                attempt = self._running.get((key["task_id"], key["step_no"], key["claim_no"]))
            if attempt is None:
                continue
            attempt.step._cancelled.set()
            if attempt.task is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(attempt.task.cancel)

    # Running.

    def _run_attempts(self) -> None:
        while (attempt := self._attempts.get()) is not None:
            try:
                if attempt.function is None:
                    raise LookupError(f"this process has no handler '{attempt.step._message['handler']}'")
                outcome = completed(attempt.step, attempt.function(attempt.step))
            except Exception as error:
                outcome = failed(attempt.step, error)
            except BaseException as interrupt:
                outcome = self._interrupted(attempt, interrupt)
            self._end(attempt, outcome)

    def _run_loop(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _begin_on_loop(self, attempt: _Attempt) -> None:
        assert self._loop is not None
        if attempt.step.cancelled:  # before there was a task to cancel; one that never began would tell nothing
            self._end(attempt, failed(attempt.step, asyncio.CancelledError()))
            return
        attempt.task = self._loop.create_task(self._run_on_loop(attempt))

    async def _run_on_loop(self, attempt: _Attempt) -> None:
        try:
            assert attempt.function is not None
            outcome = completed(attempt.step, await attempt.function(attempt.step))
        except (Exception, asyncio.CancelledError) as error:
            outcome = failed(attempt.step, error)
        except BaseException as interrupt:
            outcome = self._interrupted(attempt, interrupt)
        self._end(attempt, outcome)

    def _interrupted(self, attempt: _Attempt, interrupt: BaseException) -> str:
        """An exit or an interrupt in a handler: the step goes back unburned, and the worker drains."""
        log.warning("%r in a handler: %r is handed back, and the worker stops", interrupt, attempt.step)
        self.request_stop()
        self._native.stop_claiming()
        return released(attempt.step)

    def _end(self, attempt: _Attempt, outcome: str) -> None:
        with self._lock:
            self._running.pop(attempt.key, None)
        try:
            self._native.complete(outcome)
        except TaskerError as problem:
            log.exception("an outcome could not be reported: %r", attempt.step)
            self._native.complete(unreportable(attempt.step, problem))
        finally:
            self._slots.release()


class _Attempt:
    """An attempt that runs."""

    __slots__ = ("function", "key", "step", "task")

    def __init__(self, step: Step, function: Callable[[Step], Any] | None) -> None:
        self.step = step
        self.function = function
        self.key = (step.task_id, step.step_no, step.claim_no)
        self.task: asyncio.Task[None] | None = None


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
