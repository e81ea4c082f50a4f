"""Statsig's config specs: W3 is a dynamic config, whose split is three rules on the bucket of a user."""

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, VERSION_FROM, Json

# The ends of the first two arms, in buckets of 1,000; the third arm has the rest.
BUCKETS = {"a": 500, "b": 800}


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    if kind == "W3":
        rules = [rule(key, number, [f"rule-{number}"], value={"v": "a"}) for number in (1, 2, 3, 4)]
        rules += [
            rule(key, number, ["rule-5", f"{key}-{name}"], value={"v": name})
            for number, name in enumerate(BUCKETS, start=5)
        ]
        rules.append(rule(key, len(rules) + 1, ["rule-5"], value={"v": "c"}))
    else:
        condition = "listed" if kind == "W4" else "everybody"
        rules = [rule(key, 1, [condition], value=True, percent=50 if kind == "W2" else 100)]
    entity = "dynamic_config" if kind == "W3" else "feature_gate"
    return {
        "type": entity,
        "entity": entity,
        "salt": key,
        "enabled": True,
        "defaultValue": {} if kind == "W3" else False,
        "rules": rules,
        "isDeviceBased": False,
        "idType": "userID",
        "version": 1,
    }


def rule(key: str, number: int, conditions: list[str], *, value: Json, percent: int = 100) -> Json:
    """One rule; it passes `percent` of the users who match all `conditions`."""
    identity = f"{key}:{number}"
    return {
        "name": identity,
        "id": identity,
        "salt": identity,
        "passPercentage": percent,
        "conditions": conditions,
        "returnValue": value,
        "isDeviceBased": False,
        "idType": "userID",
    }


def conditions(configs: dict[str, Json], *, has_list: bool) -> Json:
    """The named conditions of rules: tests of users, and the buckets of each of `configs`."""
    fields: dict[str, tuple[str, str, Json]] = {
        "rule-1": ("country", "any", COUNTRIES),
        "rule-2": ("plan", "any", [PLAN]),
        "rule-3": ("age", "gt", AGE_ABOVE),
        "rule-4": ("appVersion", "version_gte", VERSION_FROM),
        "rule-5": ("email", "str_ends_with_any", [EMAIL_END]),
    }
    if has_list:
        fields["listed"] = ("userID", "any", MEMBERS)
    common = {"additionalValues": {}, "idType": "userID"}
    everybody = {**common, "type": "public", "targetValue": None, "operator": None, "field": None}
    named = {
        name: {**common, "type": "user_field", "field": field, "operator": operator, "targetValue": value}
        for name, (field, operator, value) in fields.items()
    }
    bucket = {"type": "user_bucket", "operator": "lt", "field": "", "idType": "userID"}
    buckets = {
        f"{key}-{name}": {**bucket, "targetValue": end, "additionalValues": {"salt": key}}
        for key in configs
        for name, end in BUCKETS.items()
    }
    return {"everybody": everybody, **named, **buckets}


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""

    def of(entity: str) -> dict[str, Json]:
        return {key: flag for key, flag in flags.items() if flag["entity"] == entity}

    nothing = ("layer_configs", "layers", "experiment_to_layer", "param_stores", "diagnostics", "sdk_flags", "id_lists")
    return {
        "feature_gates": of("feature_gate"),
        "dynamic_configs": of("dynamic_config"),
        "condition_map": conditions(of("dynamic_config"), has_list=has_list),
        **{name: {} for name in nothing},
        "sdk_configs": {"sampling_mode": "none"},
        "has_updates": True,
        "time": 1_767_225_600_000,
        "company_id": "bench",
        "response_format": "dcs-v2",
    }
