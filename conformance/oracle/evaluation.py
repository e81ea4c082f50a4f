"""Evaluation: what a flag answers for a context at an instant (language.md §§ 3 to 6, 8 and 9)"""

from collections.abc import Callable, Iterator

import literals
import patterns
from documents import FOLDING, SIZES, Flag, Snapshot, get, literals_of, operator, thousandths
from values import (
    MISSING,
    TOTAL,
    is_integer,
    is_number,
    patched,
    read_attribute,
    read_key,
    read_unit,
    same,
    slot,
    usable,
)

MINUTE = 60_000
STRING_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, literal: literal in text,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "matches": patterns.matches,
}
ORDERS: dict[str, Callable[[object, object], bool]] = {
    "Equal": lambda one, other: one == other,
    "Less": lambda one, other: one < other,
    "LessOrEqual": lambda one, other: one <= other,
    "Greater": lambda one, other: one > other,
    "GreaterOrEqual": lambda one, other: one >= other,
}
NUMBERS = ("lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual")


def is_constant(flag: Flag) -> bool:
    """EV-42"""
    if flag.rules or flag.prerequisites or flag.expires_at is not None or any(flag.overrides.values()):
        return False
    serve = flag.serve
    if isinstance(serve, str):
        return True
    experiment = get(serve, "experiment", {})
    full = get(serve, "arms") is None or any(arm["weight"] == TOTAL for arm in serve["arms"])
    alone = get(experiment, "group") is None and get(experiment, "holdout") is None
    return full and alone and get(serve, "rollout", 100.0) == 100


class Served:
    """A variant that was served, and why (OUT-1)"""

    def __init__(self, variant: str, reason: str, step: str, level: str | None = None, **detail: object) -> None:
        """`level` is that of a deciding override; `detail` joins the step, None is left out"""
        self.variant, self.reason, self.level = variant, reason, level
        self.detail = {"step": step} | {name: value for name, value in detail.items() if value is not None}


class DeclinedError(Exception):
    """A serve that serves nothing (SV-2)"""


class AbsentError(Exception):
    """A unit that is needed is missing (SV-17)"""


