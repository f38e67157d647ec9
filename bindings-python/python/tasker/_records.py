"""What the engine answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Record(dict[str, Any]):
    """An object that the engine answered: a dict, whose members can be read as attributes, too.

    Which members there are stands in the reference; later versions may add some.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        """The member of that name."""
        try:
            return self[name]
        except KeyError:
            members = ", ".join(sorted(self))
            raise AttributeError(f"there is no '{name}' here; there is {members}") from None


@dataclass(frozen=True)
class Created:
    """What became of a request for a task.

    Attributes:
        task_id: The task: the new one, or the one that an identical request made before.
        created: Whether it is new.
        pruned: Whether it was made before and has been deleted since.
    """

    task_id: str
    created: bool
    pruned: bool


# How answers are read.


def read_created(answer: Any) -> Created:
    """One answer to a request for a task."""
    return Created(answer["task_id"], answer["created"], answer["pruned"])


def read_all_created(answers: Any) -> list[Created]:
    """The answers to requests for tasks."""
    return [read_created(answer) for answer in answers]


def read_records(answers: Any) -> list[Record]:
    """A list of objects."""
    return [Record(answer) for answer in answers]


def read_text(answer: Any) -> str:
    """A text."""
    return str(answer)


def read_number(answer: Any) -> int | None:
    """A number, or none."""
    return None if answer is None else int(answer)


def read_nothing(answer: Any) -> None:
    """No answer."""
