"""LaunchDarkly's flag data: variations by number, the list as a segment."""

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    on, off = 0, 1
    common = {
        "key": key,
        "version": 1,
        "on": True,
        "salt": key,
        "prerequisites": [],
        "targets": [],
        "contextTargets": [],
        "rules": [],
        "variations": [True, False],
        "offVariation": off,
        "trackEvents": False,
        "trackEventsFallthrough": False,
        "clientSide": False,
    }
    match kind:
        case "W1":
            return {**common, "fallthrough": {"variation": on}}
        case "W2":
            return {**common, "fallthrough": rollout([50, 50])}
        case "W4":
            listed = {"id": "listed", "clauses": [clause("", "segmentMatch", ["listed"])], "variation": on}
            return {**common, "rules": [{**listed, "trackEvents": False}], "fallthrough": {"variation": off}}
    clauses = [
        clause("country", "in", COUNTRIES),
        clause("plan", "in", [PLAN]),
        clause("age", "greaterThan", [AGE_ABOVE]),
        # There is no "or equal".
        {**clause("appVersion", "semVerLessThan", [VERSION_FROM]), "negate": True},
        clause("email", "endsWith", [EMAIL_END]),
    ]
    none = len(SPLIT)
    return {
        **common,
        "variations": [*SPLIT, "none"],
        "offVariation": none,
        "fallthrough": {"variation": none},
        "rules": [
            {"id": f"rule-{number}", "clauses": [clause], **rollout(list(SPLIT.values())), "trackEvents": False}
            for number, clause in enumerate(clauses, start=1)
        ],
    }


def clause(attribute: str, operator: str, values: list[Json]) -> Json:
    """One condition."""
    return {"contextKind": "user", "attribute": attribute, "op": operator, "values": values, "negate": False}


def rollout(percentages: list[int]) -> Json:
    """A split over the first variations."""
    shares = [{"variation": number, "weight": percent * 1_000} for number, percent in enumerate(percentages)]
    return {"rollout": {"contextKind": "user", "variations": shares}}


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    lists: Json = {name: [] for name in ("excluded", "includedContexts", "excludedContexts", "rules")}
    listed = {"key": "listed", "version": 1, "included": MEMBERS, "salt": "listed", "deleted": False, **lists}
    return {"flags": flags, "segments": {"listed": listed} if has_list else {}}
