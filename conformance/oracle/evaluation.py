"""Evaluation: the outcome of a flag for a context at an instant (language.md §§ 3 to 6, 8 and 9)"""

from itertools import accumulate

from documents import Snapshot
from operators import passes
from shapes import NOTHING
from values import (
    MISSING,
    TOTAL,
    entry_of,
    is_integer,
    is_readable,
    patched,
    read_attribute,
    read_unit,
    salt_and_kind,
    slot,
    usable,
)

MINUTE = 60_000
MAX_ATTRIBUTES = 1000
OUTCOME = ("value", "variant", "enabled", "reason", "errorCode", "detail", "metadata", "inExperiment", "sources")
Served = tuple[str, str, dict]  # variant, reason, detail


def failed(code: str, default: object, metadata: dict | None = None) -> dict:  # OUT-2
    return dict(zip(OUTCOME, (default, None, False, "ERROR", code, {}, metadata or {}, False, {}), strict=True))


def is_constant(flag: dict) -> bool:  # EV-42
    if flag["rules"] or flag["prerequisites"] or flag["expiresAt"] is not None or any(flag["overrides"].values()):
        return False
    if "choose" in flag["serve"]:
        return False
    full = "variant" in flag["serve"] or any(arm["weight"] == TOTAL for arm in flag["serve"]["arms"])
    alone = not flag["serve"].get("experiment", {}).keys() & {"group", "holdout"}
    return full and alone and flag["serve"].get("rollout", TOTAL) == TOTAL


class UnusableError(Exception):
    """A required unit is missing or not usable; the argument says whether it is missing (SV-17, SV-18)"""


