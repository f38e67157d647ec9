"""The interface as an ASGI application."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from .. import _logs, _native
from .._calls import Configured
from .._values import from_json
from ..errors import TaskerError
from ._mounted import Event, Mounted, Pairs, is_open, joined, nobody_found, questions_in, undecided
from ._request import Named, Principal, Question, Request, as_answers, as_principal, below, quoted, quoted_query

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def asgi_app(
    client: Configured,
    *,
    principal: Callable[[Request], Named | Awaitable[Named]] | None = None,
    authorize: Callable[[Principal, list[Question]], Sequence[bool] | Awaitable[Sequence[bool]]] | None = None,
    allow_unauthenticated: bool | None = None,
    body_bytes: int | None = None,
    bulk_bytes: int | None = None,
    timeout_seconds: float | None = None,
) -> AsgiApp:
    """The HTTP interface as an ASGI application: ``app.mount("/tasker", tasker.asgi_app(client))``.

    It opens at the first request, in each process for itself, and so may be made before a server forks. Nothing in it makes the
    event loop wait. Both bodies stream: nothing is read that is not needed, nothing is sent faster than it is taken.

    Args:
        client: A `tasker.Client` or a `tasker.AsyncClient`: its database is asked.
        principal: Finds out who asks: ``None``, a name, a `tasker.http.Principal`, or its fields as a mapping. A coroutine
            function, or a function, which is called on a thread. It is not called for probes. Without it, everybody may do
            everything in development, and nobody anything in a declared production environment.
        authorize: Decides by itself what somebody may do: one truth value for each question. A coroutine function, or a
            function, which is called on a thread.
        allow_unauthenticated: Whether everybody may do everything where there is no ``principal``, in production, too.
        body_bytes: The largest body of a request.
        bulk_bytes: The largest body of a bulk creation in one transaction.
        timeout_seconds: How long a request may take.

    Raises:
        TypeError: The client is none, or a hook cannot be called.
        InvalidArgumentError: An option is wrong.
    """
    options = {
        "allow_unauthenticated": allow_unauthenticated,
        "body_bytes": body_bytes,
        "bulk_bytes": bulk_bytes,
        "timeout_seconds": timeout_seconds,
    }
    return AsgiApp(client, principal, authorize, options)


class AsgiApp(Mounted):
    """What `asgi_app` makes: an ASGI 3 application for the scopes ``http`` and ``lifespan``, on asyncio."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await _live(receive, send)
        elif kind == "websocket":
            # Closed before it was accepted: the server answers 403.
            await send({"type": "websocket.close", "code": 1000, "reason": "there are no web sockets here"})
        else:
            raise ValueError(f"tasker.asgi_app answers http, not {kind}")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.decode("latin-1").lower(), value) for name, value in scope["headers"]]
        request = _request(scope, headers)
        try:
            principal = None
            if self._principal is not None and not is_open(request):
                answer = await _called(self._principal, request)
                principal = as_principal(answer, decides=self._authorize is not None)
        except Exception:
            principal, exchange = None, nobody_found()
        else:
            exchange = self._begin(request, headers, principal)
        body = _Body(exchange, receive)
        try:
            # A server says "100 Continue" when it is first asked for the body: not before the interface wants it.
            if "expect" not in request.headers:
                body.listen()
            await self._answer(exchange, body, send, principal, with_body=request.method != "HEAD")
        finally:
            exchange.cancel()
            body.leave()
            _logs.tell()

    async def _answer(
        self, exchange: _native.Exchange, body: _Body, send: Send, principal: Principal | None, with_body: bool
    ) -> None:
        while True:
            event = await body.unless_gone(_next(exchange))
            if event is None:
                return
            kind, told = event
            if kind == "read":
                await body.give()
            elif kind == "decide":
                await self._decide(exchange, told, principal)
            elif kind == "head":
                head = from_json(told)
                pairs = [(name.encode(), value.encode()) for name, value in head["headers"]]
                await send({"type": "http.response.start", "status": head["status"], "headers": pairs})
                body.listen()
            elif kind == "chunk":
                if with_body:
                    await send({"type": "http.response.body", "body": told, "more_body": True})
            elif kind == "end":
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            else:
                # The server breaks the connection off, so that nobody takes what was sent for all of it.
                raise TaskerError(f"the answer was broken off: {told}")

    async def _decide(self, exchange: _native.Exchange, asked: str, principal: Principal | None) -> None:
        number, questions = questions_in(asked)
        try:
            if self._authorize is None:
                raise TypeError("there is no authorize hook")
            answers = as_answers(await _called(self._authorize, principal, questions), questions)
        except Exception as error:
            undecided(exchange, number, error)
        else:
            exchange.decide(number, answers)


