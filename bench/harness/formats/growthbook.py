"""GrowthBook's features: a rule is a condition with an experiment, the list is a saved group."""

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    hashed = {"hashAttribute": "id", "hashVersion": 2, "seed": key}
    match kind:
        case "W1":
            return {"defaultValue": True}
        case "W2":
            return {"defaultValue": False, "rules": [{"force": True, "coverage": 0.5, **hashed}]}
        case "W4":
            return {"defaultValue": False, "rules": [{"condition": {"id": {"$inGroup": "listed"}}, "force": True}]}
    conditions: list[Json] = [
        {"country": {"$in": COUNTRIES}},
        {"plan": PLAN},
        {"age": {"$gt": AGE_ABOVE}},
        {"appVersion": {"$vgte": VERSION_FROM}},
        {"email": {"$regex": EMAIL_END.replace(".", r"\.") + "$"}},
    ]
    experiment = {
        "key": key,
        "variations": list(SPLIT),
        "weights": [percent / 100 for percent in SPLIT.values()],
        "coverage": 1,
        "meta": [{"key": name} for name in SPLIT],
        **hashed,
    }
    return {"defaultValue": "none", "rules": [{"condition": condition, **experiment} for condition in conditions]}


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    return {"features": flags, "savedGroups": {"listed": MEMBERS} if has_list else {}}
