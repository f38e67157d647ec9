"""What both forms of the interface share: options, the head of a request, what the hooks said."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import _native
from .._calls import Configured
from .._requests import given
from .._values import from_json, to_json
from ._request import Principal, Question, Request

log = logging.getLogger("tasker.http")

# Names in lower case, and values as they came.
Pairs = Sequence[tuple[str, bytes]]
Event = tuple[str, Any]


class Mounted:
    """The interface as a host mounts it. It opens at the first request, in each process for itself."""

    def __init__(
        self,
        client: Configured,
        principal: Callable[..., Any] | None,
        authorize: Callable[..., Any] | None,
        options: Mapping[str, Any],
    ) -> None:
        """Take the configuration.

        Raises:
            TypeError: The client is none, or a hook cannot be called.
            InvalidArgumentError: An option is wrong.
        """
        if not isinstance(client, Configured):
            raise TypeError(f"{client!r} is no client: give a tasker.Client or a tasker.AsyncClient")
        for name, hook in (("principal", principal), ("authorize", authorize)):
            if hook is not None and not callable(hook):
                raise TypeError(f"{name} is a function, not {hook!r}")
        if authorize is not None and principal is None:
            raise TypeError("authorize decides about those whom principal names: give both")
        self._engine = client._engine
        self._principal, self._authorize = principal, authorize
        self._mount = _native.Mount(to_json({"principals": principal is not None, **given(**options)}))

    def _begin(self, request: Request, headers: Pairs, principal: Principal | None) -> _native.Exchange:
        """Begin a request. One that cannot begin is answered with why."""
        known = None
        if principal is not None:
            known = {
                "name": principal.name,
                "roles": list(principal.roles),
                "permissions": list(principal.permissions),
                "decides": self._authorize is not None,
                "ambient": principal.ambient,
            }
        head = {
            "method": request.method,
            "target": f"{request.path}?{request.query}" if request.query else request.path,
            "prefix": request.prefix,
            "headers": [(name, _said(value)) for name, value in headers],
            "from": request.client,
            "principal": known,
        }
        return self._mount.begin(self._engine, to_json(head))


def is_open(request: Request) -> bool:
    """Whether nobody has to say there who they are, as at probes."""
    return request.path in _open_paths()


@functools.cache
def _open_paths() -> frozenset[str]:
    return frozenset(_native.open_paths())


def _said(value: bytes) -> str | list[int]:
    """The value of a header in JSON: its text, or its bytes where they are no UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return list(value)


def nobody_found() -> _native.Exchange:
    """The answer where the principal hook failed: call it while its exception is handled."""
    log.exception("who asks could not be found out: the principal hook failed")
    return _native.Exchange.failed("who asks could not be found out: the log has why")


def undecided(exchange: _native.Exchange, number: int, error: Exception) -> None:
    """Nothing is done, where the authorize hook failed: call it while its exception is handled."""
    log.exception("what somebody may do could not be decided: the authorize hook failed")
    exchange.cannot_decide(number, f"{type(error).__name__}: {error}")


def questions_in(asked: str) -> tuple[int, list[Question]]:
    """The number of a decision, and what is to be decided."""
    decision = from_json(asked)
    return decision["number"], [Question(**question) for question in decision["questions"]]


def joined(headers: Pairs) -> dict[str, str]:
    """Headers by name, for a hook: UTF-8, or what they always were."""
    by_name: dict[str, str] = {}
    for name, value in headers:
        said = _said(value)
        text = said if isinstance(said, str) else value.decode("latin-1")
        by_name[name] = f"{by_name[name]}, {text}" if name in by_name else text
    return by_name
