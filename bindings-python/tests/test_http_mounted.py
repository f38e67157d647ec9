"""The HTTP interface in applications: what is mounted knows where, in each framework; what becomes of it in a child."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import fastapi
import flask
import httpx
import pytest
import starlette.applications
import tasker
from conftest import chain, python
from http_forms import PREFIX, Ask, by_asgi, by_wsgi, under_uvicorn
from tasker.http._request import below
from werkzeug.middleware.dispatcher import DispatcherMiddleware


@pytest.fixture
def shop(client: tasker.Client) -> tasker.Client:
    client.register_template(chain("order", "pay"))
    return client


def in_starlette(client: tasker.Client) -> Any:
    application = starlette.applications.Starlette()
    application.mount(PREFIX, tasker.asgi_app(client))
    return by_asgi(application)


def in_fastapi(client: tasker.Client) -> Any:
    application = fastapi.FastAPI()
    application.mount(PREFIX, tasker.asgi_app(client))
    return by_asgi(application)


def in_flask(client: tasker.Client) -> Any:
    application = flask.Flask("shop")
    application.wsgi_app = DispatcherMiddleware(application.wsgi_app, {PREFIX: tasker.wsgi_app(client)})  # type: ignore[method-assign]
    return by_wsgi(application, script_name="")


def look_around(ask: Ask, prefix: str) -> None:
    """What is mounted knows where."""
    created = ask("POST", "/tasks", json={"name": "order"})
    assert created.status_code == 201, created.text
    assert created.headers["location"] == f"{prefix}/tasks/{created.json()['task']['task_id']}"
    assert ask("GET", "/openapi.json").json()["servers"] == [{"url": prefix}]
    assert ask("GET", "/templates/no%2Fwhere/x%20y").status_code == 404


@pytest.mark.parametrize("mounted", [in_starlette, in_fastapi, in_flask])
def test_it_knows_where_it_is_mounted(shop: tasker.Client, mounted: Callable[..., Any]) -> None:
    with mounted(shop) as ask:
        look_around(ask, PREFIX)


def test_a_server_behind_a_proxy_adds_its_own_prefix(shop: tasker.Client) -> None:
    application = starlette.applications.Starlette()
    application.mount("/jobs", tasker.asgi_app(shop))
    with under_uvicorn(application, root_path="/shop") as url, httpx.Client(base_url=f"{url}/jobs") as asking:
        look_around(asking.request, "/shop/jobs")


DJANGO = """
import django, httpx, io, json, tasker
from django.conf import settings

class Backend:
    def get_user(self, user_id):
        return django.contrib.auth.models.User(id=user_id, username="vera", is_staff=user_id == 1)

settings.configure(
    SECRET_KEY="secret", ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    AUTHENTICATION_BACKENDS=["__main__.Backend"],
)
django.setup()
import django.contrib.auth.models
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest

def who_asks(request):
    if request.environ is not None:
        django_request = WSGIRequest({**request.environ})
    else:
        django_request = ASGIRequest(request.scope, io.BytesIO())
    SessionMiddleware(lambda _: None).process_request(django_request)
    AuthenticationMiddleware(lambda _: None).process_request(django_request)
    user = django_request.user
    if user.is_authenticated:
        return {"name": user.get_username(), "roles": ["admin" if user.is_staff else "viewer"]}

def cookie(user_id):
    session = SessionStore()
    user = Backend().get_user(user_id)
    session["_auth_user_id"], session["_auth_user_backend"] = str(user_id), "__main__.Backend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return {"Cookie": f"sessionid={session.session_key}"}

urlpatterns = []
client = tasker.Client()
"""
DJANGO_WSGI = """
from django.core.wsgi import get_wsgi_application
of_django = get_wsgi_application()
of_tasker = tasker.wsgi_app(client, principal=who_asks)

def application(environ, start_response):
    if environ["PATH_INFO"].startswith("/tasker/"):
        moved = {**environ, "SCRIPT_NAME": environ["SCRIPT_NAME"] + "/tasker", "PATH_INFO": environ["PATH_INFO"][7:]}
        return of_tasker(moved, start_response)
    return of_django(environ, start_response)

def ask(target, headers):
    with httpx.Client(transport=httpx.WSGITransport(application), base_url="http://shop.test") as asking:
        return asking.get(target, headers=headers)
