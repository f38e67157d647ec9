"""What a handler's parameters ask for: the step, the task's context, results of other steps, as types of the host's own."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from ._step import Step
from .errors import PermanentError

Convert = Callable[[Any], Any]

AS_THEY_COME = (inspect.Parameter.empty, Any, object, dict, list, Mapping)
"""Annotations that ask for nothing but what JSON says."""


class Arguments:
    """The arguments of a handler, from the names and annotations of its parameters.

    The parameter that is named ``step``, or annotated with ``Step``, is the step; so is one that stands alone without a type.
    ``context`` is the task's input; any other name is that of a step, and asks for its results. Parameters with a default are
    left alone. Annotations convert: by pydantic where it is installed, otherwise dataclasses alone, without a look at the
    types of their fields.

    Raises:
        TypeError: A parameter can only be given by position.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Look at the signature."""
        self._function = function
        self._asked: dict[str, str] = {}
        self._converts: dict[str, Convert] | None = None
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except ValueError:  # built in, without a signature
            parameters = []
        asked = [
            parameter
            for parameter in parameters
            if parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]
        self.step_only = not asked or (len(asked) == 1 and _is_step(function, asked[0], alone=True))
        if self.step_only:
            return
        for parameter in asked:
            if parameter.kind is parameter.POSITIONAL_ONLY:
                raise TypeError(
                    f"{_named(function)}: the parameter '{parameter.name}' can only be given by position; what a handler asks "
                    "for is given by name"
                )
            self._asked[parameter.name] = "step" if _is_step(function, parameter) else parameter.name

    @property
    def steps(self) -> list[str]:
        """The names of the steps whose results are asked for."""
        return [name for name in self._asked.values() if name not in ("step", "context")]

    def call(self, step: Step) -> Any:
        """Call the handler.

        Raises:
            PermanentError: The context, or results, are not of the type that is asked for.
            LookupError: A step has no results.
        """
        if self.step_only:
            return self._function(step)
        return self._function(**{parameter: self._get(parameter, name, step) for parameter, name in self._asked.items()})

    def _get(self, parameter: str, name: str, step: Step) -> Any:
        if name == "step":
            return step
        if self._converts is None:
            self._converts = _converts(self._function, self._asked)
        value = step.context if name == "context" else step.results(name)
        convert = self._converts.get(parameter)
        if convert is None:
            return value
        try:
            return convert(value)
        except (ValueError, TypeError) as mistake:
            what, code = ("context", "invalid_context")
            if name != "context":
                what, code = f"result of '{name}'", "invalid_results"
            message = f"the {what} is not what {_named(self._function)} asks for: {mistake}"
            raise PermanentError(message, error_code=code) from mistake


def _is_step(function: Callable[..., Any], parameter: inspect.Parameter, alone: bool = False) -> bool:
    annotation = parameter.annotation
    if isinstance(annotation, str):
        try:
            annotation = typing.get_type_hints(function).get(parameter.name, annotation)
        except (NameError, TypeError):  # a name that is not there yet: look at how it ends
            annotation = Step if annotation.rpartition(".")[2] == "Step" else annotation
    if parameter.name == "step" or annotation is Step:
        return True
    return alone and parameter.name != "context" and annotation in AS_THEY_COME


def _converts(function: Callable[..., Any], asked: Mapping[str, str]) -> dict[str, Convert]:
    """How each parameter is converted. Looked at when the handler first runs: then every name can be resolved."""
    hints = typing.get_type_hints(function if inspect.isroutine(function) else type(function).__call__)
    found = {name: converter(hints.get(name, inspect.Parameter.empty)) for name in asked if asked[name] != "step"}
    return {name: convert for name, convert in found.items() if convert is not None}


def converter(annotation: Any) -> Convert | None:
    """How what JSON says becomes what an annotation asks for; ``None`` where it is that already."""
    if annotation in AS_THEY_COME:
        return None
    if importlib.util.find_spec("pydantic") is not None:
        import pydantic

        adapter = pydantic.TypeAdapter(annotation)
        return adapter.validate_python
    return (lambda value: _built(annotation, value)) if _has_dataclass(annotation) else None


def json_schema(annotation: Any) -> dict[str, Any] | None:
    """The JSON Schema of a type, by pydantic; ``None`` without it."""
    if importlib.util.find_spec("pydantic") is None:
        return None
    import pydantic

    return pydantic.TypeAdapter(annotation).json_schema()


def _has_dataclass(annotation: Any) -> bool:
    return dataclasses.is_dataclass(annotation) or any(_has_dataclass(part) for part in typing.get_args(annotation))


def _built(annotation: Any, value: Any) -> Any:
    """Dataclasses out of objects, wherever an annotation has them; everything else is what JSON says.

    Raises:
        TypeError: There is no object where one is needed, or a field too many or too few in it.
    """
    if not _has_dataclass(annotation) or value is None:
        return value
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        if not isinstance(value, Mapping):
            raise TypeError(f"{annotation.__name__} is an object, not {type(value).__name__}")
        hints = typing.get_type_hints(annotation)
        return annotation(**{name: _built(hints.get(name), part) for name, part in value.items()})
    parts = typing.get_args(annotation)
    if isinstance(value, Mapping):
        return {name: _built(parts[-1], part) for name, part in value.items()}
    if isinstance(value, list):
        return [_built(parts[0], part) for part in value]
    return value


def _named(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))
