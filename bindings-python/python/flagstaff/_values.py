"""Values of contexts that JSON does not have: which of them are converted, and to what.

The native module calls this for the objects that it does not read itself. The modules of rare types are not imported
for it: an object of a type of theirs proves that somebody did.
"""

import math
import sys
from collections.abc import Mapping, Sequence, Set
from enum import Enum
from numbers import Real
from typing import Any


def plain(value: object) -> object:  # noqa: PLR0911 - a table
    """Return a value closer to JSON; raises `TypeError`, with the reason, if there is none."""
    if isinstance(value, Enum):
        return value.value
    # The native module reads these itself: what claims to be one is a proxy, such as Django's `SimpleLazyObject`.
    if isinstance(value, (bool, int, float, str)):
        return _scalar_of_proxy(value)
    if value.__class__ is type(None):
        return None
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return _in_order(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    if _is(value, "django.db.models", "QuerySet"):
        return list(value)  # type: ignore[call-overload]
    if _is(value, "uuid", "UUID") or _is(value, "django.utils.functional", "Promise"):
        return str(value)
    if _is(value, "datetime", "datetime"):
        return _time(value)
    if _is(value, "datetime", "date"):
        return value.isoformat()  # type: ignore[attr-defined]
    if _is(value, "decimal", "Decimal") or isinstance(value, Real):
        return _number(value)
    message = f"`{_name(value)}` is not a type of a context's values"
    raise TypeError(message)


def targeting_key(value: object) -> str | None:
    """Return the text of a key that is not a `str`; `None` if it cannot be a key."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        # The text of a subclass may be another; a proxy has only its text.
        return int.__repr__(value) if issubclass(type(value), int) else str(value)
    return str(value) if _is(value, "uuid", "UUID") else None


def _scalar_of_proxy(value: bool | float | str) -> bool | float | str:
    if isinstance(value, bool):
        return bool(value)
    # Not every proxy of a number can be converted to one, but each has its text.
    kind = next(kind for kind in (int, float, str) if isinstance(value, kind))
    return kind(str(value))


def _is(value: object, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name))


def _time(value: Any) -> str:  # noqa: ANN401 - a datetime, whose module may not be imported
    if value.utcoffset() is None:
        message = "a `datetime` needs a time zone"
        raise TypeError(message)
    return str(value.isoformat())


def _number(value: Any) -> float:  # noqa: ANN401 - anything that `float` takes
    number = float(value)
    if not math.isfinite(number):
        message = f"`{value}` is not a number of JSON"
        raise TypeError(message)
    return number


def _in_order(values: Set[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:  # Of several types.
        return sorted(values, key=repr)


def _name(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
