"""Flagd's JSON logic: the rules of W3 are one long `if`."""

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json

BY_USER = {"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    boolean = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    match kind:
        case "W1":
            return {**boolean, "defaultVariant": "on"}
        case "W2":
            return {**boolean, "targeting": {"fractional": [BY_USER, ["on", 50], ["off", 50]]}}
        case "W4":
            return {**boolean, "targeting": {"if": [{"$ref": "listed"}, "on", "off"]}}
    split = {"fractional": [BY_USER, *([name, percent] for name, percent in SPLIT.items())]}
    conditions = [
        {"in": [{"var": "country"}, COUNTRIES]},
        {"==": [{"var": "plan"}, PLAN]},
        {">": [{"var": "age"}, AGE_ABOVE]},
        {"sem_ver": [{"var": "appVersion"}, ">=", VERSION_FROM]},
        {"ends_with": [{"var": "email"}, EMAIL_END]},
    ]
    branches = [part for condition in conditions for part in (condition, split)]
    return {
        "state": "ENABLED",
        "variants": {name: name for name in [*SPLIT, "none"]},
        "defaultVariant": "none",
        "targeting": {"if": [*branches, "none"]},
    }


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    listed = {"$evaluators": {"listed": {"in": [{"var": "targetingKey"}, MEMBERS]}}}
    return {"flags": flags, **(listed if has_list else {})}
