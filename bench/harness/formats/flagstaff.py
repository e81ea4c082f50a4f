"""Our format: docs/spec/language.md."""

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    common = {"type": "boolean", "enabled": True, "salt": key}
    match kind:
        case "W1":
            return {**common, "serve": "on"}
        case "W2":
            return {**common, "serve": {"variant": "on", "rollout": 50}}
        case "W4":
            rule = {"id": "listed", "when": {"segment": "listed"}, "serve": "on"}
            return {**common, "rules": [rule], "serve": "off"}
    split = {"arms": [{"variant": name, "weight": percent * 1_000} for name, percent in SPLIT.items()]}
    conditions = [
        {"attribute": "country", "op": "in", "values": COUNTRIES},
        {"attribute": "plan", "op": "equals", "value": PLAN},
        {"attribute": "age", "op": "greaterThan", "value": AGE_ABOVE},
        {"attribute": "appVersion", "op": "semverGreaterOrEqual", "value": VERSION_FROM},
        {"attribute": "email", "op": "endsWith", "value": EMAIL_END},
    ]
    return {
        **common,
        "type": "string",
        "variants": {"none": "none"} | {name: name for name in SPLIT},
        "offVariant": "none",
        "rules": [
            {"id": f"rule-{number}", "when": condition, "serve": split}
            for number, condition in enumerate(conditions, start=1)
        ],
        "serve": "none",
    }


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    segments = {"listed": {"include": {"user": MEMBERS}}} if has_list else {}
    return {"schemaVersion": 1, "environment": "bench", "revision": 1, "segments": segments, "flags": flags}