class _Body:
    """The body of a request, and the news that the client has gone away: both come by ``receive``, in this order."""

    def __init__(self, exchange: _native.Exchange, receive: Receive) -> None:
        self._exchange = exchange
        self._receive = receive
        self._listening: asyncio.Future[Message] | None = None
        self._last: Message | None = None  # came, and is not wanted yet
        self._whole = False

    def listen(self) -> asyncio.Future[Message]:
        """Look what comes next. A piece of the body is kept until it is wanted; only behind the last one more is taken."""
        if self._listening is None:
            self._listening = asyncio.ensure_future(self._receive())
        return self._listening

    def leave(self) -> None:
        """Nothing that comes is wanted any more."""
        if self._listening is not None and not self._listening.cancel() and not self._listening.cancelled():
            self._listening.exception()  # so that asyncio does not tell it on exit

    async def unless_gone(self, coming: asyncio.Future[Event]) -> Event | None:
        """What comes; ``None`` where the client goes away before it does."""
        try:
            while not coming.done():
                listening = self._listening
                if listening is None:
                    return await coming
                if not listening.done():
                    await asyncio.wait((coming, listening), return_when=asyncio.FIRST_COMPLETED)
                    continue
                message = listening.result()
                if message["type"] == "http.disconnect":
                    return None
                if self._whole or self._last is not None or message.get("more_body", False):
                    return await coming
                # Behind the end of a body, which a GET has too and nobody reads, comes only that the client has gone away.
                self._last, self._listening = message, None
                self.listen()
            return coming.result()
        finally:
            coming.cancel()

    async def give(self) -> None:
        """Give the next piece to the engine."""
        while not self._whole:
            if self._last is None:
                message = await self.listen()
                if message["type"] == "http.disconnect":
                    return  # noticed by who waits for the next event
                self._listening = None
            else:
                message, self._last = self._last, None
            piece, self._whole = bytes(message.get("body", b"")), not message.get("more_body", False)
            if piece:
                self._exchange.write(piece)
            self.listen()
            if piece:
                return
        self._exchange.finish()


def _next(exchange: _native.Exchange) -> asyncio.Future[Event]:
    loop = asyncio.get_running_loop()
    coming: asyncio.Future[Event] = loop.create_future()

    def settle(error: BaseException | None, event: Event | None) -> None:
        if coming.done():  # nobody waits any more
            return
        if event is None:
            coming.set_exception(error or TaskerError("nothing came"))
        else:
            coming.set_result(event)

    def done(error: BaseException | None, event: Event | None) -> None:
        try:
            loop.call_soon_threadsafe(settle, error, event)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits
            pass

    exchange.next_then(done)
    return coming


async def _called(hook: Callable[..., Any], *arguments: Any) -> Any:
    """What a hook returns. A plain function may wait, for a database for example: not on the loop."""
    if inspect.iscoroutinefunction(hook):
        return await hook(*arguments)
    answer = await asyncio.to_thread(hook, *arguments)
    return await answer if inspect.isawaitable(answer) else answer


async def _live(receive: Receive, send: Send) -> None:
    """Nothing is to be done when a server starts or stops: the client is the host's."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _request(scope: Scope, headers: Pairs) -> Request:
    root, raw = scope.get("root_path") or "", scope.get("raw_path")
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=below(scope["path"].encode(errors="replace"), root.encode(errors="replace"), raw),
        query=quoted_query(scope.get("query_string", b"")),
        headers=joined(headers),
        prefix=quoted(root.rstrip("/")),
        client=client[0] if client else None,
        scope=scope,
    )