class Evaluation:
    """Evaluation of a snapshot for a context at an instant"""

    def __init__(self, snapshot: Snapshot, context: object, now: int) -> None:
        self.snapshot, self.context, self.now = snapshot, context, now
        key_fits = isinstance(context, dict) and isinstance(context.get("targetingKey"), str | None)
        self.is_valid = key_fits and is_readable(context) and len(context) <= MAX_ATTRIBUTES  # CTX-1, CTX-7
        self.looked = False  # whether the last serve used a slot

    def outcome(self, key: str, wanted: str | None, default: object) -> dict:
        """The outcome of a flag, by § 4"""
        if not self.is_valid:
            return failed("INVALID_CONTEXT", default)
        flag = self.snapshot.flags.get(key)
        if flag is None:
            return failed("PARSE_ERROR" if key in self.snapshot.known else "FLAG_NOT_FOUND", default)
        variant, reason, detail = self.served(flag)
        if variant is NOTHING:  # OUT-8
            why = ("DISABLED" if reason == "DISABLED" else "DEFAULT", None, detail, flag["metadata"])
            return dict(zip(OUTCOME, (default, None, False, *why, "experiment" in detail, {}), strict=True))
        if wanted not in (None, flag["type"]) and not (wanted == "integer" and flag["type"] == "number"):
            return failed("TYPE_MISMATCH", default, flag["metadata"])
        value, sources = flag["variants"][variant]
        if wanted == "integer" and not is_integer(value):
            return failed("TYPE_MISMATCH", default, flag["metadata"])
        decided = flag["levels"].index(detail["level"]) if "level" in detail else len(flag["levels"])
        for level in reversed(flag["levels"][:decided] if reason != "DISABLED" else []):  # PT-2
            entry = self.entry(flag, level)
            if "patch" in entry:
                value, sources = patched(value, sources, entry["patch"], level)
        shown = sources if isinstance(value, dict) else {}
        why = (reason, None, detail, flag["metadata"], "experiment" in detail, shown)
        return dict(zip(OUTCOME, (value, variant, variant != flag["offVariant"], *why), strict=True))

    def served(self, flag: dict) -> Served:  # noqa: PLR0911 - one for each step
        """EV-10 to EV-42"""
        if not flag["enabled"]:
            return flag["offVariant"], "DISABLED", {"step": "disabled"}
        if flag["expiresAt"] is not None and self.now >= flag["expiresAt"]:
            return flag["offVariant"], "DISABLED", {"step": "expired"}
        for prerequisite in flag["prerequisites"]:
            other = self.snapshot.flags.get(prerequisite["flag"])
            variant = other and self.served(other)[0]
            is_on = variant is not NOTHING and other is not None and variant != other["offVariant"]
            if not is_on or variant not in prerequisite["variants"]:
                return flag["offVariant"], "DISABLED", {"step": "prerequisite", "flag": prerequisite["flag"]}
        for level in flag["levels"]:
            entry = self.entry(flag, level)
            if "patch" not in entry and entry:
                names = {"exclude": flag["offVariant"], "include": flag["onVariant"]}
                variant = names[entry] if isinstance(entry, str) else entry["variant"]
                return variant, "TARGETING_MATCH", {"step": "override", "level": level}
        for index, rule in enumerate(flag["rules"]):
            applies = rule.get("from", self.now) <= self.now < rule.get("until", self.now + 1)  # TIME-5
            applies = applies and ("when" not in rule or self.holds(rule["when"]))
            served = self.serve(rule["serve"], flag["salt"]) if applies else None
            if served:
                identity = {"id": rule["id"]} if "id" in rule else {}
                detail = {"step": "rule", "index": float(index)} | identity | served[1]
                return served[0], "SPLIT" if self.looked else "TARGETING_MATCH", detail
        served = self.serve(flag["serve"], flag["salt"])
        if not served:
            return flag["offVariant"], "DEFAULT", {"step": "declined"}
        reason = "SPLIT" if self.looked else "STATIC" if is_constant(flag) else "DEFAULT"
        return served[0], reason, {"step": "serve"} | served[1]

    def entry(self, flag: dict, level: str) -> str | dict:
        """The override of this context at a level, or {}"""
        names = [one for one in flag["overrides"] if salt_and_kind(one)[1] == level]
        key = usable(read_unit(self.context, level))
        return next((entry_of(flag["overrides"], one, key) for one in names), None) or {}

    def serve(self, serve: dict, flag_salt: str) -> tuple[str, dict] | None:
        """The variant and the experiment of the unit, or None; `looked` says whether a hash decided (SV-30)"""
        self.looked = False
        try:
            if "choose" in serve:
                return self.choose(serve)
            return self.pass_stages(serve, serve.get("salt", flag_salt), serve.get("unit", "user"))
        except UnusableError as error:
            self.looked, on_missing = False, serve.get("onMissing")
            return (on_missing["variant"], {}) if on_missing and error.args[0] else None

    def choose(self, serve: dict) -> tuple[str, dict] | None:
        """SV-42"""
        arm = serve["choose"](self.context, self.now)
        if arm is None:
            return None
        self.looked = True
        experiment = serve.get("experiment")
        return serve["arms"][arm]["variant"], {"experiment": experiment["key"]} if experiment else {}

    def pass_stages(self, serve: dict, salt: str, unit: str) -> tuple[str, dict] | None:
        """SV-2: holdout, slice, rollout, arms"""
        experiment, stages = serve.get("experiment", {}), []  # (ranges, whether to be inside, salt, unit)
        if "holdout" in experiment:
            holdout = self.snapshot.holdouts[experiment["holdout"]]
            stages.append(([[0, holdout["percent"]]], False, holdout["salt"] + "/holdout", holdout.get("unit", "user")))
        if "group" in experiment:
            group = self.snapshot.groups[experiment["group"]]
            stages.append((experiment["slice"], True, group["salt"] + "/slice", group.get("unit", "user")))
        stages.append(([[0, self.share(serve.get("rollout", TOTAL))]], True, salt + "/rollout", unit))
        if not all(self.is_within(ranges, *hashed) == inside for ranges, inside, *hashed in stages):
            return None
        certain = [arm for arm in serve.get("arms", [serve]) if arm.get("weight", TOTAL) == TOTAL]
        if certain:
            return certain[0]["variant"], {}
        position = self.slot_of(salt + "/arms", unit)
        ends = accumulate(arm["weight"] for arm in serve["arms"])
        variant = next(arm["variant"] for arm, end in zip(serve["arms"], ends, strict=True) if position < end)
        return variant, {"experiment": experiment["key"]} if experiment else {}

    def is_within(self, ranges: list[list[int]], salt: str, unit: str) -> bool:
        """Whether the unit's slot is in one of the ranges; the unit is read only if needed (SV-16)"""
        covered = sum(until - start for start, until in ranges)
        if covered in (0, TOTAL):
            return covered == TOTAL
        position = self.slot_of(salt, unit)
        return any(start <= position < until for start, until in ranges)

    def slot_of(self, salt: str, unit: str) -> int:  # SV-12, SV-17, SV-18
        value = read_unit(self.context, unit)
        if usable(value) is None:
            raise UnusableError(value is None or value is MISSING)
        self.looked = True
        return slot(salt, usable(value))

    def share(self, rollout: int | dict) -> int:  # The share in force at now (SV-6, TIME-7, TIME-8)
        if isinstance(rollout, int):
            return rollout
        if "steps" in rollout:
            return next((step["percent"] for step in reversed(rollout["steps"]) if step["at"] <= self.now), 0)
        begin, until, start, end = (rollout[member] for member in ("from", "until", "start", "end"))
        minute = min(max(self.now // MINUTE * MINUTE, begin), until)
        return start + (end - start) * (minute - begin) // (until - begin)

    def holds(self, condition: dict) -> bool:  # noqa: PLR0911 - one for each form
        """§ 6"""
        if "all" in condition:
            return all(map(self.holds, condition["all"]))
        if "any" in condition:
            return any(map(self.holds, condition["any"]))
        if "not" in condition:
            return not self.holds(condition["not"])
        if "segment" in condition:
            return self.is_in(self.snapshot.segments[condition["segment"]])
        if "flag" in condition:
            return self.served(self.snapshot.flags[condition["flag"]])[0] in condition["variants"]
        if "dialect" in condition:
            return condition["dialect"](self.context, self.now)
        if "bucket" in condition:
            bucket = condition["bucket"]
            text = usable(read_unit(self.context, bucket.get("unit", "user")))
            return text is not None and bucket["from"] <= slot(bucket["salt"], text) < bucket["until"]
        return passes(condition, read_attribute(self.context, condition["attribute"])) != condition["negated"]

    def is_in(self, segment: dict) -> bool:  # OP-61
        for lists, answer in ((segment.get("exclude", {}), False), (segment.get("include", {}), True)):
            for one in lists:
                if entry_of(lists, one, usable(read_unit(self.context, salt_and_kind(one)[1]))):
                    return answer
        return "when" in segment and self.holds(segment["when"])
