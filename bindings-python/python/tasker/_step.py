"""What a handler sees of its attempt."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ._conversation import AsyncConversation, Conversation
from ._records import Record
from ._values import from_json

if TYPE_CHECKING:
    from . import _native


class Host(Protocol):
    """Who runs attempts: a worker, or a test."""

    def fetch_context(self, task_id: str) -> str:
        """The context of a task, as JSON."""
        ...

    def fetch_results(self, task_id: str) -> str:
        """The results of all steps of a task that ended well, as JSON."""
        ...

    def session(self) -> _native.Session:
        """What talks about connections of the handler's own."""
        ...


class Step:
    """One attempt of one step."""

    def __init__(self, message: dict[str, Any], host: Host) -> None:
        """Made by a worker, or by a test."""
        self._message = message
        self._host = host
        self._completed_itself = False
        self._cancelled = threading.Event()
        self._results: dict[str, Any] | None = None
        seconds = message.get("timeout_seconds")
        self._deadline = None if seconds is None else time.monotonic() + seconds

    @property
    def task_id(self) -> str:
        """The id of the task, a UUID."""
        return str(self._message["task_id"])

    @property
    def step_no(self) -> int:
        """The number of the step, from 1 in template order."""
        return int(self._message["step_no"])

    @property
    def claim_no(self) -> int:
        """The claim, for ``complete_step`` in a transaction of the handler's own."""
        return int(self._message["claim_no"])

    @property
    def name(self) -> str:
        """The name of the step."""
        return str(self._message["step_name"])

    @property
    def task_name(self) -> str:
        """The name of the task."""
        return str(self._message["task_name"])

    @property
    def namespace(self) -> str:
        """The namespace of the task."""
        return str(self._message["namespace"])

    @property
    def version(self) -> str:
        """The version of the task's template."""
        return str(self._message["version"])

    @property
    def attempt(self) -> int:
        """The attempt, from 1."""
        return int(self._message["attempt"])

    @property
    def config(self) -> Any:
        """The handler's configuration in the template; ``None`` where it has none."""
        return self._message.get("config")

    @property
    def context(self) -> Any:
        """The task's input. One over 64 KiB is fetched at the first access.

        Raises:
            DatabaseUnavailableError: It had to be fetched, and could not be.
        """
        if self._message.get("context") is None:
            self._message["context"] = from_json(self._host.fetch_context(self.task_id))
        return self._message["context"]

    def results(self, step: str) -> Any:
        """What another step of the task returned: any that has ended well, not only a direct parent.

        Args:
            step: The name of that step.

        Raises:
            LookupError: There is no such step, or it has not ended well.
            DatabaseUnavailableError: It had to be fetched, and could not be.
        """
        came_along = self._message["dependencies"]
        if step in came_along:
            return came_along[step]
        if self._results is None:
            self._results = from_json(self._host.fetch_results(self.task_id))
        if step not in self._results:
            raise LookupError(
                f"the step '{step}' has no results for '{self.name}' to read: it does not exist, or it has not "
                "ended well; depend on it to be sure"
            )
        return self._results[step]

    @property
    def deadline(self) -> float | None:
        """When the attempt is given up, by ``time.monotonic()`` in seconds; ``None`` where it has no timeout."""
        return self._deadline

    @property
    def cancelled(self) -> bool:
        """Whether the outcome counts for nothing any more: cancelled, its deadline passed, or taken over. Stop then."""
        return self._cancelled.is_set()

    def wait_cancelled(self, seconds: float | None = None) -> bool:
        """Sleep until the attempt is cancelled, so many seconds at the most. Whether it is cancelled."""
        return self._cancelled.wait(seconds)

    def complete_in(self, connection: object, results: object = None) -> None:
        """Complete the step on a connection of yours, in its transaction: what you write there and the step take effect once.

        Once that is committed the step is complete, whatever becomes of this process; what the handler returns counts for
        nothing. If it is rolled back without an exception, the attempt has failed and may be tried again.

        Args:
            connection: It leads to the engine's database. Of psycopg, psycopg2, Django or SQLAlchemy.
            results: What the step returns.

        Raises:
            AttemptLostError: The attempt is over: taken over, cancelled or resolved meanwhile. Let it roll back.
            InvalidArgumentError: JSON cannot say the results, or they are too large.
            ConfigInvalidError: The database of the connection has no Tasker.
        """
        Conversation(self._host.session(), connection).carry_out("complete", attempt=self._key(), results=results)
        self._completed_itself = True

    async def acomplete_in(self, connection: object, results: object = None) -> None:
        """As `complete_in`, on a connection for asyncio: of asyncpg, psycopg or SQLAlchemy."""
        conversation = AsyncConversation(self._host.session(), connection)
        await conversation.carry_out("complete", attempt=self._key(), results=results)
        self._completed_itself = True

    def _key(self) -> dict[str, Any]:
        return {"task_id": self.task_id, "step_no": self.step_no, "claim_no": self.claim_no}

    @property
    def task(self) -> Record:
        """The task, as ``process(task, sequence, step)`` gets it: ids, names and the context."""
        return Record(
            task_id=self.task_id,
            name=self.task_name,
            namespace=self.namespace,
            version=self.version,
            context=self.context,
        )

    @property
    def sequence(self) -> Sequence:
        """The other steps, as ``process(task, sequence, step)`` gets them."""
        return Sequence(self)

    def __repr__(self) -> str:
        """For people."""
        return f"<tasker.Step {self.namespace}.{self.task_name}.{self.name} attempt {self.attempt} of task {self.task_id}>"


class Sequence:
    """The results of the other steps of a task, by name."""

    def __init__(self, step: Step) -> None:
        """Of an attempt."""
        self._step = step

    def results(self, step: str) -> Any:
        """As `Step.results`."""
        return self._step.results(step)

    def __getitem__(self, step: str) -> Mapping[str, Any]:
        """As `results`."""
        return self._step.results(step)  # type: ignore[no-any-return]
