"""Workflows in code: steps are functions, and depend on each other by reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from ._handlers import Registry, registry
from ._typed import Arguments, json_schema

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_NAMESPACE = "default"


class Workflow:
    """A workflow in code, compiled to the same template as one in YAML::

        order = tasker.Workflow("order", namespace="shop", version="1.0.0", context=Order)

        @order.step
        def validate(context: Order) -> Priced: ...

        @order.step(depends_on=validate, default_retry_limit=5)
        async def charge(step: tasker.Step, validate: Priced) -> dict: ...

        client.register_template(order)

    Each function is also the handler of its step, by the name ``namespace.workflow.step`` unless told otherwise.

    Args:
        name: The name of the named task.
        version: ``MAJOR.MINOR.PATCH``.
        namespace: Its namespace.
        context: What a task's input looks like: a pydantic model or a dataclass (with pydantic installed every task is checked
            against it when it is created), or a JSON Schema.
        registry: Where the functions are registered; the one that ``@tasker.handler`` fills when left out.
        **keys: Other keys of a template: ``description``, ``default_dependent_system``, ``environments``, ….
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        namespace: str = DEFAULT_NAMESPACE,
        context: type[Any] | Mapping[str, Any] | None = None,
        registry: Registry = registry,
        **keys: Any,
    ) -> None:
        """Begin with no step."""
        self.name = name
        self.namespace = namespace
        self._registry = registry
        schema = context if context is None or isinstance(context, Mapping) else json_schema(context)
        self._template: dict[str, Any] = {
            "name": name,
            "namespace_name": namespace,
            "version": version,
            **({} if schema is None else {"schema": schema}),
            **keys,
        }
        self._steps: dict[str, dict[str, Any]] = {}
        self._names: dict[Callable[..., Any], str] = {}

    @overload
    def step(self, function: F, /) -> F: ...

    @overload
    def step(
        self,
        /,
        *,
        name: str | None = None,
        handler: str | None = None,
        depends_on: Callable[..., Any] | Iterable[Callable[..., Any]] = (),
        **keys: Any,
    ) -> Callable[[F], F]: ...

    def step(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        handler: str | None = None,
        depends_on: Callable[..., Any] | Iterable[Callable[..., Any]] = (),
        **keys: Any,
    ) -> Any:
        """Add a step: a decorator, with arguments or without. The function stays what it is.

        Args:
            function: The handler.
            name: The name of the step; the function's when left out.
            handler: The name of the handler; ``namespace.workflow.step`` when left out.
            depends_on: The step, or the steps, that must have ended well before: the functions themselves.
            **keys: Other keys of a step: ``default_retry_limit``, ``timeout_seconds``, ``retry``, ``priority``, ….

        Raises:
            ValueError: There is a step of that name already.
            LookupError: What it depends on, or asks results of, is no step that stands above.
        """
        if function is not None:
            self._add(function, name, handler, depends_on, keys)
            return function

        def add(function: F) -> F:
            self._add(function, name, handler, depends_on, keys)
            return function

        return add

    def remote_step(
        self,
        name: str,
        *,
        handler: str,
        depends_on: Callable[..., Any] | Iterable[Callable[..., Any]] = (),
        **keys: Any,
    ) -> Callable[..., Any]:
        """Add a step whose handler another process has, in whatever language.

        Returns:
            What other steps depend on.

        Raises:
            ValueError: There is a step of that name already.
            LookupError: What it depends on is no step that stands above.
        """

        def elsewhere(step: object) -> None:
            raise LookupError(f"the handler '{handler}' is another process's: its step is a reference here")

        self._note(elsewhere, name, handler, depends_on, keys)
        return elsewhere

    def template(self) -> dict[str, Any]:
        """The template, as YAML would say it."""
        return {**self._template, "step_templates": [dict(step) for step in self._steps.values()]}

    def _add(
        self,
        function: Callable[..., Any],
        name: str | None,
        handler: str | None,
        depends_on: Callable[..., Any] | Iterable[Callable[..., Any]],
        keys: Mapping[str, Any],
    ) -> None:
        name = name or function.__name__
        if not isinstance(function, type):
            unknown = [asked for asked in Arguments(function).steps if asked not in self._steps]
            if unknown:
                raise LookupError(
                    f"the step '{name}' asks for the results of {', '.join(unknown)}, and {self.name} has no such step above it"
                )
        named = handler or f"{self.namespace}.{self.name}.{name}"
        self._note(function, name, named, depends_on, keys)
        self._registry.add(named, function)

    def _note(
        self,
        function: Callable[..., Any],
        name: str,
        handler: str,
        depends_on: Callable[..., Any] | Iterable[Callable[..., Any]],
        keys: Mapping[str, Any],
    ) -> None:
        if name in self._steps:
            raise ValueError(f"{self.name} has a step '{name}' already")
        parents = [self._name_of(parent, name) for parent in ([depends_on] if callable(depends_on) else depends_on)]
        step: dict[str, Any] = {"name": name, "handler": handler, **keys}
        if len(parents) == 1:
            step["depends_on_step"] = parents[0]
        elif parents:
            step["depends_on_steps"] = parents
        self._steps[name] = step
        self._names[function] = name

    def _name_of(self, parent: Callable[..., Any], child: str) -> str:
        try:
            return self._names[parent]
        except KeyError:
            raise LookupError(
                f"'{child}' depends on {parent!r}, which is no step of {self.name}: give the decorated function of a step above"
            ) from None

    def __repr__(self) -> str:
        """For people."""
        return f"<tasker.Workflow {self.namespace}.{self.name} {self._template['version']}, {len(self._steps)} steps>"
