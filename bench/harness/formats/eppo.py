"""Eppo's universal flag configuration: a rule is an allocation, shares are ranges of shards."""

from itertools import accumulate, pairwise

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json

SHARDS = 10_000


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    is_text = kind == "W3"
    values = {name: name for name in SPLIT} if is_text else {"on": True, "off": False}
    return {
        "key": key,
        "enabled": True,
        "variationType": "STRING" if is_text else "BOOLEAN",
        "variations": {name: {"key": name, "value": value} for name, value in values.items()},
        "allocations": allocations(key, kind),
        "totalShards": SHARDS,
    }


def allocations(key: str, kind: str) -> list[Json]:
    """The rules of a flag."""
    everybody = [{"variationKey": "on", "shards": []}]
    match kind:
        case "W1":
            return [allocation("everybody", [], everybody)]
        case "W2":
            return [allocation("everybody", [], shares(key, {"on": 50, "off": 50}))]
        case "W4":
            return [allocation("listed", [("id", "ONE_OF", MEMBERS)], everybody)]
    conditions = [
        ("country", "ONE_OF", COUNTRIES),
        ("plan", "ONE_OF", [PLAN]),
        ("age", "GT", AGE_ABOVE),
        ("appVersion", "GTE", VERSION_FROM),
        ("email", "MATCHES", EMAIL_END.replace(".", r"\.") + "$"),
    ]
    return [allocation(condition[0], [condition], shares(key, SPLIT)) for condition in conditions]


def allocation(key: str, conditions: list[tuple[str, str, Json]], splits: list[Json]) -> Json:
    """One rule: all `conditions` must hold."""
    rule = [{"attribute": attribute, "operator": operator, "value": value} for attribute, operator, value in conditions]
    return {"key": key, "rules": [{"conditions": rule}] if rule else [], "splits": splits, "doLog": False}


def shares(key: str, percentages: dict[str, int]) -> list[Json]:
    """The shards of each variation."""
    ends = [SHARDS * percent // 100 for percent in accumulate(percentages.values(), initial=0)]
    return [
        {"variationKey": name, "shards": [{"salt": f"{key}-split", "ranges": [{"start": start, "end": end}]}]}
        for name, (start, end) in zip(percentages, pairwise(ends), strict=True)
    ]


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    created = "2026-01-01T00:00:00.000Z"
    return {"createdAt": created, "format": "SERVER", "environment": {"name": "bench"}, "flags": flags}
