"""Unleash's client features: a rule is a strategy with a constraint, the split is the strategy's variants."""

from workloads import AGE_ABOVE, COUNTRIES, EMAIL_END, MEMBERS, PLAN, SPLIT, VERSION_FROM, Json

STICKY = {"stickiness": "userId"}


def flag(key: str, kind: str) -> Json:
    """A flag of workload `kind`."""
    strategies: Json
    match kind:
        case "W1":
            strategies = [{"name": "default"}]
        case "W2":
            strategies = [{"name": "flexibleRollout", "parameters": {**STICKY, "rollout": "50", "groupId": key}}]
        case "W4":
            strategies = [{"name": "default", "segments": [1]}]
        case _:
            strategies = [
                {
                    "name": "flexibleRollout",
                    "parameters": {**STICKY, "rollout": "100", "groupId": key},
                    "constraints": [constraint],
                    "variants": [{**STICKY, "name": name, "weight": share * 10} for name, share in SPLIT.items()],
                }
                for constraint in constraints()
            ]
    return {"name": key, "type": "release", "enabled": True, "project": "default", "strategies": strategies}


def constraints() -> list[Json]:
    """The conditions of W3; the fourth is written as a negation, since there is no "or equal"."""
    return [
        {"contextName": "country", "operator": "IN", "values": COUNTRIES},
        {"contextName": "plan", "operator": "IN", "values": [PLAN]},
        {"contextName": "age", "operator": "NUM_GT", "value": str(AGE_ABOVE)},
        {"contextName": "appVersion", "operator": "SEMVER_LT", "value": VERSION_FROM, "inverted": True},
        {"contextName": "email", "operator": "STR_ENDS_WITH", "values": [EMAIL_END]},
    ]


def document(flags: dict[str, Json], *, has_list: bool) -> Json:
    """The document of these flags."""
    listed = {
        "id": 1,
        "name": "listed",
        "constraints": [{"contextName": "userId", "operator": "IN", "values": MEMBERS}],
    }
    return {"version": 2, "features": list(flags.values()), "segments": [listed] if has_list else []}
