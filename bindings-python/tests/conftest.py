"""A database for each test, on the server that TASKER_TEST_SERVER names."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator

import asyncpg
import psycopg
import pytest
import tasker
from psycopg import sql


@pytest.fixture(scope="session")
def server() -> str:
    """The URL of a database from which others are made."""
    url = os.environ.get("TASKER_TEST_SERVER")
    if not url:
        pytest.exit("TASKER_TEST_SERVER is not set: run `make test`, or start one with `test-server start`", returncode=2)
    return url


def at(server: str, name: str) -> str:
    """The URL of a database of that server."""
    before, _, query = server.partition("?")
    return f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def parts(url: str) -> dict[str, str]:
    """The parts of a URL, by the names that libpq has for them."""
    return {key: str(value) for key, value in psycopg.conninfo.conninfo_to_dict(url).items()}


async def asyncpg_connection(url: str) -> asyncpg.Connection:
    """A connection of asyncpg, which would rather believe the host of a URL than its parameter."""
    place = parts(url)
    return await asyncpg.connect(host=place["host"], port=place.get("port"), user=place["user"], database=place["dbname"])


def run(server: str, statement: sql.Composed) -> None:
    """Run a statement outside of a transaction."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def migrated(server: str) -> Iterator[str]:
    """The name of a migrated database, to copy from."""
    name = f"python_template_{uuid.uuid4().hex}"
    run(server, sql.SQL("create database {}").format(sql.Identifier(name)))
    with tasker.Client(at(server, name)) as client:
        client.migrate()
    yield name
    run(server, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def copied(server: str, migrated: str) -> Iterator[str]:
    """A migrated database, until the test is over."""
    name = f"python_{uuid.uuid4().hex}"
    run(server, sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(migrated)))
    yield at(server, name)
    run(server, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(server: str, migrated: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    yield from copied(server, migrated)


@pytest.fixture
def another_database_url(server: str, migrated: str) -> Iterator[str]:
    """A second one."""
    yield from copied(server, migrated)


@pytest.fixture
def client(database_url: str) -> Iterator[tasker.Client]:
    """A client whose failed steps come back at once."""
    settings = {"backoff": {"default_backoff_seconds": [0], "jitter_enabled": False}}
    with tasker.Client(database_url, settings=settings) as client:
        yield client


@pytest.fixture
def handlers() -> tasker.Registry:
    """A registry of the test's own."""
    return tasker.Registry()


def chain(name: str, *steps: str, **keys: object) -> dict[str, object]:
    """A template of steps one after the other, each with the handler of its name."""
    step_templates = [
        {"name": step, "handler": step, **({"depends_on_step": steps[number - 1]} if number else {}), **keys}
        for number, step in enumerate(steps)
    ]
    return {"name": name, "version": "1.0.0", "step_templates": step_templates}


def python(program: str, database_url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(program)],
        env={**os.environ, "TASKER_DATABASE_URL": database_url, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
