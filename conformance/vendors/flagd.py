"""flagd, a second time: what its flags give a context, written plainly from the published formulas

`evaluate` takes the vendor's own flag file and context; the importer and the core must answer the same. `JSONLogic` is
that of json-logic-js, with flagd's own operators; an operation that throws there is `None` here. Every number is a
double.
"""

from __future__ import annotations

import math
import re
import struct
from itertools import pairwise

from javascript import DECIMAL, SPACE, is_container, is_number, number, order, same, text

IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    rf"(?:-({IDENTIFIER}(?:\.{IDENTIFIER})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
MAX_TOTAL = 2**31 - 1
MISSING = object()


class UnknownOperatorError(Exception):
    """flagd answers PARSE_ERROR"""


def evaluate(
    document: dict,
    name: str,
    context: dict,
    *,
    fractional: int = 2,
    now: int = 0,
    type: str | None = None,  # noqa: A002
) -> dict:
    """Value, variant, reason and error of a flag; the caller's default is `None`

    `fractional` is its version, `now` in milliseconds, and `type` what the caller expects.
    """
    flag = document["flags"].get(name)
    if flag is None:
        return answer(None, None, "ERROR", "FLAG_NOT_FOUND")
    if flag["state"] == "DISABLED":
        return answer(None, None, "DISABLED")
    variant, reason = flag.get("defaultVariant") or None, "STATIC"
    if flag.get("targeting"):
        try:
            logic = with_evaluators(flag["targeting"], document.get("$evaluators", {}))
            check(logic)
        except UnknownOperatorError:
            return answer(None, None, "ERROR", "PARSE_ERROR")
        result = Run(name, context, fractional, now).apply(logic, MISSING)
        reason = "DEFAULT" if result is None else "TARGETING_MATCH"
        variant = variant if result is None else text(result)
    return served(flag, variant, reason, type)


def served(flag: dict, variant: str | bool | None, reason: str, asked: str | None) -> dict:
    if variant is None:
        return answer(None, None, "DEFAULT")
    variant = text(variant)
    if variant not in flag["variants"]:
        return answer(None, None, "ERROR", "GENERAL")
    value = flag["variants"][variant]
    if asked is not None and not is_of(asked, value):
        return answer(None, None, "ERROR", "TYPE_MISMATCH")
    return answer(value, variant, reason)


def answer(value: object, variant: str | None, reason: str, error: str | None = None) -> dict:
    return {"value": value, "variant": variant, "reason": reason, "errorCode": error}


def is_of(asked: str, value: object) -> bool:
    if asked == "boolean":
        return isinstance(value, bool)
    if asked == "string":
        return isinstance(value, str)
    if asked == "object":
        return isinstance(value, dict | list)
    return is_number(value) and (asked == "number" or float(value).is_integer())


def with_evaluators(logic: object, evaluators: dict) -> object:
    if isinstance(logic, list):
        return [with_evaluators(one, evaluators) for one in logic]
    if not isinstance(logic, dict):
        return logic
    name = logic.get("$ref")
    if len(logic) == 1 and isinstance(name, str) and name in evaluators:
        return with_evaluators(evaluators[name], evaluators)
    return {key: with_evaluators(one, evaluators) for key, one in logic.items()}


def check(logic: object) -> None:
    if isinstance(logic, list):
        for one in logic:
            check(one)
    elif isinstance(logic, dict) and logic:
        ((operator, arguments),) = logic.items()
        if operator not in OPERATORS:
            raise UnknownOperatorError(operator)
        check(arguments)


