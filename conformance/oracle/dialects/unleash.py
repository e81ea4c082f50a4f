"""Unleash (language.md, UN-1 to UN-9)"""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import accumulate
from operator import eq, ge, gt, le, lt

from literals import EPOCH, address, in_network, instant, network
from values import canonical, is_integer, murmur3, need

from .reading import fields, is_text, is_texts, is_whole, real, searched, version_64

SECOND, VARIANT_SEED, EPSILON = 1000, 86_028_157, 2.0**-52
ORDERS = {"EQ": eq, "GT": gt, "GTE": ge, "LT": lt, "LTE": le}
PLACES = {"STARTS_WITH": str.startswith, "ENDS_WITH": str.endswith, "CONTAINS": str.__contains__}
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
KNOWN = ("userId", "sessionId", "currentTime", "environment", "appName", "remoteAddress")
CONSTRAINT = dict.fromkeys(("contextName", "operator", "value"), is_text) | {"values": is_texts}
CONSTRAINT |= dict.fromkeys(("inverted", "caseInsensitive"), lambda value: isinstance(value, bool))
ROLLOUT = {"rollout": lambda value: is_integer(value, 0, 100), "stickiness": is_text, "groupId": is_text}
OVERRIDE = {"contextName": is_text, "values": is_texts}
CHOICE = ROLLOUT | dict.fromkeys(("variantGroupId", "variantStickiness"), is_text)
CHOICE |= {"overrides": lambda value: isinstance(value, list) and all(isinstance(one, list) for one in value)}
Test = Callable[[str], bool]


def text_of(value: object) -> str | None:
    """UN-2: null, arrays and objects are none"""
    return value if isinstance(value, str) else canonical(value) if isinstance(value, bool | float) else None


def given(context: dict, name: str) -> str | None:
    """The text of a field as the context has it (UN-2)"""
    properties = context.get("properties")
    found = text_of(properties.get(name)) if name not in KNOWN and isinstance(properties, dict) else None
    found = text_of(context.get(name)) if found is None else found
    return text_of(context.get("targetingKey")) if found is None and name == "userId" else found


def field(context: dict, name: str, now: int) -> str | None:
    """The text of a field; that of the clock where the time is not given (UN-3)"""
    found = given(context, name)
    return written(now) if found is None and name == "currentTime" else found


