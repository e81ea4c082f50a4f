"""What the dialects have in common: fields of what a document gives them, numbers and versions"""

import re
from collections.abc import Callable
from decimal import Decimal

from literals import version
from patterns import MAX_MATCHED
from values import is_integer, need

FLOAT = re.compile(r"[+-]?(?:inf|infinity|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)", re.ASCII | re.IGNORECASE)


def fields(value: object, known: dict[str, Callable[[object], bool]]) -> dict:
    """An object of these fields; null is absent"""
    need(isinstance(value, dict) and value.keys() <= known.keys(), f"not of {sorted(known)}")
    found = {name: member for name, member in value.items() if member is not None}
    need(all(known[name](member) for name, member in found.items()), "a field of a wrong type")
    return found


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


def is_whole(value: object) -> bool:
    return is_integer(value, 0, 2**32 - 1)


def real(text: str) -> float | None:
    """A number as Rust reads it"""
    return float(text) if FLOAT.fullmatch(text) else None


def plain(number: float) -> str:
    """A number without an exponent, as Rust writes it"""
    return format(Decimal(repr(number)).normalize(), "f") if number else "0"


def version_64(text: str) -> tuple | None:
    """A version (OP-41) whose numbers have 64 bits"""
    known = version(text)
    return known if known and max(known[:3]) < 2**64 else None


def searched(pattern: re.Pattern, text: str) -> bool:
    """Whether a pattern is in a text (DL-3, RX-9)"""
    return len(text) <= MAX_MATCHED and pattern.search(text) is not None
