"""What became of tasks under test."""

from __future__ import annotations

from typing import Any

from .._records import Record


class TestReport(Record):
    """A task under test: ``task``, ``steps``, ``executions``, ``now``, ``next_due_at``."""

    __slots__ = ()
    __test__ = False  # pytest: this is no test

    @property
    def status(self) -> str:
        """The state of the task."""
        return str(self["task"]["status"])

    def step(self, name: str) -> Record:
        """A step by its name.

        Raises:
            LookupError: The task has no such step.
        """
        for step in self["steps"]:
            if step["name"] == name:
                return Record(step)
        names = ", ".join(step["name"] for step in self["steps"])
        raise LookupError(f"the task has no step '{name}'; its steps are {names}")

    def executions_of(self, step: str) -> int:
        """How often the handler of a step was executed."""
        return sum(1 for one in self["executions"] if one["step"] == step and one["handler_ran"])


class CrashReport(Record):
    """What became of each variant, the undisturbed run first: ``variants``, each with ``crash``, ``status``, ``problems``."""

    __slots__ = ()

    @property
    def broken(self) -> list[Record]:
        """The variants in which something is wrong."""
        return [Record(variant) for variant in self["variants"] if variant["problems"]]

    @property
    def is_right(self) -> bool:
        """Whether the workflow is right wherever its process dies."""
        return not self.broken

    def most_executions_of(self, step: str) -> int:
        """The most that the handler of a step was executed in one variant."""
        return max((variant["executions"].get(step, 0) for variant in self["variants"]), default=0)

    def __str__(self) -> str:
        """What is wrong, and where the process died, line by line."""
        points = len(self["variants"]) - 1
        if self.is_right:
            return f"right at each of {points} points at which its process can die"
        lines = [f"wrong in {len(self.broken)} of {points + 1} runs, {points} of them with a crash:"]
        for variant in self.broken:
            lines.append(f"- {_crash(variant['crash'])}:")
            lines.extend(f"    {problem}" for problem in variant["problems"])
        return "\n".join(lines)


def _crash(crash: dict[str, Any] | None) -> str:
    if crash is None:
        return "undisturbed"
    when = crash["when"].replace("_", " ")
    return f"the process died {when} of '{crash['step']}' (attempt {crash['attempt']})"