def written(now: int) -> str:
    """An instant as text; years beyond those of `datetime` are not asked for"""
    return (EPOCH + timedelta(seconds=now // SECOND)).isoformat() + "Z"


def moment(text: str) -> tuple[int, str] | None:
    """Milliseconds, and the digits of nanoseconds beyond them"""
    text = text.strip()
    known = instant(text)
    known = instant(text.replace(" ", "T", 1)) if known is None else known
    digits = re.match(r"[0-9]*", text.partition(".")[2])[0]
    return None if known is None else (known, digits[3:9].ljust(6, "0"))


def ordinal(value: str, order: Callable) -> Test:
    """UN-5: what the value looks like says what is compared"""
    value = value.strip(" \t")
    if DATE.fullmatch(value):
        date = moment(value)
        need(date is not None, "no date")
        return lambda text: (at := moment(text)) is not None and order(at, date)
    if limit := version_64(value):
        return lambda text: (known := version_64(text)) is not None and order(known, limit)
    need(NUMBER.fullmatch(value), "neither a number nor a version nor a date")
    number = float(value)
    if order is eq:
        return lambda text: (known := real(text)) is not None and abs(known - number) < EPSILON
    return lambda text: (known := real(text)) is not None and order(known, number)


def masked(text: str) -> tuple[int, int, int] | None:
    """A network, with a prefix or a mask"""
    base, _, mask = text.partition("/")
    known = address(mask)
    if known and known[0] == 32:
        prefix = f"{known[1]:032b}".find("0") % 33
        is_mask = known[1] == (2**32 - 1) >> 32 - prefix << 32 - prefix
        return network(f"{base}/{prefix}") if is_mask and (address(base) or (0,))[0] == 32 else None
    return network(text)


def test_of(constraint: dict) -> Test | None:
    """The test of a constraint; None is false, even inverted (UN-4 to UN-7)"""
    operator, values = constraint["operator"], constraint.get("values", [])
    value, folds = constraint.get("value", ""), constraint.get("caseInsensitive", False)
    kind, _, name = operator.partition("_")
    is_list = operator in ("IN", "NOT_IN", "IN_CIDR") or kind == "STR"
    need(not is_list or not any(one.endswith("\\") for one in values), "a value that ends in a backslash")
    if operator in ("IN", "NOT_IN"):
        return lambda text: (text in values) == (operator == "IN")
    if is_list:
        need(values, "no values")
        if operator == "IN_CIDR":
            networks = [known for known in map(masked, values) if known]
            return lambda text: (known := address(text)) is not None and any(in_network(known, one) for one in networks)
        need(name in PLACES, "unknown operator")
        parts = [one.lower() for one in values] if folds else values
        return lambda text: any(PLACES[name](text.lower() if folds else text, part) for part in parts)
    if operator == "REGEX":
        need(not value.endswith("\\"), "a pattern that ends in a backslash")
        try:  # what both this module and RE2 read alike
            pattern = re.compile(value, re.IGNORECASE if folds else 0)
        except re.error:
            return lambda _: False
        return lambda text: searched(pattern, text)
    dates = {"DATE_AFTER": gt, "DATE_BEFORE": lt}
    order = dates.get(operator) or (ORDERS.get(name) if kind in ("NUM", "SEMVER") else None)
    need(order and "value" in constraint, "an unknown operator, or no value")
    return None if kind == "SEMVER" and value.startswith("v") else ordinal(value, order)


def condition(expression: object) -> Callable[[dict, int], bool]:
    """A constraint or a rollout"""
    if isinstance(expression, dict) and "rollout" in expression:
        rollout = fields(expression, ROLLOUT)
        need({"rollout", "groupId"} <= rollout.keys(), "no rollout or no group")
        return lambda context, now: is_in(rollout, context, now)
    constraint = fields(expression, CONSTRAINT)
    need(
        {"contextName", "operator"} <= constraint.keys() and '"' not in constraint["contextName"],
        "no field or operator",
    )
    test, name = test_of(constraint), constraint["contextName"]
    if test is None:
        return lambda *_: False
    is_absent_fine, inverted = constraint["operator"] == "NOT_IN", constraint.get("inverted", False)

    def holds(context: dict, now: int) -> bool:
        text = field(context, name, now)
        return (is_absent_fine if text is None else test(text)) != inverted

    return holds


def normalized(group: str, identifier: str, modulus: int, seed: int) -> int:
    """UN-8"""
    return murmur3(f"{group}:{identifier}".encode(), seed) % modulus + 1


def identifier(stickiness: str, context: dict, now: int) -> str | None:
    """What is hashed (UN-8)"""
    if stickiness not in ("default", "random"):
        return field(context, stickiness, now)
    names = ("userId", "sessionId") if stickiness == "default" else ()
    return next((text for name in names if (text := given(context, name)) is not None), canonical(context))


def is_in(rollout: dict, context: dict, now: int) -> bool:
    text = identifier(rollout.get("stickiness", "default"), context, now)
    return text is not None and normalized(rollout["groupId"], text, 100, 0) <= rollout["rollout"]


def choice(parameters: dict, weights: list[float]) -> Callable[[dict, int], int | None]:
    """A rollout and variants (UN-9)"""
    found = fields(parameters, CHOICE)
    need("rollout" not in found or "groupId" in found, "no group")
    group, forced = found.get("variantGroupId"), []
    need(group is not None or len(weights) == 1, "several arms without a group")
    if group is not None:
        need(all(map(is_whole, weights)) and 0 < sum(weights) < 2**32, "weights that are not whole, or nothing")
        lists = found.get("overrides", [])
        need(len(lists) <= len(weights), "more overrides than arms")
        forced = [(arm, fields(one, OVERRIDE)) for arm, ones in enumerate(lists) for one in ones]
        need(all("contextName" in one for _, one in forced), "an override of no field")

    def choose(context: dict, now: int) -> int | None:
        if "rollout" in found and not is_in(found, context, now):
            return None
        if group is None:
            return 0
        for arm, one in forced:
            if given(context, one["contextName"]) in one.get("values", []):
                return arm
        text = identifier(found.get("variantStickiness", "default"), context, now)
        target = normalized(group, canonical(context) if text is None else text, int(sum(weights)), VARIANT_SEED)
        return next(arm for arm, end in enumerate(accumulate(weights)) if end >= target)

    return choose
