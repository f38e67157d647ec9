"""The HTTP interface in applications: who asks, who decides, what is refused before anything is done."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import tasker
from conftest import chain
from http_forms import PREFIX, by_asgi, by_wsgi, under
from tasker.http import Principal, Question, Request

VIEWER = {"name": "vera", "roles": ["viewer"]}


@pytest.fixture
def task(client: tasker.Client) -> str:
    client.register_template(chain("order", "pay"))
    return client.create_task("order").task_id


def asgi(client: tasker.Client, **options: Any) -> Any:
    return by_asgi(under(PREFIX, tasker.asgi_app(client, **options)))


def wsgi(client: tasker.Client, **options: Any) -> Any:
    return by_wsgi(tasker.wsgi_app(client, **options))


both = pytest.mark.parametrize("form", [asgi, wsgi])


# Who asks.


@both
def test_the_host_says_who_asks(client: tasker.Client, task: str, form: Callable[..., Any]) -> None:
    people: dict[str, Any] = {
        "vera": VIEWER,
        "ada": Principal("ada", roles=["admin"]),
        "nils": "nils",
        "petra": {"name": "petra", "permissions": ["tasker.task:show"]},
    }
    requests: list[Request] = []

    def principal(request: Request) -> Any:
        requests.append(request)
        return people.get(request.headers.get("x-user", ""))

    with form(client, principal=principal) as ask:

        def status(user: str, method: str = "GET", target: str = f"/tasks/{task}") -> int:
            return ask(method, target, headers={"X-User": user}).status_code

        assert status("nobody") == 401
        assert status("vera") == 200
        assert status("nils") == 403
        assert status("petra") == 200
        assert status("petra", target="/tasks") == 403
        assert status("vera", "POST", f"/tasks/{task}/pause") == 403
        assert client.task(task).status == "pending"
        answer = ask("POST", f"/tasks/{task}/cancel", headers={"X-User": "ada"})
        assert answer.status_code == 200, answer.text
    last = requests[-1]
    assert (last.method, last.path, last.query, last.prefix) == ("POST", f"/tasks/{task}/cancel", "", PREFIX)
    assert (last.scope is None) != (last.environ is None)


@both
@pytest.mark.parametrize("target", ["/health/live", "/health/ready", "/health/live?x=1"])
def test_nobody_is_asked_who_asks_at_probes(client: tasker.Client, form: Callable[..., Any], target: str) -> None:
    def principal(request: Request) -> Any:
        raise AssertionError("the hook was called")

    with form(client, principal=principal) as ask:
        assert ask("GET", target).status_code == 200
        assert ask("GET", "/tasks").status_code == 500


@both
def test_a_header_that_is_no_utf_8_is_for_the_interface_to_judge(
    client: tasker.Client, task: str, form: Callable[..., Any]
) -> None:
    heard: list[str] = []

    def principal(request: Request) -> Principal:
        heard.append(request.headers["x-note"])
        return Principal("ada", roles=["admin"])

    with form(client, principal=principal) as ask:
        note = {"X-Note": b"caf\xe9"}
        refused = ask("POST", "/tasks", json={"name": "order"}, headers={"Idempotency-Key": b"caf\xe9", **note})
        assert (refused.status_code, len(client.list_tasks())) == (400, 1)
        assert "the header idempotency-key is no UTF-8" in refused.json()["detail"]
        assert ask("GET", "/tasks", headers=note).status_code == 200
    assert heard == ["café"] * 2


@both
def test_a_cookie_alone_changes_nothing(client: tasker.Client, task: str, form: Callable[..., Any]) -> None:
    cancel = f"/tasks/{task}/cancel"
    cookie = {"Cookie": "session=7"}
    with form(client, principal=lambda request: Principal("ada", roles=["admin"])) as ask:
        assert ask("GET", f"/tasks/{task}", headers=cookie).status_code == 200
        assert ask("POST", cancel, headers=cookie).status_code == 403
    with form(client, principal=lambda request: Principal("ada", roles=["admin"], ambient=False)) as ask:
        assert ask("POST", cancel, headers=cookie).status_code == 200


@both
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (7, "returned int"),
        ({"nam": "ada"}, "a principal has no nam; it has name"),
        (Principal("ada", roles="admin"), "is a list of texts, not 'admin'"),
        (Principal("ada", permissions=7), "permissions of a principal is a list of texts, not 7"),
        ({"roles": ["\ud800"]}, r"roles of a principal is a list of texts, not ['\ud800']"),
        (Principal(7), "name of a principal is a text or None, not 7"),
        ("ada\ud800", r"name of a principal is a text or None, not 'ada\ud800'"),
        ({"name": "ada", "ambient": "no"}, "ambient of a principal is a bool or None, not 'no'"),
        (ZeroDivisionError("the directory is down"), "the directory is down"),
    ],
)
def test_a_hook_that_fails_is_an_error_of_the_host(
    client: tasker.Client, form: Callable[..., Any], answer: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    def principal(request: Request) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with form(client, principal=principal) as ask:
        refused = ask("GET", "/tasks")
    assert (refused.status_code, refused.headers["content-type"]) == (500, "application/problem+json")
    assert refused.json()["detail"] == "this request could not be begun: the log has why"
    assert why not in refused.text
    assert why in caplog.text


def test_hooks_of_asyncio_run_on_the_loop_and_others_beside_it(client: tasker.Client, task: str) -> None:
    async def ask(principal: Any, authorize: Any) -> int:
        app = under(PREFIX, tasker.asgi_app(client, principal=principal, authorize=authorize))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://shop.test{PREFIX}") as asking:
            return (await asking.get(f"/tasks/{task}")).status_code

    async def on_the_loop() -> int:
        loop = asyncio.get_running_loop()

        async def principal(request: Request) -> str:
            assert asyncio.get_running_loop() is loop
            return "dora"

        async def authorize(principal: Principal, questions: list[Question]) -> list[bool]:
            assert asyncio.get_running_loop() is loop
            return [True for _ in questions]

        return await ask(principal, authorize)

    async def beside_it() -> int:
        loop = asyncio.get_running_loop()

        def waits(answer: Any) -> Any:
            """Something that waits for the loop: on the loop it would wait for ever."""
            come = threading.Event()
            loop.call_soon_threadsafe(come.set)
            assert come.wait(60)
            return answer

        return await ask(lambda request: waits("dora"), lambda principal, questions: waits([True] * len(questions)))

    assert asyncio.run(on_the_loop()) == 200
    assert asyncio.run(beside_it()) == 200


# Who decides.


@both
def test_the_host_decides_by_itself(client: tasker.Client, task: str, form: Callable[..., Any]) -> None:
    heard: list[tuple[Any, list[Question]]] = []

    def authorize(principal: Principal, questions: list[Question]) -> list[bool]:
        heard.append((principal, questions))
        return [question.action == "show" for question in questions]

    dora = Principal("dora", user={"id": 7})
    with form(client, principal=lambda request: dora, authorize=authorize) as ask:
        assert ask("GET", f"/tasks/{task}/workflow_steps/pay").status_code == 200
        assert ask("POST", f"/tasks/{task}/cancel").status_code == 403
    assert heard[0] == (dora, [Question("tasker.workflow_step", "show", "pay", task)])
    assert str(heard[1][1][0]) == "tasker.task:cancel"
    assert client.task(task).status == "pending"


@both
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([], "return a list of 1 bool"),
        (True, "returned True"),
        (["no"], "returned ['no']"),
        (ZeroDivisionError("the directory is down"), "the directory is down"),
    ],
)
def test_what_cannot_be_decided_is_not_done(
    client: tasker.Client, task: str, form: Callable[..., Any], answer: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    def authorize(principal: Principal, questions: list[Question]) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with form(client, principal=lambda request: "dora", authorize=authorize) as ask:
        refused = ask("POST", f"/tasks/{task}/cancel")
    assert (refused.status_code, refused.headers["content-type"]) == (500, "application/problem+json")
    assert why not in refused.text
    assert any(record.name == "tasker.http" and record.levelno == logging.ERROR for record in caplog.records)
    assert why in caplog.text
    assert client.task(task).status == "pending"


@pytest.mark.parametrize("make", [tasker.asgi_app, tasker.wsgi_app])
def test_wrong_options_are_refused_when_it_is_made(client: tasker.Client, make: Any) -> None:
    with pytest.raises(TypeError, match="is no client"):
        make("postgres://")
    with pytest.raises(TypeError, match="principal is a function, not 'ada'"):
        make(client, principal="ada")
    with pytest.raises(TypeError, match="give both"):
        make(client, authorize=lambda principal, questions: [])
    with pytest.raises(TypeError):
        make(client, principals=True)
    for wrong in ({"body_bytes": -1}, {"timeout_seconds": 0}, {"timeout_seconds": "soon"}, {"allow_unauthenticated": 1}):
        with pytest.raises(tasker.errors.InvalidArgumentError, match="the options of a mount"):
            make(client, **wrong)


def test_a_stream_takes_some_time(client: tasker.Client) -> None:
    with pytest.raises(ValueError, match="stream_seconds"):
        tasker.wsgi_app(client, stream_seconds=0)


def test_without_a_principal_it_answers_in_development_only(client: tasker.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKER_ENV", "production")
    with wsgi(client) as ask:
        assert ask("GET", "/tasks").status_code == 401
    with wsgi(client, allow_unauthenticated=True) as ask:
        assert ask("GET", "/tasks").status_code == 200
