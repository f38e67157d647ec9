"""The HTTP interface, mounted: the same answers in every form, streams, whoever goes away, whoever asks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import io
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import tasker
from conftest import chain, python
from http_forms import PREFIX, Ask, asked, by_asgi, by_wsgi, converse, under, under_uvicorn, under_wsgiref
from tasker.http import _wsgi

LINES = {"content-type": "application/x-ndjson"}


def asgi(client: tasker.Client, **options: Any) -> Any:
    return by_asgi(under(PREFIX, tasker.asgi_app(client, **options)))


def wsgi(client: tasker.Client, **options: Any) -> Any:
    return by_wsgi(tasker.wsgi_app(client, **options))


@contextlib.contextmanager
def served(client: tasker.Client) -> Iterator[Ask]:
    with (
        under_uvicorn(tasker.asgi_app(client)) as url,
        httpx.Client(base_url=url) as asking,
    ):
        yield asking.request


@contextlib.contextmanager
def served_by_wsgi(client: tasker.Client) -> Iterator[Ask]:
    with under_wsgiref(tasker.wsgi_app(client)) as url, httpx.Client(base_url=url) as asking:
        yield asking.request


@pytest.mark.parametrize("form", [asgi, wsgi, served, served_by_wsgi])
def test_every_form_answers_as_recorded(client: tasker.Client, form: Callable[..., Any]) -> None:
    with form(client) as ask:
        converse(ask)


def test_a_client_of_asyncio_is_as_good(database_url: str) -> None:
    client = tasker.AsyncClient(database_url)
    app = under(PREFIX, tasker.asgi_app(client))
    assert asked(app, "GET", "/tasks").json()["tasks"] == []
    asyncio.run(client.close())
    answer = asked(under(PREFIX, tasker.asgi_app(client)), "GET", "/tasks")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code >= 500


# Streams.


def line(order: int) -> bytes:
    return json.dumps({"name": "order", "context": {"order": order}}).encode() + b"\n"


@pytest.fixture
def shop(client: tasker.Client) -> tasker.Client:
    client.register_template(chain("order", "pay"))
    return client


def raw_lines(url: str, count: int) -> list[Any]:
    """Say each line only when the one before has been answered. By hand: clients say everything before they listen."""
    host, _, port = url.removeprefix("http://").partition(":")
    length = sum(len(line(order)) for order in range(count))
    answers = []
    with socket.create_connection((host, int(port)), timeout=60) as connection, connection.makefile("rb") as heard:
        head = f"POST /tasks/bulk HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-ndjson\r\n"
        connection.sendall(f"{head}Content-Length: {length}\r\nConnection: close\r\n\r\n".encode())
        for order in range(count):
            connection.sendall(line(order))
            while not (text := heard.readline()).startswith(b"{"):
                assert text, "the connection was closed"
            answers.append(json.loads(text))
    return answers


def test_lines_are_answered_while_they_come(shop: tasker.Client) -> None:
    with under_uvicorn(tasker.asgi_app(shop)) as url:
        answers = raw_lines(url, 5)
    assert [answer["created"] for answer in answers] == [True] * 5
    with under_wsgiref(tasker.wsgi_app(shop)) as url:
        answers = raw_lines(url, 5)
    assert [answer["created"] for answer in answers] == [True] * 5
    assert len(shop.list_tasks()) == 10


class Told(list[Any]):
    """What an application sends, by hand."""

    def __init__(self) -> None:
        self.some = asyncio.Event()

    async def send(self, message: Any) -> None:
        self.append(message)
        self.some.set()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self)


def scope(method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": pairs, **more}


def test_no_more_is_read_than_answers_are_taken(shop: tasker.Client) -> None:
    taken = 0
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def receive() -> Any:
        nonlocal taken
        if taken == 100:
            await asyncio.Event().wait()  # what comes next is that the client goes away
        taken += 1
        return {"type": "http.request", "body": line(taken), "more_body": taken < 100}

    told = Told()

    async def send(message: Any) -> None:
        await told.send(message)
        if message.get("body"):
            waiting.set()
            await go_on.wait()

    async def ask() -> None:
        asking = asyncio.create_task(tasker.asgi_app(shop)(scope("POST", "/tasks/bulk", LINES), receive, send))
        await waiting.wait()
        before = taken
        for _ in range(1000):
            await asyncio.sleep(0)
        assert taken == before <= 3
        go_on.set()
        await asking

    asyncio.run(ask())
    assert taken == 100
    assert len(told.body.splitlines()) == 100


def test_a_client_that_goes_away_gives_the_request_up(shop: tasker.Client) -> None:
    async def ask() -> None:
        told, coming = Told(), asyncio.Queue[Any]()
        await coming.put({"type": "http.request", "body": line(1), "more_body": True})
        asking = asyncio.create_task(tasker.asgi_app(shop)(scope("POST", "/tasks/bulk", LINES), coming.get, told.send))
        while not told.body:
            await told.some.wait()
            told.some.clear()
        await coming.put({"type": "http.disconnect"})
        await asking
        assert told[-1]["more_body"], "the answer did not end"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(ask())
    assert len(shop.list_tasks()) == 1, "what was answered stays"


def test_a_client_that_goes_away_gives_a_request_without_a_body_up(shop: tasker.Client) -> None:
    task_id = shop.create_task("order").task_id
    query = urllib.parse.urlencode({"query": f'subscription {{ taskProgress(taskId: "{task_id}") {{ status }} }}'})

    async def ask() -> None:
        told, coming = Told(), asyncio.Queue[Any]()
        await coming.put({"type": "http.request", "body": b"", "more_body": False})
        followed = scope("GET", "/graphql", {"accept": "text/event-stream"}, query_string=query.encode())
        asking = asyncio.create_task(tasker.asgi_app(shop)(followed, coming.get, told.send))
        while not told.body:
            await told.some.wait()
            told.some.clear()
        assert told[0]["status"] == 200
        await coming.put({"type": "http.disconnect"})
        await asyncio.wait_for(asking, 60)
        assert told[-1]["more_body"], "the answer did not end"

    asyncio.run(ask())


def test_a_connection_that_breaks_gives_the_request_up(shop: tasker.Client) -> None:
    ended = threading.Event()
    app = tasker.asgi_app(shop)

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                ended.set()

    with under_uvicorn(watched) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            head = f"POST /tasks/bulk HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-ndjson\r\n"
            connection.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode() + line(1))
            assert connection.recv(100).startswith(b"HTTP/1.1 201")
            assert not ended.is_set()
        assert ended.wait(60)


def test_twenty_at_once(shop: tasker.Client) -> None:
    with (
        under_uvicorn(tasker.asgi_app(shop)) as url,
        httpx.Client(base_url=url, timeout=60) as asking,
        concurrent.futures.ThreadPoolExecutor(20) as threads,
    ):
        tasks = [{"name": "order", "context": {"order": order}} for order in range(20)]
        answers = list(threads.map(lambda task: asking.post("/tasks", json=task), tasks))
    assert [answer.status_code for answer in answers] == [201] * 20
    assert len(shop.list_tasks()) == 20


class Untouched:
    """The body of a request that nobody is to read."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *arguments: Any) -> Any:
        raise AssertionError("the body was read")