class Run:
    """One evaluation"""

    def __init__(self, flag_key: str, context: dict, fractional: int, now: int) -> None:
        """The context is read as it is; `$flagd` is not part of it"""
        self.context, self.version = context, fractional
        self.flagd = {"flagKey": flag_key, "timestamp": now // 1000}

    def apply(self, logic: object, scope: object) -> object:
        if isinstance(logic, list):
            return [self.apply(one, scope) for one in logic]
        if not isinstance(logic, dict) or not logic:
            return logic
        ((operator, given),) = logic.items()
        arguments = given if isinstance(given, list) else [given]
        if operator in LAZY:
            return self.lazy(operator, arguments, scope)
        values = [self.apply(one, scope) for one in arguments]
        if operator in OWN and not isinstance(given, list):
            if not isinstance(values[0], list):
                return None
            values = values[0]
        if operator in ("var", "missing", "missing_some", "fractional"):
            return getattr(self, operator)(values, scope)
        return OPERATORS[operator](*values)

    def lazy(self, operator: str, arguments: list, scope: object) -> object:
        if operator in ("if", "?:"):
            return self.branch(arguments, scope)
        if operator not in ("and", "or"):
            return self.loop(operator, arguments, scope)
        last = None
        for one in arguments:
            last = self.apply(one, scope)
            if truthy(last) == (operator == "or"):
                break
        return last

    def branch(self, arguments: list, scope: object) -> object:
        for index in range(0, len(arguments) - 1, 2):
            if truthy(self.apply(arguments[index], scope)):
                return self.apply(arguments[index + 1], scope)
        return self.apply(arguments[-1], scope) if len(arguments) % 2 else None

    def loop(self, operator: str, arguments: list, scope: object) -> object:
        elements = self.apply(arguments[0], scope)
        elements = elements if isinstance(elements, list) else []
        if operator == "reduce":
            result = self.apply(arguments[2], scope) if len(arguments) > 2 else None
            for element in elements:
                result = self.apply(arguments[1], {"accumulator": result, "current": element})
            return result
        results = [self.apply(arguments[1], element) for element in elements]
        return {
            "map": results,
            "filter": [element for element, result in zip(elements, results, strict=True) if truthy(result)],
            "all": bool(results) and all(map(truthy, results)),
            "none": not any(map(truthy, results)),
            "some": any(map(truthy, results)),
        }[operator]

    def var(self, values: list, scope: object) -> object:
        path = values[0] if values else None
        default = values[1] if len(values) > 1 else None
        if path is None or text(path) == "":
            return {**self.context, "$flagd": self.flagd} if scope is MISSING else scope
        found = {**self.context, "$flagd": self.flagd} if scope is MISSING else scope
        for name in text(path).split("."):
            found = member(found, name)
        return default if found is MISSING else found

    def missing(self, values: list, scope: object) -> list:
        keys = values[0] if values and isinstance(values[0], list) else values
        return [key for key in keys if self.var([key], scope) in (None, "")]

    def missing_some(self, values: list, scope: object) -> list:
        least, keys = values[0], values[1]
        if not isinstance(keys, list):
            return []
        absent = self.missing([keys], scope)
        return [] if len(keys) - len(absent) >= number(least) else absent

    def fractional(self, values: list, _scope: object) -> object:
        if not values:
            return None
        first, buckets = values[0], values[1:]
        key = self.context.get("targetingKey")
        if isinstance(first, list):
            if not isinstance(key, str) or not key:
                return None
            flag_key, buckets = self.flagd["flagKey"], values
            first = flag_key + key if self.version == 2 else [flag_key, key]
        elif first is None or (self.version == 2 and not isinstance(first, str)):
            return None
        try:
            unit = first.encode() if self.version == 2 else cbor(first)
        except ValueError:  # a number that is not finite
            return None
        return bucket(murmur3(unit), buckets)


def member(value: object, name: str) -> object:
    if isinstance(value, dict):
        return value.get(name, MISSING)
    is_index = re.fullmatch("0|[1-9][0-9]{0,8}", name) is not None
    return value[int(name)] if isinstance(value, list) and is_index and int(name) < len(value) else MISSING


def bucket(hashed: int, buckets: list) -> object:
    weights = []
    for one in buckets:
        if not isinstance(one, list) or len(one) not in (1, 2) or isinstance(one[0], dict | list):
            return None
        weight = one[1] if len(one) == 2 else 1
        if not is_number(weight) or not float(weight).is_integer():
            return None
        weights.append(max(0, int(weight)))
    if sum(weights) > MAX_TOTAL:
        return None
    slot, end = hashed * sum(weights) >> 32, 0
    for one, weight in zip(buckets, weights, strict=True):
        end += weight
        if slot < end:
            return one[0]
    return None


def murmur3(data: bytes) -> int:
    """`MurmurHash3_x86_32` with the seed 0"""

    def mixed(block: int) -> int:
        block = block * 0xCC9E2D51 & 0xFFFFFFFF
        return ((block << 15 | block >> 17) & 0xFFFFFFFF) * 0x1B873593 & 0xFFFFFFFF

    hashed, whole = 0, len(data) // 4 * 4
    for at in range(0, whole, 4):
        hashed ^= mixed(int.from_bytes(data[at : at + 4], "little"))
        hashed = ((hashed << 13 | hashed >> 19) * 5 + 0xE6546B64) & 0xFFFFFFFF
    if whole < len(data):
        hashed ^= mixed(int.from_bytes(data[whole:], "little"))
    hashed ^= len(data)
    hashed = (hashed ^ hashed >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    hashed = (hashed ^ hashed >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return hashed ^ hashed >> 16


def cbor(value: object) -> bytes:
    """Deterministic CBOR, RFC 8949 §4.2.1; whole numbers are integers"""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        pairs = sorted((cbor(key), cbor(one)) for key, one in value.items())
        return head(5, len(pairs)) + b"".join(key + one for key, one in pairs)
    value = float(value)
    if not math.isfinite(value):
        raise ValueError(value)
    if value.is_integer() and -(2**63) <= value < 2**64:
        return head(0, int(value)) if value >= 0 else head(1, -1 - int(value))
    for code, form in ((0xF9, ">e"), (0xFA, ">f"), (0xFB, ">d")):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return bytes([code]) + packed
    raise ValueError(value)


def head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | code]) + argument.to_bytes(size, "big")
    raise ValueError(argument)


def truthy(value: object) -> bool:
    """Truth in JSONLogic: 0, NaN and what is empty are false, but an empty object is true"""
    return isinstance(value, dict) or (bool(value) and value == value)  # noqa: PLR0124


def float_at_start(value: object) -> float:
    """`parseFloat(value)` of JavaScript"""
    found = text(value).lstrip(SPACE)
    infinite = re.match(r"[+-]?Infinity", found)
    if infinite:
        return float(infinite.group())
    matched = DECIMAL.match(found)
    return float(matched.group()) if matched else math.nan


def equal(one: object, other: object) -> bool:
    """`==` of JavaScript"""
    if one is None or other is None:
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    if is_container(one) and is_container(other):
        return False
    if (is_container(one) and isinstance(other, str)) or (isinstance(one, str) and is_container(other)):
        return text(one) == text(other)
    return number(one) == number(other)


def ordered(values: tuple, *admitted: int) -> bool:
    return all(order(one, other) in admitted for one, other in pairwise(values))


def within(needle: object, haystack: object) -> bool:
    if isinstance(haystack, str):
        return text(needle) in haystack
    return isinstance(haystack, list) and any(same(needle, one) for one in haystack)


def substring(source: object, start: object, *count: object) -> str:
    units = text(source).encode("utf-16-le")
    length = len(units) // 2
    begin = position(number(start), length)
    end = begin + position(number(count[0]), length - begin) if count else length
    return units[2 * begin : 2 * end].decode("utf-16-le", "replace")


def position(at: float, length: int) -> int:
    at = 0.0 if math.isnan(at) else at
    return int(min(max(length + at if at < 0 else at, 0), length)) if math.isfinite(at) else 0 if at < 0 else length


def remainder(one: object, other: object) -> float:
    left, right = number(one), number(other)
    return math.nan if right == 0 or math.isinf(left) or math.isnan(left + right) else math.fmod(left, right)


def quotient(one: object, other: object) -> float:
    left, right = number(one), number(other)
    if right == 0:
        sign = math.copysign(1, right) * math.copysign(1, left)
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, sign)
    return left / right


