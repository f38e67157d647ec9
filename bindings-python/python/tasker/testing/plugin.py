"""The pytest plugin: fixtures for tests of workflows. It is loaded wherever the package is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tasker_database_url() -> str:
    """The database of tests: ``TASKER_TEST_DATABASE_URL``, else what a client would use. Its schema is brought up to date.

    Override it where the tests have a database of their own.
    """
    from .. import Client

    with Client(os.environ.get("TASKER_TEST_DATABASE_URL")) as client:
        client.migrate()
        return client.database()


@pytest.fixture
def tasker_connection(tasker_database_url: str) -> Iterator[Any]:
    """A connection of psycopg in a transaction that is rolled back.

    Override it where the tests have a transaction already: ``return django.db.connection``, or a session of SQLAlchemy.
    """
    psycopg = pytest.importorskip("psycopg", reason="tasker_connection is of psycopg: install it, or override the fixture")
    with psycopg.connect(tasker_database_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def tasker_workflow(tasker_connection: Any) -> Any:
    """A `tasker.testing.WorkflowTest` in the transaction of ``tasker_connection``, with the registered handlers."""
    from . import WorkflowTest

    return WorkflowTest(tasker_connection)
