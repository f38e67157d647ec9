"""What came of an attempt, as the engine takes it."""

from __future__ import annotations

import json
import logging
import math
import traceback
from typing import Any

from ._step import Step
from ._values import from_json, to_json
from .errors import HandlerError

log = logging.getLogger("tasker.worker")


def completed(step: Step, results: object) -> str:
    """The handler returned. What JSON cannot say is a permanent failure, with the reason."""
    if step._completed_itself:
        return _outcome(step, {"outcome": "completed_elsewhere"})
    try:
        text = to_json(results)
    except (TypeError, ValueError, RecursionError) as error:
        return _outcome(
            step,
            {
                "outcome": "failed",
                "message": f"what the handler returned cannot be stored: {_said(error)}",
                "error_class": _class(error),
                "error_code": "result_not_serializable",
                "retryable": False,
            },
        )
    key = f'"task_id":"{step.task_id}","step_no":{step.step_no},"claim_no":{step.claim_no}'
    return f'{{{key},"outcome":"completed","results":{text}}}'


def failed(step: Step, error: BaseException) -> str:
    """The handler raised: what is none of Tasker's own errors may be tried again."""
    try:
        return _outcome(step, _failure(step, error))
    except Exception as problem:  # whatever an exception is made of, its attempt ends
        return unreportable(step, problem)


def _failure(step: Step, error: BaseException) -> dict[str, Any]:
    if step._completed_itself:
        # Refused where the transaction was committed: the step stays complete. Else it is what went wrong.
        log.warning("%r raised after it had completed itself", step, exc_info=error)
    failure: dict[str, Any] = {
        "outcome": "failed",
        "message": _said(error),
        "error_class": _class(error),
        "backtrace": _text("".join(traceback.format_exception(type(error), error, error.__traceback__))),
        "retryable": True,
    }
    if isinstance(error, HandlerError):
        failure["retryable"] = error.retryable
        failure["retry_after"] = _seconds(error.retry_after)
        failure["error_code"] = None if error.error_code is None else _text(error.error_code)
        if error.details is not None:
            failure["details"] = _storable(error.details)
    return failure


def unreportable(step: Step, problem: BaseException) -> str:
    """The engine does not take what came of the attempt: a failure that says so, and may be tried again."""
    message = f"what came of the attempt could not be reported: {_said(problem)}"
    return _outcome(step, {"outcome": "failed", "message": message, "error_class": _class(problem), "retryable": True})


def released(step: Step) -> str:
    """The attempt is handed back, and does not count."""
    return _outcome(step, {"outcome": "released"})


def _outcome(step: Step, kind: dict[str, Any]) -> str:
    return to_json({"task_id": step.task_id, "step_no": step.step_no, "claim_no": step.claim_no, **kind})


def _storable(details: object) -> object:
    try:
        # A lone half of a surrogate pair is what json lets through and UTF-8 does not.
        json.dumps(from_json(to_json(details)), ensure_ascii=False).encode()
    except Exception:
        return {"unserializable": _shown(details)}
    return details


def _shown(value: object) -> str:
    try:
        return _text(repr(value))
    except Exception:
        return f"{_class(value)}, which cannot be shown"


def _seconds(value: object) -> float | None:
    """A number of seconds; what is none is left out, and the step's own backoff decides."""
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) else None


def _text(value: object) -> str:
    """A text that every language can read: lone halves of surrogate pairs, as in names of files, are spelt out."""
    return str(value).encode("utf-8", "backslashreplace").decode()


def _said(error: BaseException) -> str:
    """The message; an exception whose own ``__str__`` fails still has a class."""
    try:
        return _text(error) or _class(error)
    except Exception:
        return f"{_class(error)}, whose message cannot be read"


def _class(value: object) -> str:
    return _text(type(value).__qualname__)
