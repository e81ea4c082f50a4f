"""Loading: from a document to flags that can be evaluated, and to what is wrong with the others (language.md § 2)

A check that fails raises `BrokenError`. What is in the document is evaluated as it stands; only flags get an object
of their own, with all defaults. Optional members are read by `get`, which takes null for absent (CMP-5).
"""

import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import literals
import patterns
from values import TOTAL, is_integer, is_number, leaves, patched, pointer_segments, read_json

sys.setrecursionlimit(100_000)  # a chain of 1,000 references is deep, and no more than that is evaluated

LEVEL = 1
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
MAX_NAME, MAX_VARIANTS, MAX_RULES, MAX_ARMS, MAX_LEVELS = 255, 100, 1000, 100, 16
MAX_PREREQUISITES, MAX_STEPS, MAX_DEPTH, MAX_LITERALS = 100, 1000, 32, 1_000_000
MAX_PATH, MAX_VISITS = 16, 1000


class BrokenError(Exception):
    """What is wrong with a flag, segment, group or holdout"""


class RefusedError(Exception):
    """The document cannot be loaded at all"""


def need(fine: object, message: str) -> None:
    """Raise BrokenError unless `fine`"""
    if not fine:
        raise BrokenError(message)


def get(owner: dict, member: str, default: object = None) -> object:
    """An optional member (CMP-5)"""
    value = owner.get(member)
    return default if value is None else value


def members(owner: object, required: set, optional: set = frozenset(), others: set = frozenset()) -> dict:
    """An object that has the required members and no unknown ones (CMP-4); `others` are those of its other forms"""
    need(isinstance(owner, dict), "no object")
    present = {member for member, value in owner.items() if value is not None}
    need(required <= present <= required | optional, f"members {sorted(present)}, required {sorted(required)}")
    need(owner.keys() <= required | optional | others, f"unknown among {sorted(owner)}")
    return owner


def listed(value: object, low: int, high: int) -> list:
    """A list of so many elements"""
    need(isinstance(value, list) and low <= len(value) <= high, f"no list of {low} to {high} elements")
    return value


def is_text(value: object) -> bool:
    """Whether a value is a string"""
    return isinstance(value, str)


def name(value: object) -> str:
    """CMP-20"""
    need(is_text(value) and 1 <= len(value) <= MAX_NAME, "no name of 1 to 255 characters")
    return value


def kind(value: object) -> None:
    """The name of a kind of contexts (CMP-20)"""
    need(not name(value).startswith("/"), f"`{value}` is no kind")


def path(value: object) -> None:
    """An attribute's name (CTX-2, CTX-3)"""
    if name(value).startswith("/"):
        need(not re.search(r"~(?![01])", value), f"`~` is not followed by 0 or 1 in `{value}`")
        need(len(pointer_segments(value)) <= MAX_PATH, f"`{value}` has too many segments")


def instant(value: object) -> int:
    """TIME-5"""
    known = literals.instant(value)
    need(known is not None, f"`{value}` is no instant")
    return known


def thousandths(percent: float) -> int:
    """The share of a percentage that has been checked (SV-5)"""
    return round(percent * 1000)


def percentage(value: object) -> None:
    """SV-5; a double has three decimals if it is the nearest one to a number with three"""
    fine = is_number(value) and 0 <= value <= 100 and thousandths(value) / 1000 == value
    need(fine, f"`{value}` is no percentage")


def span(start: object, until: object) -> None:
    """0 ≤ from < until ≤ 100,000, in integers"""
    fine = is_integer(start, 0, TOTAL) and is_integer(until, 0, TOTAL) and start < until
    need(fine, f"{start} to {until} is no range of slots")


# ---- conditions ---------------------------------------------------------------------------------------------------

COMPARISONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
TEXT = ("contains", "startsWith", "endsWith")
FOLDING = ("equals", "in", *TEXT)
NUMBERS = ("lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual")
VERSIONS = tuple("semver" + comparison for comparison in COMPARISONS)
SIZES = tuple("size" + comparison for comparison in COMPARISONS)
SCALARS = (str, float, bool)
CONDITION_FORMS = ("all", "any", "not", "segment", "flag", "bucket")
CONDITION_MEMBERS = {*CONDITION_FORMS, "variants", "attribute", "op", "value", "values", "ignoreCase", "array"}


def read_by(reader: Callable[[str], object]) -> Callable[[object], bool]:
    """Whether a literal is a string that `reader` can read"""
    return lambda literal: is_text(literal) and reader(literal) is not None


