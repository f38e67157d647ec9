"""What can go wrong: in the engine (`TaskerError` and below), and in a handler (`RetryableError`, `PermanentError`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class TaskerError(Exception):
    """Something went wrong in the engine, or it refused a call.

    Attributes:
        kind: The kind of error, in snake case; the same in every language.
        code: The number of the kind.
        retry: Whether the very same call may succeed later.
        details: For programs; ``None`` where there is nothing to add.
    """

    kind: str = "internal"
    code: int = 9001
    retry: bool = False
    details: Any = None

    @classmethod
    def _of(cls, message: str, kind: str, code: int, retry: bool, details: str) -> TaskerError:
        error = cls(message)
        error.kind, error.code, error.retry = kind, code, retry
        error.details = json.loads(details)
        return error


class InvalidArgumentError(TaskerError, ValueError):
    """An argument is missing, of the wrong shape, or out of range."""


class InvalidTemplateError(TaskerError, ValueError):
    """A template does not parse, or breaks a rule; ``details`` lists every problem with its place."""


class CycleDetectedError(InvalidTemplateError):
    """The steps of a template wait for each other in a circle."""


class UnknownNamedTaskError(TaskerError, LookupError):
    """No template of that namespace, name and version is registered."""


class UnknownHandlerError(TaskerError, LookupError):
    """A worker was given work whose handler it does not have."""


class InvalidContextError(TaskerError, ValueError):
    """The context of a task breaks the schema of its template; ``details`` lists every mistake."""


class ConfigInvalidError(TaskerError, ValueError):
    """A setting is unknown, of the wrong type, or contradicts another."""


class NotFoundError(TaskerError, LookupError):
    """What was named does not exist."""


class AlreadyExistsError(TaskerError):
    """It exists already, and the caller asked for that to be an error."""


class IdempotencyMismatchError(AlreadyExistsError):
    """An idempotency key was used before, with other content."""


class IllegalTransitionError(TaskerError):
    """The state of the task or step does not allow this."""


class AttemptLostError(TaskerError):
    """The attempt is over: taken over, cancelled or resolved meanwhile. Roll back."""


class UnauthenticatedError(TaskerError):
    """The caller did not say who it is."""


class ForbiddenError(TaskerError, PermissionError):
    """The caller, or the database user, may not do this."""


class DatabaseUnavailableError(TaskerError, ConnectionError):
    """PostgreSQL cannot be reached, or went away."""


class WaitTimeoutError(TaskerError, TimeoutError):
    """Something took longer than it was allowed to."""


class SchemaMismatchError(TaskerError):
    """The schema in the database is not the one that this version needs: ``tasker migrate``."""


class ShuttingDownError(TaskerError):
    """The worker was asked to stop, and takes no more work."""


class ForkedProcessError(TaskerError):
    """A worker was used in a process that was forked from the one it belongs to."""


class InternalError(TaskerError):
    """A defect of Tasker. Please report it."""


class HandlerError(Exception):
    """What a handler raises to say more than that it failed. Use one of its two kinds.

    Args:
        message: What went wrong, for people.
        error_code: A code for programs.
        details: Anything else worth keeping, as JSON can say it.
    """

    retryable: bool = True
    retry_after: float | None = None

    def __init__(self, message: str = "", *, error_code: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        """Take what there is to say."""
        super().__init__(message)
        self.error_code = error_code
        self.details = details


class RetryableError(HandlerError):
    """The attempt failed; the next one may succeed.

    Args:
        message: What went wrong, for people.
        retry_after: When to come back, in seconds from now; otherwise the step's own backoff decides.
        error_code: A code for programs.
        details: Anything else worth keeping, as JSON can say it.
    """

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        error_code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Take what there is to say."""
        super().__init__(message, error_code=error_code, details=details)
        self.retry_after = retry_after


class PermanentError(HandlerError):
    """The step failed for good: no further attempt is made."""

    retryable = False