class Evaluation:
    """A context at an instant, over a snapshot"""

    def __init__(self, snapshot: Snapshot, context: object, now: int) -> None:
        """`context` is any JSON value; MISSING stands for malformed text"""
        self.snapshot, self.context, self.now = snapshot, context, now
        self.served_flags: dict[str, Served] = {}
        self.met_segments: dict[str, bool] = {}

    # ---- the order of an evaluation -------------------------------------------------------------------------------

    def outcome(self, key: str, wanted: str | None, default: object) -> dict:
        """The outcome of a flag, by § 4"""
        context_fits = isinstance(self.context, dict) and isinstance(get(self.context, "targetingKey", ""), str)
        flag = self.snapshot.flags.get(key)
        if not context_fits:
            return self.error("INVALID_CONTEXT", default)
        if flag is None:
            return self.error("PARSE_ERROR" if key in self.snapshot.known else "FLAG_NOT_FOUND", default)
        if wanted not in (None, flag.type) and not (wanted == "integer" and flag.type == "number"):
            return self.error("TYPE_MISMATCH", default, flag.metadata)
        served = self.serve_flag(key)
        value, sources = flag.variants[served.variant]
        if wanted == "integer" and not is_integer(value):
            return self.error("TYPE_MISMATCH", default, flag.metadata)
        if served.reason != "DISABLED":
            for level, patch in self.patches(flag, served.level):
                value, sources = patched(value, sources, patch, level)
        return {
            "value": value,
            "variant": served.variant,
            "enabled": served.variant != flag.off,
            "reason": served.reason,
            "errorCode": None,
            "detail": served.detail,
            "metadata": flag.metadata,
            "inExperiment": "experiment" in served.detail,
            "sources": sources if isinstance(value, dict) else {},
        }

    @staticmethod
    def error(code: str, default: object, metadata: dict | None = None) -> dict:
        """OUT-2"""
        return {
            "value": default,
            "variant": None,
            "enabled": False,
            "reason": "ERROR",
            "errorCode": code,
            "detail": {},
            "metadata": metadata or {},
            "inExperiment": False,
            "sources": {},
        }

    def serve_flag(self, key: str) -> Served:
        """The variant of a flag that compiled; remembered, since it is a function of context and now"""
        if key not in self.served_flags:
            self.served_flags[key] = self.decide(self.snapshot.flags[key])
        return self.served_flags[key]

    def decide(self, flag: Flag) -> Served:  # noqa: PLR0911 - one a step
        """EV-10 to EV-42"""
        if not flag.enabled:
            return Served(flag.off, "DISABLED", "disabled")
        if flag.expires_at is not None and self.now >= flag.expires_at:
            return Served(flag.off, "DISABLED", "expired")
        for prerequisite in flag.prerequisites:
            if not self.is_met(prerequisite):
                return Served(flag.off, "DISABLED", "prerequisite", flag=prerequisite["flag"])
        for level in flag.levels:
            entry = self.entry(flag, level)
            if entry == "exclude":
                return self.overridden(flag.off, level)
            if isinstance(entry, dict) and get(entry, "variant") is not None:
                return self.overridden(entry["variant"], level)
            if entry == "include":
                return self.overridden(flag.on, level)
        for index, rule in enumerate(flag.rules):
            if self.is_open(rule) and self.holds(get(rule, "when", {"all": []})):
                try:
                    variant, hashed, experiment = self.pass_serve(rule["serve"], flag.salt)
                except DeclinedError:
                    continue
                reason = "SPLIT" if hashed else "TARGETING_MATCH"
                return Served(variant, reason, "rule", index=float(index), id=get(rule, "id"), experiment=experiment)
        try:
            variant, hashed, experiment = self.pass_serve(flag.serve, flag.salt)
        except DeclinedError:
            return Served(flag.off, "DEFAULT", "declined")
        reason = "SPLIT" if hashed else "STATIC" if is_constant(flag) else "DEFAULT"
        return Served(variant, reason, "serve", experiment=experiment)

    @staticmethod
    def overridden(variant: str, level: str) -> Served:
        """EV-20"""
        served = Served(variant, "TARGETING_MATCH", "override", level)
        served.detail["level"] = level
        return served

    def is_met(self, prerequisite: dict) -> bool:
        """EV-12"""
        other = self.snapshot.flags.get(prerequisite["flag"])
        if other is None:
            return False
        variant = self.serve_flag(prerequisite["flag"]).variant
        return variant != other.off and variant in prerequisite["variants"]

    def entry(self, flag: Flag, level: str) -> object:
        """What the overrides of a level say of this context, None for nothing"""
        return flag.overrides.get(level, {}).get(usable(read_key(self.context, level)))

    def patches(self, flag: Flag, decided: str | None) -> Iterator[tuple[str, dict]]:
        """PT-2: the levels that are patched, general first"""
        specific = flag.levels if decided is None else flag.levels[: flag.levels.index(decided)]
        for level in reversed(specific):
            entry = self.entry(flag, level)
            if isinstance(entry, dict) and get(entry, "patch") is not None:
                yield level, entry["patch"]

    def is_open(self, rule: dict) -> bool:
        """TIME-5"""
        start, end = (get(rule, member) for member in ("from", "until"))
        if start is not None and self.now < literals.instant(start):
            return False
        return end is None or self.now < literals.instant(end)

    # ---- serves ---------------------------------------------------------------------------------------------------

    def pass_serve(self, serve: object, flag_salt: str) -> tuple[str, bool, str | None]:
        """The variant, whether a hash decided, and the experiment that the unit is in; or DeclinedError"""
        if isinstance(serve, str):
            return serve, False, None
        try:
            return self.pass_steps(serve, get(serve, "salt", flag_salt))
        except AbsentError:
            on_missing = get(serve, "onMissing", "decline")
            if on_missing == "decline":
                raise DeclinedError from None
            return on_missing["variant"], False, None

    def pass_steps(self, serve: dict, salt: str) -> tuple[str, bool, str | None]:
        """SV-2; `share` below tells whether a slot had to be looked at"""
        unit, experiment = get(serve, "unit", "user"), get(serve, "experiment", {})
        hashed = False
        if get(experiment, "holdout") is not None:
            holdout = self.snapshot.holdouts[experiment["holdout"]]
            share, held_unit = thousandths(holdout["percent"]), get(holdout, "unit", "user")
            held, hashed = self.below(share, holdout["salt"] + "/holdout", held_unit)
            if held:
                raise DeclinedError
        if get(experiment, "group") is not None:
            hashed |= self.pass_slice(experiment["slice"], self.snapshot.groups[experiment["group"]])
        passes, looked = self.below(self.share(get(serve, "rollout", 100.0)), salt + "/rollout", unit)
        if not passes:
            raise DeclinedError
        hashed |= looked
        if get(serve, "arms") is None:
            return serve["variant"], hashed, None
        for arm in serve["arms"]:
            if arm["weight"] == TOTAL:
                return arm["variant"], hashed, None
        position, reached = self.slot_of(salt + "/arms", unit), 0
        for arm in serve["arms"]:
            reached += arm["weight"]
            if position < reached:
                return arm["variant"], True, get(experiment, "key")
        raise AssertionError("weights sum to the total, and every slot is below it")

    def below(self, share: int, salt: str, unit: str) -> tuple[bool, bool]:
        """Whether the unit's slot is below a share, and whether it was looked at (SV-16)"""
        if share in (0, TOTAL):
            return share == TOTAL, False
        return self.slot_of(salt, unit) < share, True

    def pass_slice(self, ranges: list, group: dict) -> bool:
        """SV-22; whether a slot was looked at"""
        if sum(until - start for start, until in ranges) == TOTAL:
            return False
        position = self.slot_of(group["salt"] + "/slice", get(group, "unit", "user"))
        if not any(start <= position < until for start, until in ranges):
            raise DeclinedError
        return True

    def slot_of(self, salt: str, unit: str) -> int:
        """SV-12, SV-17, SV-18"""
        value = read_unit(self.context, unit)
        if value is MISSING or value is None:
            raise AbsentError
        text = usable(value)
        if text is None:
            raise DeclinedError
        return slot(salt, text)

    def share(self, rollout: object) -> int:
        """The share in force at now (SV-6, TIME-7, TIME-8)"""
        if is_number(rollout):
            return thousandths(rollout)
        if get(rollout, "steps") is not None:
            begun = [step for step in rollout["steps"] if literals.instant(step["at"]) <= self.now]
            return thousandths(begun[-1]["percent"]) if begun else 0
        minute = self.now // MINUTE * MINUTE
        start, end = thousandths(rollout["start"]), thousandths(rollout["end"])
        begin, until = literals.instant(rollout["from"]), literals.instant(rollout["until"])
        if minute < begin:
            return start
        return end if minute >= until else start + (end - start) * (minute - begin) // (until - begin)

    # ---- conditions -----------------------------------------------------------------------------------------------

    def holds(self, condition: dict) -> bool:  # noqa: PLR0911 - one a form
        """§ 6"""
        if get(condition, "all") is not None:
            return all(self.holds(inner) for inner in condition["all"])
        if get(condition, "any") is not None:
            return any(self.holds(inner) for inner in condition["any"])
        if get(condition, "not") is not None:
            return not self.holds(condition["not"])
        if get(condition, "segment") is not None:
            return self.is_in(condition["segment"])
        if get(condition, "flag") is not None:
            return self.serve_flag(condition["flag"]).variant in condition["variants"]
        if get(condition, "bucket") is not None:
            bucket = condition["bucket"]
            text = usable(read_unit(self.context, get(bucket, "unit", "user")))
            return text is not None and bucket["from"] <= slot(bucket["salt"], text) < bucket["until"]
        base, negated = operator(condition["op"])
        return self.attribute_passes(base, condition) != negated

    def is_in(self, key: str) -> bool:
        """Whether the context is in a segment (OP-61); remembered like the variants of flags"""
        if key not in self.met_segments:
            segment = self.snapshot.segments[key]
            if self.is_listed(get(segment, "exclude", {})):
                self.met_segments[key] = False
            else:
                by_condition = get(segment, "when") is not None
                self.met_segments[key] = self.is_listed(get(segment, "include", {})) or (
                    by_condition and self.holds(segment["when"])
                )
        return self.met_segments[key]

    def is_listed(self, lists: dict) -> bool:
        """Whether the key of any kind is in its list"""
        return any(usable(read_key(self.context, kind)) in keys for kind, keys in lists.items())

    def attribute_passes(self, base: str, test: dict) -> bool:
        """A test without its negation (OP-4, OP-10 to OP-12)"""
        value = read_attribute(self.context, test["attribute"])
        if value is MISSING:
            return False
        if base == "exists":
            return True
        if base in SIZES:
            return isinstance(value, list) and ORDERS[base.removeprefix("size")](len(value), test["value"])
        taken = literals_of(base, test)
        found = taken.get("values", [taken.get("value")])
        folds = get(test, "ignoreCase", False)
        if not isinstance(value, list):
            return any(passes(base, value, literal, folds) for literal in found)
        elements = (any(passes(base, element, literal, folds) for literal in found) for element in value)
        array = get(test, "array", "any")
        return all(elements) if array == "all" else any(elements) == (array == "any")


def passes(base: str, value: object, literal: object, folds: bool) -> bool:  # noqa: PLR0911 - one a family
    """Whether one value that is no array matches one literal; an array or object matches nothing"""
    if folds and base in FOLDING and isinstance(value, str) and isinstance(literal, str):
        value, literal = literals.folded(value), literals.folded(literal)
    if base in ("equals", "in"):
        return same(value, literal)
    if base in NUMBERS:
        order = base[0].upper() + base[1:].removesuffix("Than")
        return is_number(value) and ORDERS[order](value, literal)
    if base in ("before", "after"):
        known, limit = literals.instant(value), literals.instant(literal)
        return known is not None and (known < limit if base == "before" else known > limit)
    if not isinstance(value, str):
        return False
    if base in STRING_TESTS:
        return STRING_TESTS[base](value, literal)
    if base == "cidr":
        address = literals.address(value)
        return address is not None and literals.in_network(address, literals.network(literal))
    version = literals.version(value)
    if version is None:
        return False
    if base == "semverMatches":
        return literals.in_range(version, literals.version_range(literal))
    return ORDERS[base.removeprefix("semver")](version, literals.version(literal))
