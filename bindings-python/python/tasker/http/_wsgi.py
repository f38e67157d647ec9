"""The interface as a WSGI application."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from .. import _logs, _native
from .._calls import Configured
from .._values import from_json
from ..errors import TaskerError
from ._mounted import Event, Mounted, Pairs, is_open, joined, nobody_found, questions_in, undecided
from ._request import Named, Principal, Question, Request, as_answers, as_principal, below, quoted, quoted_query
from ._sse import Cut

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

# The most that is read of a body at once.
PIECE = 64 * 1024


def wsgi_app(
    client: Configured,
    *,
    principal: Callable[[Request], Named] | None = None,
    authorize: Callable[[Principal, list[Question]], Sequence[bool]] | None = None,
    allow_unauthenticated: bool | None = None,
    body_bytes: int | None = None,
    bulk_bytes: int | None = None,
    timeout_seconds: float | None = None,
    stream_seconds: float = 25.0,
) -> WsgiApp:
    """The HTTP interface as a WSGI application: ``DispatcherMiddleware(app, {"/tasker": tasker.wsgi_app(client)})``.

    It opens at the first request, in each process for itself, and so may be made before a server forks. It waits without the
    GIL. Both bodies stream: nothing is read that is not needed, nothing is sent faster than it is taken.

    Args:
        client: A `tasker.Client` or a `tasker.AsyncClient`: its database is asked.
        principal: Finds out who asks: ``None``, a name, a `tasker.http.Principal`, or its fields as a mapping. It is not called
            for probes. Without it, everybody may do everything in development, and nobody anything in a declared production
            environment.
        authorize: Decides by itself what somebody may do: one truth value for each question.
        allow_unauthenticated: Whether everybody may do everything where there is no ``principal``, in production, too.
        body_bytes: The largest body of a request.
        bulk_bytes: The largest body of a bulk creation in one transaction.
        timeout_seconds: How long a request may take.
        stream_seconds: How long a stream of events holds a thread of the server. Then it ends, and the client comes back.

    Raises:
        TypeError: The client is none, or a hook cannot be called.
        InvalidArgumentError: An option is wrong.
        ValueError: ``stream_seconds`` is not above 0.
    """
    options = {
        "allow_unauthenticated": allow_unauthenticated,
        "body_bytes": body_bytes,
        "bulk_bytes": bulk_bytes,
        "timeout_seconds": timeout_seconds,
    }
    if not stream_seconds > 0:
        raise ValueError(f"stream_seconds is a number above 0, not {stream_seconds!r}")
    return WsgiApp(client, principal, authorize, options, stream_seconds)


class WsgiApp(Mounted):
    """What `wsgi_app` makes: a WSGI application (PEP 3333)."""

    def __init__(
        self,
        client: Configured,
        principal: Callable[..., Any] | None,
        authorize: Callable[..., Any] | None,
        options: Mapping[str, Any],
        stream_seconds: float,
    ) -> None:
        """Take the configuration, as `wsgi_app` has it."""
        super().__init__(client, principal, authorize, options)
        self._stream_seconds = stream_seconds

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        headers = list(_headers(environ))
        request = _request(environ, headers)
        try:
            principal = None
            if self._principal is not None and not is_open(request):
                principal = as_principal(self._principal(request), decides=self._authorize is not None)
        except Exception:
            principal, exchange = None, nobody_found()
        else:
            exchange = self._begin(request, headers, principal)

        def decide(questions: list[Question]) -> list[bool]:
            if self._authorize is None:
                raise TypeError("there is no authorize hook")
            return as_answers(self._authorize(principal, questions), questions)

        answer = Answer(exchange, _Body(environ), decide, self._stream_seconds, request.method != "HEAD")
        try:
            answer.begin(start_response)
        except BaseException:
            answer.close()
            raise
        return answer


class Answer(Iterator[bytes]):
    """An answer, piece by piece. Closed before its end, the request is given up."""

    def __init__(
        self,
        exchange: _native.Exchange,
        body: _Body,
        decide: Callable[[list[Question]], list[bool]],
        stream_seconds: float,
        with_body: bool,
    ) -> None:
        """Take what it is made of."""
        self._exchange, self._body, self._decide = exchange, body, decide
        self._stream_seconds, self._with_body = stream_seconds, with_body
        self._cut: Cut | None = None
        self._until = 0.0
        self._ended = False

    def begin(self, start_response: StartResponse) -> None:
        """Come as far as its head."""
        event = self._next_for_the_host(None)
        if event is None or event[0] != "head":
            raise TaskerError(f"an answer begins with its head, not with {event!r}")
        head = from_json(event[1])
        # WSGI's texts are bytes by another name.
        pairs = [(name, value.encode().decode("latin-1")) for name, value in head["headers"]]
        if dict(pairs).get("content-type", "").startswith("text/event-stream"):
            self._cut = Cut()
            self._until = time.monotonic() + self._stream_seconds
        start_response(f"{head['status']} {_phrase(head['status'])}", pairs)

    def __next__(self) -> bytes:
        """The next piece."""
        while not self._ended:
            left = None if self._cut is None else self._until - time.monotonic()
            event = None if left is not None and left <= 0 else self._next_for_the_host(left)
            if event is None:
                self._end()
                return self._cut.last() if self._cut is not None else b""
            kind, told = event
            if kind == "end":
                self._end()
            elif kind == "broken":
                self._end()
                # The server breaks the connection off, so that nobody takes what was sent for all of it.
                raise TaskerError(f"the answer was broken off: {told}")
            elif self._with_body:
                piece: bytes = told if self._cut is None else self._cut.whole(told)
                if piece:
                    return piece
        raise StopIteration

    def close(self) -> None:
        """The server needs no more of it."""
        self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._exchange.cancel()
            _logs.tell()

    def _next_for_the_host(self, seconds: float | None) -> Event | None:
        """The next event that the server has to know of; ``None`` where none comes in time."""
        while True:
            event = self._exchange.next(seconds)
            if event is None:
                return None
            kind, told = event
            if kind == "read":
                piece = self._body.read()
                if piece:
                    self._exchange.write(piece)
                else:
                    self._exchange.finish()
            elif kind == "decide":
                number, questions = questions_in(told)
                try:
                    answers = self._decide(questions)
                except Exception as error:
                    undecided(self._exchange, number, error)
                else:
                    self._exchange.decide(number, answers)
            else:
                return event


class _Body:
    """The body of a request, read when it is wanted."""

    def __init__(self, environ: Environ) -> None:
        length = environ.get("CONTENT_LENGTH") or ""
        # Without a length there is a body only where the server ends it by itself (chunks).
        self._left: int | None = int(length) if length.isdecimal() else 0
        if not length and environ.get("wsgi.input_terminated"):
            self._left = None
        self._some = _some_of(environ["wsgi.input"])

    def read(self) -> bytes:
        """The next piece; empty at the end.

        Raises:
            ConnectionError: The client went away before its end.
        """
        if self._left == 0:
            return b""
        piece: bytes = self._some(PIECE if self._left is None else min(self._left, PIECE))
        if self._left is not None:
            if not piece:
                raise ConnectionError(f"the client went away {self._left} bytes before the end of its request")
            self._left -= len(piece)
        return piece


def _some_of(body: Any) -> Callable[[int], bytes]:
    """Gives what has come, without waiting for a whole piece; line by line where the server cannot say what has."""
    if isinstance(body, io.RawIOBase):
        return body.read
    some: Callable[[int], bytes] = getattr(body, "read1", body.readline)
    return some


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _headers(environ: Environ) -> Iterator[tuple[str, bytes]]:
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            name = key[5:]
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            name = key
        else:
            continue
        yield name.replace("_", "-").lower(), _bytes(value)


def _request(environ: Environ, headers: Pairs) -> Request:
    script = environ.get("SCRIPT_NAME", "").encode("latin-1")
    # The target as it came, by the two names that servers have for it.
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    raw_path = raw.partition("?")[0].encode("latin-1") if raw.startswith("/") else None
    return Request(
        method=environ["REQUEST_METHOD"],
        path=below(environ.get("PATH_INFO", "").encode("latin-1"), b"", raw_path),
        query=quoted_query(environ.get("QUERY_STRING", "").encode("latin-1")),
        headers=joined(headers),
        prefix=quoted(script.rstrip(b"/")),
        client=environ.get("REMOTE_ADDR") or None,
        environ=environ,
    )


def _bytes(value: str) -> bytes:
    """The value of a header: WSGI has one byte of it in each character. What has other characters is the host's own."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode(errors="replace")