"""
DJANGO_ASGI = """
import asyncio
from django.core.asgi import get_asgi_application
of_django = get_asgi_application()
of_tasker = tasker.asgi_app(client, principal=who_asks)

async def application(scope, receive, send):
    if scope["type"] == "http" and scope["path"].startswith(scope.get("root_path", "") + "/tasker/"):
        await of_tasker({**scope, "root_path": scope.get("root_path", "") + "/tasker"}, receive, send)
    else:
        await of_django(scope, receive, send)

def ask(target, headers):
    async def asking():
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as asking:
            return await asking.get(target, headers=headers)
    return asyncio.run(asking())
"""
DJANGO_ASKED = """
assert ask("/elsewhere", {}).status_code == 404
assert ask("/tasker/tasks", {}).status_code == 401
assert ask("/tasker/tasks", cookie(2)).status_code == 200
assert ask("/tasker/openapi.json", cookie(1)).json()["servers"] == [{"url": "/tasker"}]
print("asked")
"""


@pytest.mark.parametrize("form", [DJANGO_WSGI, DJANGO_ASGI], ids=["wsgi", "asgi"])
def test_django_knows_who_asks(database_url: str, form: str) -> None:
    ended = python(DJANGO + form + DJANGO_ASKED, database_url)
    assert (ended.returncode, ended.stdout) == (0, "asked\n"), ended.stderr


@pytest.mark.parametrize(
    ("path", "prefix", "raw", "target"),
    [
        ("/tasker/tasks", "/tasker", b"/tasker/tasks", "/tasks"),
        ("/tasker/a/b c", "/tasker", b"/tasker/a%2Fb%20c", "/a%2Fb%20c"),
        ("/tasker/a/b c", "/tasker", None, "/a/b%20c"),
        ("/a/b", "", b"/a%2fb", "/a%2fb"),
        ("/tasker", "/tasker", b"/tasker", "/"),
        ("/tasker/", "/tasker/", b"/tasker/", "/"),
        ("/taskers", "/tasker", b"/taskers", "/taskers"),
        ("/é/x", "/é", b"/%C3%A9/x", "/x"),
        # The server has taken the prefix away already, from one of them or from both.
        ("/tasks", "/tasker", b"/tasker/tasks", "/tasks"),
        ("/tasks", "/tasker", b"/tasks", "/tasks"),
        # The two do not fit.
        ("/tasks", "", b"/other", "/tasks"),
        ("/t\N{SNOWMAN}", "", b"/t\xff", "/t%E2%98%83"),
    ],
)
def test_the_path_below_a_mount_is_encoded_as_it_came(path: str, prefix: str, raw: bytes | None, target: str) -> None:
    assert below(path.encode(), prefix.encode(), raw) == target


def test_web_sockets_are_refused_and_a_server_may_start_and_stop(client: tasker.Client) -> None:
    async def talk(kind: str, *coming: str) -> list[str]:
        messages, said = iter(coming), []

        async def receive() -> Any:
            return {"type": next(messages)}

        async def send(message: Any) -> None:
            said.append(message["type"])

        await tasker.asgi_app(client)({"type": kind}, receive, send)
        return said

    assert asyncio.run(talk("websocket", "websocket.connect")) == ["websocket.close"]
    assert asyncio.run(talk("lifespan", "lifespan.startup", "lifespan.shutdown")) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    with pytest.raises(ValueError, match="not gopher"):
        asyncio.run(talk("gopher"))


def test_what_was_made_before_a_fork_works_in_the_child(database_url: str) -> None:
    program = """
    import asyncio, httpx, os, sys, tasker

    client = tasker.Client()
    of_asgi, of_wsgi = tasker.asgi_app(client), tasker.wsgi_app(client)

    async def ask():
        transport = httpx.ASGITransport(of_asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as asking:
            return (await asking.get("/tasks")).status_code

    def look():
        with httpx.Client(transport=httpx.WSGITransport(of_wsgi), base_url="http://shop.test") as asking:
            assert asking.get("/tasks").status_code == 200
        assert asyncio.run(ask()) == 200

    def in_a_child():
        child = os.fork()
        if child == 0:
            look()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    in_a_child()  # not used yet
    look()
    in_a_child()  # used already
    look()
    print("looked")
    """
    ended = python(program, database_url)
    assert (ended.returncode, ended.stdout) == (0, "looked\n"), ended.stderr
