"""Eppo, a second time: what its flags give a subject, written plainly from the published formulas

Conditions and shards are those of the oracle; allocations, windows and types are written here. Every number is a
float, as `read_json` of the oracle has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dialects import eppo as formulas
from literals import instant
from values import BrokenError, read_json

TYPES = {"STRING": "string", "INTEGER": "integer", "NUMERIC": "number", "BOOLEAN": "boolean", "JSON": "object"}
VALID: dict[str, Callable[[object], bool]] = {
    "STRING": lambda value: isinstance(value, str),
    "INTEGER": lambda value: isinstance(value, float) and value.is_integer(),
    "NUMERIC": lambda value: isinstance(value, float),
    "BOOLEAN": lambda value: isinstance(value, bool),
    "JSON": lambda value: isinstance(value, dict | list),
}


def evaluate(document: dict, key: str, context: dict, asked: str, now: int) -> dict:
    """Value, key of the variation, and Eppo's code; the caller's default is `None`"""
    flag = document["flags"].get(key)
    if flag is None or not flag.get("enabled"):
        return answer(None, None, "FLAG_UNRECOGNIZED_OR_DISABLED")
    if TYPES[flag["variationType"]] != asked:
        return answer(None, None, "TYPE_MISMATCH")
    for allocation in flag["allocations"]:
        split = matching(flag, allocation, context, now)
        if split is not None:
            return served(flag, split["variationKey"])
    return answer(None, None, "DEFAULT_ALLOCATION_NULL")


def answer(value: object, variant: str | None, code: str) -> dict:
    return {"value": value, "variant": variant, "code": code}


def served(flag: dict, key: str) -> dict:
    found = [variation for variation in flag["variations"].values() if variation["key"] == key]
    value = found[0].get("value") if found else None
    if flag["variationType"] == "JSON" and isinstance(value, str):
        try:
            value = read_json(value)
        except ValueError:
            value = None
    is_valid = VALID[flag["variationType"]](value)
    return answer(value, key, "MATCH") if is_valid else answer(None, None, "ASSIGNMENT_ERROR")


def matching(flag: dict, allocation: dict, context: dict, now: int) -> dict | None:
    """The split of an allocation for a subject"""
    if not is_open(allocation, now):
        return None
    rules = allocation.get("rules") or [{"conditions": []}]
    if not any(all(holds(one, context, now) for one in rule["conditions"]) for rule in rules):
        return None
    subject = next(context[name] for name in ("subjectKey", "targetingKey") if name in context)

    def is_in(shard: dict) -> bool:
        found = formulas.shard_of(shard["salt"], subject, int(flag["totalShards"]))
        return any(one["start"] <= found < one["end"] for one in shard["ranges"])

    return next((split for split in allocation["splits"] if all(map(is_in, split["shards"]))), None)


def holds(expression: dict, context: dict, now: int) -> bool:
    """A condition; one that cannot be read never holds"""
    try:
        return formulas.condition(expression)(context, now)
    except BrokenError:
        return False


def is_open(allocation: dict, now: int) -> bool:
    """Both ends belong to an allocation; the clock knows milliseconds, the ends more"""
    start, end = (allocation.get(name) for name in ("startAt", "endAt"))
    has_begun = start is None or (now > instant(start) if beyond(start) else now >= instant(start))
    return has_begun and (end is None or now <= instant(end))


def beyond(text: str) -> bool:
    """Whether an instant is later than its millisecond"""
    return re.search(r"\.\d{3}\d*[1-9]", text) is not None
