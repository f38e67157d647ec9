"""What the hooks of a host are given, and what they answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes


@dataclasses.dataclass(frozen=True)
class Request:
    """A request, before anything of it is done: what the host finds out from it who asks.

    Attributes:
        method: Such as ``GET``.
        path: The path below the mount, percent-encoded: ``/tasks``.
        query: What follows the question mark, percent-encoded.
        headers: By their names in lower case; several of one name are joined by commas.
        prefix: The path that the interface is mounted under.
        client: The address of the client, where the server knows it.
        scope: The scope, under ASGI: ``request.scope["user"]`` where a middleware left it there.
        environ: The environment, under WSGI.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    prefix: str = ""
    client: str | None = None
    scope: Mapping[str, Any] | None = None
    environ: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True)
class Principal:
    """Who asks. Without roles and permissions it has those of ``auth.default_roles``.

    Attributes:
        name: The name in the trail, as ``by``.
        roles: Roles of the settings (``auth.roles``).
        permissions: Besides: such as ``tasker.task:show`` or ``tasker.task:*``.
        ambient: Whether a browser says who it is by itself, with every request, and no CSRF token was checked: by a cookie, by
            HTTP Basic. What changes something then has to be JSON from a page of the same site. Where this is left out, a
            request with a cookie is taken for one.
        user: Whatever the host wants to find again in ``authorize``.
    """

    name: str | None = None
    roles: Sequence[str] = ()
    permissions: Sequence[str] = ()
    ambient: bool | None = None
    user: Any = None


# What a principal hook may return.
Named = Principal | str | Mapping[str, Any] | None


@dataclasses.dataclass(frozen=True)
class Question:
    """Something that is to be done, and to what. As text it is the permission: ``tasker.task:show``.

    Attributes:
        resource: Such as ``tasker.task``.
        action: Such as ``show``.
        resource_id: The id of the task, the number or the name of the step, the name of the template or handler; ``None`` for
            many of them.
        parent_id: The task of a step, the namespace of a template or handler.
    """

    resource: str
    action: str
    resource_id: str | None = None
    parent_id: str | None = None

    def __str__(self) -> str:
        """The permission."""
        return f"{self.resource}:{self.action}"


def as_principal(answer: object, decides: bool) -> Principal | None:
    """Whom a hook named. ``decides`` is whether the host decides by itself what that one may do.

    Raises:
        TypeError: It named nobody that can be understood.
    """
    principal = _principal(answer)
    if principal is None:
        return None
    if principal.name is not None and not _is_text(principal.name):
        raise TypeError(f"name of a principal is a text or None, not {principal.name!r}")
    if principal.ambient is not None and not isinstance(principal.ambient, bool):
        raise TypeError(f"ambient of a principal is a bool or None, not {principal.ambient!r}")
    for field in ("roles", "permissions"):
        listed = getattr(principal, field)
        if not isinstance(listed, Collection) or isinstance(listed, str) or not all(map(_is_text, listed)):
            raise TypeError(f"{field} of a principal is a list of texts, not {listed!r}")
        if listed and decides:
            raise TypeError(f"{field} of a principal do not count beside authorize, which decides: leave one of them out")
    return principal


def _is_text(value: object) -> bool:
    """Whether it is a text that can be said in UTF-8: half of a surrogate pair cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _principal(answer: object) -> Principal | None:
    if answer is None or isinstance(answer, Principal):
        return answer
    if isinstance(answer, str):
        return Principal(answer)
    if isinstance(answer, Mapping):
        fields = [field.name for field in dataclasses.fields(Principal)]
        unknown = sorted(str(key) for key in answer if key not in fields)
        if unknown:
            raise TypeError(f"a principal has no {', '.join(unknown)}; it has {', '.join(fields)}")
        return Principal(**answer)
    raise TypeError(
        f"the principal hook returned {type(answer).__name__}: return None, a name, a mapping or a tasker.http.Principal"
    )


def as_answers(answers: object, questions: Sequence[Question]) -> list[bool]:
    """What a hook decided.

    Raises:
        TypeError: It is not one truth value for each question.
    """
    if isinstance(answers, (list, tuple)) and len(answers) == len(questions):
        if all(isinstance(answer, bool) for answer in answers):
            return list(answers)
    raise TypeError(f"the authorize hook returned {answers!r}: return a list of {len(questions)} bool, one for each question")


# What may stand in a path and is no sign of anything there, and the same for a query.
_PATH = "/:@!$&'()*+,;=~"
_QUERY = _PATH + "?[]%"


def quoted(path: str | bytes) -> str:
    """A decoded path, encoded again. What stood there as ``%2F`` is lost."""
    return quote(path, safe=_PATH)


def quoted_query(query: str | bytes) -> str:
    """A query, which is encoded already, without what a careless client left as it was."""
    return quote(query, safe=_QUERY)


def below(path: bytes, prefix: bytes, raw: bytes | None) -> str:
    """The path below a prefix, percent-encoded as it came, where the server kept that (``raw``)."""
    rest = path
    if path == prefix or path.startswith(prefix.rstrip(b"/") + b"/"):
        rest = path[len(prefix.rstrip(b"/")) :]
    if raw is not None:
        # Each character of it is one byte, decoded; what is skipped is what the decoded path has before the rest.
        skipped, at = len(unquote_to_bytes(raw)) - len(rest), 0
        for _ in range(skipped):
            at += 3 if raw[at : at + 1] == b"%" else 1
        if skipped >= 0 and unquote_to_bytes(raw[at:]) == rest:
            return quote(raw[at:], safe=_PATH + "%") or "/"
    return quoted(rest) or "/"
