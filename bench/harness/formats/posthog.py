"""PostHog's flags for local evaluation: a rule is a group; the list is a property, since there are no lists of ids."""

from zlib import crc32

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    filters: dict[str, Json] = {"groups": [group([])], "multivariate": None, "payloads": {}}
    match kind:
        case "W2":
            filters["groups"] = [group([], percent=50)]
        case "W4":
            filters["groups"] = [group([("uid", "exact", MEMBERS)])]
        case "W3":
            conditions = [
                ("country", "exact", COUNTRIES),
                ("plan", "exact", [PLAN]),
                ("age", "gt", AGE_ABOVE),
                ("appVersion", "semver_gte", VERSION_FROM),
                ("email", "regex", EMAIL_END.replace(".", r"\.") + "$"),
            ]
            variants = [{"key": name, "name": name, "rollout_percentage": share} for name, share in SPLIT.items()]
            filters["groups"] = [group([condition]) for condition in conditions]
            filters["multivariate"] = {"variants": variants}
    return {"id": crc32(key.encode()), "name": key, "key": key, "active": True, "deleted": False, "filters": filters}


def group(conditions: list[tuple[str, str, Json]], percent: int = 100) -> Json:
    """One rule: all `conditions` must hold."""
    properties = [
        {"key": key, "type": "person", "operator": operator, "value": value} for key, operator, value in conditions
    ]
    return {"properties": properties, "rollout_percentage": percent, "variant": None}


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    return {"flags": list(flags.values()), "group_type_mapping": {}, "cohorts": {}}
