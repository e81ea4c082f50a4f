"""Loading a document: compiled flags, and the issues of broken ones (language.md § 2)"""

import re
import sys
from collections.abc import Callable, Iterator

from operators import text, when
from shapes import (
    FLAG,
    GROUP,
    HOLDOUT,
    MAX_PATTERNS,
    NOTHING,
    SEGMENT,
    conditions,
    inner_conditions,
    is_of_version_2,
    name,
    pattern_size,
    references,
    shaped,
    with_nothing,
)
from values import BrokenError, containers, is_integer, is_readable, leaves, need, patched, salt_and_kind

sys.setrecursionlimit(100_000)  # a chain of 1,000 references is deep, and no more than that is evaluated

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
MAX_VARIANTS, MAX_VISITS, MAX_EVALUATION_DEPTH, MAX_CONTAINERS = 100, 1000, 128, 127
PARTS = dict.fromkeys(("flags", "segments", "groups", "holdouts"), when(lambda value: isinstance(value, dict)))
DOCUMENT = shaped(
    {"schemaVersion": when(lambda value: is_integer(value, 1, 1))},
    {"environment": text, "revision": when(lambda value: is_integer(value, 0)), **PARTS},
    is_open=True,
)
TYPES = {"boolean": bool, "string": str, "number": float, "object": dict | list}
SWITCH = {"variants": {"on": True, "off": False}, "onVariant": "on", "offVariant": "off"}
DEFAULTS = {"onVariant": None, "offVariant": None, "environmentPatch": None, "expiresAt": None, "variants": {}}
DEFAULTS |= {"metadata": {}, "prerequisites": [], "rules": [], "levels": ["user", "organization"], "overrides": {}}


def compile_flag(key: str, value: object, groups: dict, holdouts: dict) -> dict:
    """A flag with all defaults; each variant has the sources of its leaves"""
    flag = FLAG(with_nothing(value))
    is_switch = flag["type"] == "boolean" and "variants" not in flag  # CMP-12
    flag = DEFAULTS | {"salt": key} | (SWITCH if is_switch else {}) | flag
    variants, on, patch = flag["variants"], flag["onVariant"], flag["environmentPatch"]
    need(1 <= len(variants) <= MAX_VARIANTS and all(map(name, variants)), "not 1 to 100 variants with names")
    need(all(isinstance(one, TYPES[flag["type"]]) for one in variants.values()), "a variant not of the flag's type")
    off = flag["offVariant"]
    need((off is NOTHING or off in variants) and on in (None, *variants), "unknown onVariant or offVariant")  # CMP-13
    need("serve" in flag or on, "neither serve nor onVariant")  # CMP-14
    flag = {"serve": {"variant": on}} | flag
    flag["serves"] = [rule["serve"] for rule in flag["rules"]] + [flag["serve"]]  # in the order of SV-25
    for serve in flag["serves"]:
        named = [serve, serve.get("onMissing", {}), *serve.get("arms", [])]
        names = [one["variant"] for one in named if one.get("variant", NOTHING) is not NOTHING]
        need(variants.keys() >= set(names), "unknown variant")
        experiment = serve.get("experiment", {})
        need("group" not in experiment or experiment["group"] in groups, "unknown group")
        need("holdout" not in experiment or experiment["holdout"] in holdouts, "unknown holdout")
    need({salt_and_kind(one)[1] for one in flag["overrides"]} <= set(flag["levels"]), "overrides of no level")
    entries = [entry for entries in flag["overrides"].values() for entry in entries.values()]
    need("include" not in entries or on, "nothing to include in")
    need({one["variant"] for one in entries if "variant" in one} <= variants.keys(), "unknown variant of an override")
    patches = [entry for entry in entries if "patch" in entry] + ([] if patch is None else [patch])
    need(flag["type"] == "object" or not patches, "a patch of another type than object")  # CMP-18
    flag["variants"] = {variant: (one, dict.fromkeys(leaves(one), "default")) for variant, one in variants.items()}
    if patch is not None:
        flag["variants"] = {one: patched(*known, patch, "environment") for one, known in flag["variants"].items()}
    return flag


