"""The shapes of conditions, serves and flags, as readers (language.md §§ 2, 5 and 6)

A reader takes any JSON value and answers what it means, or None for what it does not read. Readers of containers are
made by `listed`, `mapped` and `shaped`; these, and functions that check more than one member, raise `BrokenError`.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from literals import folded, instant
from operators import OPERATORS, scalar, split_name, text
from values import TOTAL, is_integer, is_readable, pointer_segments

Reader = Callable[[object], object]
LEVEL, ANY_NUMBER = 1, 2**53
MAX_NAME, MAX_VARIANTS, MAX_RULES, MAX_ARMS, MAX_LEVELS, MAX_PREREQUISITES = 255, 100, 1000, 100, 16, 100
MAX_STEPS, MAX_DEPTH, MAX_LITERALS, MAX_PATH = 1000, 32, 1_000_000, 16


class BrokenError(Exception):
    """What is wrong with a flag, segment, group or holdout"""


def need(fine: object, message: str) -> None:
    """Raise BrokenError unless `fine`"""
    if not fine:
        raise BrokenError(message)


def take(reader: Reader, value: object) -> object:
    """What `reader` reads, which must be something"""
    known = reader(value)
    need(known is not None, f"{reader.__name__}: {str(value)[:100]}")
    return known


def listed(element: Reader, low: int, high: int) -> Reader:
    """A list of so many elements"""

    def read(value: object) -> list:
        need(isinstance(value, list) and low <= len(value) <= high, f"no list of {low} to {high} elements")
        return [take(element, one) for one in value]

    return read


def mapped(name: Reader, member: Reader) -> Reader:
    """An object by names"""

    def read(value: object) -> dict:
        need(isinstance(value, dict), "no object by names")
        return {take(name, one): take(member, value[one]) for one in value}

    return read


def shaped(required: dict[str, Reader], optional: dict[str, Reader], *, ignores_others: bool = False) -> Reader:
    """An object of these members; those that are null are absent (CMP-4, CMP-5)"""
    readers = required | optional

    def read(value: object) -> dict:
        need(isinstance(value, dict), "no object")
        need(ignores_others or value.keys() <= readers.keys(), f"a member beyond {sorted(readers)}")
        found = {one: take(readers[one], value[one]) for one in value if one in readers and value[one] is not None}
        need(required.keys() <= found.keys(), f"not all of {sorted(required)}")
        return found

    return read


def one_of(*choices: str) -> Reader:
    """One of some texts"""
    return lambda value: value if value in choices else None


def boolean(value: object) -> bool | None:
    """A boolean"""
    return value if isinstance(value, bool) else None


def name(value: object) -> str | None:
    """CMP-20"""
    return value if isinstance(value, str) and 1 <= len(value) <= MAX_NAME else None


def kind(value: object) -> str | None:
    """The name of a kind of contexts (CMP-20)"""
    return value if name(value) and not value.startswith("/") else None


def path(value: object) -> str | None:
    """An attribute's name (CTX-2, CTX-3)"""
    if name(value) is None or not value.startswith("/"):
        return name(value)
    return None if re.search("~(?![01])", value) or len(pointer_segments(value)) > MAX_PATH else value


def share(value: object) -> int | None:
    """SV-5; a double has three decimals if it is the nearest one to a number with three"""
    thousandths = round(value * 1000) if isinstance(value, float) and 0 <= value <= 100 else None
    return thousandths if thousandths is not None and thousandths / 1000 == value else None


def slot_number(value: object) -> int | None:
    """0 to 100,000"""
    return int(value) if is_integer(value, 0, TOTAL) else None


def level_needed(value: object) -> float | None:
    """CMP-6"""
    return value if is_integer(value, 0, LEVEL) else None


def json_object(value: object) -> dict | None:
    """An object of any JSON values, null among them"""
    return value if isinstance(value, dict) and is_readable(value) else None


# ---- conditions ---------------------------------------------------------------------------------------------------

REFERENCE = {"flag": text, "variants": listed(text, 1, MAX_LITERALS)}
BUCKET = shaped({"salt": name, "from": slot_number, "until": slot_number}, {"unit": path})
FORMS = ({"all"}, {"any"}, {"not"}, {"segment"}, {"flag", "variants"}, {"bucket"})


def condition(value: object, depth: int = 1) -> dict:
    """OP-1 to OP-3, OP-60, OP-62, OP-70"""
    need(depth <= MAX_DEPTH, "conditions too deep")

    def inner(value: object) -> dict:
        return condition(value, depth + 1)

    many = listed(inner, 0, ANY_NUMBER)
    trees = {"all": many, "any": many, "not": inner, "segment": text, **REFERENCE, "bucket": BUCKET}
    quantifier = one_of("any", "all", "none")
    rest = {"value": lambda literal: [literal], "values": listed(lambda literal: [literal], 0, MAX_LITERALS)}
    rest |= {"attribute": path, "op": text, "ignoreCase": boolean, "array": quantifier}
    found = shaped({}, trees | rest)(value)
    if "bucket" in found:
        need(found["bucket"]["from"] < found["bucket"]["until"], "an empty bucket")
    if found.keys() in FORMS:
        return found
    if split_name(found.get("op", ""))[0] == "equals" and value.get("value", 0) is None:
        found["value"] = [None]  # not absent (CMP-5)
    return attribute_test(found)


