"""Running attempts: they are polled, run on threads or on the event loop, and reported in batches."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from . import _logs, _native
from ._handlers import Registry, is_async
from ._loop import Loop
from ._outcomes import completed, failed, released, unreportable
from ._step import Host, Step
from ._values import from_json
from .errors import ShuttingDownError, TaskerError

log = logging.getLogger("tasker.worker")

POLL_SECONDS = 1.0
"""How long one poll waits for work."""
ENDING_SECONDS = 2.0
"""How long the threads of a stopped worker are waited for; a handler that does not return keeps its own."""
REPORTED_AT_ONCE = 256


class Attempt:
    """An attempt that runs."""

    __slots__ = ("function", "key", "step", "task")

    def __init__(self, step: Step, function: Callable[[Step], Any] | None) -> None:
        """Of a step, by the function of its handler."""
        self.step = step
        self.function = function
        self.key = (step.task_id, step.step_no, step.claim_no)
        self.task: asyncio.Task[None] | None = None


class Attempts:
    """The attempts of a worker, and the threads that they take.

    A handler's thread goes from one attempt to the next without letting go of the GIL in between, as long as there are any:
    what came of them is reported by a thread of its own, many at a time.

    Args:
        native: The worker.
        host: What steps ask for.
        registry: The handlers.
        concurrency: How many attempts run at once.
        interrupted: Called when a handler wants to end the process.
    """

    def __init__(
        self,
        native: _native.Worker,
        host: Host,
        registry: Registry,
        concurrency: int,
        interrupted: Callable[[], None],
    ) -> None:
        """Start the threads."""
        self._native = native
        self._host = host
        # Looked at once: what a worker has told the engine at its start is what it runs.
        self._functions = {name: (function, is_async(function)) for name, function in registry.items()}
        self._interrupted = interrupted
        self._free_at_first = concurrency
        self._freed: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[Attempt | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[tuple[Attempt, str] | None] = queue.SimpleQueue()
        self._running: dict[tuple[str, int, int], Attempt] = {}
        self._ending = threading.Event()
        kinds = {on_loop for _, on_loop in self._functions.values()}
        self._loop = Loop(self._name_of) if True in kinds else None
        self._handler_threads = concurrency if False in kinds else 1
        self._threads = [
            *(self._thread("handler", self._run_attempts) for _ in range(self._handler_threads)),
            self._thread("poll", self._poll),
            self._thread("cancel", self._watch_cancellations),
            self._thread("report", self._report),
        ]
        if self._loop is not None:
            self._threads.append(self._thread("loop", self._loop.run))
            self._threads.append(self._thread("lag", self._loop.watch))
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _thread(name: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=work, name=f"tasker-{name}", daemon=True)

    def end(self) -> None:
        """End the threads, after the worker has stopped. A handler that does not return keeps its own."""
        self._ending.set()
        self._freed.put(0)
        self._outcomes.put(None)
        for _ in range(self._handler_threads):
            self._waiting.put(None)
        if self._loop is not None:
            self._loop.stop()
        until = time.monotonic() + ENDING_SECONDS
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    # Polling, on a thread of its own; cancellations on another, since with every slot taken the first waits for one.

    def _poll(self) -> None:
        free = self._free_at_first
        while True:
            free += self._take_freed(wait=free == 0)
            try:
                polled = from_json(self._native.poll(free, POLL_SECONDS))
            except ShuttingDownError:
                return
            except Exception:
                self._say("polling went wrong")
                continue
            free -= len(polled["invocations"])
            self._begin(polled["invocations"])
            self._cancel(polled["cancelled"])

    def _take_freed(self, wait: bool) -> int:
        """How many slots became free; with ``wait``, one at least, unless the worker ends."""
        count = self._freed.get() if wait else 0
        try:
            while True:
                count += self._freed.get_nowait()
        except queue.Empty:
            return count

    def _watch_cancellations(self) -> None:
        while True:
            try:
                self._cancel(from_json(self._native.poll(0, POLL_SECONDS))["cancelled"])
                _logs.tell()
            except ShuttingDownError:
                return
            except Exception:
                self._say("looking for cancelled attempts went wrong")

    def _say(self, what: str) -> None:
        log.exception(what)
        self._ending.wait(POLL_SECONDS)

    def _begin(self, messages: list[dict[str, Any]]) -> None:
        coroutines = []
        for message in messages:
            function, on_loop = self._functions.get(message["handler"], (None, False))
            attempt = Attempt(Step(message, self._host), function)
            self._running[attempt.key] = attempt
            if on_loop:
                coroutines.append(attempt)
            else:
                self._waiting.put(attempt)
        if coroutines and self._loop is not None:
            self._loop.loop.call_soon_threadsafe(self._begin_on_loop, coroutines)

    def _cancel(self, keys: list[dict[str, Any]]) -> None:
        for key in keys:
            attempt = self._running.get((key["task_id"], key["step_no"], key["claim_no"]))
            if attempt is None:
                continue
            attempt.step._cancelled.set()
            if attempt.task is not None and self._loop is not None:
                self._loop.loop.call_soon_threadsafe(attempt.task.cancel)

    # Running.

    def _run_attempts(self) -> None:
        while (attempt := self._waiting.get()) is not None:
            try:
                if attempt.function is None:
                    raise LookupError(f"this process has no handler '{attempt.step._message['handler']}'")
                outcome = completed(attempt.step, attempt.function(attempt.step))
            except Exception as error:
                outcome = failed(attempt.step, error)
            except BaseException as interrupt:
                outcome = self._interrupt(attempt, interrupt)
            self._outcomes.put((attempt, outcome))

    def _begin_on_loop(self, attempts: list[Attempt]) -> None:
        assert self._loop is not None
        for attempt in attempts:
            if attempt.step.cancelled:  # before there was a task to cancel; one that never began would tell nothing
                self._outcomes.put((attempt, failed(attempt.step, asyncio.CancelledError())))
            else:
                attempt.task = self._loop.loop.create_task(self._run_on_loop(attempt))

    async def _run_on_loop(self, attempt: Attempt) -> None:
        try:
            assert attempt.function is not None
            outcome = completed(attempt.step, await attempt.function(attempt.step))
        except (Exception, asyncio.CancelledError) as error:
            outcome = failed(attempt.step, error)
        except BaseException as interrupt:
            outcome = self._interrupt(attempt, interrupt)
        self._outcomes.put((attempt, outcome))

    def _interrupt(self, attempt: Attempt, interrupt: BaseException) -> str:
        """An exit or an interrupt in a handler: the step goes back unburned, and the worker drains."""
        log.warning("%r in a handler: %r is handed back, and the worker stops", interrupt, attempt.step)
        self._interrupted()
        self._native.stop_claiming()
        return released(attempt.step)

    def _name_of(self, task: asyncio.Task[object] | None) -> str | None:
        """The handler that a task of the loop runs."""
        for attempt in list(self._running.values()):
            if task is not None and attempt.task is task:
                return f"the handler '{attempt.step._message['handler']}' of {attempt.step!r}"
        return None

    # Reporting.

    def _report(self) -> None:
        while True:
            batch = [self._outcomes.get()]
            try:
                while len(batch) < REPORTED_AT_ONCE:
                    batch.append(self._outcomes.get_nowait())
            except queue.Empty:
                pass
            try:
                self._complete([outcome for outcome in batch if outcome is not None])
            except Exception:
                # Whatever it is, the next outcomes are reported; what was lost here comes back with the lease.
                log.exception("outcomes could not be reported")
            if None in batch:  # told to end
                return

    def _complete(self, batch: list[tuple[Attempt, str]]) -> None:
        """Report outcomes; their slots are free then."""
        for attempt, _ in batch:
            self._running.pop(attempt.key, None)
        try:
            self._native.complete(f"[{','.join(outcome for _, outcome in batch)}]")
        except TaskerError:
            # One of them is not what the engine takes; none was taken.
            for attempt, outcome in batch:
                self._complete_alone(attempt, outcome)
        finally:
            self._freed.put(len(batch))

    def _complete_alone(self, attempt: Attempt, outcome: str) -> None:
        try:
            self._native.complete(f"[{outcome}]")
        except TaskerError as problem:
            log.exception("an outcome could not be reported: %r", attempt.step)
            self._native.complete(f"[{unreportable(attempt.step, problem)}]")
