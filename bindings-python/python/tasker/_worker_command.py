"""``python -m tasker worker MODULE…``: import modules that register handlers, and work until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from . import _reload
from ._client import Client
from ._handlers import registry
from ._scan import scan
from ._worker import Worker
from .errors import TaskerError

log = logging.getLogger("tasker")

EXAMPLES = """examples:
  python -m tasker worker myapp.workflows       the module, or the package with all of its modules
  python -m tasker worker ./workflows           every file in a folder
  python -m tasker worker orders.py --reload    start anew when a file changes: for development

SIGTERM or Ctrl-C stop it: handlers may finish within execution.shutdown_grace_seconds, the rest goes back without
counting as an attempt. A second one ends it at once; its steps come back when its lease is over.
"""


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    worker = argparse.ArgumentParser(
        prog="python -m tasker worker",
        description="Execute steps with the handlers that some modules register.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    worker.add_argument("modules", nargs="+", metavar="MODULE", help="a module, a package, a Python file, or a folder of them")
    worker.add_argument("--concurrency", type=int, default=16, metavar="N", help="how many handlers run at once (16)")
    worker.add_argument("--database-url", metavar="URL", help="the database; else TASKER_DATABASE_URL and what follows it")
    worker.add_argument("--schema", metavar="NAME", help="the schema of Tasker's tables (tasker)")
    worker.add_argument("--name", help="what the worker is called; else host and process")
    worker.add_argument("--reload", action="store_true", help="start anew when a file of the program changes")
    worker.add_argument(
        "--log-level", default="info", choices=["debug", "info", "warning", "error"], help="how much to tell (info)"
    )
    return worker


def main(arguments: list[str]) -> int:
    """Run the command; its exit status."""
    given = parser().parse_args(arguments)
    if given.reload and not os.environ.get(_reload.CHILD):
        return _reload.supervise(["worker", *arguments])
    logging.basicConfig(
        level=given.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    sys.path.insert(0, "")
    before = _reload.stamps() if given.reload else {}
    try:
        scan(*given.modules)
    except Exception:
        if not given.reload:
            raise
        traceback.print_exc()
        log.info("waiting for a change")
        _reload.wait_for_change(before)
        return _reload.CHANGED
    try:
        return _work(given, before)
    except TaskerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _work(given: argparse.Namespace, before: dict[Path, float]) -> int:
    changed: list[Path] = []
    stopping = threading.Event()
    workers: list[Worker] = []

    def stop(number: int, frame: object) -> None:
        if stopping.is_set():
            os._exit(128 + number)
        # First: the second signal may come while this one is still told of.
        stopping.set()
        for worker in workers:
            worker.request_stop()
        log.info("%s: stopping; once more to end at once", signal.Signals(number).name)

    # Before there is a worker: it may have begun a step when the first signal comes.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with Client(given.database_url, schema=given.schema) as client:
        worker = Worker(client, registry, concurrency=given.concurrency, name=given.name)
        workers.append(worker)
        if stopping.is_set():
            worker.request_stop()

        def restart(file: Path) -> None:
            log.info("%s has changed: starting anew", file)
            changed.append(file)
            worker.request_stop()

        if given.reload:
            _reload.watch(before, restart)
        log.info("worker %s runs %s", worker.status["worker_id"], ", ".join(sorted(registry)))
        worker.run()
    return _reload.CHANGED if changed else 0
