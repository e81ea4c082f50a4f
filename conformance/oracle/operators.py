"""The operators on attributes: a table of their literals and tests (language.md § 6)"""

from collections.abc import Callable
from operator import eq, ge, gt, le, lt
from typing import NamedTuple

import patterns
from literals import address, folded, in_network, in_range, instant, network, version, version_range
from values import MISSING, is_integer

ONE, MANY, EITHER = {"value"}, {"values"}, {"value", "values"}
COMPARISONS = {"Equal": eq, "Less": lt, "LessOrEqual": le, "Greater": gt, "GreaterOrEqual": ge}


class Operator(NamedTuple):
    """An operator; both parsers return None for a value that they cannot parse"""

    takes: set[str]  # exactly one of these members, if any
    read_literal: Callable[[object], object]
    read_value: Callable[[object], object]
    matches: Callable[[object, object], bool]  # of value and literal
    on_elements: bool = True  # whether an array is tested element by element, and `array` is allowed
    folds: bool = False  # whether `ignoreCase` is allowed
    looks_at: Callable[[object], bool] = lambda _: True  # whether any element of a value can match


def when(fits: Callable[[object], object]) -> Callable[[object], object]:
    """A parser that returns the values that fit unchanged"""
    return lambda value: value if fits(value) else None


def length(value: object) -> int | None:  # OP-31
    return len(value) if isinstance(value, list) else None


def scalar(value: object) -> tuple | None:  # With its type, since True == 1.0 in Python (OP-20)
    return (type(value), value) if value is None or isinstance(value, str | float | bool) else None


text = when(lambda value: isinstance(value, str))
number = when(lambda value: isinstance(value, float))
size = when(lambda value: is_integer(value, 0))  # OP-31
nothing = when(lambda _: False)
OPERATORS: dict[str, Operator] = {
    "exists": Operator(set(), nothing, nothing, eq, on_elements=False),
    "equals": Operator(ONE, scalar, scalar, eq, folds=True),
    "in": Operator(MANY, lambda literal: scalar(literal) if literal is not None else None, scalar, eq, folds=True),
    "contains": Operator(EITHER, text, text, lambda value, literal: literal in value, folds=True),
    "startsWith": Operator(EITHER, text, text, str.startswith, folds=True),
    "endsWith": Operator(EITHER, text, text, str.endswith, folds=True),
    "matches": Operator(
        EITHER, patterns.parse, text, lambda value, pattern: pattern.is_in(value), looks_at=patterns.is_looked_at
    ),
    "lessThan": Operator(ONE, number, number, lt),
    "lessOrEqual": Operator(ONE, number, number, le),
    "greaterThan": Operator(ONE, number, number, gt),
    "greaterOrEqual": Operator(ONE, number, number, ge),
    "before": Operator(ONE, instant, instant, lt),
    "after": Operator(ONE, instant, instant, gt),
    "semverMatches": Operator(EITHER, version_range, version, in_range),
    "cidr": Operator(EITHER, network, address, in_network),
}
for comparison, order in COMPARISONS.items():
    OPERATORS["semver" + comparison] = Operator(ONE, version, version, order)
    OPERATORS["size" + comparison] = Operator(ONE, size, length, order, on_elements=False)


def split_name(name: str) -> tuple[str, bool]:
    """The operator and whether it is negated: `notEquals` is not `equals` (OP-5)"""
    negated = name.startswith("not") and name[3:4].isupper()
    return (name[3].lower() + name[4:], True) if negated else (name, False)


def passes(test: dict, value: object) -> bool:
    """The result of a parsed test, without its negation (OP-4, OP-10 to OP-12)"""
    operator = OPERATORS[test["base"]]
    if value is MISSING or not operator.takes:
        return value is not MISSING

    literals = test["literals"] if operator.looks_at(value) else []

    def matches(one: object) -> bool:
        read = operator.read_value(folded(one) if test["folds"] else one)
        return read is not None and any(operator.matches(read, literal) for literal in literals)

    if not isinstance(value, list) or not operator.on_elements:
        return matches(value)
    if test["array"] == "all":
        return all(map(matches, value))
    return any(map(matches, value)) == (test["array"] == "any")
