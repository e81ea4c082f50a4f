"""How JavaScript converts and compares JSON values; every number is a double, and a missing value is `None`"""

from __future__ import annotations

import math
import re

SPACE = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text(value: object) -> str:
    """`String(value)` of JavaScript"""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "[object Object]"
    if isinstance(value, list):
        return ",".join("" if one is None else text(one) for one in value)
    return number_text(float(value))


def number_text(value: float) -> str:
    if not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    if not digits:
        return "0"
    if 0 < point <= 21:
        return sign + (digits.ljust(point, "0") if len(digits) <= point else f"{digits[:point]}.{digits[point:]}")
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def number(value: object) -> float:
    """`Number(value)` of JavaScript"""
    if value is None or isinstance(value, bool):
        return float(bool(value))
    if is_number(value):
        return float(value)
    if isinstance(value, dict):
        return math.nan
    return text_number(text(value).strip(SPACE))


def text_number(found: str) -> float:
    if found in ("", "Infinity", "+Infinity", "-Infinity"):
        return float(found or 0)
    for prefix, base, digits in (("0x", 16, "[0-9a-fA-F]+"), ("0o", 8, "[0-7]+"), ("0b", 2, "[01]+")):
        if found[:2].lower() == prefix:
            return float(int(found[2:], base)) if re.fullmatch(digits, found[2:]) else math.nan
    return float(found) if DECIMAL.fullmatch(found) else math.nan


def is_container(value: object) -> bool:
    return isinstance(value, dict | list)


def same(one: object, other: object) -> bool:
    """`===` of JavaScript"""
    if is_container(one) or is_container(other):
        return False
    if is_number(one) and is_number(other):
        return float(one) == float(other)
    return type(one) is type(other) and one == other


def order(one: object, other: object) -> int | None:
    """-1, 0 or 1 as JavaScript compares; `None` if it does not"""
    if all(isinstance(value, str) or is_container(value) for value in (one, other)):
        left, right = text(one).encode("utf-16-be"), text(other).encode("utf-16-be")
    else:
        left, right = number(one), number(other)
        if left != left or right != right:  # noqa: PLR0124
            return None
    return (left > right) - (left < right)
