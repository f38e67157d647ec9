"""What is registered, who is there, and the engine itself.

For asyncio. What waits, `_catalogue.py`, is generated from this file by ``scripts/generate``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from . import _requests
from ._calls import AsyncCalls
from ._records import Record, read_number, read_records, read_text
from ._requests import given
from ._workflow import Workflow


class AsyncCatalogue(AsyncCalls):
    """Templates, namespaces, handlers, workers; the schema, and what ails it."""

    async def register_template(
        self, source: str | os.PathLike[str] | Mapping[str, Any] | Workflow, *, force: bool = False
    ) -> Record:
        """Register a template: the path of a YAML file, the same as a mapping, or a workflow in code.

        Raises:
            InvalidTemplateError: Everything that is wrong with it, with its places.
        """
        return await self._call("register_template", _requests.template(source, force), Record)

    async def named_tasks(self, namespace: str | None = None) -> list[Record]:
        """What is registered, of one namespace or of all."""
        return await self._call("named_tasks", given(namespace=namespace), read_records)

    async def template(self, name: str, *, namespace: str = "default", version: str | None = None) -> Record:
        """A template as it was registered; the latest version unless told which.

        Raises:
            UnknownNamedTaskError: No such template is registered.
        """
        return await self._call("template", given(namespace=namespace, name=name, version=version), Record)

    async def template_contents(self, name: str, *, namespace: str = "default") -> list[Record]:
        """Everything that was ever registered under a name, oldest first."""
        return await self._call("template_contents", given(namespace=namespace, name=name), read_records)

    async def list_namespaces(
        self, *, containing: str | None = None, after: str | None = None, limit: int | None = None
    ) -> list[Record]:
        """Namespaces by name; ``after`` is the last name of the page before."""
        return await self._call("list_namespaces", given(containing=containing, after=after, limit=limit), read_records)

    async def list_handlers(
        self, *, containing: str | None = None, after: str | None = None, limit: int | None = None
    ) -> list[Record]:
        """Handlers that templates name, and which live workers have them; ``after`` is the last name of the page before."""
        return await self._call("list_handlers", given(containing=containing, after=after, limit=limit), read_records)

    async def list_workers(
        self,
        *,
        worker_id: int | None = None,
        health: Sequence[str] | None = None,
        handler: str | None = None,
        ended: bool = False,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """Processes that execute steps, with what they hold."""
        arguments = given(worker_id=worker_id, health=health, handler=handler, ended=ended, after=after, limit=limit)
        return await self._call("list_workers", arguments, read_records)

    async def migrate(self) -> Record:
        """Create the schema in the database, or bring it up to date.

        Raises:
            DatabaseUnavailableError: PostgreSQL cannot be reached.
        """
        return await self._call("migrate", {}, Record)

    async def doctor(self) -> Record:
        """Everything that is wrong with the database and the work in it, and what to do."""
        return await self._call("doctor", {}, Record)

    async def schema_version(self) -> int | None:
        """The version of the schema in the database; ``None`` where there is none yet."""
        return await self._call("schema_version", {}, read_number)

    async def database(self) -> str:
        """The URL of the database that is used, with its password where it has one."""
        return await self._call("database", {}, read_text)

    async def database_identity(self) -> str:
        """What tells the database that is used from all others, a copy of it included: system identifier and number."""
        return await self._call("database_identity", {}, read_text)

    async def settings(self) -> Record:
        """The settings that hold, block by block."""
        return await self._call("settings", {}, Record)
