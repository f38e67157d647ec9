"""Handlers by name."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from ._step import Step
from ._typed import Arguments

Handler = Callable[[Step], Any] | Callable[[Step], Awaitable[Any]]
"""A function of a step: ``def`` runs on a pool of threads, ``async def`` on an event loop."""

F = TypeVar("F", bound=Callable[..., Any])


class Registry:
    """Handlers by name. A worker runs those of one registry, and claims nothing else.

    Nothing is ever imported because of a name that stands in the database.
    """

    def __init__(self) -> None:
        """Begin with no handler."""
        self._handlers: dict[str, Callable[[Step], Any]] = {}

    def handler(self, name: str) -> Callable[[F], F]:
        """Register a function, or a class with ``process(self, task, sequence, step)``, under a name.

        Args:
            name: The name that templates use.

        Raises:
            ValueError: The name is taken.
        """

        def register(function: F) -> F:
            self.add(name, function)
            return function

        return register

    def add(self, name: str, function: Callable[..., Any]) -> None:
        """As `handler`, without a decorator.

        Raises:
            ValueError: The name is empty, or taken.
            TypeError: This is neither a function nor a class with ``process``.
        """
        if not name:
            raise ValueError("a handler needs a name: the one that templates use")
        known = self._handlers.get(name)
        if known is not None:
            raise ValueError(f"the handler '{name}' is there already: {known!r}")
        self._handlers[name] = _callable(name, function)

    def get(self, name: str) -> Callable[[Step], Any] | None:
        """The function of that name."""
        return self._handlers.get(name)

    def items(self) -> list[tuple[str, Callable[[Step], Any]]]:
        """The names with their functions, as of now."""
        return list(self._handlers.items())

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._handlers)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._handlers)


def _callable(name: str, function: Callable[..., Any]) -> Callable[[Step], Any]:
    if inspect.isclass(function):
        if not callable(getattr(function, "process", None)):
            raise TypeError(f"the class {function.__name__} of the handler '{name}' has no process(task, sequence, step)")
        return _Process(function)
    if not callable(function):
        raise TypeError(f"the handler '{name}' is neither a function nor a class: {function!r}")
    arguments = Arguments(function)
    return function if arguments.step_only else _Asking(function, arguments)


class _Asking:
    """A function as a handler that asks for more than the step."""

    def __init__(self, function: Callable[..., Any], arguments: Arguments) -> None:
        self._function = function
        self._arguments = arguments
        self.is_async = is_async(function)

    def __call__(self, step: Step) -> Any:
        return self._arguments.call(step)

    def __repr__(self) -> str:
        return repr(self._function)


class _Process:
    """A class as a handler: an instance for each attempt."""

    def __init__(self, handler_class: type[Any]) -> None:
        self._class = handler_class
        self.is_async = inspect.iscoroutinefunction(handler_class.process)

    def __call__(self, step: Step) -> Any:
        return self._class().process(step.task, step.sequence, step)

    def __repr__(self) -> str:
        return f"<{self._class.__qualname__}.process>"


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a handler belongs on an event loop."""
    if isinstance(function, (_Process, _Asking)):
        return function.is_async
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


registry: Registry = Registry()
"""The registry that `handler` fills, and that a worker runs unless told otherwise."""


def handler(name: str) -> Callable[[F], F]:
    """Register a function, or a class with ``process(self, task, sequence, step)``, in `registry`.

    Args:
        name: The name that templates use.

    Raises:
        ValueError: The name is taken.
        TypeError: This is neither a function nor such a class.
    """
    return registry.handler(name)
