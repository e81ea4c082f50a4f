"""LaunchDarkly, a second time: what its flags give a context, written plainly from the published formulas

`evaluate` takes the vendor's own document and context; the importer and the core must answer the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)
NUMBER = r"(0|[1-9]\d*)"
IDENTIFIER = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = re.compile(
    rf"{NUMBER}\.{NUMBER}\.{NUMBER}(?:-({IDENTIFIER}(?:\.{IDENTIFIER})*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)
USER_STRINGS = ("name", "firstName", "lastName", "email", "country", "avatar", "ip")
MAX_MATCHED = 2048

Test = Callable[[object, object], bool]


class MalformedFlagError(Exception):
    """The flag is wrong in a way that this context reaches"""


class NoVariationError(MalformedFlagError):
    """A variation that the flag does not have; as a prerequisite the flag is only not met"""


def evaluate(document: dict, key: str, context: object) -> dict:
    """Value, index, kind of reason, and whether it takes part in an experiment; no index is the caller's default"""
    kinds = kinds_of(context)
    if kinds is None:
        return error("INVALID_CONTEXT")
    flags = document.get("flags", {})
    if key not in flags:
        return error("FLAG_NOT_FOUND")
    try:
        index, reason, takes_part = flag_index(document, flags[key], kinds)
        return outcome(flags[key], index, reason, takes_part)
    except MalformedFlagError:
        return error("MALFORMED_FLAG")


def error(code: str) -> dict:
    return {"value": None, "index": None, "reason": "ERROR", "errorCode": code, "inExperiment": False}


def outcome(flag: dict, index: int | None, reason: str, takes_part: bool) -> dict:
    if index is None:
        return {"value": None, "index": None, "reason": reason, "errorCode": None, "inExperiment": False}
    value = flag["variations"][index]
    return {"value": value, "index": index, "reason": reason, "errorCode": None, "inExperiment": takes_part}


def variation(flag: dict, index: int | None) -> int | None:
    if index is not None and not 0 <= index < len(flag.get("variations") or []):
        raise NoVariationError
    return index


# Contexts


def kinds_of(context: object) -> dict[str, dict] | None:
    """The attributes of each kind, with its `key`; None if LaunchDarkly does not evaluate the context"""
    if not isinstance(context, dict):
        return None
    if "kind" not in context:
        return old_user(context)
    if context["kind"] != "multi":
        single = individual(context["kind"], context)
        return None if single is None else {context["kind"]: single}
    kinds = {kind: individual(kind, members) for kind, members in context.items() if kind != "kind"}
    return None if not kinds or None in kinds.values() else kinds


