"""Failures that a test injects, as sentences: ``test.fault("charge").on_attempt(1).retryable("503")``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Fault(Generic[T]):
    """A fault on its way. The last word of the sentence injects it; for asyncio, await that.

    Where several strike the same attempt, the one injected last does.
    """

    def __init__(self, inject: Callable[[dict[str, Any]], T], step: str) -> None:
        """Made by ``fault``."""
        self._inject = inject
        self._fault: dict[str, Any] = {"step": step}

    def on_attempt(self, attempt: int) -> Fault[T]:
        """Strike this attempt only, from 1; otherwise every one."""
        self._fault["attempt"] = attempt
        return self

    def after_the_handler(self) -> Fault[T]:
        """Strike after the handler has run, so that its work is done and what it said is lost. Otherwise it does not run."""
        self._fault["when"] = "after"
        return self

    def retryable(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        error_code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> T:
        """The attempt fails and may be tried again; ``retry_after`` in seconds."""
        return self._fails(
            message,
            error_class="RetryableError",
            retryable=True,
            retry_after=retry_after,
            error_code=error_code,
            details=details,
        )

    def permanent(self, message: str, *, error_code: str | None = None, details: Mapping[str, Any] | None = None) -> T:
        """The attempt fails for good."""
        return self._fails(message, error_class="PermanentError", retryable=False, error_code=error_code, details=details)

    def raises(self, error: Exception) -> T:
        """The attempt fails as if the handler had raised this; it may be tried again."""
        return self._fails(str(error), error_class=type(error).__qualname__, retryable=True)

    def times_out(self) -> T:
        """The handler runs; the clock moves by the step's timeout."""
        return self.after_the_handler()._end("timeout")

    def takes(self, seconds: float) -> T:
        """The handler runs and the clock moves by so much; longer than its timeout is a timeout."""
        return self._end("takes", seconds=seconds)

    def returns_no_json(self) -> T:
        """The handler returns what cannot be stored."""
        return self.after_the_handler()._end("not_json")

    def loses_its_worker(self) -> T:
        """The process dies; the clock moves on until its lease is over and another one has taken its steps back."""
        return self._end("worker_lost")

    def _fails(self, message: str, **failure: Any) -> T:
        known = {key: value for key, value in failure.items() if value is not None}
        return self._end("fails", failure={"message": message, **known})

    def _end(self, fault: str, **more: Any) -> T:
        return self._inject({**self._fault, "fault": fault, **more})
