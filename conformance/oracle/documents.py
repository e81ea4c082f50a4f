"""Loading: from a document to flags that can be evaluated, and to what is wrong with the others (language.md § 2)"""

import re
import sys
from collections.abc import Callable, Iterator

from operators import text
from patches import leaves, patched
from shapes import FLAG, GROUP, HOLDOUT, MAX_VARIANTS, SEGMENT, BrokenError, name, need, references, shaped, take
from values import is_integer

sys.setrecursionlimit(100_000)  # a chain of 1,000 references is deep, and no more than that is evaluated

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
MAX_VISITS = 1000
TYPES = {"boolean": bool, "string": str, "number": float, "object": dict | list}


class RefusedError(Exception):
    """The document cannot be loaded at all"""


def by_key(value: object) -> dict | None:
    """Parts that are yet to be read"""
    return value if isinstance(value, dict) else None


DOCUMENT = shaped(
    {"schemaVersion": lambda value: is_integer(value, 1, 1) or None},
    {"environment": text, "revision": lambda value: [value] if is_integer(value, 0) else None}
    | dict.fromkeys(("flags", "segments", "groups", "holdouts"), by_key),
    ignores_others=True,
)


class Flag:
    """A flag that has been checked, with all defaults"""

    def __init__(self, key: str, value: object, groups: dict, holdouts: dict) -> None:
        """Raise BrokenError if anything is wrong in the flag itself"""
        flag = FLAG(value)
        self.type, self.enabled, self.salt = flag["type"], flag["enabled"], flag.get("salt", key)
        self.metadata = {one: value[0] for one, value in flag.get("metadata", {}).items()}
        self.expires_at, self.prerequisites = flag.get("expiresAt"), flag.get("prerequisites", [])
        self.read_variants(flag)
        self.read_overrides(flag)
        self.rules = flag.get("rules", [])
        need("serve" in flag or self.on, "neither serve nor onVariant")
        self.serve = flag.get("serve", {"variant": self.on})
        self.serves = [rule["serve"] for rule in self.rules] + [self.serve]  # in the order of SV-25
        for rule in self.rules:
            need("from" not in rule or "until" not in rule or rule["from"] < rule["until"], "a window never opens")
        for serve in self.serves:
            named = [serve, serve.get("onMissing", {}), *serve.get("arms", [])]
            need({one["variant"] for one in named if "variant" in one} <= self.variants.keys(), "unknown variant")
            experiment = serve.get("experiment", {})
            need("group" not in experiment or experiment["group"] in groups, "unknown group")
            need("holdout" not in experiment or experiment["holdout"] in holdouts, "unknown holdout")

    def read_variants(self, flag: dict) -> None:
        """CMP-12, CMP-13, CMP-18, PT-1"""
        if self.type == "boolean" and "variants" not in flag:
            flag = {"variants": {"on": True, "off": False}, "onVariant": "on", "offVariant": "off"} | flag
        variants, patch = flag.get("variants", {}), flag.get("environmentPatch")
        self.on, self.off = flag.get("onVariant"), flag.get("offVariant")
        need(1 <= len(variants) <= MAX_VARIANTS, "not 1 to 100 variants")
        need(self.off in variants and self.on in (None, *variants), "unknown onVariant or offVariant")
        need(patch is None or self.type == "object", "a patch of another type than object")
        self.variants: dict[str, tuple[object, dict]] = {}  # each with the sources of its leaves
        for variant, value in variants.items():
            need(isinstance(value, TYPES[self.type]), f"`{take(name, variant)}` is not of the flag's type")
            sources = dict.fromkeys(leaves(value), "default")
            plain = value, sources
            self.variants[variant] = plain if patch is None else patched(value, sources, patch, "environment")

    def read_overrides(self, flag: dict) -> None:
        """CMP-16 to CMP-18"""
        self.levels, self.overrides = flag.get("levels", ["user", "organization"]), flag.get("overrides", {})
        need(len(set(self.levels)) == len(self.levels), "levels that are not different")
        need(self.overrides.keys() <= set(self.levels), "overrides of no level")
        for entry in [entry for entries in self.overrides.values() for entry in entries.values()]:
            need(entry != "include" or self.on is not None, "nothing to include in")
            if isinstance(entry, dict):
                need("patch" not in entry or self.type == "object", "a patch of another type than object")
                need("patch" in entry or entry["variant"] in self.variants, "unknown variant")


class Snapshot:
    """The parts of a document that compiled, and the issues of the others"""

    def __init__(self, value: object) -> None:
        """Raise RefusedError if there is no such document (CMP-1); CMP-33 for the order"""
        try:
            document = DOCUMENT(value)
        except BrokenError as error:
            raise RefusedError(str(error)) from error
        self.issues: list[dict] = []
        self.known = sorted(document.get("flags", {}))
        self.groups = self.compiled(document, "groups", lambda _, group: GROUP(group))
        self.holdouts = self.compiled(document, "holdouts", lambda _, holdout: HOLDOUT(holdout))
        self.segments = self.compiled(document, "segments", lambda _, segment: SEGMENT(segment))
        self.flags = self.compiled(document, "flags", lambda key, flag: Flag(key, flag, self.groups, self.holdouts))
        self.claim_slices()
        self.break_cycles()
        self.resolve_references()

    def compiled(self, document: dict, parts: str, compile_part: Callable) -> dict:
        """CMP-2: each by itself"""
        found = {}
        for key, part in sorted(document.get(parts, {}).items()):
            try:
                need(KEY.fullmatch(key), "no key")
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
            experiments = [serve.get("experiment", {}) for serve in self.flags[key].serves]
            own = [(one["group"], one["key"], *ends) for one in experiments for ends in one.get("slice", [])]
            if any(overlap(one, other) for one in own for other in claimed + own):
                self.report("flags", key, "a slice that overlaps another experiment's")
            else:
                claimed += own

    def edges(self, parts: str, key: str) -> Iterator[tuple[str, str, list | None]]:
        """What a part that compiled refers to: (parts, key, variants), without variants for a prerequisite"""
        if parts == "segments":
            yield from references(self.segments[key].get("when", {}))
            return
        for prerequisite in self.flags[key].prerequisites:
            yield "flags", prerequisite["flag"], None
        for rule in self.flags[key].rules:
            yield from references(rule.get("when", {}))

    def nodes(self) -> list[tuple[str, str]]:
        """All flags and segments that are left"""
        return [("segments", key) for key in self.segments] + [("flags", key) for key in self.flags]

    def break_cycles(self) -> None:
        """CMP-31: a member of a cycle is what reaches itself"""
        graph = {node: {edge[:2] for edge in self.edges(*node)} for node in self.nodes()}
        for node, referents in graph.items():
            reached, ahead = set(), list(referents)
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
                    need(not variants or set(variants) <= self.flags[other].variants.keys(), f"`{other}` lacks one")
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