def individual(kind: object, members: object) -> dict | None:
    if not isinstance(kind, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", kind) or kind in ("kind", "multi"):
        return None
    if not isinstance(members, dict) or "" in members:
        return None
    key, name, meta = members.get("key"), members.get("name"), members.get("_meta")
    if not isinstance(key, str) or key == "" or not (name is None or isinstance(name, str)):
        return None
    if "anonymous" in members and not isinstance(members["anonymous"], bool):
        return None
    if meta is not None and not (isinstance(meta, dict) and is_name_list(meta.get("privateAttributes"))):
        return None
    attributes = {name: value for name, value in members.items() if name != "_meta" and value is not None}
    return {"anonymous": False, **attributes, "kind": kind}


def is_name_list(names: object) -> bool:
    return names is None or (isinstance(names, list) and all(isinstance(name, str) for name in names))


def old_user(members: dict) -> dict[str, dict] | None:
    """The user of before there were kinds: its own attributes are in `custom`"""
    custom = members.get("custom")
    if not isinstance(members.get("key"), str) or "" in members or "_meta" in members:
        return None
    if not (custom is None or isinstance(custom, dict)) or not is_name_list(members.get("privateAttributeNames")):
        return None
    if not all(members.get(name) is None or isinstance(members[name], str) for name in USER_STRINGS):
        return None
    if not (members.get("anonymous") is None or isinstance(members["anonymous"], bool)):
        return None
    attributes = {name: value for name, value in (custom or {}).items() if value is not None}
    rest = {name: value for name, value in members.items() if name not in ("custom", "privateAttributeNames")}
    attributes.update({name: value for name, value in rest.items() if value is not None})
    return {"user": {"anonymous": False, **attributes, "kind": "user"}}


def attribute(members: dict, reference: str | None, kind: str | None) -> object:
    """The value that a reference names, None if it is missing; a reference is a path only beside a kind"""
    parts = [reference or ""]
    if kind and reference and reference.startswith("/"):
        parts = reference[1:].split("/")
        if any(re.search(r"~(?![01])", part) for part in parts):
            raise MalformedFlagError
        parts = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    if "" in parts:
        raise MalformedFlagError
    value: object = members
    for part in parts:
        value = value.get(part) if isinstance(value, dict) else None
    return value


# Flags


def flag_index(document: dict, flag: dict, kinds: dict, above: tuple = ()) -> tuple[int | None, str, bool]:
    """Index, kind of reason, and whether the context takes part in an experiment"""
    if not flag.get("on"):
        return variation(flag, flag.get("offVariation")), "DISABLED", False
    for wanted in flag.get("prerequisites") or []:
        above_here = (*above, flag["key"])
        if wanted["key"] in above_here:
            raise MalformedFlagError
        needed = document["flags"].get(wanted["key"])
        if needed is None or not is_met(document, needed, wanted["variation"], kinds, above_here):
            return variation(flag, flag.get("offVariation")), "DISABLED", False
    target = target_index(flag, kinds)
    if target is not None:
        return variation(flag, target), "TARGETING_MATCH", False
    for rule in flag.get("rules") or []:
        if all(clause_holds(document, clause, kinds) for clause in rule["clauses"]):
            return served(flag, rule, kinds, "TARGETING_MATCH")
    return served(flag, flag.get("fallthrough") or {}, kinds, "DEFAULT")


def is_met(document: dict, flag: dict, wanted: int, kinds: dict, above: tuple) -> bool:
    try:
        index, _, _ = flag_index(document, flag, kinds, above)
    except NoVariationError:
        return False
    return bool(flag.get("on")) and index == wanted


def target_index(flag: dict, kinds: dict) -> int | None:
    targets, by_kind = flag.get("targets") or [], flag.get("contextTargets") or []
    if not by_kind:
        by_kind = [{"variation": target["variation"], "values": []} for target in targets]
    for target in by_kind:
        kind, values = target.get("contextKind") or "user", target["values"]
        if kind == "user":
            lists = [user["values"] for user in targets if user["variation"] == target["variation"]]
            values = lists[0] if lists else []
        if kind in kinds and kinds[kind]["key"] in values:
            return target["variation"]
    return None


def served(flag: dict, serve: dict, kinds: dict, reason: str) -> tuple[int | None, str, bool]:
    if serve.get("variation") is not None:
        return variation(flag, serve["variation"]), reason, False
    rollout = serve.get("rollout")
    if rollout is None or not rollout.get("variations"):
        raise NoVariationError
    is_experiment = rollout.get("kind") == "experiment"
    found = bucket(rollout, "contextKind", flag["key"], flag.get("salt") or "", kinds, is_experiment)
    total, arm = 0.0, rollout["variations"][-1]
    for candidate in rollout["variations"]:
        total += candidate["weight"] / 100000.0
        if (found or 0.0) < total:
            arm = candidate
            break
    takes_part = is_experiment and found is not None and not arm.get("untracked")
    return variation(flag, arm["variation"]), "SPLIT", takes_part


def bucket(serve: dict, kind_field: str, key: str, salt: str, kinds: dict, only_key: bool) -> float | None:
    """From 0 to 1; None without a context of the kind"""
    kind = serve.get(kind_field)
    if (kind or "user") not in kinds:
        return None
    members, by = kinds[kind or "user"], None if only_key else serve.get("bucketBy") or None
    value = members["key"] if by is None else attribute(members, by, kind)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return 0.0
    prefix = f"{key}.{salt}" if serve.get("seed") is None else str(int(serve["seed"]))
    digest = hashlib.sha1(f"{prefix}.{value}".encode()).hexdigest()  # noqa: S324 - the vendor's hash
    return int(digest[:15], 16) / float(0xFFFFFFFFFFFFFFF)


# Clauses and segments


def clause_holds(document: dict, clause: dict, kinds: dict, above: tuple = ()) -> bool:
    negate = bool(clause.get("negate"))
    if clause["op"] == "segmentMatch":
        found = [document.get("segments", {}).get(key) for key in clause["values"]]
        return any(in_segment(document, segment, kinds, above) for segment in found if segment is not None) != negate
    if clause["attribute"] == "" or reference_name(clause) == "kind":
        if clause["attribute"] == "":
            raise MalformedFlagError
        return any(matches(clause["op"], kind, clause["values"]) for kind in kinds) != negate
    members = kinds.get(clause.get("contextKind") or "user")
    if members is None:
        return False
    value = attribute(members, clause["attribute"], clause.get("contextKind"))
    if value is None:
        return False
    elements = value if isinstance(value, list) else [value]
    if clause["op"] == "matches" and sum(len(text) + 1 for text in elements if isinstance(text, str)) > MAX_MATCHED + 1:
        return negate
    return any(matches(clause["op"], element, clause["values"]) for element in elements) != negate


def reference_name(clause: dict) -> str:
    name = clause["attribute"]
    return name[1:] if clause.get("contextKind") and name.startswith("/") else name


def in_segment(document: dict, segment: dict, kinds: dict, above: tuple) -> bool:
    if segment["key"] in above:
        raise MalformedFlagError
    for answer, own, by_kind in ((True, "included", "includedContexts"), (False, "excluded", "excludedContexts")):
        lists = [("user", segment.get(own) or [])]
        lists += [(target.get("contextKind") or "user", target["values"]) for target in segment.get(by_kind) or []]
        if any(kind in kinds and kinds[kind]["key"] in keys for kind, keys in lists):
            return answer
    above = (*above, segment["key"])
    for rule in segment.get("rules") or []:
        if not all(clause_holds(document, clause, kinds, above) for clause in rule["clauses"]):
            continue
        if rule.get("weight") is None:
            return True
        found = bucket(
            {**rule, "seed": None}, "rolloutContextKind", segment["key"], segment.get("salt") or "", kinds, False
        )
        if (found or 0.0) < rule["weight"] / 100000.0:
            return True
    return False


def matches(operator: str, value: object, literals: list) -> bool:
    """Whether an operator that LaunchDarkly knows holds for one of the literals"""
    test = OPERATORS.get(operator)
    return test is not None and any(test(value, literal) for literal in literals)


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(left: object, right: object) -> bool:
    """Equal and of the same type of JSON"""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if is_number(left) and is_number(right):
        return left == right
    return type(left) is type(right) and left == right


def on_text(test: Callable[[str, str], bool]) -> Test:
    """A test of two texts"""
    return lambda left, right: isinstance(left, str) and isinstance(right, str) and test(left, right)


def on_read(read: Callable[[object], Any], test: Callable[[Any, Any], bool]) -> Test:
    """A test of two values that can both be read"""

    def both(left: object, right: object) -> bool:
        one, other = read(left), read(right)
        return one is not None and other is not None and test(one, other)

    return both


def number(value: object) -> float | None:
    return float(value) if is_number(value) else None


def instant(value: object) -> float | None:
    """Milliseconds since 1970, to the microsecond"""
    if is_number(value):
        return float(value)
    found = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, sign, zone_hours, zone_minutes = found.groups()[6:]
    micros = int(((fraction or ".")[1:] + "000000")[:6])
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc) - EPOCH
    except ValueError:
        return None
    offset = 0
    if sign is not None:
        if int(zone_hours) > 23 or int(zone_minutes) > 59:
            return None
        offset = (int(zone_hours) * 60 + int(zone_minutes)) * (1 if sign == "+" else -1)
    seconds = whole.days * 86_400 + whole.seconds - offset * 60
    return seconds * 1000 + micros // 1000 + (micros % 1000) / 1000


