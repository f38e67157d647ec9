"""Tasks and steps on connections of the host's own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import pytest
import sqlalchemy
import tasker
from conftest import asyncpg_connection, chain, parts
from django.conf import settings
from django.db.utils import ConnectionHandler
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from tasker import errors

if not settings.configured:
    settings.configure(DATABASES={})


class Abort(Exception):
    """Rolls back."""


# Each runs what it is given in a transaction of a library, and rolls back what raises.


def with_psycopg(url: str, work: Callable[[Any], None]) -> None:
    with psycopg.connect(url) as connection, connection.transaction():
        work(connection)


def with_psycopg_of_dicts(url: str, work: Callable[[Any], None]) -> None:
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection, connection.transaction():
        work(connection)


def with_psycopg2(url: str, work: Callable[[Any], None]) -> None:
    connection = psycopg2.connect(url)
    try:
        with connection:
            work(connection)
    finally:
        connection.close()


def with_django(url: str, work: Callable[[Any], None]) -> None:
    place = parts(url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": place["dbname"],
        "USER": place["user"],
        "HOST": place["host"],
        "PORT": place.get("port", ""),
    }
    handler = ConnectionHandler({"default": database})
    connection = handler["default"]
    try:
        connection.set_autocommit(False)
        try:
            work(connection)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    finally:
        connection.close()


def with_sqlalchemy(url: str, work: Callable[[Any], None]) -> None:
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with engine.begin() as connection:
        work(connection)
    engine.dispose()


def with_sqlalchemy_session(url: str, work: Callable[[Any], None]) -> None:
    engine = sqlalchemy.create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(url))
    with Session(engine) as session, session.begin():
        work(session)
    engine.dispose()


SYNC = [
    with_psycopg,
    with_psycopg_of_dicts,
    with_psycopg2,
    with_django,
    with_sqlalchemy,
    with_sqlalchemy_session,
]

AsyncWork = Callable[[Any], Awaitable[None]]


async def with_asyncpg(url: str, work: AsyncWork) -> None:
    connection = await asyncpg_connection(url)
    try:
        async with connection.transaction():
            await work(connection)
    finally:
        await connection.close()


async def with_async_psycopg(url: str, work: AsyncWork) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection, connection.transaction():
        await work(connection)


async def with_async_sqlalchemy(url: str, work: AsyncWork) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg_connection(url))
    async with engine.begin() as connection:
        await work(connection)
    await engine.dispose()


async def with_async_session(url: str, work: AsyncWork) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg_connection(url))
    async with AsyncSession(engine) as session, session.begin():
        await work(session)
    await engine.dispose()


ASYNC = [with_asyncpg, with_async_psycopg, with_async_sqlalchemy, with_async_session]


def named(function: Callable[..., Any]) -> str:
    return function.__name__.removeprefix("with_")


@pytest.fixture
def shop(client: tasker.Client) -> tasker.Client:
    """A client whose database knows `order`, which wants an order."""
    schema = {
        "type": "object",
        "required": ["order"],
        "properties": {"gift": {"type": "boolean", "default": False}},
    }
    client.register_template({**chain("order", "pay"), "schema": schema})
    return client


@pytest.mark.parametrize("transact", SYNC, ids=named)
def test_what_is_rolled_back_never_was(shop: tasker.Client, database_url: str, transact: Any) -> None:
    made: list[tasker.Created] = []

    def create(connection: object) -> None:
        made.append(shop.create_task_in(connection, "order", context={"order": 7}, tags=["100 % $1"]))
        assert made[-1].created
        with pytest.raises(errors.NotFoundError):
            shop.task(made[-1].task_id)

    def create_and_abort(connection: object) -> None:
        create(connection)
        raise Abort

    with pytest.raises(Abort):
        transact(database_url, create_and_abort)
    with pytest.raises(errors.NotFoundError):
        shop.task(made[-1].task_id)
    transact(database_url, create)
    task = shop.task(made[-1].task_id)
    assert (task.context, task.tags) == ({"order": 7, "gift": False}, ["100 % $1"])


@pytest.mark.parametrize("transact", SYNC, ids=named)
def test_a_context_that_breaks_the_schema_is_refused_and_the_transaction_goes_on(
    shop: tasker.Client, database_url: str, transact: Any
) -> None:
    made: list[tasker.Created] = []

    def create(connection: object) -> None:
        with pytest.raises(errors.InvalidContextError, match="order"):
            shop.create_task_in(connection, "order", context={})
        made.extend(shop.create_tasks_in(connection, [{"name": "order", "context": {"order": n}} for n in range(3)]))

    transact(database_url, create)
    assert [shop.task(one.task_id).context["order"] for one in made] == [0, 1, 2]


@pytest.mark.parametrize("transact", ASYNC, ids=named)
def test_what_is_rolled_back_never_was_with_asyncio(shop: tasker.Client, database_url: str, transact: Any) -> None:
    made: list[tasker.Created] = []

    async def work() -> None:
        async with tasker.AsyncClient(database_url) as client:

            async def create(connection: object) -> None:
                made.append(await client.create_task_in(connection, "order", context={"order": 7}, tags=["100 % $1"]))

            async def create_and_abort(connection: object) -> None:
                await create(connection)
                raise Abort

            with pytest.raises(Abort):
                await transact(database_url, create_and_abort)
            await transact(database_url, create)

    asyncio.run(work())
    gone, kept = made
    with pytest.raises(errors.NotFoundError):
        shop.task(gone.task_id)
    assert shop.task(kept.task_id).context == {"order": 7, "gift": False}


@pytest.mark.parametrize("transact", SYNC, ids=named)
def test_a_database_without_tasker_is_a_matter_of_configuration(shop: tasker.Client, server: str, transact: Any) -> None:
    def create(connection: object) -> None:
        shop.create_task_in(connection, "order", context={"order": 7})

    with pytest.raises(errors.ConfigInvalidError, match="own"):
        transact(server, create)


@pytest.mark.parametrize("transact", SYNC, ids=named)
def test_another_database_with_a_tasker_of_its_own_is_told_before_anything_is_created(
    shop: tasker.Client, another_database_url: str, transact: Any
) -> None:
    def create(connection: object) -> None:
        shop.create_task_in(connection, "order", context={"order": 7})

    with pytest.raises(errors.ConfigInvalidError, match="another database"):
        transact(another_database_url, create)
    with tasker.Client(another_database_url) as client:
        assert client.list_tasks() == []


def test_what_has_nothing_to_do_with_tasker_is_raised_as_the_library_says_it(shop: tasker.Client, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("select * from nothing")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            shop.create_task_in(connection, "order", context={"order": 7})


def test_a_connection_of_the_other_kind_or_of_no_kind_is_told(shop: tasker.Client, database_url: str) -> None:
    with pytest.raises(TypeError, match=r"builtins\.object is no connection that Tasker knows"):
        shop.create_task_in(object(), "order")

    async def work() -> None:
        connection = await asyncpg_connection(database_url)
        with pytest.raises(TypeError, match="is for asyncio"):
            shop.create_task_in(connection, "order")
        await connection.close()
        async with tasker.AsyncClient(database_url) as client:
            with psycopg.connect(database_url) as waiting, pytest.raises(TypeError, match="makes its caller wait"):
                await client.create_task_in(waiting, "order")

    asyncio.run(work())


@pytest.fixture
def ledger(database_url: str) -> Iterator[Callable[[], int]]:
    """A table of payments: how many there are."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create table payments (task_id uuid)")
        yield lambda: connection.execute("select count(*) from payments").fetchone()[0]  # type: ignore[index]