# Per operator: the members that may hold its literals, and what a literal must be.
ONE, MANY, EITHER = ("value",), ("values",), ("value", "values")
OPERATORS: dict[str, tuple[tuple[str, ...], Callable[[object], bool]]] = {
    "exists": ((), bool),
    "equals": (ONE, lambda literal: literal is None or isinstance(literal, SCALARS)),
    "in": (MANY, lambda literal: isinstance(literal, SCALARS)),
    "matches": (EITHER, read_by(patterns.parse)),
    "semverMatches": (EITHER, read_by(literals.version_range)),
    "cidr": (EITHER, read_by(literals.network)),
    **dict.fromkeys(TEXT, (EITHER, is_text)),
    **dict.fromkeys(NUMBERS, (ONE, is_number)),
    **dict.fromkeys(VERSIONS, (ONE, read_by(literals.version))),
    **dict.fromkeys(SIZES, (ONE, lambda literal: is_integer(literal, 0))),
    **dict.fromkeys(("before", "after"), (ONE, lambda literal: literals.instant(literal) is not None)),
}


def operator(op: str) -> tuple[str, bool]:
    """The operator and whether it is negated: `notEquals` is not `equals` (OP-5)"""
    if op.startswith("not") and op[3:4].isupper():
        return op[3].lower() + op[4:], True
    return op, False


def check_test(test: dict) -> None:
    """A test of an attribute (OP-3, OP-6)"""
    members(test, {"attribute", "op"}, {"value", "values", "ignoreCase", "array"}, CONDITION_MEMBERS)
    path(test["attribute"])
    need(is_text(test["op"]) and operator(test["op"])[0] in OPERATORS, "unknown operator")
    base = operator(test["op"])[0]
    where, fits = OPERATORS[base]
    found = literals_of(base, test)
    need(found.keys() <= set(where) and len(found) == bool(where), "not exactly one of value and values that fit")
    literals_found = listed(found.get("values", [found.get("value")] if found else []), 0, MAX_LITERALS)
    need(all(fits(literal) for literal in literals_found), f"a literal that `{base}` cannot read")
    array, ignores_case = get(test, "array"), get(test, "ignoreCase", False)
    need(array is None or (array in ("any", "all", "none") and base not in ("exists", *SIZES)), "no such `array` here")
    need(ignores_case is False or (ignores_case is True and base in FOLDING), "no such `ignoreCase` here")


def literals_of(base: str, test: dict) -> dict:
    """The members that hold literals; null is one for `equals`, and absent for every other operator (CMP-5)"""
    taken = {member: test[member] for member in ("value", "values") if get(test, member) is not None}
    if base == "equals" and "value" in test:
        taken["value"] = test["value"]
    return taken


def check_condition(condition: object, depth: int = 1) -> None:
    """OP-1 to OP-3, OP-60, OP-62, OP-70"""
    need(isinstance(condition, dict), "a condition that is no object")
    need(depth <= MAX_DEPTH, "conditions too deep")
    form = next((form for form in CONDITION_FORMS if get(condition, form) is not None), None)
    if form is None:
        check_test(condition)
        return
    members(condition, {form, "variants"} if form == "flag" else {form}, frozenset(), CONDITION_MEMBERS)
    inner = condition[form]
    if form in ("all", "any"):
        for one in listed(inner, 0, sys.maxsize):
            check_condition(one, depth + 1)
    elif form == "not":
        check_condition(inner, depth + 1)
    elif form == "segment":
        need(is_text(inner), "no key of a segment")
    elif form == "flag":
        check_flag_reference(condition)
    else:
        members(inner, {"salt", "from", "until"}, {"unit"})
        path(get(inner, "unit", "user"))
        name(inner["salt"])
        span(inner["from"], inner["until"])


def check_flag_reference(reference: object) -> None:
    """`{flag, variants}` of a prerequisite or condition"""
    need(is_text(reference["flag"]), "no key of a flag")
    need(all(map(is_text, listed(reference["variants"], 1, MAX_LITERALS))), "no names of variants")


def references(condition: dict) -> Iterator[tuple[str, str, list]]:
    """Every (`flags` or `segments`, key, variants) that a condition refers to (CMP-32)"""
    negated = [] if get(condition, "not") is None else [condition["not"]]
    for inner in [*get(condition, "all", []), *get(condition, "any", []), *negated]:
        yield from references(inner)
    if get(condition, "segment") is not None:
        yield "segments", condition["segment"], []
    if get(condition, "flag") is not None:
        yield "flags", condition["flag"], condition["variants"]


