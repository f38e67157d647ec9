"""``python -m tasker worker MODULE…``: import modules that register handlers, and work until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import importlib
import logging
import signal
import sys

from . import Client, Worker, __version__, registry
from .errors import TaskerError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tasker", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    worker = commands.add_parser("worker", help="execute steps with the handlers of some modules")
    worker.add_argument(
        "modules", nargs="+", metavar="MODULE", help="a module that registers handlers, e.g. myapp.workflows"
    )
    worker.add_argument("--concurrency", type=int, default=16, help="how many handlers run at once (16)")
    worker.add_argument("--database-url", help="the database; else TASKER_DATABASE_URL and what follows it")
    worker.add_argument("--name", help="what the worker is called; else host and process")
    given = parser.parse_args(arguments)

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.path.insert(0, "")
    for module in given.modules:
        importlib.import_module(module)
    try:
        with Client(given.database_url) as client:
            running = Worker(client, registry, concurrency=given.concurrency, name=given.name)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: running.request_stop())
            logging.getLogger("tasker").info("working: %s", ", ".join(sorted(registry)))
            running.run()
    except TaskerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