def attribute_test(test: dict) -> dict:
    """OP-3, OP-6, OP-24, OP-26; with the operator's base name, and its literals as they are read"""
    need({"attribute", "op"} <= test.keys() and not test.keys() & set().union(*FORMS), "not one form of a condition")
    base, negated = split_name(test["op"])
    need(base in OPERATORS, "unknown operator")
    operator, folds = OPERATORS[base], test.get("ignoreCase", False)
    given = test.keys() & {"value", "values"}
    need(given <= operator.takes and len(given) == bool(operator.takes), "not exactly one of value and values")
    need(operator.on_elements or "array" not in test, "`array` with an operator that is not about elements")
    need(operator.folds or not folds, "`ignoreCase` with an operator that is not about letters")
    literals = [test["value"]] if "value" in test else test.get("values", [])
    read = [take(operator.read_literal, folded(literal[0]) if folds else literal[0]) for literal in literals]
    found = {"attribute": test["attribute"], "base": base, "negated": negated, "literals": read, "folds": folds}
    return found | {"array": test.get("array", "any")}


def references(when: dict) -> Iterator[tuple[str, str, list | None]]:
    """Every (`flags` or `segments`, key, variants) that a condition refers to (CMP-32)"""
    negated = [when["not"]] if "not" in when else []
    for inner in [*when.get("all", []), *when.get("any", []), *negated]:
        yield from references(inner)
    if "segment" in when:
        yield "segments", when["segment"], []
    if "flag" in when:
        yield "flags", when["flag"], when["variants"]


# ---- serves -------------------------------------------------------------------------------------------------------

STEP = shaped({"at": instant, "percent": share}, {})
RAMP = {"from": instant, "until": instant, "start": share, "end": share}
TIMED = shaped({}, {"steps": listed(STEP, 1, MAX_STEPS), **RAMP})


def rollout(value: object) -> int | dict:
    """SV-6, TIME-7, TIME-8"""
    if not isinstance(value, dict):
        return take(share, value)
    found = TIMED(value)
    need(found.keys() in ({"steps"}, RAMP.keys()), "neither steps nor a ramp")
    instants = [step["at"] for step in found["steps"]] if "steps" in found else [found["from"], found["until"]]
    need(all(earlier < later for earlier, later in pairwise(instants)), "instants that do not ascend")
    return found


def span(value: object) -> list[int]:
    """SV-22"""
    ends = listed(slot_number, 2, 2)(value)
    need(ends[0] < ends[1], "an empty range")
    return ends


def experiment(value: object) -> dict:
    """SV-20, SV-22"""
    found = EXPERIMENT(value)
    need(("group" in found) == ("slice" in found), "a slice without a group, or a group without a slice")
    need(all(earlier[1] <= later[0] for earlier, later in pairwise(found.get("slice", []))), "ranges do not ascend")
    return found


def on_missing(value: object) -> dict:
    """SV-17"""
    return {} if value == "decline" else ON_MISSING(value)


def serve(value: object) -> dict:
    """§ 5; the name of a variant is the serve of that variant"""
    found = {"variant": value} if isinstance(value, str) else SERVE(value)
    need(("variant" in found) != ("arms" in found), "not exactly one of variant and arms")
    need("arms" in found or "experiment" not in found, "an experiment without arms")
    need(sum(arm["weight"] for arm in found.get("arms", [])) == TOTAL or "variant" in found, "weights of another sum")
    return found


EXPERIMENT = shaped({"key": name}, {"group": text, "slice": listed(span, 1, TOTAL), "holdout": text})
ON_MISSING = shaped({"variant": text}, {})
ARM = shaped({"variant": text, "weight": slot_number}, {})
SERVE = shaped(
    {},
    {"variant": text, "arms": listed(ARM, 1, MAX_ARMS), "rollout": rollout, "unit": path, "onMissing": on_missing}
    | {"salt": name, "experiment": experiment, "algorithm": one_of("murmur3")},
)

# ---- the parts of a document --------------------------------------------------------------------------------------


def override(value: object) -> object:
    """CMP-17"""
    if value in ("include", "exclude"):
        return value
    found = shaped({}, {"variant": text, "patch": json_object})(value)
    need(len(found) == 1, "not exactly one of variant and patch")
    return found


PARTS = {"needs": level_needed, "description": text}
LISTS = mapped(kind, listed(name, 0, ANY_NUMBER))
GROUP = shaped({"salt": name}, {"unit": path}, ignores_others=True)
HOLDOUT = shaped({"salt": name, "percent": share}, {"unit": path}, ignores_others=True)
SEGMENT = shaped({}, {"include": LISTS, "exclude": LISTS, "when": condition, **PARTS}, ignores_others=True)
RULE = shaped(
    {"serve": serve},
    {"id": name, "from": instant, "until": instant, "when": condition, "description": text},
    ignores_others=True,
)
FLAG = shaped(
    {"type": one_of("boolean", "string", "number", "object"), "enabled": boolean},
    {"salt": name, "variants": json_object, "onVariant": text, "offVariant": text, "expiresAt": instant}
    | {"prerequisites": listed(shaped(REFERENCE, {}), 0, MAX_PREREQUISITES), "levels": listed(kind, 1, MAX_LEVELS)}
    | {"overrides": mapped(kind, mapped(name, override)), "environmentPatch": json_object, "serve": serve}
    | {"rules": listed(RULE, 0, MAX_RULES), "metadata": mapped(text, lambda value: scalar(value) and [value])}
    | {"clientSide": boolean, **PARTS},
    ignores_others=True,
)