# ---- serves -------------------------------------------------------------------------------------------------------


RAMP = {"from", "until", "start", "end"}


def check_rollout(rollout: object) -> None:
    """SV-6, TIME-7, TIME-8"""
    if not isinstance(rollout, dict):
        percentage(rollout)
    elif get(rollout, "steps") is not None:
        steps = listed(members(rollout, {"steps"}, frozenset(), RAMP)["steps"], 1, MAX_STEPS)
        for step in steps:
            percentage(members(step, {"at", "percent"})["percent"])
        instants = [instant(step["at"]) for step in steps]
        need(all(earlier < later for earlier, later in pairwise(instants)), "steps that do not ascend")
    else:
        members(rollout, RAMP, frozenset(), {"steps"})
        need(instant(rollout["from"]) < instant(rollout["until"]), "a ramp whose from is not before its until")
        percentage(rollout["start"])
        percentage(rollout["end"])


def check_experiment(experiment: object, groups: dict, holdouts: dict) -> None:
    """SV-20, SV-22"""
    members(experiment, {"key"}, {"group", "slice", "holdout"})
    name(experiment["key"])
    group, ranges, holdout = (get(experiment, member) for member in ("group", "slice", "holdout"))
    need(group is None or (is_text(group) and group in groups), "unknown group")
    need(holdout is None or (is_text(holdout) and holdout in holdouts), "unknown holdout")
    need((group is None) == (ranges is None), "a slice without a group, or a group without a slice")
    if ranges is not None:
        for one in listed(ranges, 1, TOTAL):
            span(*listed(one, 2, 2))
        need(all(earlier[1] <= later[0] for earlier, later in pairwise(ranges)), "slices that do not ascend")


def check_serve(serve: object, variants: dict, groups: dict, holdouts: dict) -> None:
    """§ 5"""

    def check_variant(value: object) -> None:
        need(is_text(value) and value in variants, f"unknown variant `{value}`")

    if is_text(serve):
        check_variant(serve)
        return
    members(serve, set(), {"variant", "arms", "rollout", "unit", "onMissing", "salt", "experiment", "algorithm"})
    arms, on_missing, experiment = (get(serve, member) for member in ("arms", "onMissing", "experiment"))
    if arms is None:
        check_variant(get(serve, "variant"))
    else:
        need(get(serve, "variant") is None, "both a variant and arms")
        for arm in listed(arms, 1, MAX_ARMS):
            check_variant(members(arm, {"variant", "weight"})["variant"])
            need(is_integer(arm["weight"], 0, TOTAL), "no weight")
        need(sum(arm["weight"] for arm in arms) == TOTAL, "weights that do not sum to 100,000")
    check_rollout(get(serve, "rollout", 100.0))
    path(get(serve, "unit", "user"))
    name(get(serve, "salt", "default"))
    need(get(serve, "algorithm", "murmur3") == "murmur3", "unknown algorithm")
    if on_missing not in (None, "decline"):
        check_variant(members(on_missing, {"variant"})["variant"])
    if experiment is not None:
        need(arms is not None, "an experiment without arms")
        check_experiment(experiment, groups, holdouts)


# ---- flags, segments, groups, holdouts ----------------------------------------------------------------------------


def check_part(key: str, part: object) -> None:
    """CMP-2, CMP-6, CMP-10"""
    need(KEY.fullmatch(key), "no key")
    need(isinstance(part, dict), "no object")
    needs = get(part, "needs", 1.0)
    need(is_integer(needs, 0) and needs <= LEVEL, "needs a newer reader")