class Snapshot:
    """The parts of a document that compile, and the issues of the others"""

    def __init__(self, value: object) -> None:
        """Raise BrokenError if the document is refused (CMP-1); the order is that of CMP-33"""
        document = DOCUMENT(value)
        self.issues: list[dict] = []
        self.known = sorted(document.get("flags", {}))
        self.groups = self.compiled(document, "groups", lambda _, group: GROUP(group))
        self.holdouts = self.compiled(document, "holdouts", lambda _, holdout: HOLDOUT(holdout))
        self.segments = self.compiled(document, "segments", lambda _, segment: SEGMENT(segment))
        self.flags = self.compiled(document, "flags", lambda *flag: compile_flag(*flag, self.groups, self.holdouts))
        self.claim_slices()
        self.break_cycles()
        self.resolve_references()

    def compiled(self, document: dict, parts: str, compile_part: Callable) -> dict:
        """Compile each part by itself (CMP-2)"""
        found = {}
        for key, part in sorted(document.get(parts, {}).items()):
            try:
                need(KEY.fullmatch(key), "no key")
                need(is_readable(part) and containers(part) <= MAX_CONTAINERS, "something unreadable")
                compiled = compile_part(key, part)
                need(sum(map(pattern_size, conditions(compiled))) <= MAX_PATTERNS, "too much matching")
                need(compiled.get("needs", 1) >= 2 or not is_of_version_2(compiled), "of version 2 of the language")
                found[key] = compiled
            except BrokenError as error:
                self.report(parts, key, str(error))
        return found

    def report(self, parts: str, key: str, message: str) -> None:
        getattr(self, parts, {}).pop(key, None)
        [pointer] = leaves({key: None}, f"/{parts}")
        self.issues.append({"pointer": re.sub(r"([^/]{255})[^/]+", r"\1…", pointer), "message": message})

    def claim_slices(self) -> None:  # SV-25
        claimed: list[tuple] = []  # (group, experiment, from, until)
        for key in sorted(self.flags):
            experiments = [serve.get("experiment", {}) for serve in self.flags[key]["serves"]]
            own = [(one["group"], one["key"], *ends) for one in experiments for ends in one.get("slice", [])]
            rivals = [
                (one, other) for one in own for other in claimed + own if one[0] == other[0] and one[1] != other[1]
            ]
            if any(one[2] < other[3] and other[2] < one[3] for one, other in rivals):
                self.report("flags", key, "a slice that overlaps another experiment's")
            else:
                claimed += own

    def edges(self, parts: str, key: str) -> Iterator[tuple[str, str, list | None]]:
        """References of a compiled part: (parts, key, variants), where variants is None for a prerequisite"""
        part = getattr(self, parts)[key]
        yield from (("flags", other["flag"], None) for other in part.get("prerequisites", []))
        for condition in conditions(part):
            yield from references(condition)

    def break_cycles(self) -> None:  # CMP-31: a part is in a cycle if it reaches itself
        nodes = [(parts, key) for parts in ("segments", "flags") for key in getattr(self, parts)]
        graph = {node: {edge[:2] for edge in self.edges(*node)} for node in nodes}
        for node, referents in graph.items():
            reached, ahead = set(), referents
            while ahead:
                reached |= ahead
                ahead = {following for one in ahead for following in graph.get(one, ())} - reached
            if node in reached:
                self.report(*node, "is part of a cycle")

    def resolve_references(self) -> None:
        """CMP-30, CMP-32, CMP-34, RX-10; the recursion ends, since parts in cycles were removed"""
        work: dict[tuple[str, str], tuple[int, int]] = {}
        depths: dict[tuple[str, str], int] = {}

        def depth(condition: dict) -> int:
            target = ("flags", condition["flag"]) if "flag" in condition else ("segments", condition.get("segment"))
            return 1 + max(map(depth, inner_conditions(condition)), default=depths.get(target, 0))

        def settle(parts: str, key: str) -> tuple[int, int]:  # visits and size of patterns; 0 if unknown or broken
            if (parts, key) in work or key not in getattr(self, parts):
                return work.get((parts, key), (0, 0))
            visits, size = 1, sum(map(pattern_size, conditions(getattr(self, parts)[key])))
            try:
                for other_parts, other, variants in self.edges(parts, key):
                    other_visits, other_size = settle(other_parts, other)
                    need(other_visits or variants is None, f"`{other}` is unknown or broken")
                    need(not variants or set(variants) <= self.flags[other]["variants"].keys(), "an unknown variant")
                    visits, size = visits + other_visits, size + other_size
                part = getattr(self, parts)[key]
                inner = [depth(condition) for condition in conditions(part) if condition]
                inner += [depths.get(("flags", other["flag"]), 0) for other in part.get("prerequisites", [])]
                depths[parts, key] = 1 + max(inner, default=0)
                need(visits <= MAX_VISITS, "too many visits")
                need(size <= MAX_PATTERNS, "too much matching")
                need(depths[parts, key] <= MAX_EVALUATION_DEPTH, "too deep")
            except BrokenError as error:
                self.report(parts, key, str(error))
                visits, size, depths[parts, key] = 0, 0, 0
            work[parts, key] = visits, size
            return visits, size

        for parts in ("segments", "flags"):
            for key in list(getattr(self, parts)):
                settle(parts, key)
