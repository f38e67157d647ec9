"""Conversations with the engine about the host's own connection: it says what to do next, and is told what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any

from . import _native
from ._connections import AsyncExecute, Execute, execute_async_on, execute_on, refusal
from ._values import from_json, to_json
from .errors import TaskerError

Action = dict[str, Any]
Told = dict[str, Any]

THEIR_KINDS = ("internal", "database_unavailable", "timeout")
"""Kinds for which the host's own error is raised: by its class a framework knows that it may repeat the transaction, or
that the connection is gone."""


def actions(session: _native.Session, command: Mapping[str, Any]) -> Generator[Action, Told, Any]:
    """The actions of a command; what came of each is sent in. Its value is the answer."""
    action = from_json(session.begin(to_json(command)))
    while action["action"] != "done":
        action = from_json(session.tell(to_json((yield action))))
    return action["answer"]


class Conversation:
    """Carries out commands on a connection whose library makes its caller wait.

    Args:
        session: Who says what to do.
        connection: The host's.
        others: What else may be asked for than statements, by the name of the action.

    Raises:
        TypeError: The connection is of no library that is known here.
    """

    def __init__(
        self,
        session: _native.Session,
        connection: object,
        others: Mapping[str, Callable[[Action], Told]] | None = None,
    ) -> None:
        """Look at the connection."""
        self._session = session
        self._execute: Execute = execute_on(connection)
        self._others = dict(others or {})
        self._refused: BaseException | None = None

    def carry_out(self, command: str, **arguments: Any) -> Any:
        """A command, to its answer.

        Raises:
            TaskerError: What the engine, or PostgreSQL in the engine's words, says against it.
            Exception: What the host's library raises where that has nothing to do with the engine.
        """
        steps = actions(self._session, {"command": command, **arguments})
        try:
            action = next(steps)
            while True:
                other = self._others.get(action["action"])
                action = steps.send(self._run(action["statement"]) if other is None else other(action))
        except StopIteration as end:
            return end.value
        except TaskerError as error:
            if self._refused is not None and error.kind in THEIR_KINDS:
                raise self._refused from None
            raise error from self._refused
        finally:
            self._refused = None

    def results(self, task_id: str) -> Any:
        """What the steps of a task returned, by name."""
        statement = from_json(self._session.results_statement(task_id))
        rows = self._execute(statement["sql"], statement["parameters"])
        return from_json(self._session.read_results(to_json(rows)))

    def _run(self, statement: Mapping[str, Any]) -> Told:
        try:
            rows = self._execute(statement["sql"], statement["parameters"])
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            self._refused = error
            return {"refused": refused}
        self._refused = None
        return {"rows": rows}


class AsyncConversation:
    """As `Conversation`, for asyncio."""

    def __init__(
        self,
        session: _native.Session,
        connection: object,
        others: Mapping[str, Callable[[Action], Awaitable[Told]]] | None = None,
    ) -> None:
        """Look at the connection."""
        self._session = session
        self._execute: AsyncExecute = execute_async_on(connection)
        self._others = dict(others or {})
        self._refused: BaseException | None = None

    async def carry_out(self, command: str, **arguments: Any) -> Any:
        """As `Conversation.carry_out`."""
        steps = actions(self._session, {"command": command, **arguments})
        try:
            action = next(steps)
            while True:
                other = self._others.get(action["action"])
                action = steps.send(await self._run(action["statement"]) if other is None else await other(action))
        except StopIteration as end:
            return end.value
        except TaskerError as error:
            if self._refused is not None and error.kind in THEIR_KINDS:
                raise self._refused from None
            raise error from self._refused
        finally:
            self._refused = None

    async def results(self, task_id: str) -> Any:
        """As `Conversation.results`."""
        statement = from_json(self._session.results_statement(task_id))
        rows = await self._execute(statement["sql"], statement["parameters"])
        return from_json(self._session.read_results(to_json(rows)))

    async def _run(self, statement: Mapping[str, Any]) -> Told:
        try:
            rows = await self._execute(statement["sql"], statement["parameters"])
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            self._refused = error
            return {"refused": refused}
        self._refused = None
        return {"rows": rows}