class Flag:
    """A flag that has been checked, with all defaults"""

    def __init__(self, key: str, flag: dict, groups: dict, holdouts: dict) -> None:
        """Raise BrokenError if anything is wrong in the flag itself"""
        check_part(key, flag)
        self.type, self.enabled = get(flag, "type"), get(flag, "enabled")
        need(self.type in ("boolean", "string", "number", "object"), "unknown type")
        need(isinstance(self.enabled, bool), "`enabled` is no boolean")
        self.read_variants(flag)
        self.salt = name(get(flag, "salt", key))
        self.metadata = get(flag, "metadata", {})
        need(isinstance(self.metadata, dict), "metadata that is no object")
        need(all(isinstance(value, SCALARS) for value in self.metadata.values()), "metadata that is no scalar")
        self.expires_at = None if get(flag, "expiresAt") is None else instant(flag["expiresAt"])
        self.prerequisites = listed(get(flag, "prerequisites", []), 0, MAX_PREREQUISITES)
        for prerequisite in self.prerequisites:
            check_flag_reference(members(prerequisite, {"flag", "variants"}))
        self.read_overrides(flag)
        self.rules = listed(get(flag, "rules", []), 0, MAX_RULES)
        for rule in self.rules:
            need(isinstance(rule, dict), "a rule that is no object")
            name(get(rule, "id", "none"))
            start, until = (None if get(rule, end) is None else instant(rule[end]) for end in ("from", "until"))
            need(start is None or until is None or start < until, "a window that never opens")
            check_condition(get(rule, "when", {"all": []}))
        self.serve = get(flag, "serve", self.on)
        self.serves = [get(rule, "serve") for rule in self.rules] + [self.serve]  # in the order of SV-25
        for serve in self.serves:
            check_serve(serve, self.variants, groups, holdouts)

    def read_variants(self, flag: dict) -> None:
        """CMP-12, CMP-13, PT-1"""
        fits = {"boolean": bool, "string": str, "number": float, "object": dict | list}[self.type]
        variants, on, off = get(flag, "variants"), None, None
        if variants is None and self.type == "boolean":
            variants, on, off = {"on": True, "off": False}, "on", "off"
        need(isinstance(variants, dict) and 1 <= len(variants) <= MAX_VARIANTS, "not 1 to 100 variants")
        self.on, self.off = get(flag, "onVariant", on), get(flag, "offVariant", off)
        need(is_text(self.off) and self.off in variants, "unknown offVariant")
        need(self.on is None or (is_text(self.on) and self.on in variants), "unknown onVariant")
        patch = get(flag, "environmentPatch")
        need(patch is None or (isinstance(patch, dict) and self.type == "object"), "no patch")
        self.variants: dict[str, tuple[object, dict]] = {}  # each with the sources of its leaves
        for variant, value in variants.items():
            need(isinstance(value, fits), f"`{name(variant)}` is not of the flag's type")
            sources = dict.fromkeys(leaves(value), "default")
            unpatched = value, sources
            self.variants[variant] = unpatched if patch is None else patched(value, sources, patch, "environment")

    def read_overrides(self, flag: dict) -> None:
        """CMP-16 to CMP-18"""
        self.levels = listed(get(flag, "levels", ["user", "organization"]), 1, MAX_LEVELS)
        for level in self.levels:
            kind(level)
        need(len(set(self.levels)) == len(self.levels), "levels that are not different")
        self.overrides = get(flag, "overrides", {})
        need(isinstance(self.overrides, dict) and self.overrides.keys() <= set(self.levels), "overrides of no level")
        for entries in self.overrides.values():
            need(isinstance(entries, dict), "overrides that are no object")
            for key, entry in entries.items():
                name(key)
                if entry == "include":
                    need(self.on is not None, "nothing to include in")
                elif isinstance(entry, dict) and get(entry, "patch") is not None:
                    patch = members(entry, {"patch"}, frozenset(), {"variant"})["patch"]
                    need(isinstance(patch, dict) and self.type == "object", "no patch")
                elif entry != "exclude":
                    variant = members(entry, {"variant"}, frozenset(), {"patch"})["variant"]
                    need(is_text(variant) and variant in self.variants, "unknown variant")


def check_segment(key: str, segment: dict) -> dict:
    """OP-61"""
    check_part(key, segment)
    for lists in (get(segment, "include", {}), get(segment, "exclude", {})):
        need(isinstance(lists, dict), "lists that are no object")
        for one, keys in lists.items():
            kind(one)
            for context_key in listed(keys, 0, sys.maxsize):
                name(context_key)
    check_condition(get(segment, "when", {"all": []}))
    return segment


def check_group(key: str, group: dict) -> dict:
    """SV-22"""
    check_part(key, group)
    name(get(group, "salt"))
    path(get(group, "unit", "user"))
    return group


def check_holdout(key: str, holdout: dict) -> dict:
    """SV-21"""
    check_group(key, holdout)
    percentage(get(holdout, "percent"))
    return holdout


# ---- the document -------------------------------------------------------------------------------------------------


