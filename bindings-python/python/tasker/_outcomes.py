"""What came of an attempt, as the engine takes it."""

from __future__ import annotations

import traceback
from typing import Any

from ._step import Step
from ._values import to_json
from .errors import HandlerError


def completed(step: Step, results: object) -> str:
    """The handler returned. What JSON cannot say is a permanent failure, with the reason."""
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
    return f'[{{{key},"outcome":"completed","results":{text}}}]'


def failed(step: Step, error: BaseException) -> str:
    """The handler raised: what is none of Tasker's own errors may be tried again."""
    failure: dict[str, Any] = {
        "outcome": "failed",
        "message": _said(error),
        "error_class": _class(error),
        "backtrace": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
        "retryable": True,
    }
    if isinstance(error, HandlerError):
        failure["retryable"] = error.retryable
        failure["retry_after"] = error.retry_after
        failure["error_code"] = error.error_code
        if error.details is not None:
            failure["details"] = _storable(error.details)
    return _outcome(step, failure)


def released(step: Step) -> str:
    """The attempt is handed back, and does not count."""
    return _outcome(step, {"outcome": "released"})


def _outcome(step: Step, kind: dict[str, Any]) -> str:
    return to_json([{"task_id": step.task_id, "step_no": step.step_no, "claim_no": step.claim_no, **kind}])


def _storable(details: object) -> object:
    try:
        to_json(details)
    except (TypeError, ValueError, RecursionError):
        return {"unserializable": repr(details)}
    return details


def _said(error: BaseException) -> str:
    """The message; an exception whose own ``__str__`` fails still has a class."""
    try:
        return str(error) or _class(error)
    except Exception:
        return f"{_class(error)}, whose message cannot be read"


def _class(error: BaseException) -> str:
    return type(error).__qualname__
