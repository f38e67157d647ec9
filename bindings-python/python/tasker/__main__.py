"""``python -m tasker``: the worker (``worker MODULE…``), and everything else that the ``tasker`` command does."""

from __future__ import annotations

import signal
import sys

from . import _native, _worker_command


def command(arguments: list[str] | None = None) -> int:
    """The ``tasker`` command: its exit status."""
    # As in the binary: what has no use for an interrupt of its own is ended by it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.run_command(["tasker", *(sys.argv[1:] if arguments is None else arguments)])


def main(arguments: list[str] | None = None) -> int:
    """The worker of Python, or the ``tasker`` command: its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["worker"]:
        return _worker_command.main(given[1:])
    return command(given)


if __name__ == "__main__":
    sys.exit(main())