class Snapshot:
    """The parts of a document that compiled, and the issues of the others"""

    def __init__(self, document: object) -> None:
        """Raise RefusedError if there is no such document (CMP-1); CMP-33 for the order"""
        if not isinstance(document, dict) or not is_integer(document.get("schemaVersion"), 1, 1):
            raise RefusedError("no document of schema version 1")
        self.issues: list[dict] = []
        self.groups = self.compiled(document, "groups", check_group)
        self.holdouts = self.compiled(document, "holdouts", check_holdout)
        self.segments = self.compiled(document, "segments", check_segment)
        self.flags = self.compiled(document, "flags", lambda key, flag: Flag(key, flag, self.groups, self.holdouts))
        self.known = set(get(document, "flags", {}))
        self.claim_slices()
        self.break_cycles()
        self.resolve_references()

    def compiled(self, document: dict, parts: str, compile_part: Callable) -> dict:
        """CMP-2: each by itself"""
        if not isinstance(get(document, parts, {}), dict):
            raise RefusedError(f"`{parts}` is no object")
        found = {}
        for key, part in sorted(get(document, parts, {}).items()):
            try:
                found[key] = compile_part(key, part)
            except BrokenError as error:
                self.report(parts, key, str(error))
        return found

    def report(self, parts: str, key: str, message: str) -> None:
        """Keep an issue, and nothing of the part"""
        getattr(self, parts, {}).pop(key, None)
        escaped = key.replace("~", "~0").replace("/", "~1")
        self.issues.append({"pointer": f"/{parts}/{escaped}", "message": message})

    def claim_slices(self) -> None:
        """SV-25"""
        claimed: list[tuple] = []  # (group, experiment, from, until)
        for key in sorted(self.flags):
            own: list[tuple] = []
            for serve in self.flags[key].serves:
                experiment = {} if is_text(serve) else get(serve, "experiment", {})
                for start, until in get(experiment, "slice", []):
                    own.append((experiment["group"], experiment["key"], start, until))
            if any(overlap(one, other) for one in own for other in claimed + own):
                self.report("flags", key, "a slice that overlaps another experiment's")
            else:
                claimed += own

    def edges(self, parts: str, key: str) -> Iterator[tuple[str, str, list | None]]:
        """What a part that compiled refers to: (parts, key, variants), without variants for a prerequisite"""
        if parts == "segments":
            yield from references(get(self.segments[key], "when", {}))
            return
        for prerequisite in self.flags[key].prerequisites:
            yield "flags", prerequisite["flag"], None
        for rule in self.flags[key].rules:
            yield from references(get(rule, "when", {}))

    def nodes(self) -> list[tuple[str, str]]:
        """All flags and segments that are left"""
        return [("segments", key) for key in self.segments] + [("flags", key) for key in self.flags]

    def break_cycles(self) -> None:
        """CMP-31: a member of a cycle is what reaches itself"""
        graph = {node: {edge[:2] for edge in self.edges(*node)} for node in self.nodes()}
        for node, following_nodes in graph.items():
            reached, ahead = set(), list(following_nodes)
            while ahead:
                following = ahead.pop()
                if following in graph and following not in reached:
                    reached.add(following)
                    ahead.extend(graph[following])
            if node in reached:
                self.report(*node, "is part of a cycle")

    def resolve_references(self) -> None:
        """CMP-30, CMP-32; this ends, since there are no cycles any more"""
        visits: dict[tuple[str, str], int] = {}

        def settle(parts: str, key: str) -> int:
            """The visits of a part, 0 if it is unknown or broken"""
            if (parts, key) in visits or key not in getattr(self, parts):
                return visits.get((parts, key), 0)
            total = 1
            try:
                for other_parts, other, variants in self.edges(parts, key):
                    count = settle(other_parts, other)
                    need(count or variants is None, f"`{other}` is unknown or broken")
                    need(
                        not variants or set(variants) <= self.flags[other].variants.keys(), f"`{other}` lacks a variant"
                    )
                    total += count
                need(total <= MAX_VISITS, "too many visits")
            except BrokenError as error:
                self.report(parts, key, str(error))
                total = 0
            visits[parts, key] = total
            return total

        for node in self.nodes():
            settle(*node)


def overlap(one: tuple, other: tuple) -> bool:
    """Whether claims of two experiments in one group share a slot"""
    return one[0] == other[0] and one[1] != other[1] and one[2] < other[3] and other[2] < one[3]


def load(text: str) -> Snapshot:
    """The snapshot of a document's text; RefusedError if it cannot be one"""
    try:
        return Snapshot(read_json(text))
    except ValueError as error:
        raise RefusedError(str(error)) from error
