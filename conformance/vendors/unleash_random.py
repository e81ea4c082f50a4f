"""Random features, segments and contexts of Unleash, most of which are near an edge"""

from __future__ import annotations

from random import Random

from dialects.unleash import VARIANT_SEED, normalized

IDS = ("u1", "u2", "7", "ü", "日本", "😀", "a b", "", "174", "499")
FIELDS = (
    "userId",
    "sessionId",
    "environment",
    "appName",
    "remoteAddress",
    "currentTime",
    "plan",
    "score",
    "ver",
    "gone",
)
NAMES = ("plan", "score", "ver", "at", "tags")
TEXTS = ("pro", "Pro", "PRO", "", " ", "straße", "STRASSE", "İ", "ünï", "a,b", "true", "x@a.com", "null")
NUMBERS = ("5", "5.0", "05", " 5 ", "5.", ".5", "1e1", "10", "-3", "+4", "inf", "NaN", "9007199254740993", "0.1")
VERSIONS = (
    "1.2.3",
    "v1.2.3",
    "1.2",
    "1.2.3-beta.2",
    "1.2.3-beta.10",
    "1.2.3+b",
    "2.0.0",
    "01.2.3",
    "1.2.3-01",
    " 1.2.3",
)
DATES = (
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000Z",
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T01:00:00+01:00",
    "2026-01-01 00:00:00Z",
    " 2026-01-01T00:00:01Z ",
    "2026-01-01T00:00:00.0005Z",
    "2026-01-01",
    "2026-02-30T00:00:00Z",
)
ADDRESSES = ("10.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "2001:db8::1", "10.0.0.01", "x")
NETWORKS = ("10.0.0.0/8", "10.0.0.1", "192.168.1.0/255.255.255.0", "::/0", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "x")
PATTERNS = ("^pro", "o$", "[0-9]+", "", "(?i)PRO", "\\.", "(", "ü")
PERCENTAGES = ("0", "1", "10", "50", "99", "100", 25, 50, "+7", "x", "", "101")
STICKINESS = ("default", "userId", "sessionId", "random", "plan", "currentTime", "gone")
VALUES = (*TEXTS, *NUMBERS, *VERSIONS, *DATES, 5, 5.5, True, None, 1e21, [1], {"a": 1})
NAMES_OF_STRATEGIES = (
    *("default",) * 3,
    *("flexibleRollout",) * 4,
    *("userWithId", "remoteAddress", "gradualRolloutUserId", "gradualRolloutSessionId", "gradualRolloutRandom", "own"),
)
PAYLOADS = (
    {"type": "string", "value": "a"},
    {"type": "string", "value": ""},
    {"type": "csv", "value": "a,b"},
    {"type": "number", "value": "5.50"},
    {"type": "number", "value": "x"},
    {"type": "json", "value": '{"a": [1, null]}'},
    {"type": "json", "value": "[1.0]"},
    {"type": "json", "value": "null"},
    {"type": "json", "value": "{"},
)


def document(random: Random) -> dict:
    segments = [
        {"id": number, "name": random.choice((f"segment {number}", "staff")), "constraints": constraints(random, 2)}
        for number in range(1, 3)
    ]
    parents = [feature(random, f"parent-{number}", []) for number in range(random.randint(0, 2))]
    children = [
        feature(random, f"feature ü {n}" if random.random() < 0.1 else f"feature-{n}", parents)
        for n in range(random.randint(1, 3))
    ]
    features = [*parents, *children]
    random.shuffle(features)
    return {"version": 2, "features": features, "segments": segments}


def feature(random: Random, name: str, parents: list[dict]) -> dict:
    made: dict = {"name": name, "type": "release", "enabled": random.random() < 0.9}
    made["strategies"] = [strategy(random, name) for _ in range(random.choice((0, 1, 1, 2, 3)))]
    if random.random() < 0.5:
        stickiness = random.choice(STICKINESS)
        made["variants"] = variants(random, name, stickiness)
        for variant in made["variants"]:
            variant["stickiness"] = stickiness
            if random.random() < 0.3:
                variant["overrides"] = [
                    {"contextName": random.choice(FIELDS), "values": random.sample((*IDS, *TEXTS), 3)}
                ]
    if parents and random.random() < 0.6:
        made["dependencies"] = [dependency(random, random.choice(parents))]
        if random.random() < 0.1:
            made["dependencies"].append({"feature": random.choice((name, "nobody"))})
    return made


def dependency(random: Random, parent: dict) -> dict:
    """A parent; a variant is asked for only where an importer can say for whom"""
    made: dict = {"feature": parent["name"]}
    form = random.random()
    hashes_by_name = any(
        one["name"] == "flexibleRollout" and "groupId" not in one["parameters"] for one in parent["strategies"]
    )
    if form < 0.3:
        made["enabled"] = False
    elif form < 0.7 and not hashes_by_name:
        names = [variant["name"] for one in (parent, *parent["strategies"]) for variant in one.get("variants", [])]
        made["variants"] = random.sample([*names, "nobody"], random.randint(0, min(2, len(names))))
    return made


def strategy(random: Random, feature_name: str) -> dict:
    name = random.choice(NAMES_OF_STRATEGIES)
    made: dict = {"name": name, "parameters": parameters(random, name, feature_name)}
    if random.random() < 0.5:
        made["constraints"] = constraints(random, 2)
    if random.random() < 0.2:
        made["segments"] = [random.choice((1, 2)) if random.random() < 0.95 else 99]
    if random.random() < 0.3:
        made["variants"] = variants(random, made["parameters"].get("groupId", feature_name), "default")
    return made


def parameters(random: Random, name: str, feature_name: str) -> dict:
    if name == "userWithId":
        return {"userIds": random.choice(("", "u1", "u1, ü,7", " 174 ,a b"))} if random.random() < 0.9 else {}
    if name == "remoteAddress":
        return {"IPs": ", ".join(random.sample(NETWORKS, 2))}
    if name == "gradualRolloutRandom":
        return {"percentage": random.choice(("0", "1", "100"))}
    group = random.choice((feature_name, "group", "", "ü:1", 'a"b' if random.random() < 0.1 else "g"))
    if name.startswith("gradualRollout"):
        return {"percentage": percentage(random, group), "groupId": group}
    if name != "flexibleRollout":
        return {}
    has_group = random.random() < 0.6
    made = {"rollout": percentage(random, group if has_group else feature_name)}
    made |= {"stickiness": random.choice(STICKINESS)} if random.random() < 0.7 else {}
    return made | ({"groupId": group} if has_group else {})


def percentage(random: Random, group: str) -> object:
    """Most often exactly that of an id, or one less"""
    if random.random() < 0.4:
        return random.choice(PERCENTAGES)
    return str(normalized(group, random.choice(IDS), 100, 0) - random.randint(0, 1))


def variants(random: Random, group: str, stickiness: str) -> list[dict]:
    """Variants one of which ends at an id, or before it"""
    names = random.sample(("a", "b", "", "ü", "on", "c"), random.randint(1, 4))
    total = random.choice((1, 100, 1000, 99))
    cut = normalized(group, random.choice(IDS), total, VARIANT_SEED) - random.randint(0, 1)
    weights = [cut, total - cut, *random.choices((0, 0, 5), k=2)] if random.random() < 0.7 else [1, 0, 3, 996]
    made = []
    for name, weight in zip(names, weights, strict=False):
        variant: dict = {"name": name, "weight": weight}
        if random.random() < 0.6:
            variant["payload"] = random.choice(PAYLOADS)
        made.append(variant)
    if not any(variant["weight"] for variant in made):
        made[0]["weight"] = 1
    return made


def share(random: Random) -> dict:
    """A rollout as the importer writes it"""
    group = random.choice(("group", "ü:1", ""))
    percent = min(100, max(0, normalized(group, random.choice(IDS), 100, 0) - random.randint(0, 1)))
    return {"rollout": percent, "groupId": group, "stickiness": random.choice(STICKINESS)}


def split(random: Random, count: int) -> tuple[dict, list[int]]:
    """Parameters and weights of a serve with so many arms"""
    made = share(random) if random.random() < 0.6 else {}
    total = random.choice((1, 99, 100, 1000))
    cut = normalized("variants", random.choice(IDS), total, VARIANT_SEED) - random.randint(0, 1)
    weights = [total] if count == 1 else [cut, total - cut, *(0 for _ in range(count - 2))]
    if count > 1 or random.random() < 0.3:
        made |= {"variantGroupId": "variants", "variantStickiness": random.choice(STICKINESS)}
    if count > 1 and random.random() < 0.3:
        forced = {"contextName": random.choice(FIELDS), "values": random.sample((*IDS, *TEXTS), 3)}
        made["overrides"] = [[], [forced]][: random.randint(1, 2)]
    return made, weights


def constraints(random: Random, most: int) -> list[dict]:
    return [constraint(random) for _ in range(random.randint(0, most))]


def constraint(random: Random) -> dict:
    kind = random.choice(("IN", "STR", "NUM", "SEMVER", "DATE", "REGEX", "IN_CIDR"))
    made: dict = {"contextName": random.choice(FIELDS)}
    if kind == "IN":
        made["operator"] = random.choice(("IN", "NOT_IN"))
        made["values"] = random.sample((*IDS, *TEXTS, *NUMBERS), random.randint(0, 4))
    elif kind == "STR":
        made["operator"] = random.choice(("STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS"))
        made["values"] = random.sample((*TEXTS, "r", "5"), random.choice((1, 1, 2, 3, 3, 4)))
    elif kind in ("NUM", "SEMVER"):
        made["operator"] = f"{kind}_{random.choice(('EQ', 'GT', 'GTE', 'LT', 'LTE'))}"
        values = ("5", "5.0", "1e1", "-3", "0.1") if kind == "NUM" else ("1.2.3", "1.2.3-beta.2", "2.0.0", "5")
        made["value"] = random.choice(values if random.random() < 0.95 else (*NUMBERS, *VERSIONS))
        made["contextName"] = random.choice(("score", "ver", "plan", "userId"))
    elif kind == "DATE":
        made |= {"operator": random.choice(("DATE_AFTER", "DATE_BEFORE")), "value": random.choice(DATES[:4])}
        made["contextName"] = random.choice(("currentTime", "currentTime", "at"))
    elif kind == "REGEX":
        made |= {"operator": "REGEX", "value": random.choice(PATTERNS)}
    else:
        made |= {"operator": "IN_CIDR", "contextName": "remoteAddress", "values": random.sample(NETWORKS, 2)}
    if random.random() < 0.3:
        made["inverted"] = random.random() < 0.8
    if random.random() < 0.3:
        made["caseInsensitive"] = random.random() < 0.8
    if random.random() < 0.02:
        made |= random.choice(({"operator": "UNKNOWN"}, {"value": "a\\"}, {"values": []}, {"values": ["a\\"]}))
    return made


def context(random: Random) -> dict:
    made: dict = {}
    for name, values in (
        ("userId", IDS),
        ("sessionId", IDS),
        ("remoteAddress", ADDRESSES),
        ("environment", TEXTS),
        ("appName", TEXTS),
        ("currentTime", (*DATES, None)),
    ):
        if random.random() < 0.6:
            made[name] = random.choice(values) if random.random() < 0.9 else random.choice(VALUES)
    if random.random() < 0.1:
        made["targetingKey"] = random.choice(IDS)
    owner = made.setdefault("properties", {}) if random.random() < 0.8 else made
    for name in NAMES:
        if random.random() < 0.6:
            owner[name] = random.choice(VALUES)
    if random.random() < 0.3:
        made["userId"] = f"user-{random.randint(0, 10**6)}"
    return made
