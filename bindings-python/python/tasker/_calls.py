"""How a verb of the engine is called: the part of the clients that is not the same in both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from . import _frameworks, _logs, _native
from ._conversation import AsyncConversation, Conversation
from ._records import read_text
from ._requests import options
from ._values import from_json, to_json

T = TypeVar("T")


class Configured:
    """An engine with its configuration. Nothing is opened yet."""

    def __init__(
        self,
        database_url: str | None,
        schema: str | None,
        settings: Mapping[str, Any] | None,
        application_name: str | None,
    ) -> None:
        """Take the configuration."""
        url = database_url or _frameworks.database_url()
        self._engine = _native.Engine(to_json(options(url, schema, settings, application_name)))


class Calls(Configured):
    """Calls that make the caller wait, without the GIL."""

    def _call(self, verb: str, arguments: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        try:
            return read(from_json(self._engine.call(verb, to_json(arguments))))
        finally:
            _logs.tell()

    def _carry_out(self, connection: object, command: str, arguments: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        conversation = Conversation(self._engine.session(), connection)
        # So that the session can tell a connection to another database.
        self._call("database_identity", {}, read_text)
        return read(conversation.carry_out(command, **arguments))

    def _close(self) -> None:
        self._engine.close()


class AsyncCalls(Configured):
    """Calls that wait on the loop that they are made on."""

    async def _call(self, verb: str, arguments: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[str] = loop.create_future()

        def settle(error: BaseException | None, text: str | None) -> None:
            if answered.done():  # the caller was cancelled meanwhile
                return
            if error is not None:
                answered.set_exception(error)
            else:
                answered.set_result(text or "null")

        def done(error: BaseException | None, text: str | None) -> None:
            try:
                loop.call_soon_threadsafe(settle, error, text)
            except RuntimeError:  # the loop was closed meanwhile: nobody waits
                pass

        self._engine.call_then(verb, to_json(arguments), done)
        try:
            return read(from_json(await answered))
        finally:
            _logs.tell()

    async def _carry_out(self, connection: object, command: str, arguments: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        conversation = AsyncConversation(self._engine.session(), connection)
        await self._call("database_identity", {}, read_text)
        return read(await conversation.carry_out(command, **arguments))

    async def _close(self) -> None:
        await asyncio.to_thread(self._engine.close)
