"""Random features and attributes of GrowthBook, most of which are near an edge"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from growthbook import hashed

VALUES = (
    None,
    True,
    False,
    0,
    1,
    -1,
    5,
    5.5,
    10,
    "",
    " ",
    "0",
    "1",
    "5",
    " 5 ",
    "0x5",
    "5.50",
    "true",
    "null",
    "a",
    "A",
    "ab",
    "Straße",
    "ü",
    "日本",
    "😀",
    "\uffff",
    "1.2.3",
    "v1.10.0",
    "1.2.3-beta.2",
    "1.2",
    "2.0.0+b",
    [],
    ["a"],
    ["a", "B", 1],
    [1, 2],
    [None],
    [0, "", "x"],
    [["a"]],
    [{"k": 1}, {"k": "a"}],
    {},
    {"k": 1},
    {"k": "a"},
)
NAMES = ("a", "b", "v", "list", "o", "n")
PATHS = (*NAMES, "o.k", "list.0", "list.length", "list.01", "list.1.k", "gone", "gone.k")
PATTERNS = ("^a", "a|B", "[0-9]+", "^null$", "\\.", "^$", "e", "true")
IDS = ("id", "user.id", "company", "anonymous")
KINDS = ((True, False), ("x", "y", "z", ""), (0, 1, 2.5), ({"k": 1}, [1], {}), (1, "x", True))


def document(random: Random) -> dict:
    names = [
        f"feature {number}" if random.random() < 0.2 else f"feature-{number}" for number in range(random.randint(1, 4))
    ]
    features = {}
    for number, name in enumerate(names):
        pool = random.choice(KINDS)
        feature = {"defaultValue": random.choice((*pool, None))} if random.random() < 0.9 else {}
        feature["rules"] = [rule(random, pool, names[:number]) for _ in range(random.randint(0, 4))]
        features[name] = feature
    return {"features": features, "savedGroups": {"g": ["a", 1, "5"], "ids": ["u1", "u2"]}}


def rule(random: Random, pool: tuple, parents: list[str]) -> dict:
    made: dict = {}
    if random.random() < 0.5:
        made["condition"] = condition(random, 2)
    if parents and random.random() < 0.35:
        tests = (
            {"value": random.choice(VALUES[:27])},
            {"value": {"$ne": None}},
            {"value": {"$gt": 1}},
            {"value": {"$exists": False}},
            {},
        )
        made["parentConditions"] = [
            {
                "id": random.choice([*parents, *parents, "gone"]),
                "condition": random.choice(tests),
                "gate": random.random() < 0.5,
            }
            for _ in range(random.randint(1, 2))
        ]
    if random.random() < 0.15:
        made["filters"] = [
            {
                "seed": "s",
                "ranges": [[0, random.choice((0, 0.5, 1))], [0.9, 1]],
                **optional(random, attribute=IDS, hashVersion=(1, 2)),
            }
        ]
    made |= optional(random, seed=("s", "", "other"), hashAttribute=IDS, hashVersion=(1, 2, 2, 3), id=("r1", "r2"))
    form = random.random()
    if form < 0.5:
        edge = hashed(made.get("seed") or "s", random.choice(("u1", "ü")), made.get("hashVersion", 1)) or 0.5
        made["force"] = random.choice((*pool, None))
        made |= optional(random, coverage=(0, 0.5, 1, edge, 2), range=([0, 0.5], [edge, 1], [0, edge]))
    elif form < 0.95:
        made |= experiment(random, pool)
    return made


def experiment(random: Random, pool: tuple) -> dict:
    count = random.choice((1, 2, 2, 2, 3))
    weights = random.choice(([1 / count] * count, [0.1, 0.9], [0.2, 0.3, 0.5], [0.4, 0.1], [0.5, 0.4999]))
    made = {"variations": [random.choice(pool) for _ in range(count)]}
    made |= optional(random, weights=(weights,), coverage=(0, 0.5, 1, 0.01, -1, 2), key=("k1", "k2"))
    made |= optional(random, namespace=(["n", 0, 0.5], ["n", 0.5, 1], ["m", 0, 0]))
    if random.random() < 0.3:
        made["ranges"] = [[0.5, 1], [0, 0.4], [0.4, 0.5]][:count]
    if random.random() < 0.4:
        made["meta"] = [optional(random, key=("c", "t"), passthrough=(True, False)) for _ in range(count)]
    return made


def optional(random: Random, **members: tuple) -> dict:
    return {name: random.choice(values) for name, values in members.items() if random.random() < 0.35}


def condition(random: Random, depth: int) -> dict:
    made = {}
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        form = random.random()
        if depth and form < 0.25:
            made[random.choice(("$and", "$or", "$nor"))] = [
                condition(random, depth - 1) for _ in range(random.randint(0, 2))
            ]
        elif depth and form < 0.35:
            made["$not"] = condition(random, depth - 1)
        else:
            made[random.choice(PATHS)] = test(random, depth)
    return made


def test(random: Random, depth: int) -> object:
    if random.random() < 0.35:
        return random.choice(VALUES)
    return dict(operator(random, depth) for _ in range(random.choice((1, 1, 2))))


def operator(random: Random, depth: int) -> tuple[str, object]:
    (names,) = random.choices(list(OPERANDS), [weight for weight, _ in OPERANDS.values()])
    return random.choice(names), OPERANDS[names][1](random, max(depth - 1, 0))


def one_of(*values: object) -> Callable[[Random, int], object]:
    return lambda random, _: random.choice(values)


def some(random: Random, _depth: int) -> object:
    return random.sample(VALUES, random.randint(0, 4)) if random.random() < 0.9 else "a"


def inner(random: Random, depth: int) -> object:
    return random.choice((condition, test_of_operators))(random, depth) if depth else {"$eq": "a"}


def inner_test(random: Random, depth: int) -> object:
    return test(random, depth) if depth else random.choice(VALUES)


OPERANDS = {
    ("$eq", "$ne", "$lt", "$lte", "$gt", "$gte"): (30, one_of(*VALUES)),
    ("$in", "$nin", "$ini", "$nini"): (20, some),
    ("$veq", "$vne", "$vlt", "$vlte", "$vgt", "$vgte"): (10, one_of("1.2.3", "v1.9.0", "2", 5, "1.2.3-a")),
    ("$regex", "$regexi"): (8, one_of(*PATTERNS)),
    ("$inGroup", "$notInGroup"): (6, one_of("g", "ids", "gone")),
    ("$type",): (6, one_of("string", "number", "boolean", "null", "array", "object", "other")),
    ("$exists",): (6, one_of(True, False, 0, "x")),
    ("$all", "$alli"): (4, one_of(["a"], ["A", 1], [], [{"$gt": 1}], "a")),
    ("$elemMatch",): (4, inner),
    ("$not", "$size"): (4, inner_test),
    ("$unknown",): (1, one_of(1)),
}


def test_of_operators(random: Random, depth: int) -> dict:
    return dict([operator(random, depth)])


def context(random: Random) -> dict:
    made = {name: random.choice(VALUES) for name in NAMES if random.random() < 0.7}
    made["id"] = random.choice(
        ("u1", "u2", "ü", "😀", f"user-{random.randint(0, 10**6)}", 5, 0, "", None, True, 1.5, [1])
    )
    if random.random() < 0.5:
        made["user"] = {"id": random.choice(("u1", 7, None))}
    if random.random() < 0.3:
        made["company"] = f"company-{random.randint(0, 99)}"
    return made
