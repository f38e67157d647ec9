"""The event loop that coroutines of handlers run on, and a look at whether one of them blocks it."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

log = logging.getLogger("tasker.worker")

LAG_SECONDS = 1.0
"""A loop that did not turn for so long is told of."""


class Loop:
    """An event loop on a thread of its own.

    Args:
        name_of: What to call the work that a task of asyncio does; ``None`` where it is none of ours.
    """

    def __init__(self, name_of: Callable[[asyncio.Task[object] | None], str | None]) -> None:
        """Make it. It runs on whatever thread calls `run`."""
        # By the policy of the host: uvloop, where that is installed as such.
        self.loop = asyncio.new_event_loop()
        self._name_of = name_of
        self._turned_at = time.monotonic()
        self._ended = threading.Event()
        self._thread_id = 0

    def run(self) -> None:
        """Run until `stop`."""
        asyncio.set_event_loop(self.loop)
        self._thread_id = threading.get_ident()
        self._turn()
        try:
            self.loop.run_forever()
        finally:
            self._ended.set()
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def stop(self) -> None:
        """End it, from any thread."""
        self._ended.set()
        self.loop.call_soon_threadsafe(self.loop.stop)

    def watch(self) -> None:
        """Tell of handlers that block the loop, each time once, until `stop`. On a thread of its own."""
        told_at = 0.0
        while not self._ended.wait(LAG_SECONDS / 2):
            turned_at = self._turned_at
            blocked = time.monotonic() - turned_at
            if blocked < LAG_SECONDS or turned_at == told_at:
                continue
            told_at = turned_at
            name = self._name_of(asyncio.current_task(self.loop)) or "something"
            log.warning(
                "%s has blocked the event loop for %.1f s, and every other coroutine with it: let it await, or make it a def, "
                "which runs on a thread. It is at:\n%s",
                name,
                blocked,
                self._where(),
            )

    def _turn(self) -> None:
        self._turned_at = time.monotonic()
        if not self._ended.is_set():
            self.loop.call_later(LAG_SECONDS / 4, self._turn)

    def _where(self) -> str:
        frame = sys._current_frames().get(self._thread_id)
        return "".join(traceback.format_stack(frame)[-3:]) if frame else ""
