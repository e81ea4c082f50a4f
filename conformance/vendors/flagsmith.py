"""Flagsmith, a second time: what its features give an identity, written plainly from the published formulas

`evaluate` takes the vendor's own document and context, which together are the context of its engine; the importer and
the core must answer the same. Numbers without a fraction are integers however they are written, since ours are.
"""

from __future__ import annotations

import hashlib
import json
import re
from operator import eq, ge, gt, le, lt, ne

VERSION = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
SHORTHAND = re.compile(
    r"\.([A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)|\[\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")\s*\]"
)


def evaluate(document: dict, name: str, context: dict) -> dict | None:
    """Whether the feature is enabled, its value, and the key of its variant"""
    feature = (document.get("features") or {}).get(name)
    if feature is None:
        return None
    whole = {**document, "identity": with_key(document, context.get("identity"))}
    best = None
    for segment in (document.get("segments") or {}).values():
        if not in_segment(whole, segment):
            continue
        for override in segment.get("overrides") or []:
            if override["name"] == name and (best is None or priority(override) < priority(best)):
                best = override
    return served(whole, feature if best is None else best)


def priority(override: dict) -> float:
    found = override.get("priority")
    return float("inf") if found is None else found


def with_key(document: dict, identity: dict | None) -> dict | None:
    if not identity:
        return None
    return {**identity, "key": identity.get("key") or f"{document['environment']['key']}_{identity['identifier']}"}


def served(whole: dict, feature: dict) -> dict:
    answer = {"enabled": feature["enabled"], "value": feature["value"], "variant": None}
    if whole["identity"] is None or not feature.get("variants"):
        return answer
    found, start = percentage([feature["key"], whole["identity"]["key"]]), 0.0
    for variant in sorted(feature["variants"], key=lambda variant: variant["priority"]):
        limit = variant["weight"] + start
        if start <= found < limit:
            return {**answer, "value": variant["value"], "variant": variant.get("key")}
        start = limit
    return {**answer, "variant": "control"}


def percentage(ids: list) -> float:
    times, found = 0, 100.0
    while found == 100:
        times += 1
        digest = hashlib.md5(",".join(str(part) for part in ids * times).encode()).hexdigest()  # noqa: S324 - the vendor's hash
        found = ((int(digest, 16) % 9999) / 9998) * 100
    return found


def in_segment(whole: dict, segment: dict) -> bool:
    rules = segment["rules"]
    return bool(rules) and all(rule_holds(whole, segment, rule) for rule in rules)


def rule_holds(whole: dict, segment: dict, rule: dict) -> bool:
    quantifier = {"ALL": all, "ANY": any, "NONE": lambda found: not any(found)}[rule["type"]]
    conditions, rules = rule.get("conditions") or [], rule.get("rules") or []
    by_conditions = not conditions or quantifier(condition_holds(whole, segment, one) for one in conditions)
    return by_conditions and (not rules or quantifier(rule_holds(whole, segment, one) for one in rules))


def condition_holds(whole: dict, segment: dict, condition: dict) -> bool:
    operator, name, literal = condition["operator"], condition.get("property") or "", condition.get("value")
    if operator == "PERCENTAGE_SPLIT" and not name:
        value = (whole["identity"] or {}).get("key")
    else:
        value = context_value(whole, name)
    if operator in ("IS_SET", "IS_NOT_SET"):
        return (value is not None) == (operator == "IS_SET")
    if value is None or isinstance(value, (list, dict)):
        return False
    if operator == "PERCENTAGE_SPLIT":
        threshold = as_float(literal)
        return threshold is not None and percentage([segment["key"], value]) <= threshold
    return OTHERS[operator](value, literal) if operator in OTHERS else compare(operator, value, literal)


def is_member(value: object, literal: object) -> bool:
    return (str(value) if type(value) is int else value) in members(literal)


def is_without(value: object, literal: str) -> bool:
    return isinstance(value, str) and literal not in value


def matches(value: object, literal: str) -> bool:
    return re.match(literal, str(value)) is not None


def has_remainder(value: object, literal: str) -> bool:
    parts = [as_float(part) for part in literal.split("|")]
    usable = not isinstance(value, str) and len(parts) == 2 and None not in parts and parts[0] != 0
    return usable and value % parts[0] == parts[1]


OTHERS = {"IN": is_member, "NOT_CONTAINS": is_without, "REGEX": matches, "MODULO": has_remainder}


def members(literal: object) -> list:
    if isinstance(literal, str):
        try:
            literal = json.loads(literal) if literal.startswith("[") else literal.split(",")
        except ValueError:
            literal = literal.split(",")
    return [str(value) for value in literal]


def as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def context_value(whole: dict, name: str) -> object:
    """The trait of this name, or what the path leads to; text that looks like a number is one"""
    traits = (whole["identity"] or {}).get("traits") or {}
    value = traits.get(name)
    if value is None and name.startswith("$."):
        value = at_path(whole, name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    return float(value) if re.fullmatch(r"-?[0-9]+\.[0-9]+", value) else value


def at_path(whole: dict, path: str) -> object:
    names, position = [], 1
    while position < len(path):
        found = SHORTHAND.match(path, position)
        if found is None:
            return None
        names.append(next(group for group in found.groups() if group is not None))
        position = found.end()
    value: object = {"identity": whole["identity"], "environment": whole["environment"]}
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return None if isinstance(value, (list, dict)) else value


def compare(operator: str, value: object, literal: str) -> bool:
    """The literal is read as the type of the value; what cannot be read is neither equal nor unequal"""
    one: object = value
    if isinstance(value, bool):
        other: object = literal not in ("False", "false")
    elif isinstance(value, str) and literal.endswith(":semver"):
        one, other = version(value), version(literal[:-7])
        if one is None or other is None or operator == "CONTAINS":
            return False
    elif isinstance(value, str):
        other = literal
    else:
        try:
            other = type(value)(literal)
        except ValueError:
            return False
    if operator == "CONTAINS":
        return isinstance(one, str) and other in one
    return operator in COMPARISONS and COMPARISONS[operator](one, other)


COMPARISONS = {
    "EQUAL": eq,
    "NOT_EQUAL": ne,
    "LESS_THAN": lt,
    "LESS_THAN_INCLUSIVE": le,
    "GREATER_THAN": gt,
    "GREATER_THAN_INCLUSIVE": ge,
}


def version(text: str) -> tuple | None:
    found = VERSION.fullmatch(text)
    if found is None:
        return None
    parts = [] if found[4] is None else found[4].split(".")
    ordered = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
    return (int(found[1]), int(found[2]), int(found[3]), found[4] is None, ordered)