@pytest.mark.parametrize("transact", SYNC, ids=named)
def test_a_handler_completes_its_step_in_its_own_transaction(
    client: tasker.Client,
    handlers: tasker.Registry,
    database_url: str,
    ledger: Callable[[], int],
    transact: Any,
) -> None:
    @handlers.handler("pay")
    def pay(step: tasker.Step) -> dict[str, str]:
        transact(database_url, lambda connection: step.complete_in(connection, {"paid": step.attempt}))
        return {"ignored": "yes"}

    client.register_template(chain("order", "pay"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert client.wait(task_id, within_seconds=30).status == "complete"
    assert client.step(task_id, "pay").results == {"paid": 1}


@pytest.mark.parametrize("transact", ASYNC, ids=named)
def test_a_coroutine_completes_its_step_in_its_own_transaction(
    client: tasker.Client, handlers: tasker.Registry, database_url: str, transact: Any
) -> None:
    @handlers.handler("pay")
    async def pay(step: tasker.Step) -> None:
        await transact(database_url, lambda connection: step.acomplete_in(connection, {"paid": step.attempt}))

    client.register_template(chain("order", "pay"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert client.wait(task_id, within_seconds=30).status == "complete"
    assert client.step(task_id, "pay").results == {"paid": 1}


def test_a_completion_that_is_rolled_back_is_a_failure_and_one_that_was_committed_stays(
    client: tasker.Client, handlers: tasker.Registry, database_url: str
) -> None:
    @handlers.handler("pay")
    def pay(step: tasker.Step) -> None:
        with psycopg.connect(database_url) as connection:
            step.complete_in(connection, {"paid": step.attempt})
            if step.attempt == 1:
                connection.rollback()  # and nothing is raised
                return
        raise RuntimeError("after the commit")

    client.register_template(chain("order", "pay"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        assert client.wait(task_id, within_seconds=30).status == "complete"
    assert client.step(task_id, "pay").results == {"paid": 2}


def test_an_attempt_that_is_over_cannot_be_completed(
    client: tasker.Client, handlers: tasker.Registry, database_url: str, ledger: Callable[[], int]
) -> None:
    @handlers.handler("pay")
    def pay(step: tasker.Step) -> None:
        client.cancel_task(step.task_id)
        with psycopg.connect(database_url) as connection:
            connection.execute("insert into payments values (%s)", [step.task_id])
            step.complete_in(connection)

    client.register_template(chain("order", "pay"))
    with tasker.Worker(client, handlers):
        task_id = client.create_task("order").task_id
        client.wait(task_id, within_seconds=30)
    assert (client.task(task_id).status, ledger()) == ("cancelled", 0)


POINTS = ["before", "written", "completed", "committed", "returning"]


@pytest.mark.parametrize("point", POINTS)
def test_a_handler_that_dies_anywhere_takes_effect_once(database_url: str, ledger: Callable[[], int], point: str) -> None:
    program = Path(__file__).with_name("dying_worker.py")
    settings = {"execution": {"lease_seconds": 1.0, "heartbeat_seconds": 0.2}}
    with tasker.Client(database_url, settings=settings) as client:
        client.register_template(chain("order", "pay"))
        task_id = client.create_task("order").task_id
        environment = {**os.environ, "DATABASE": database_url, "POINT": point}
        dying = subprocess.run([sys.executable, program], env=environment, timeout=60, check=False)
        assert dying.returncode == -signal.SIGKILL
        with subprocess.Popen([sys.executable, program], env={**environment, "POINT": ""}) as other:
            try:
                task = client.wait(task_id, within_seconds=60)
            finally:
                other.terminate()
        assert (task.status, ledger()) == ("complete", 1)
