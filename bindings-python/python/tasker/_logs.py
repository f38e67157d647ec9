"""What the engine says goes to ``logging``, on a thread of Python's: loggers ``tasker.engine`` and below."""

from __future__ import annotations

import logging

from . import _native
from ._values import from_json

LEVELS = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}


def tell() -> None:
    """Tell what the engine has said since the last time."""
    text = _native.take_logs()
    if not text:
        return
    for record in from_json(text):
        part = record["target"].partition("::")[2].replace("::", ".")
        log = logging.getLogger("tasker.engine" + (f".{part}" if part else ""))
        level = LEVELS[record["level"]]
        if log.isEnabledFor(level):
            fields = "".join(f" {name}={value}" for name, value in record["fields"].items())
            log.log(level, "%s%s", record["message"], fields, extra={"tasker": record["fields"]})
