"""Evaluation: what a flag answers for a context at an instant (language.md §§ 3 to 6, 8 and 9)"""

from collections.abc import Callable, Iterator
from operator import eq, ge, gt, le, lt

import literals
import patterns
import values
from documents import COMPARISONS, FOLDING, NUMBERS, SIZES, Flag, Snapshot, get, literals_of, operator, thousandths
from values import MISSING, TOTAL, usable

MINUTE, FIRST, LAST = 60_000, -8.64e15, 8.64e15
ORDERS = dict(zip(COMPARISONS, (eq, lt, le, gt, ge), strict=True))
STRING_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, literal: literal in text,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "matches": patterns.matches,
}
OUTCOME = ("value", "variant", "enabled", "reason", "errorCode", "detail", "metadata", "inExperiment", "sources")


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

    def __init__(self, variant: str, reason: str, step: str, **detail: object) -> None:
        """`detail` joins the step; what is None is left out"""
        self.variant, self.reason = variant, reason
        self.detail = {"step": step} | {name: value for name, value in detail.items() if value is not None}


class DeclinedError(Exception):
    """A unit that is needed is not usable (SV-18)"""


class AbsentError(Exception):
    """A unit that is needed is missing (SV-17)"""


class Evaluation:
    """A context at an instant, over a snapshot"""

    def __init__(self, snapshot: Snapshot, context: object, now: int) -> None:
        """`context` is any JSON value; MISSING stands for malformed text"""
        self.snapshot, self.context, self.now = snapshot, context, now
        self.served_flags: dict[str, Served] = {}
        self.looked = False  # whether the serve that was passed last looked at a slot

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
        if wanted == "integer" and not values.is_integer(value):
            return self.error("TYPE_MISMATCH", default, flag.metadata)
        if served.reason != "DISABLED":
            for level, patch in self.patches(flag, served.detail.get("level")):
                value, sources = values.patched(value, sources, patch, level)
        enabled, in_experiment = served.variant != flag.off, "experiment" in served.detail
        shown = sources if isinstance(value, dict) else {}
        why = (served.reason, None, served.detail, flag.metadata, in_experiment, shown)
        return dict(zip(OUTCOME, (value, served.variant, enabled, *why), strict=True))

    @staticmethod
    def error(code: str, default: object, metadata: dict | None = None) -> dict:
        """OUT-2"""
        return dict(zip(OUTCOME, (default, None, False, "ERROR", code, {}, metadata or {}, False, {}), strict=True))

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
            full = {"exclude": flag.off, "include": flag.on} if isinstance(entry, str) else {}
            variant = full[entry] if full else get(entry, "variant")
            if variant is not None:
                return Served(variant, "TARGETING_MATCH", "override", level=level)
        for index, rule in enumerate(flag.rules):
            if self.is_open(rule) and self.holds(get(rule, "when", {"all": []})):
                served = self.pass_serve(rule["serve"], flag.salt)
                if served is not None:
                    reason = "SPLIT" if self.looked else "TARGETING_MATCH"
                    detail = {"index": float(index), "id": get(rule, "id"), "experiment": served[1]}
                    return Served(served[0], reason, "rule", **detail)
        served = self.pass_serve(flag.serve, flag.salt)
        if served is None:
            return Served(flag.off, "DEFAULT", "declined")
        reason = "SPLIT" if self.looked else "STATIC" if is_constant(flag) else "DEFAULT"
        return Served(served[0], reason, "serve", experiment=served[1])

    def is_met(self, prerequisite: dict) -> bool:
        """EV-12"""
        other = self.snapshot.flags.get(prerequisite["flag"])
        if other is None:
            return False
        variant = self.serve_flag(prerequisite["flag"]).variant
        return variant != other.off and variant in prerequisite["variants"]

    def entry(self, flag: Flag, level: str) -> object:
        """What the overrides of a level say of this context, {} for nothing"""
        return flag.overrides.get(level, {}).get(usable(values.read_key(self.context, level)), {})

    def patches(self, flag: Flag, decided: str | None) -> Iterator[tuple[str, dict]]:
        """PT-2: the levels that are patched, general first"""
        specific = flag.levels if decided is None else flag.levels[: flag.levels.index(decided)]
        for level in reversed(specific):
            entry = self.entry(flag, level)
            if isinstance(entry, dict) and get(entry, "patch") is not None:
                yield level, entry["patch"]

    def is_open(self, rule: dict) -> bool:
        """TIME-5"""
        start, end = literals.instant(get(rule, "from", FIRST)), literals.instant(get(rule, "until", LAST))
        return start <= self.now < end

    # ---- serves ---------------------------------------------------------------------------------------------------

    def pass_serve(self, serve: object, flag_salt: str) -> tuple[str, str | None] | None:
        """The variant and the experiment that the unit is in, or None; `looked` tells whether a hash decided (SV-30)"""
        self.looked = False
        if isinstance(serve, str):
            return serve, None
        try:
            return self.pass_steps(serve, get(serve, "salt", flag_salt))
        except DeclinedError:
            return None
        except AbsentError:
            self.looked, on_missing = False, get(serve, "onMissing", "decline")
            return None if on_missing == "decline" else (on_missing["variant"], None)

    def pass_steps(self, serve: dict, salt: str) -> tuple[str, str | None] | None:
        """SV-2: holdout, slice, rollout, arms"""
        unit, experiment = get(serve, "unit", "user"), get(serve, "experiment", {})
        holdout = self.snapshot.holdouts.get(get(experiment, "holdout"))
        if holdout and self.below(thousandths(holdout["percent"]), holdout["salt"] + "/holdout", holdout.get("unit")):
            return None
        group = self.snapshot.groups.get(get(experiment, "group"))
        if group and not self.is_in_slice(experiment["slice"], group):
            return None
        if not self.below(self.share(get(serve, "rollout", 100.0)), salt + "/rollout", unit):
            return None
        if get(serve, "arms") is None:
            return serve["variant"], None
        for arm in serve["arms"]:
            if arm["weight"] == TOTAL:
                return arm["variant"], None
        position, reached = self.slot_of(salt + "/arms", unit), 0
        for arm in serve["arms"]:
            reached += arm["weight"]
            if position < reached:
                return arm["variant"], get(experiment, "key")
        raise AssertionError("weights sum to the total, and every slot is below it")

    def below(self, share: int, salt: str, unit: str | None) -> bool:
        """Whether the unit's slot is below a share; it is looked at only where that depends on it (SV-16)"""
        return share == TOTAL or (share > 0 and self.slot_of(salt, unit) < share)

    def is_in_slice(self, ranges: list, group: dict) -> bool:
        """SV-22, SV-16"""
        if sum(until - start for start, until in ranges) == TOTAL:
            return True
        position = self.slot_of(group["salt"] + "/slice", group.get("unit"))
        return any(start <= position < until for start, until in ranges)

    def slot_of(self, salt: str, unit: str | None) -> int:
        """SV-12, SV-15, SV-17, SV-18"""
        value = values.read_unit(self.context, unit or "user")
        if value is MISSING or value is None:
            raise AbsentError
        text = usable(value)
        if text is None:
            raise DeclinedError
        self.looked = True
        return values.slot(salt, text)

    def share(self, rollout: object) -> int:
        """The share in force at now (SV-6, TIME-7, TIME-8)"""
        if values.is_number(rollout):
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
            text = usable(values.read_unit(self.context, get(bucket, "unit", "user")))
            return text is not None and bucket["from"] <= values.slot(bucket["salt"], text) < bucket["until"]
        base, negated = operator(condition["op"])
        return self.attribute_passes(base, condition) != negated

    def is_in(self, key: str) -> bool:
        """Whether the context is in a segment (OP-61)"""
        segment = self.snapshot.segments[key]
        if self.is_listed(get(segment, "exclude", {})):
            return False
        return self.is_listed(get(segment, "include", {})) or self.holds(get(segment, "when", {"any": []}))

    def is_listed(self, lists: dict) -> bool:
        """Whether the key of any kind is in its list"""
        return any(usable(values.read_key(self.context, kind)) in keys for kind, keys in lists.items())

    def attribute_passes(self, base: str, test: dict) -> bool:
        """A test without its negation (OP-4, OP-10 to OP-12)"""
        value = values.read_attribute(self.context, test["attribute"])
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
        return values.same(value, literal)
    if base in NUMBERS:
        order = base[0].upper() + base[1:].removesuffix("Than")
        return values.is_number(value) and ORDERS[order](value, literal)
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