def product(values: tuple) -> float:
    return number(values[0]) if len(values) == 1 else math.prod(map(float_at_start, values))


def extreme(values: tuple, pick: object, start: float) -> float:
    numbers = list(map(number, values))
    return math.nan if any(map(math.isnan, numbers)) else pick([*numbers, start])


def merged(values: tuple) -> list:
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def texts(values: tuple, test: object) -> bool | None:
    return test(*values) if len(values) == 2 and all(isinstance(one, str) for one in values) else None


def sem_ver(*values: object) -> bool | None:
    if len(values) != 3:
        return None
    one, other = version(values[0]), version(values[2])
    if one is None or other is None:
        return None
    return {
        "=": one == other,
        "!=": one != other,
        "<": one < other,
        "<=": one <= other,
        ">": one > other,
        ">=": one >= other,
        "^": one[0] == other[0],
        "~": one[:2] == other[:2],
    }.get(text(values[1]))


def version(value: object) -> tuple | None:
    found = text(value)
    found = found[1:] if found[:1] in ("v", "V") else found
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", found):
        found += ".0.0" if "." not in found else ".0"
    matched = VERSION.fullmatch(found)
    if matched is None:
        return None
    parts = matched[4].split(".") if matched[4] else []
    identifiers = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)
    return int(matched[1]), int(matched[2]), int(matched[3]), not identifiers, identifiers


LAZY = ("if", "?:", "and", "or", "map", "filter", "reduce", "all", "none", "some")
# flagd's own, which take a value that is a list for their arguments.
OWN = ("fractional", "starts_with", "ends_with", "sem_ver")
OPERATORS = dict.fromkeys([*LAZY, "var", "missing", "missing_some", "fractional"]) | {
    "==": lambda one, other, *_: equal(one, other),
    "===": lambda one, other, *_: same(one, other),
    "!=": lambda one, other, *_: not equal(one, other),
    "!==": lambda one, other, *_: not same(one, other),
    ">": lambda *values: ordered(values[:2], 1),
    ">=": lambda *values: ordered(values[:2], 0, 1),
    "<": lambda *values: ordered(values[:3], -1),
    "<=": lambda *values: ordered(values[:3], -1, 0),
    "!!": lambda *values: truthy(values[0]) if values else False,
    "!": lambda *values: not truthy(values[0]) if values else True,
    "%": lambda one, other, *_: remainder(one, other),
    "log": lambda *values: values[0] if values else None,
    "in": lambda one, other, *_: within(one, other),
    "cat": lambda *values: "".join("" if one is None else text(one) for one in values),
    "substr": substring,
    "+": lambda *values: sum(map(float_at_start, values), 0.0),
    "*": lambda *values: product(values),
    "-": lambda *values: -number(values[0]) if len(values) == 1 else number(values[0]) - number(values[1]),
    "/": lambda one, other, *_: quotient(one, other),
    "min": lambda *values: extreme(values, min, math.inf),
    "max": lambda *values: extreme(values, max, -math.inf),
    "merge": lambda *values: merged(values),
    "starts_with": lambda *values: texts(values, str.startswith),
    "ends_with": lambda *values: texts(values, str.endswith),
    "sem_ver": sem_ver,
}
