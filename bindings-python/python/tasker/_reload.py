"""Starting a worker anew when a file of the program changes: for development."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

CHANGED = 3
"""Exit status of a worker that wants to be started anew."""
LOOK_EVERY_SECONDS = 0.5
CHILD = "TASKER_RELOADED"
"""Set for the process that works."""
SKIPPED = {"node_modules", "site-packages", "__pycache__"}


def supervise(arguments: list[str]) -> int:
    """Run the command with these arguments in a child, and again whenever it says that a file has changed."""
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, frame: object) -> None:
        if child is not None:
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while True:
        # A session of its own: Ctrl-C reaches it once, through us.
        child = subprocess.Popen(
            [sys.executable, "-m", "tasker", *arguments], env={**os.environ, CHILD: "1"}, start_new_session=True
        )
        status = child.wait()
        if status != CHANGED:
            return status if status >= 0 else 128 - status


def stamps() -> dict[Path, float]:
    """When the files of the program were changed last. To be asked before they are imported."""
    return dict(_stamps())


def watch(before: dict[Path, float], changed: Callable[[Path], None]) -> None:
    """Call ``changed`` once, from a thread, with the first file that has changed since ``before``."""
    threading.Thread(target=_watch, args=(before, changed), name="tasker-reload", daemon=True).start()


def wait_for_change(before: dict[Path, float]) -> None:
    """Wait until a file has changed since ``before``."""
    happened = threading.Event()
    watch(before, lambda _: happened.set())
    while not happened.wait(LOOK_EVERY_SECONDS):
        pass


def _watch(before: dict[Path, float], changed: Callable[[Path], None]) -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_EVERY_SECONDS):
        for file, stamp in _stamps():
            # A module that was imported since is not one that changed.
            if before.setdefault(file, stamp) != stamp:
                changed(file)
                return


def _stamps() -> Iterator[tuple[Path, float]]:
    for file in _files():
        try:
            yield file, file.stat().st_mtime
        except OSError:  # gone meanwhile
            continue


def _files() -> Iterator[Path]:
    """The modules of the program that are not installed, and the Python files below the current folder."""
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if name and not name.startswith((sys.prefix, sys.base_prefix)):
            yield Path(name)
    for folder, folders, names in os.walk("."):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in SKIPPED]
        yield from (Path(folder, name).resolve() for name in names if name.endswith(".py"))
