"""The forms in which the HTTP interface is mounted, asked in one way; the conversation that all of them answer alike."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import httpx
import uvicorn

CONVERSATION = Path(__file__).parents[2] / "tests" / "vectors" / "http.json"
PREFIX = "/tasker"

# Asks for something below the mount: method, target, and what httpx takes besides.
Ask = Callable[..., httpx.Response]


def converse(ask: Ask) -> None:
    """Have the recorded conversation, and look that each answer is the recorded one."""
    document = json.loads(CONVERSATION.read_text())
    kept: dict[str, str] = {}

    def filled(text: str) -> str:
        for name, value in kept.items():
            text = text.replace("{" + name + "}", value)
        return text

    for exchange in document["exchanges"]:
        request = exchange["request"]
        answer = ask(
            request["method"],
            filled(request["target"]),
            headers={name: value.encode() for name, value in request.get("headers", {}).items()},
            content=filled(request.get("body", "")).encode(),
        )
        for name, place in exchange.get("keep", {}).items():
            value = answer.json()
            for part in place.split("/")[1:]:
                value = value[int(part) if isinstance(value, list) else part]
            kept[name] = value
        body = answer.text
        for pattern, by in document["replace"]:
            body = re.sub(pattern, by, body)
        heard = {"status": answer.status_code, "content_type": answer.headers.get("content-type"), "body": body}
        assert heard == exchange["answer"], request


def asked(app: Any, method: str, target: str, **request: Any) -> httpx.Response:
    """Ask an ASGI application that is mounted at the prefix."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://shop.test{PREFIX}") as client:
            return await client.request(method, target, **request)

    return asyncio.run(ask())


def under(prefix: str, app: Any) -> Any:
    """An ASGI application under a prefix, as a server would say it."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "root_path": prefix}, receive, send)

    return application


@contextlib.contextmanager
def by_asgi(app: Any) -> Iterator[Ask]:
    """An ASGI application that knows itself where it is mounted."""
    yield lambda method, target, **request: asked(app, method, target, **request)


class _Wsgi(httpx.BaseTransport):
    """Asks a WSGI application as PEP 3333 wants it, and looks that it answers so. That of httpx knows ASCII only."""

    def __init__(self, app: Any, script_name: str) -> None:
        self.app, self.script_name = validator(app), script_name

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": self.script_name,
            "PATH_INFO": unquote_to_bytes(request.url.raw_path.partition(b"?")[0]).decode("latin-1"),
            "RAW_URI": self.script_name + request.url.raw_path.decode(),
            "QUERY_STRING": request.url.query.decode(),
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in request.headers.raw:
            key = name.decode().upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environ[key] = value.decode("latin-1")
        setup_testing_defaults(environ)
        begun: list[Any] = []

        def start_response(status: str, headers: Any, failure: Any = None) -> Any:
            begun[:] = [status, headers]

        pieces = self.app(environ, start_response)
        try:
            content = b"".join(pieces)
        finally:
            pieces.close()
        status, headers = begun
        return httpx.Response(int(status[:3]), headers=headers, content=content)


@contextlib.contextmanager
def by_wsgi(app: Any, script_name: str = PREFIX) -> Iterator[Ask]:
    """A WSGI application, mounted at the prefix by its server; or with its own idea of that."""
    base = "http://shop.test" + ("" if script_name else PREFIX)
    with httpx.Client(transport=_Wsgi(app, script_name), base_url=base) as client:
        yield client.request


@contextlib.contextmanager
def under_uvicorn(app: Any, root_path: str = PREFIX) -> Iterator[str]:
    """The URL of an ASGI application under uvicorn, which takes the prefix for one that a proxy has taken away."""
    config = uvicorn.Config(app, port=0, root_path=root_path, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    started = threading.Event()
    startup = server.startup

    async def start(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = start  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(60)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextlib.contextmanager
def under_wsgiref(app: Any) -> Iterator[str]:
    """The URL of a WSGI application under the server of the standard library."""
    with make_server("127.0.0.1", 0, app, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(60)
