"""Random features, segments and identities of Flagsmith, most of which are near an edge"""

from __future__ import annotations

from random import Random

TRAITS = ("plan", "age", "a b", "version", "$.environment.key", "vip", "missing")
PROPERTIES = (
    *TRAITS,
    "$.identity.identifier",
    "$.identity.key",
    "$.environment.name",
    "$.environment.key",
    "$.identity.traits.plan",
    "$.identity.traits['a b']",
    '$.identity.traits["age"]',
    "$.identity.traits.a b",
    "$.identity",
    "$.nothing.here",
    "$.identity.traits",
    "",
)
VALUES = (
    "pro",
    "Pro",
    "",
    "5",
    "05",
    "-7",
    "5.0",
    "5.50",
    "007",
    "1e3",
    " 5",
    "true",
    "True",
    "1.2.3",
    "1.2.3-beta",
    "1.10.0+x",
    "1.2",
    "ünï",
    "日本",
    5,
    5.5,
    0,
    -7,
    99999,
    0.00001,
    1e16,
    True,
    False,
    None,
    "12345678901234567890",
    "-0.0",
)
LITERALS = (
    "pro",
    "Pro",
    "",
    "5",
    "5.0",
    "5.5",
    "-7",
    " 5_0 ",
    "1_0",
    "007",
    "true",
    "false",
    "False",
    "1.2.3",
    "1.2.3:semver",
    "1.9.0:semver",
    "x:semver",
    "nan",
    "inf",
    "1e3",
    "ü",
    "12345678901234567891",
    "o",
)
LISTS = (
    "5,pro,true",
    '["pro", "5"]',
    "[5, 5.5, true, null]",
    "[pro",
    "",
    "1.2.3, pro",
    ["pro", "5"],
    ["日本"],
    "[]",
    "True,1",
)
DIVISORS = ("4|1", "4|3", "2.5|0", "-3|-1", "0|0", "4", "a|b", "3|2|1", "1|0", " 2 | 1 ")
PATTERNS = ("^pro", "ro", "[0-9]+", "\\d\\.\\d$", "True", "", ".*ï", "5|7")
OPERATORS = (
    "EQUAL",
    "NOT_EQUAL",
    "GREATER_THAN",
    "GREATER_THAN_INCLUSIVE",
    "LESS_THAN",
    "LESS_THAN_INCLUSIVE",
    "CONTAINS",
    "NOT_CONTAINS",
    "IN",
    "REGEX",
    "MODULO",
    "IS_SET",
    "IS_NOT_SET",
    "PERCENTAGE_SPLIT",
    "PERCENTAGE_SPLIT",
    "NO_OPERATOR",
)
KINDS_OF_VALUE = ((None,), ("a", "b", ""), (True, False), (1, 2.5, 0), ("a", 1, None, True))


def document(random: Random) -> dict:
    names = [f"feature-{n}" for n in range(random.randint(1, 3))]
    pools = {name: random.choice(KINDS_OF_VALUE) for name in names}
    segments = {}
    for number in range(random.randint(0, 4)):
        overridden = random.sample(names, random.randint(0, len(names)))
        # The keys are in no order of their own.
        segments[f"s{9 - number}"] = {
            "key": str(random.choice((7, 8, 12345))),
            "name": f"Segment {number}",
            "rules": [rule(random, 0) for _ in range(random.randint(0, 2))],
            "overrides": [feature(random, name, pools[name], True) for name in overridden],
        }
    features = {name: feature(random, name, pools[name], False) for name in names}
    return {
        "environment": {"key": "env", "name": random.choice(("Production", "5"))},
        "features": features,
        "segments": segments,
    }


def feature(random: Random, name: str, pool: tuple, is_override: bool) -> dict:
    made = {
        "key": str(random.randint(1, 5)),
        "name": name,
        "enabled": random.random() < 0.7,
        "value": random.choice(pool),
    }
    if random.random() < 0.5:
        weights = random.choice(((30, 30), (0, 100), (50, 50), (33.3, 33.3, 33.4), (10,), (100,), (60, 60)))
        made["variants"] = []
        for number, weight in enumerate(weights):
            variant = {
                "value": random.choice(pool),
                "weight": weight,
                "priority": random.choice((number, 9 - number, 1)),
            }
            if random.random() < 0.8:
                variant["key"] = f"v{number}"
            made["variants"].append(variant)
    if is_override and random.random() < 0.7:
        made["priority"] = random.choice((0, 1, 1, 2, -1.5))
    return made


def rule(random: Random, depth: int) -> dict:
    made = {
        "type": random.choice(("ALL", "ANY", "NONE")),
        "conditions": [condition(random) for _ in range(random.randint(0, 3))],
    }
    if depth < 2 and random.random() < 0.3:
        made["rules"] = [rule(random, depth + 1) for _ in range(random.randint(1, 2))]
    return made


def condition(random: Random) -> dict:
    operator = random.choice(OPERATORS)
    made = {"property": random.choice(PROPERTIES), "operator": operator, "value": random.choice(LITERALS)}
    if operator == "IN":
        made["value"] = random.choice(LISTS)
    elif operator == "MODULO":
        made["value"] = random.choice(DIVISORS)
    elif operator == "REGEX":
        made["value"] = random.choice(PATTERNS)
    elif operator == "PERCENTAGE_SPLIT":
        made["value"] = random.choice(("0", "100", "50", "51.9904", "x", str(random.randint(0, 100))))
        made["property"] = random.choice(("", "", "$.identity.key", "plan", "age"))
    elif operator in ("IS_SET", "IS_NOT_SET"):
        made["value"] = random.choice(("", None))
    return made


def context(random: Random) -> dict:
    if random.random() < 0.1:
        return random.choice(({}, {"identity": None}))
    identity: dict = {
        "identifier": random.choice(("i1", "i2", "ü", "日本", "32103815", f"id-{random.randint(0, 10**6)}"))
    }
    if random.random() < 0.3:
        identity["key"] = random.choice(("", "007", "32103705", "env_x", f"k{random.randint(0, 10**6)}"))
    if random.random() < 0.9:
        identity["traits"] = {name: random.choice(VALUES) for name in random.sample(TRAITS[:-1], random.randint(0, 5))}
    return {"identity": identity}
