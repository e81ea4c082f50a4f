"""Eppo (language.md, EP-1 to EP-5)"""

import re
from collections.abc import Callable
from hashlib import md5
from operator import ge, gt, le, lt

from values import MISSING, need

from .reading import fields, is_text, is_texts, is_whole, plain, real, searched, version_64

ORDERS = {"LT": lt, "LTE": le, "GT": gt, "GTE": ge}
CONDITION = {"attribute": is_text, "operator": is_text, "value": lambda _: True}
Test = Callable[[object], bool]


def attribute(context: dict, name: str) -> object:
    """EP-2"""
    attributes = context.get("subjectAttributes")
    found = (attributes if isinstance(attributes, dict) else context).get(name, MISSING)
    keys = ("subjectKey", "targetingKey") if name == "id" and found is MISSING else ()
    return next((context[key] for key in keys if key in context), found)


def text_of(value: object) -> str | None:
    """EP-3: a number without an exponent"""
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, float) else value if isinstance(value, str) else None


def build(text: str) -> list[tuple]:
    """Build metadata, which Eppo orders: numbers by size and then by zeros, before others"""
    parts = text.partition("+")[2].split(".")
    return [(0, int(part or 0), len(part), "") if not re.search("[^0-9]", part) else (1, 0, 0, part) for part in parts]


def precise(value: object) -> tuple | None:
    """A version with its build metadata"""
    known = version_64(value) if isinstance(value, str) else None
    return known and (known, build(value))


def number(value: object) -> float | None:
    return real(value) if isinstance(value, str) else value if isinstance(value, float) else None


def test_of(operator: str, value: object) -> Test:
    """EP-4"""
    if operator in ORDERS:
        order, read = ORDERS[operator], precise if precise(value) else number
        limit = read(value)
        need(limit is not None, "neither a number nor a version")
        return lambda found: (known := read(found)) is not None and order(known, limit)
    if operator in ("MATCHES", "NOT_MATCHES"):
        need(is_text(value), "no pattern")
        try:  # what both this module and RE2 read alike
            pattern = re.compile(value)
        except re.error:
            need(False, "no pattern")
        expected = operator == "MATCHES"
        return lambda found: (text := text_of(found)) is not None and searched(pattern, text) == expected
    if operator in ("ONE_OF", "NOT_ONE_OF"):
        need(is_texts(value), "no texts")
        expected = operator == "ONE_OF"
        return lambda found: (text := text_of(found)) is not None and (text in value) == expected
    need(operator == "IS_NULL" and isinstance(value, bool), "unknown operator")
    return lambda found: (found in (MISSING, None)) == value


def condition(expression: object) -> Callable[[dict, int], bool]:
    """A condition of a rule"""
    found = fields(expression, CONDITION)
    need({"attribute", "operator"} <= found.keys(), "no attribute or operator")
    test = test_of(found["operator"], found.get("value"))
    return lambda context, _: test(attribute(context, found["attribute"]))


def shard_of(salt: str, subject: str, total: int) -> int:
    return int(md5(f"{salt}-{subject}".encode(), usedforsecurity=False).hexdigest()[:8], 16) % total


def choice(parameters: dict, weights: list[float]) -> Callable[[dict, int], int | None]:
    """The splits of an allocation (EP-5)"""
    found = fields(parameters, {"totalShards": is_whole, "splits": lambda value: isinstance(value, list)})
    total, splits = int(found.get("totalShards", 0)), found.get("splits", [])
    need(total > 0 and len(splits) == len(weights), "no shards, or not as many splits as arms")
    read = []
    for split in splits:
        need(isinstance(split, list), "no list of shards")
        shards = [fields(one, {"salt": is_text, "ranges": lambda value: isinstance(value, list)}) for one in split]
        need(all("salt" in one for one in shards), "no salt")
        ends = {"start": is_whole, "end": is_whole}
        ranges = [[fields(one, ends) for one in shard.get("ranges", [])] for shard in shards]
        need(all(len(one) == 2 for many in ranges for one in many), "a range without an end")
        read.append([(shard["salt"], many) for shard, many in zip(shards, ranges, strict=True)])

    def is_in(salt: str, ranges: list[dict], subject: str) -> bool:
        return any(one["start"] <= shard_of(salt, subject, total) < one["end"] for one in ranges)

    def choose(context: dict, _: int) -> int | None:
        keys = (context.get("subjectKey"), context.get("targetingKey"))
        subject = next((key for key in keys if isinstance(key, str)), None)
        if subject is None:
            return None
        fits = (arm for arm, shards in enumerate(read) if all(is_in(*shard, subject) for shard in shards))
        return next(fits, None)

    return choose
