"""Flagsmith's evaluation context: a rule is a segment of the environment that overrides flags."""

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json

RULES = {
    "rule-1": ("country", "IN", ",".join(COUNTRIES)),
    "rule-2": ("plan", "EQUAL", PLAN),
    "rule-3": ("age", "GREATER_THAN", str(AGE_ABOVE)),
    "rule-4": ("appVersion", "GREATER_THAN_INCLUSIVE", f"{VERSION_FROM}:semver"),
    "rule-5": ("email", "REGEX", ".*" + EMAIL_END.replace(".", r"\.") + "$"),
}
SEGMENTS: dict[str, dict[str, tuple[str, str, str]]] = {
    "W1": {},
    "W2": {"half": ("$.identity.key", "PERCENTAGE_SPLIT", "50")},
    "W3": RULES,
    "W4": {"listed": ("$.identity.identifier", "IN", ",".join(MEMBERS))},
}


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`, and the overrides of its segments."""
    # One type of values, so that an imported flag has it, too.
    value = "none" if kind == "W3" else None
    feature: Json = {"key": key, "name": key, "enabled": kind == "W1", "value": value}
    override: Json = {**feature, "enabled": True}
    if kind == "W3":
        variants = [
            {"key": name, "value": name, "weight": share, "priority": number}
            for number, (name, share) in enumerate(SPLIT.items(), start=1)
        ]
        override |= {"value": "a", "variants": variants}
    return {"kind": kind, "feature": feature, "override": override}


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    segments: dict[str, Json] = {}
    for flag in flags.values():
        for priority, (name, condition) in enumerate(SEGMENTS[flag["kind"]].items(), start=1):
            overrides = segments.setdefault(name, segment(name, condition))["overrides"]
            overrides.append({**flag["override"], "priority": priority})
    return {
        "environment": {"key": "bench", "name": "bench"},
        "features": {key: flag["feature"] for key, flag in flags.items()},
        "segments": segments,
    }


def segment(name: str, condition: tuple[str, str, str]) -> dict[str, Json]:
    """A segment of one condition."""
    attribute, operator, value = condition
    any_of = {"type": "ANY", "conditions": [{"property": attribute, "operator": operator, "value": value}], "rules": []}
    rules = [{"type": "ALL", "conditions": [], "rules": [any_of]}]
    return {"key": name, "name": name, "rules": rules, "overrides": []}