def environ(method: str, path: str, body: Any = b"", **more: Any) -> dict[str, Any]:
    given = io.BytesIO(body) if isinstance(body, bytes) else body
    length = str(len(body)) if isinstance(body, bytes) else "10"
    head = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "CONTENT_LENGTH": length}
    return {**head, "wsgi.input": given, **more}


def test_a_body_is_read_only_where_it_is_needed(shop: tasker.Client) -> None:
    begun: list[str] = []
    app = tasker.wsgi_app(shop, principal=lambda request: None)
    answer = app(environ("POST", "/tasks", Untouched()), lambda status, headers: begun.append(status))
    assert b"unauthenticated" in b"".join(answer)
    assert begun == ["401 Unauthorized"]

    async def receive() -> Any:
        raise AssertionError("the body was read: the server would have said 100 Continue")

    async def ask() -> None:
        told = Told()

        async def send(message: Any) -> None:
            await told.send(message)
            if message["type"] == "http.response.start":
                # What comes afterwards is no sign to the client any more.
                nonlocal receive
                receive = asyncio.Event().wait  # type: ignore[assignment]

        app = tasker.asgi_app(shop, principal=lambda request: None)
        await app(scope("POST", "/tasks", {"expect": "100-continue"}), lambda: receive(), send)
        assert told[0]["status"] == 401

    asyncio.run(ask())