def version(value: object) -> tuple | None:
    """What versions are ordered by; minor and patch may be left out"""
    if not isinstance(value, str):
        return None
    text, found = value, VERSION.fullmatch(value)
    for _ in range(2):
        if found is None:
            numbers = re.match(r"[0-9.]*", text)[0]
            text = numbers + ".0" + text[len(numbers) :]
            found = VERSION.fullmatch(text)
    if found is None:
        return None
    parts = [] if found[4] is None else found[4].split(".")
    ordered = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
    return (int(found[1]), int(found[2]), int(found[3]), found[4] is None, ordered)


OPERATORS = {
    "in": same,
    "startsWith": on_text(lambda left, right: left.startswith(right)),
    "endsWith": on_text(lambda left, right: left.endswith(right)),
    "contains": on_text(lambda left, right: right in left),
    "matches": on_text(lambda left, right: re.search(right, left) is not None),
    "lessThan": on_read(number, lambda left, right: left < right),
    "lessThanOrEqual": on_read(number, lambda left, right: left <= right),
    "greaterThan": on_read(number, lambda left, right: left > right),
    "greaterThanOrEqual": on_read(number, lambda left, right: left >= right),
    "before": on_read(instant, lambda left, right: left < right),
    "after": on_read(instant, lambda left, right: left > right),
    "semVerEqual": on_read(version, lambda left, right: left == right),
    "semVerLessThan": on_read(version, lambda left, right: left < right),
    "semVerGreaterThan": on_read(version, lambda left, right: left > right),
}
