"""Values of Python as JSON, by the rules that hold in every language (decisions 34 and 35)."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Mapping
from typing import Any


def to_json(value: object) -> str:
    """The JSON text of a value.

    Dates and times become RFC 3339 in UTC; decimals and UUIDs strings; enumerations their values; dataclasses and
    pydantic models objects; tuples lists. Keys become strings.

    Raises:
        TypeError: Where JSON cannot say it: bytes, sets, arbitrary objects, a time without a zone.
        ValueError: NaN, infinities, and what contains itself.
    """
    return _ENCODER.encode(value)


def from_json(text: str) -> Any:
    """The value of a JSON text."""
    return json.loads(text)


def _other(value: object) -> object:
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise TypeError(f"{value!r} has no time zone: which instant it means cannot be told")
        return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be said in JSON")


# Made once: `json.dumps` makes one for each call that asks for anything.
_ENCODER = json.JSONEncoder(allow_nan=False, default=_other, separators=(",", ":"))
