"""Connections of the host: one statement at a time, in whatever library it has.

Nothing of a library is imported: who has a connection has its library. Supported are psycopg 3, psycopg2, Django and
SQLAlchemy 2 where the caller waits, and asyncpg, psycopg 3 and SQLAlchemy 2 for asyncio.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypedDict

Parameters = Sequence["str | None"]
Execute = Callable[[str, Parameters], "list[str]"]
AsyncExecute = Callable[[str, Parameters], Awaitable["list[str]"]]


class Refusal(TypedDict):
    """What PostgreSQL says against a statement."""

    sqlstate: str
    message: str
    hint: str | None


def execute_on(connection: Any) -> Execute:
    """How a statement with ``$1``, ``$2``, … is executed on a connection: the texts of its rows.

    Raises:
        TypeError: This is no connection of a library that is known here, or one for asyncio.
    """
    library, name = _library(connection)
    if library == "asyncpg" or name.startswith("Async"):
        raise TypeError(f"{_named(connection)} is for asyncio: use it with AsyncClient, or with step.acomplete_in")
    if library == "psycopg":
        return _on_psycopg(connection)
    if library == "psycopg2":
        return _on_psycopg2(connection)
    if library == "django":
        return _on_django(connection)
    if library == "sqlalchemy":
        return _on_sqlalchemy(connection)
    raise _unknown(connection)


def execute_async_on(connection: Any) -> AsyncExecute:
    """As `execute_on`, for asyncio.

    Raises:
        TypeError: This is no connection of a library that is known here, or one that waits.
    """
    library, name = _library(connection)
    if library == "asyncpg":
        return _on_asyncpg(connection)
    if library in ("psycopg", "psycopg2", "django", "sqlalchemy") and not name.startswith("Async"):
        raise TypeError(f"{_named(connection)} makes its caller wait: use it with Client, or with step.complete_in")
    if library == "psycopg":
        return _on_async_psycopg(connection)
    if library == "sqlalchemy":
        return _on_async_sqlalchemy(connection)
    raise _unknown(connection)


def refusal(error: BaseException) -> Refusal | None:
    """What PostgreSQL said, where it is behind an error; ``None`` where something else went wrong."""
    for cause in _causes(error):
        state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
        if not isinstance(state, str):
            continue
        diagnostics = getattr(cause, "diag", None)
        message = getattr(diagnostics, "message_primary", None) or str(cause).partition("\n")[0]
        hint = getattr(diagnostics, "message_hint", None) or getattr(cause, "hint", None)
        return {"sqlstate": state, "message": str(message), "hint": None if hint is None else str(hint)}
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what is behind it: SQLAlchemy keeps it as ``orig``, Django as the cause."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        behind = getattr(error, "orig", None)
        error = behind if isinstance(behind, BaseException) else error.__cause__


def _library(connection: object) -> tuple[str, str]:
    """The library that a connection is of, and the name of its class there; a subclass of the host's own counts."""
    for cls in type(connection).__mro__:
        root = cls.__module__.partition(".")[0]
        if root in ("psycopg", "psycopg2", "asyncpg", "django", "sqlalchemy"):
            return root, cls.__name__
    return "", ""


def _named(connection: object) -> str:
    return f"{type(connection).__module__}.{type(connection).__qualname__}"


def _unknown(connection: object) -> TypeError:
    return TypeError(
        f"{_named(connection)} is no connection that Tasker knows: give one of psycopg, psycopg2, Django or SQLAlchemy, "
        "or for asyncio one of asyncpg, psycopg or SQLAlchemy"
    )


_PLACEHOLDER = re.compile(r"\$(\d+)")


def _formatted(sql: str, parameters: Parameters) -> tuple[str, list[str | None] | None]:
    """The statement with ``%s``, and its parameters one by one; no parameters at all leave every ``%`` as it is."""
    if not parameters:
        return sql, None
    order = [int(number) - 1 for number in _PLACEHOLDER.findall(sql)]
    return _PLACEHOLDER.sub("%s", sql.replace("%", "%%")), [parameters[place] for place in order]


def _on_psycopg(connection: Any) -> Execute:
    plain = sys.modules["psycopg.rows"].tuple_row

    def execute(sql: str, parameters: Parameters) -> list[str]:
        with connection.cursor(row_factory=plain) as cursor:
            cursor.execute(*_formatted(sql, parameters))
            return [row[0] for row in cursor.fetchall()] if cursor.description else []

    return execute


def _on_psycopg2(connection: Any) -> Execute:
    plain = sys.modules["psycopg2.extensions"].cursor

    def execute(sql: str, parameters: Parameters) -> list[str]:
        with connection.cursor(cursor_factory=plain) as cursor:
            cursor.execute(*_formatted(sql, parameters))
            return [row[0] for row in cursor.fetchall()] if cursor.description else []

    return execute


def _on_django(connection: Any) -> Execute:
    if connection.vendor != "postgresql":
        raise TypeError(f"the connection '{connection.alias}' of Django leads to {connection.vendor}, not to PostgreSQL")

    def execute(sql: str, parameters: Parameters) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(*_formatted(sql, parameters))
            return [row[0] for row in cursor.fetchall()] if cursor.description else []

    return execute


def _driver_sql(dialect: Any, sql: str, parameters: Parameters) -> tuple[str, tuple[str | None, ...] | None]:
    if dialect.paramstyle == "numeric_dollar":
        return sql, tuple(parameters) or None
    text, values = _formatted(sql, parameters)
    return text, None if values is None else tuple(values)


def _on_sqlalchemy(connection: Any) -> Execute:
    def execute(sql: str, parameters: Parameters) -> list[str]:
        # A session has a connection while it is in a transaction, and begins one if it is not.
        target = connection.connection() if hasattr(connection, "get_bind") else connection
        result = target.exec_driver_sql(*_driver_sql(target.dialect, sql, parameters))
        return list(result.scalars()) if result.returns_rows else []

    return execute


def _on_asyncpg(connection: Any) -> AsyncExecute:
    async def execute(sql: str, parameters: Parameters) -> list[str]:
        return [row[0] for row in await connection.fetch(sql, *parameters)]

    return execute


def _on_async_psycopg(connection: Any) -> AsyncExecute:
    plain = sys.modules["psycopg.rows"].tuple_row

    async def execute(sql: str, parameters: Parameters) -> list[str]:
        async with connection.cursor(row_factory=plain) as cursor:
            await cursor.execute(*_formatted(sql, parameters))
            return [row[0] for row in await cursor.fetchall()] if cursor.description else []

    return execute


def _on_async_sqlalchemy(connection: Any) -> AsyncExecute:
    async def execute(sql: str, parameters: Parameters) -> list[str]:
        target = await connection.connection() if hasattr(connection, "get_bind") else connection
        result = await target.exec_driver_sql(*_driver_sql(target.dialect, sql, parameters))
        return list(result.scalars()) if result.returns_rows else []

    return execute
