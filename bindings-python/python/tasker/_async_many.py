"""Tasks and steps that a filter lets through: counting, finding, operating on them.

For asyncio. What waits, `_many.py`, is generated from this file by ``scripts/generate``.
"""

from __future__ import annotations

from typing import Any

from ._calls import AsyncCalls
from ._records import Record, read_records
from ._requests import given


class AsyncMany(AsyncCalls):
    """Tasks and steps by a filter: counted, found, operated on."""

    async def count_tasks(self, *, most: int | None = None, **filter: Any) -> int:
        """How many tasks a filter lets through; counting ends at ``most``.

        Args:
            most: A million when left out.
            **filter: As for `list_tasks`.
        """
        return await self._call("count_tasks", {"filter": given(**filter), **given(most=most)}, int)

    async def operate_on_tasks(self, verb: str, *, by: str | None = None, reason: str | None = None, **filter: Any) -> Record:
        """One batch of ``cancel``, ``retry``, ``resolve``, ``pause`` or ``resume`` on every task that a filter lets through.

        Args:
            verb: What is done.
            by: Who does it, for the trail.
            reason: Why.
            **filter: As for `list_tasks`; ``limit`` is the size of a batch (200). Without ``status`` it is those states in
                which the verb means something.

        Returns:
            ``outcomes``, each with ``task_id`` and ``refusal`` (why it was not done), and ``after``: give it as ``after`` for
            the next batch. It is ``None`` when there are no more.
        """
        arguments = {"verb": verb, "filter": given(**filter), **given(by=by, reason=reason)}
        return await self._call("operate_on_tasks", arguments, Record)

    async def count_steps(self, *, most: int | None = None, **filter: Any) -> int:
        """How many steps of all tasks a filter lets through; counting ends at ``most``.

        Args:
            most: A million when left out.
            **filter: As for `find_steps`.
        """
        return await self._call("count_steps", {"filter": given(**filter), **given(most=most)}, int)

    async def find_steps(self, **filter: Any) -> list[Record]:
        """Steps of all tasks, newest tasks first, without inputs and results.

        Args:
            **filter: ``namespace``, ``task_name``, ``version``, ``tags``, ``since``, ``created_before``, ``task_id``,
                ``of_open_tasks``, ``names``, ``handler``, ``status``, ``error_code``, ``waiting``, ``after``, ``limit``.
        """
        return await self._call("find_steps", given(**filter), read_records)

    async def operate_on_steps(
        self,
        verb: str,
        *,
        by: str | None = None,
        reason: str | None = None,
        reset_attempts: bool | None = None,
        results: Any = None,
        retry_limit: int | None = None,
        **filter: Any,
    ) -> Record:
        """One batch of ``cancel``, ``retry``, ``resolve`` or ``update`` on every step that a filter lets through.

        Args:
            verb: What is done.
            by: Who does it, for the trail.
            reason: Why.
            reset_attempts: With ``retry``: the whole budget comes back.
            results: With ``resolve``: what each step counts as having returned.
            retry_limit: With ``update``: how many attempts there may be in total.
            **filter: As for `find_steps`; ``limit`` is the size of a batch (200).

        Returns:
            As `operate_on_tasks`; each outcome with ``task_id`` and ``workflow_step_id``.
        """
        arguments = {
            "verb": verb,
            "filter": given(**filter),
            **given(by=by, reason=reason, reset_attempts=reset_attempts, results=results, retry_limit=retry_limit),
        }
        return await self._call("operate_on_steps", arguments, Record)
