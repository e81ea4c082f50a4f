"""The structure of conditions, serves and flags, as parsers (language.md §§ 2, 5 and 6)

A parser takes any JSON value and returns its meaning, or None for a value that it cannot parse. `listed`, `mapped` and
`shaped` create parsers of containers; these raise `BrokenError`.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from dialects import ALGORITHMS, CONDITIONS
from literals import folded, instant
from operators import OPERATORS, scalar, split_name, text, when
from values import TOTAL, is_integer, is_readable, need, salt_and_kind

Reader = Callable[[object], object]
Readers = dict[str, Reader]
LEVEL, ANY_NUMBER = 2, 2**53
MAX_NAME, MAX_RULES, MAX_ARMS, MAX_LEVELS, MAX_PREREQUISITES = 255, 1000, 100, 16, 100
MAX_PATTERNS = 20_000
MAX_STEPS, MAX_DEPTH, MAX_LITERALS, PATH = 1000, 32, 1_000_000, re.compile(r"(?:/(?:[^/~]|~[01])*){1,16}")


def take(reader: Reader, value: object) -> object:
    known = reader(value)
    need(known is not None, f"cannot read {str(value)[:100]}")
    return known


def listed(element: Reader, low: int, high: int, *checks: Callable) -> Reader:
    def read(value: object) -> list:
        need(isinstance(value, list) and low <= len(value) <= high, f"no list of {low} to {high} elements")
        found = [take(element, one) for one in value]
        need(all(check(found) for check in checks), f"elements that do not fit together: {value[:100]}")
        return found

    return read


def mapped(name: Reader, member: Reader) -> Reader:
    def read(value: object) -> dict:
        need(isinstance(value, dict), "no object by names")
        return {take(name, one): take(member, value[one]) for one in value}

    return read


def by_kind(member: Reader) -> Reader:
    """Lists by name, at most one for each kind"""

    def read(value: object) -> dict:
        found = mapped(list_name, member)(value)
        need(len({salt_and_kind(one)[1] for one in found}) == len(found), "two lists for one kind")
        return found

    return read


def shaped(required: Readers, optional: Readers, *checks: Callable, is_open: bool = False) -> Reader:
    """An object with these fields that passes the checks; null is absent (CMP-5), other fields are refused (CMP-4)"""
    readers = required | optional

    def read(value: object) -> dict:
        need(isinstance(value, dict) and (is_open or value.keys() <= readers.keys()), f"not of {sorted(readers)}")
        found = {one: take(readers[one], value[one]) for one in value if one in readers and value[one] is not None}
        need(required.keys() <= found.keys(), f"not all of {sorted(required)}")
        need(all(check(found) for check in checks), f"members that do not fit together: {str(value)[:100]}")
        return found

    return read


def share(value: object) -> int | None:
    """SV-5; a double has three decimals if it is the nearest one to a number with three"""
    fine = isinstance(value, float) and 0 <= value <= 100 and round(value * 1000) / 1000 == value
    return round(value * 1000) if fine else None


def either(of_objects: Reader, of_others: Reader) -> Reader:
    return lambda value: of_objects(value) if isinstance(value, dict) else of_others(value)


boolean = when(lambda value: isinstance(value, bool))
name = when(lambda value: isinstance(value, str) and 1 <= len(value) <= MAX_NAME)  # CMP-20
kind = when(lambda value: name(value) and not value.startswith("/"))  # CMP-20
list_name = when(lambda value: kind(salt_and_kind(value)[1]))  # CMP-17, CMP-21, OP-61
path = when(lambda value: name(value) and (kind(value) or PATH.fullmatch(value)))  # CTX-2, CTX-3
position = when(lambda value: is_integer(value, 0, TOTAL))  # a slot, or the end of them all
json_object = when(lambda value: isinstance(value, dict) and is_readable(value))

REFERENCE = {"flag": text, "variants": listed(text, 1, MAX_LITERALS)}
BUCKET = {"salt": name, "from": position, "until": position}
FORMS = ({"all"}, {"any"}, {"not"}, {"segment"}, set(REFERENCE), {"bucket"})  # and tests of attributes, and dialects


def condition(value: object, depth: int = 1) -> dict:
    """A condition (§ 6); a test of an attribute has its parsed literals"""
    need(depth <= MAX_DEPTH, "conditions too deep")

    def inner(one: object) -> dict:
        return condition(one, depth + 1)

    if isinstance(value, dict) and value.get("dialect") is not None:
        given = {one for one in value if value[one] is not None} | {"expression"}
        need("expression" in value and given == DIALECT, "no form of a condition")
        need(text(value["dialect"]) in CONDITIONS, "unknown dialect")
        return {"dialect": CONDITIONS[value["dialect"]](value["expression"])}
    many = listed(inner, 0, ANY_NUMBER)
    bucket = shaped(BUCKET, {"unit": path}, lambda bucket: bucket["from"] < bucket["until"])
    test = {"attribute": path, "op": text, "ignoreCase": boolean, "array": when(("any", "all", "none").__contains__)}
    many_literals = when(lambda values: isinstance(values, list) and len(values) <= MAX_LITERALS)
    test |= {"value": lambda literal: literal, "values": many_literals}
    forms = {"all": many, "any": many, "not": inner, "segment": text, "bucket": bucket, **REFERENCE}
    found = shaped({}, forms | test)(value)
    if found.keys() in FORMS:
        return found
    need({"attribute", "op"} <= found.keys() <= test.keys(), "no form of a condition")
    base, negated = split_name(found["op"])
    need(base in OPERATORS, "unknown operator")
    if base == "equals" and value.get("value", 0) is None:
        found["value"] = None  # not absent (CMP-5)
    operator, folds, given = OPERATORS[base], found.get("ignoreCase", False), found.keys() & {"value", "values"}
    need(given <= operator.takes and len(given) == bool(operator.takes), "not exactly one of value and values")
    need(operator.on_elements or "array" not in found, "`array` with an operator that is not about elements")
    need(operator.folds or not folds, "`ignoreCase` with an operator that is not about letters")
    literals = [found["value"]] if "value" in found else found.get("values", [])
    read = [take(operator.read_literal, folded(literal) if folds else literal) for literal in literals]
    return {"array": "any", **found, "base": base, "negated": negated, "literals": read, "folds": folds}


def inner_conditions(when: dict) -> list[dict]:
    """The conditions directly inside a condition"""
    return [*when.get("all", []), *when.get("any", []), *([when["not"]] if "not" in when else [])]


def references(when: dict) -> Iterator[tuple[str, str, list | None]]:
    """Every (`flags` or `segments`, key, variants) that a condition refers to (CMP-32)"""
    for inner in inner_conditions(when):
        yield from references(inner)
    if "segment" in when:
        yield "segments", when["segment"], []
    if "flag" in when:
        yield "flags", when["flag"], when["variants"]


def pattern_size(when: dict) -> int:
    """The size of all patterns in a condition (RX-10)"""
    inner = sum(map(pattern_size, inner_conditions(when)))
    return inner + (sum(pattern.size for pattern in when["literals"]) if when.get("base") == "matches" else 0)


def conditions(part: dict) -> list[dict]:
    """The conditions of a parsed flag or segment"""
    return [owner.get("when", {}) for owner in part.get("rules", [part])]


RAMP = {"from": instant, "until": instant, "start": share, "end": share}
TIMED = shaped(
    {},
    {"steps": listed(shaped({"at": instant, "percent": share}, {}), 1, MAX_STEPS), **RAMP},  # TIME-7, TIME-8
    lambda found: found.keys() in ({"steps"}, RAMP.keys()),
    lambda found: all(one["at"] < other["at"] for one, other in pairwise(found.get("steps", []))),
    lambda found: "steps" in found or found["from"] < found["until"],
)
RANGE = listed(position, 2, 2, lambda ends: ends[0] < ends[1])
RANGES = listed(RANGE, 1, TOTAL, lambda found: all(one[1] <= other[0] for one, other in pairwise(found)))  # SV-22
EXPERIMENT = shaped(
    {"key": name},
    {"group": text, "slice": RANGES, "holdout": text},
    lambda found: ("group" in found) == ("slice" in found),  # SV-20
)
DIALECT = {"dialect", "expression"}
ARM = shaped({"variant": text, "weight": position}, {})
ARMS = listed(ARM, 1, MAX_ARMS, lambda arms: sum(arm["weight"] for arm in arms) == TOTAL)  # SV-3
ON_MISSING = either(shaped({"variant": text}, {}), lambda value: {} if value == "decline" else None)  # SV-17
SPLIT = shaped(
    {},
    {"variant": text, "arms": ARMS, "rollout": either(TIMED, share), "unit": path, "onMissing": ON_MISSING}
    | {"salt": name, "experiment": EXPERIMENT, "algorithm": when(("murmur3",).__contains__)},
    lambda found: ("variant" in found) != ("arms" in found),  # SV-1
    lambda found: "arms" in found or "experiment" not in found,
)
VENDOR_ARM = shaped({"variant": text, "weight": when(lambda value: isinstance(value, float))}, {})
# Members of other serves, which may only be null.
ONLY_NULL = dict.fromkeys({"variant", "rollout", "unit", "onMissing", "salt"} | DIALECT, when(lambda _: False))
VENDOR_SPLIT = shaped(
    {"algorithm": when(ALGORITHMS.__contains__), "arms": listed(VENDOR_ARM, 1, MAX_ARMS)},
    {"parameters": json_object, "experiment": shaped({"key": name}, {})} | ONLY_NULL,
)


def split(value: dict) -> dict:
    """A serve that is an object; one of another vendor has the function `choose` (SV-41)"""
    if value.get("algorithm") in (None, "murmur3") or not isinstance(value["algorithm"], str):
        return SPLIT(value)
    found = VENDOR_SPLIT(value)
    weights = [arm["weight"] for arm in found["arms"]]
    return found | {"choose": ALGORITHMS[found["algorithm"]](found.get("parameters", {}), weights)}


SERVE = either(split, lambda value: {"variant": value} if isinstance(value, str) else None)
PATCH_OR_VARIANT = shaped({}, {"variant": text, "patch": json_object}, lambda found: len(found) == 1)
OVERRIDE = either(PATCH_OR_VARIANT, when(("include", "exclude").__contains__))  # CMP-17
IDS = listed(name, 0, ANY_NUMBER)
LISTS = by_kind(lambda value: dict.fromkeys(IDS(value), True))
COMMON = {"needs": when(lambda value: is_integer(value, 0, LEVEL)), "description": text}  # CMP-6
GROUP = shaped({"salt": name}, {"unit": path}, is_open=True)
HOLDOUT = shaped({"salt": name, "percent": share}, {"unit": path}, is_open=True)
SEGMENT = shaped({}, {"include": LISTS, "exclude": LISTS, "when": condition, **COMMON}, is_open=True)
RULE = shaped(
    {"serve": SERVE},
    {"id": name, "from": instant, "until": instant, "when": condition, "description": text},
    lambda found: "from" not in found or "until" not in found or found["from"] < found["until"],  # TIME-5
    is_open=True,
)
FLAG = shaped(
    {"type": when(("boolean", "string", "number", "object").__contains__), "enabled": boolean},
    {"salt": name, "variants": json_object, "onVariant": text, "offVariant": text, "expiresAt": instant}
    | {"prerequisites": listed(shaped(REFERENCE, {}), 0, MAX_PREREQUISITES), "serve": SERVE, **COMMON}
    | {"levels": listed(kind, 1, MAX_LEVELS, lambda levels: len(set(levels)) == len(levels)), "clientSide": boolean}
    | {"overrides": by_kind(mapped(name, OVERRIDE)), "environmentPatch": json_object}
    | {
        "rules": listed(RULE, 0, MAX_RULES),
        "metadata": mapped(text, when(lambda value: value is not None and scalar(value))),
    },
    is_open=True,
)


class Nothing(str):
    """Stands for no variant (SV-40): equal to no name, and to itself"""


NOTHING = Nothing()


def with_nothing(flag: object) -> object:
    """A flag of version 2 with NOTHING where `null` serves nothing (CMP-8, CMP-22, SV-40)"""
    if not isinstance(flag, dict) or not is_integer(flag.get("needs"), 2):
        return flag
    flag = {one: NOTHING if one in ("serve", "offVariant") and flag[one] is None else flag[one] for one in flag}
    rules = flag.get("rules")
    if isinstance(rules, list):
        flag["rules"] = [with_nothing(rule | {"needs": 2.0}) if isinstance(rule, dict) else rule for rule in rules]
    arms = flag["serve"].get("arms") if isinstance(flag.get("serve"), dict) else None
    if isinstance(arms, list):
        none = {"variant": NOTHING}
        arms = [arm | none if isinstance(arm, dict) and arm.get("variant", 0) is None else arm for arm in arms]
        flag["serve"] = flag["serve"] | {"arms": arms}
    return flag


def is_of_version_2(part: dict) -> bool:
    """Whether a parsed flag or segment has a dialect (CMP-8)"""

    def has(when: dict) -> bool:
        return "dialect" in when or any(map(has, inner_conditions(when)))

    return any("choose" in serve for serve in part.get("serves", [])) or any(map(has, conditions(part)))