def test_an_answer_that_is_closed_gives_the_request_up(shop: tasker.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield line(1)
        raise AssertionError("nobody reads on")

    class Body:
        given = pieces()

        def readline(self, most: int) -> bytes:
            return next(self.given)

    app = tasker.wsgi_app(shop)
    request = environ("POST", "/tasks/bulk", Body(), CONTENT_TYPE="application/x-ndjson", CONTENT_LENGTH="1000")
    answer: Any = app(request, lambda status, headers: None)
    assert json.loads(next(answer))["created"]
    answer.close()
    assert list(answer) == []


def test_a_body_that_ends_too_early_is_not_taken_for_whole(shop: tasker.Client) -> None:
    request = environ("POST", "/tasks", b'{"name": "order"}', CONTENT_TYPE="application/json", CONTENT_LENGTH="100")
    with pytest.raises(ConnectionError, match="83 bytes before the end"):
        tasker.wsgi_app(shop)(request, lambda status, headers: None)
    assert shop.list_tasks() == []


@pytest.mark.parametrize(("length", "status"), [(65_000, "200 OK"), (70_000, "414 Request-URI Too Long")])
def test_a_query_that_is_too_long_is_refused(client: tasker.Client, length: int, status: str) -> None:
    begun: list[str] = []
    request = environ("GET", "/tasks", QUERY_STRING="name=" + "x" * length)
    list(tasker.wsgi_app(client)(request, lambda status, headers: begun.append(status)))
    assert begun == [status]


class Scripted:
    """An exchange that follows a script."""

    def __init__(self, *events: Any) -> None:
        self.events, self.waits, self.cancelled = list(events), [], False

    def next(self, seconds: float | None = None) -> Any:
        self.waits.append(seconds)
        return self.events.pop(0)

    def cancel(self) -> None:
        self.cancelled = True


def test_a_stream_of_events_ends_between_two_of_them_with_where_to_go_on() -> None:
    head = {"status": 200, "headers": [["content-type", "text/event-stream"]]}
    chunks = [b"id: 1\ndata: one\n\nid: 2\n", b"data: two\n\n", b"id: 3\ndata: thr"]
    exchange = Scripted(("head", json.dumps(head)), *[("chunk", chunk) for chunk in chunks], None)
    body: Any = None
    answer = _wsgi.Answer(exchange, body, lambda questions: [], 25.0, True)  # type: ignore[arg-type]
    begun: list[Any] = []
    answer.begin(lambda *head: begun.append(head))
    assert begun == [("200 OK", [("content-type", "text/event-stream")])]
    assert list(answer) == [b"id: 1\ndata: one\n\n", b"id: 2\ndata: two\n\n", b"retry: 1000\nid: 2\n\n"]
    assert exchange.cancelled
    assert exchange.waits[0] is None
    assert all(0 < seconds <= 25 for seconds in exchange.waits[1:])


def test_a_stream_that_is_broken_off_is_not_taken_for_whole() -> None:
    head = json.dumps({"status": 200, "headers": []})
    exchange = Scripted(("head", head), ("chunk", b"a"), ("broken", "the disk"))
    body: Any = None
    answer = _wsgi.Answer(exchange, body, lambda questions: [], 25.0, True)  # type: ignore[arg-type]
    answer.begin(lambda *head: None)
    assert next(answer) == b"a"
    with pytest.raises(tasker.TaskerError, match="the disk"):
        next(answer)


def test_ctrl_c_ends_a_request(database_url: str) -> None:
    program = """
    import io, os, psycopg, signal, threading, tasker
    signal.signal(signal.SIGINT, signal.default_int_handler)
    client = tasker.Client()
    app = tasker.wsgi_app(client, timeout_seconds=120)
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/tasks", "wsgi.input": io.BytesIO()}
    with psycopg.connect(os.environ["TASKER_DATABASE_URL"]) as connection:
        connection.execute("lock table tasker.tasks in access exclusive mode")
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            list(app(request, lambda status, headers: print(status)))
        except KeyboardInterrupt:
            print("interrupted")
    """
    ended = python(program, database_url)
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr
