"""Unleash, a second time: what its client features give a context, written plainly from the published formulas

Constraints and hashes are those of the oracle; strategies, variants and parents are written here. Every number is a
float, as `read_json` of the oracle has it, and what Unleash draws at random is hashed as UN-8 says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate
from math import isfinite

from dialects import unleash as formulas
from dialects.reading import real
from values import BrokenError, canonical, need, read_json

Holds = Callable[[dict, int], bool]


def evaluate(document: dict, name: str, context: dict, now: int) -> dict:
    """Whether the feature is enabled, and the name and payload of its variant; `payload` is absent without one"""
    features = {feature["name"]: feature for feature in document["features"]}
    strategy = reached(document, features[name], name, context, now)
    if strategy is None or not all(
        is_met(document, features, name, one, context, now) for one in features[name].get("dependencies", [])
    ):
        return {"enabled": False, "variant": None}
    variant = chosen(features[name], strategy, context, now)
    answer = {"enabled": True, "variant": variant and variant["name"]}
    return answer | {"payload": value_of(variant["payload"])} if variant and "payload" in variant else answer


def reached(document: dict, feature: dict, asked: str, context: dict, now: int) -> dict | None:
    """The first strategy that reaches the context; `asked` is the feature by which a rollout without a group hashes"""
    strategies = feature.get("strategies") or [{"name": "default"}]
    try:  # what cannot be compiled turns the whole feature off
        compiled = [conditions(document, strategy, asked) for strategy in strategies]
    except BrokenError:
        return None
    on = (
        strategy
        for strategy, holds in zip(strategies, compiled, strict=True)
        if all(one(context, now) for one in holds)
    )
    return next(on, None) if feature["enabled"] else None


def is_met(document: dict, features: dict, child: str, dependency: dict, context: dict, now: int) -> bool:
    """A parent that has parents is as if it were missing"""
    parent = features.get(dependency["feature"])
    if parent is None or parent.get("dependencies"):
        return False
    strategy = reached(document, parent, child, context, now)
    if (strategy is not None) != dependency.get("enabled", True):
        return False
    variant = None if strategy is None else chosen(parent, strategy, context, now)
    return variant is None or not dependency.get("variants") or variant["name"] in dependency["variants"]


def conditions(document: dict, strategy: dict, asked: str) -> list[Holds]:
    """What must hold for a strategy"""
    segments = {segment["id"]: segment for segment in document.get("segments", [])}
    constraints = list(strategy.get("constraints", []))
    for number in strategy.get("segments", []):
        need(number in segments, "no such segment")
        constraints += segments[number]["constraints"]
    own = [{name: one[name] for name in formulas.CONSTRAINT if name in one} for one in constraints]
    return [share(strategy["name"], strategy.get("parameters", {}), asked), *map(formulas.condition, own)]


def share(name: str, parameters: dict, asked: str) -> Holds:
    """Whom a strategy reaches by its name"""
    known = {one: canonical(value) if isinstance(value, float) else value for one, value in parameters.items()}
    lists = {"userWithId": ("userIds", "userId", "IN"), "remoteAddress": ("IPs", "remoteAddress", "IN_CIDR")}
    fields = {"gradualRolloutUserId": "userId", "gradualRolloutSessionId": "sessionId"}
    if name == "default":
        return lambda *_: True
    if name == "gradualRolloutRandom":  # only all and nobody are no draw
        return lambda *_: known.get("percentage") == "100"
    if name in lists and lists[name][0] in known:
        member, field, operator = lists[name]
        values = [one.strip() for one in known[member].split(",")]
        return formulas.condition({"contextName": field, "operator": operator, "values": values})
    if name == "flexibleRollout":
        return rollout(known.get("rollout"), known.get("stickiness", "default"), known.get("groupId", asked))
    if name in fields and "groupId" in known:
        return rollout(known.get("percentage"), fields[name], known["groupId"])
    return lambda *_: False


def rollout(text: str | None, stickiness: str, group: str) -> Holds:
    if text is None or not re.fullmatch("[+]?[0-9]+", text):
        return lambda *_: False
    need('"' not in group and not group.endswith("\\"), "a group that ends the rule")
    need(int(text) <= 100, "more than all")
    found = formulas.condition({"rollout": float(text), "stickiness": stickiness, "groupId": group})
    return found if int(text) else lambda *_: False


def chosen(feature: dict, strategy: dict, context: dict, now: int) -> dict | None:
    """The variant: one of the strategy, or else of the feature"""
    own, parameters = strategy.get("variants"), strategy.get("parameters", {})
    variants = own or feature.get("variants")
    if not variants:
        return None
    group, stickiness = feature["name"], variants[0].get("stickiness", "default")
    if own:
        group, stickiness = parameters.get("groupId", group), parameters.get("stickiness", "default")
    else:
        for variant in variants:
            for forced in variant.get("overrides", []):
                if formulas.given(context, forced["contextName"]) in forced["values"]:
                    return variant
    text = formulas.identifier(stickiness, context, now)
    ends = list(accumulate(int(variant["weight"]) for variant in variants))
    unit = canonical(context) if text is None else text
    target = formulas.normalized(group, unit, ends[-1], formulas.VARIANT_SEED)
    return next(variant for variant, end in zip(variants, ends, strict=True) if end >= target)


def value_of(payload: dict) -> object:
    """The text of a payload, or what it says where it is JSON or a number"""
    text = payload["value"]
    try:
        found = {"json": read_json, "number": real}.get(payload["type"], str)(text)
    except ValueError:
        return text
    is_number = isinstance(found, float) and isfinite(found)
    return text if payload["type"] == "number" and not is_number else found
