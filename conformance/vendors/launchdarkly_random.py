"""Random flags, segments and contexts of LaunchDarkly, most of which are near an edge"""

from __future__ import annotations

from random import Random

KINDS = ("user", "org", "device")
KEYS = ("u1", "u2", "userKeyA", "ü", "日本", "😀", "a b", "33333", "", "0")
NAMES = ("email", "age", "/a", "nested", "key", "name", "anonymous", "kind", "tags", "missing", "v", "at", "a~b")
PATHS = (
    "/nested/city",
    "/nested/a~1b",
    "/email",
    "age",
    "/nested/deep/er",
    "/tags",
    "/kind",
    "/key",
    "/nested",
    "name",
    "missing",
)
VALUES = (
    "x@a.com",
    "A",
    "a",
    "",
    "ünï",
    "5",
    5,
    5.5,
    0,
    -1,
    1e20,
    33333,
    99999,
    True,
    False,
    None,
    "true",
    "2.0.0",
    "2",
    "2.0",
    "2.0-beta.1",
    "2-beta.2",
    "02",
    "v2",
    "2.0.0+b",
    "2.0.0-01",
    "10.0.0",
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00.000001Z",
    "2020-01-01T01:00:00+01:00",
    "2020-01-01",
    1577836800000,
    1577836800000.5,
    ["a", "x@a.com"],
    [],
    [5, None],
    [["a"]],
    {"a": 1},
    {"city": "Oslo"},
)
OPERATORS = (
    "in",
    "in",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "lessThan",
    "lessThanOrEqual",
    "greaterThan",
    "greaterThanOrEqual",
    "before",
    "after",
    "semVerEqual",
    "semVerLessThan",
    "semVerGreaterThan",
    "unknown",
)
PATTERNS = ("^a", "a|x", "@a\\.com$", "[0-9]+", "", "n.", "^\\d\\.0", 5)
VARIATIONS = (
    [True, False],
    ["a", "b", "c"],
    [1, 2.5, 3],
    [{"a": 1}, {"b": [1]}, []],
    [1, "a", None, True, {"x": 1}],
)


def document(random: Random) -> dict:
    flags = {f"flag-{n}": flag(random, f"flag-{n}", n) for n in range(random.randint(1, 4))}
    segments = {f"segment-{n}": segment(random, f"segment-{n}", n) for n in range(random.randint(0, 3))}
    return {"flags": flags, "segments": segments}


def flag(random: Random, key: str, number: int) -> dict:
    variations = random.choice(VARIATIONS)
    made = {
        "key": key,
        "version": 1,
        "on": random.random() < 0.85,
        "salt": random.choice(("salt", "ß", "")),
        "variations": variations,
    }
    if random.random() < 0.8:
        made["offVariation"] = index(random, variations, 0.0)
    # Only of earlier flags, so that there is no cycle; one does not exist.
    earlier = [f"flag-{n}" for n in range(number)] + (["missing"] if random.random() < 0.1 else [])
    if earlier and random.random() < 0.5:
        wanted = [
            {"key": random.choice(earlier), "variation": random.randint(0, 2)} for _ in range(random.randint(1, 2))
        ]
        made["prerequisites"] = wanted
    if random.random() < 0.4:
        made["targets"] = [target(random, variation, None) for variation in range(len(variations))][
            : random.randint(1, 3)
        ]
        if random.random() < 0.5:
            kinds = [random.choice((None, "user", "org", "device")) for _ in range(random.randint(1, 3))]
            made["contextTargets"] = [target(random, index(random, variations, 0.02), kind) for kind in kinds]
    made["rules"] = [
        {"id": f"rule-{n}", "clauses": clauses(random, 3), **serve(random, variations)}
        for n in range(random.randint(0, 3))
    ]
    made["fallthrough"] = serve(random, variations)
    return made


def index(random: Random, variations: list, wrong: float) -> int:
    return random.choice((-1, 99)) if random.random() < wrong else random.randrange(len(variations))


def target(random: Random, variation: int, kind: str | None) -> dict:
    values = random.sample(KEYS[:-2], random.randint(0, 3))
    return {"variation": variation, "values": values, **({} if kind is None else {"contextKind": kind})}


