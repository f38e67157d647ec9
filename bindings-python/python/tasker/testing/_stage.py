"""Where workflows under test run: the part that is not the same for those who wait and for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from .. import _native
from .._conversation import Action, AsyncConversation, Conversation, Told
from .._handlers import Registry, is_async
from .._outcomes import completed, failed, released
from .._records import Record
from .._step import Step
from .._values import from_json, to_json

Check = Callable[[Record], Any]
"""Assertions of the test about a variant: ``variant.crash``, ``variant.report``."""


class Stage:
    """Carries out the commands of a test on the thread that gives them.

    Attributes:
        now: The time of the test, in RFC 3339.
    """

    def __init__(self, connection: object, registry: Registry, schema: str, settings: Mapping[str, Any] | None) -> None:
        """Begin: the connection must be in a transaction."""
        options = {"schema": schema, "settings": settings or {}}
        self._registry = registry
        self._check: Check | None = None
        self._host = _TestHost(options)
        session = _native.Session.for_tests(to_json(options))
        others = {"invoke": self._invoke, "check": self._judge}
        self._conversation = Conversation(session, connection, others)
        self._host.read = lambda task_id: to_json(self._conversation.results(task_id))
        self.now: str = self._carry_out("open")["now"]

    def _carry_out(self, command: str, **arguments: Any) -> Any:
        return self._conversation.carry_out(command, **arguments)

    def _at(self, now: str) -> str:
        self.now = now
        return now

    def _invoke(self, action: Action) -> Told:
        step, function = self._host.attempt(action, self._registry)
        return {"outcome": _outcome(step, lambda: _called(function, step))}

    def _judge(self, action: Action) -> Told:
        return {"checked": _problem(self._check, action)}


class AsyncStage:
    """As `Stage`, on the loop that gives the commands."""

    def __init__(self, connection: object, registry: Registry, schema: str, settings: Mapping[str, Any] | None) -> None:
        """Look at the connection. The test begins with its first command."""
        options = {"schema": schema, "settings": settings or {}}
        self._registry = registry
        self._check: Check | None = None
        self._host = _TestHost(options)
        self._opened = False
        self.now: str = ""
        session = _native.Session.for_tests(to_json(options))
        others = {"invoke": self._invoke, "check": self._judge}
        self._conversation = AsyncConversation(session, connection, others)

    async def _carry_out(self, command: str, **arguments: Any) -> Any:
        if not self._opened:
            opened = await self._conversation.carry_out("open")
            self.now = str(opened["now"])
            self._opened = True
        return await self._conversation.carry_out(command, **arguments)

    def _at(self, now: str) -> str:
        self.now = now
        return now

    async def _invoke(self, action: Action) -> Told:
        step, function = self._host.attempt(action, self._registry)
        # A handler asks for results without awaiting them, so they are there before it begins.
        results = to_json(await self._conversation.results(step.task_id))
        self._host.read = lambda task_id: results
        try:
            returned = function(step)
            text = completed(step, await returned if is_async(function) else returned)
        except SystemExit:
            text = released(step)
        except (Exception, asyncio.CancelledError) as error:
            text = failed(step, error)
        return {"outcome": from_json(text)}

    async def _judge(self, action: Action) -> Told:
        return {"checked": _problem(self._check, action)}


class _TestHost:
    """What steps under test ask for."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._engine = _native.Engine(to_json({**options, "isolated": True}))
        self.read: Callable[[str], str] = lambda task_id: "{}"

    def attempt(self, action: Action, registry: Registry) -> tuple[Step, Callable[[Step], Any]]:
        message = action["invocation"]
        function = registry.get(message["handler"])
        assert function is not None, "the engine hands out what the registry has"
        return Step(message, self), function

    def fetch_context(self, task_id: str) -> str:
        raise AssertionError("under test every context comes along")

    def fetch_results(self, task_id: str) -> str:
        return self.read(task_id)

    def session(self) -> _native.Session:
        return self._engine.session()


def _called(function: Callable[[Step], Any], step: Step) -> Any:
    """What a handler returns; a coroutine runs on a loop of its own."""
    if not is_async(function):
        return function(step)
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(function(step))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _outcome(step: Step, call: Callable[[], Any]) -> Any:
    """What came of an attempt. Interrupts, and what ends a test, go on to the test."""
    try:
        text = completed(step, call())
    except SystemExit:
        text = released(step)
    except (Exception, asyncio.CancelledError) as error:
        text = failed(step, error)
    return from_json(text)


def _problem(check: Check | None, action: Action) -> str | None:
    if check is None:
        return None
    from ._reports import TestReport

    variant = action["variant"]
    try:
        check(Record(crash=variant["crash"], report=TestReport(variant["report"])))
    except Exception as objection:
        return str(objection) or repr(objection)
    return None