def serve(random: Random, variations: list) -> dict:
    if random.random() < 0.4:
        return {"variation": index(random, variations, 0.05)}
    if random.random() < 0.03:
        return random.choice(({}, {"rollout": {"variations": []}}))
    cuts = sorted(
        random.choice((0, 1, 42157, 42158, 50000, 99999, 100000, random.randint(0, 100000))) for _ in range(2)
    )
    weights = [cuts[0], cuts[1] - cuts[0], 100000 - cuts[1]][: random.randint(1, 3)]
    arms = [{"variation": index(random, variations, 0.0), "weight": weight} for weight in weights]
    for arm in arms:
        if random.random() < 0.2:
            arm["untracked"] = random.random() < 0.7
    rollout = {"variations": arms}
    if random.random() < 0.5:
        rollout["kind"] = random.choice(("rollout", "experiment", "experiment"))
    if random.random() < 0.4:
        rollout["seed"] = random.choice((0, 61, -5, 2**31))
    if random.random() < 0.4:
        rollout["contextKind"] = random.choice(KINDS)
    if random.random() < 0.5:
        rollout["bucketBy"] = random.choice(PATHS if rollout.get("contextKind") else NAMES)
    return {"rollout": rollout}


def clauses(random: Random, most: int) -> list:
    return [clause(random) for _ in range(random.randint(0, most))]


def clause(random: Random) -> dict:
    if random.random() < 0.2:
        values = [f"segment-{random.randint(0, 3)}" for _ in range(random.randint(0, 2))]
        return {"attribute": "", "op": "segmentMatch", "values": values, "negate": random.random() < 0.3}
    operator = random.choice(OPERATORS)
    literals = [random.choice(PATTERNS if operator == "matches" else VALUES) for _ in range(random.randint(0, 3))]
    made = {"attribute": random.choice(NAMES), "op": operator, "values": literals}
    if random.random() < 0.3:
        made["negate"] = True
    if random.random() < 0.5:
        made["contextKind"] = random.choice(KINDS)
        made["attribute"] = random.choice(PATHS)
    return made


def segment(random: Random, key: str, number: int) -> dict:
    made = {"key": key, "version": 1, "salt": random.choice(("salty", ""))}
    for name in ("included", "excluded"):
        if random.random() < 0.3:
            made[name] = random.sample(KEYS[:-2], 2)
        if random.random() < 0.3:
            made[f"{name}Contexts"] = [{"contextKind": random.choice(KINDS), "values": random.sample(KEYS[:-2], 2)}]
    made["rules"] = []
    for _ in range(random.randint(0, 2)):
        rule = {"clauses": [inner for inner in clauses(random, 2) if inner["op"] != "segmentMatch"]}
        if number and random.random() < 0.3:
            rule["clauses"].append(
                {"attribute": "", "op": "segmentMatch", "values": [f"segment-{random.randrange(number)}"]}
            )
        if random.random() < 0.6:
            rule["weight"] = random.choice((0, 1, 14950, 14951, 50000, 100000, random.randint(0, 100000)))
        if random.random() < 0.4:
            rule["rolloutContextKind"] = random.choice(KINDS)
        if random.random() < 0.4:
            rule["bucketBy"] = random.choice(PATHS if rule.get("rolloutContextKind") else NAMES)
        made["rules"].append(rule)
    return made


def context(random: Random) -> dict:
    kind = random.choice(("user", "user", "org", "device", "multi", "multi", "old"))
    if kind == "multi" and random.random() < 0.95:
        return {"kind": "multi", **{kind: individual(random) for kind in random.sample(KINDS, random.randint(1, 3))}}
    if random.random() < 0.05:
        return random.choice(
            ({}, {"kind": kind}, {"kind": "user", "key": "u", "anonymous": None}, {"kind": "multi", "org": {"key": ""}})
        )
    if kind == "old":
        old = {
            "key": random.choice(KEYS),
            "custom": {name: random.choice(VALUES) for name in random.sample(("age", "v", "tags", "at"), 2)},
        }
        return {**old, "email": random.choice(("x@a.com", None))}
    return {"kind": kind, **individual(random)}


def individual(random: Random) -> dict:
    made: dict = {"key": random.choice(KEYS[:-2])}
    for name in random.sample(("email", "age", "/a", "tags", "v", "at", "a~b"), random.randint(0, 4)):
        made[name] = random.choice(VALUES)
    if random.random() < 0.3:
        made["name"] = random.choice(("Ann", None))
    if random.random() < 0.3:
        made["anonymous"] = random.random() < 0.5
    if random.random() < 0.5:
        made["nested"] = {
            "city": random.choice(VALUES),
            "a/b": random.choice(VALUES),
            "deep": {"er": random.choice(VALUES)},
        }
    if random.random() < 0.1:
        made["_meta"] = {"privateAttributes": ["email"]}
    return made
