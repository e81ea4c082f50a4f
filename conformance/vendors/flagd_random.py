"""Random flags and contexts of flagd, most of which are near an edge"""

from __future__ import annotations

from random import Random

VALUES = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    5,
    5.5,
    -0.0,
    0.1,
    255,
    65536,
    1e21,
    4294967296,
    1e-7,
    "",
    " ",
    "0",
    "1",
    "05",
    "5.50",
    "0x5",
    "1e3",
    "x",
    "abc",
    "ab",
    "ü",
    "日本",
    "😀",
    "\uffff",
    "true",
    "null",
    "a",
    "b",
    "Infinity",
    "1.2.3",
    "v1.2",
    "1.2.3-beta",
    "2.0.0",
    [],
    [1],
    ["a", "b"],
    [1, 2, 3],
    [None],
    ["1"],
    [["a"], 1],
    {},
    {"k": 1},
    {"k": "a", "l": [1]},
)
NAMES = ("a", "b", "n", "list", "o", "deep", "targetingKey", "gone")
PATHS = (
    *NAMES,
    "list.0",
    "list.1",
    "o.k",
    "o.l.0",
    "deep.er.est",
    "",
    "$flagd.flagKey",
    "$flagd.timestamp",
    "$flagd.gone",
    "list.00",
    "a.b",
)
VARIANTS = ("a", "b", "true", "false", "1", "x")
BINARY = ("==", "===", "!=", "!==", "<", "<=", ">", ">=", "in", "%", "/", "-", "starts_with", "ends_with")
MANY = ("cat", "+", "*", "min", "max", "merge", "and", "or", "if", "?:")
LOOPS = ("map", "filter", "all", "none", "some")


def document(random: Random) -> dict:
    flags = {}
    for number in range(random.randint(1, 4)):
        kind = random.choice((("A", "B", ""), (True, False), (1, 2.5), (1, "B", True), ({"k": 1}, [1])))
        variants = {name: random.choice(kind) for name in random.sample(VARIANTS, random.choice((1, 4, 5, 6, 6)))}
        flag = {"state": random.choice(("ENABLED",) * 9 + ("DISABLED",)), "variants": variants}
        flag["defaultVariant"] = random.choice((*variants, *variants, None, "", "unknown"))
        if random.random() < 0.9:
            flag["targeting"] = random.choice((named, named, named, logic))(random, 3)
            if not isinstance(flag["targeting"], dict):
                flag["targeting"] = {"log": [flag["targeting"]]}
        flags[random.choice((f"flag-{number}", f"flag ü {number}"))] = flag
    return {"flags": flags, "$evaluators": {"one": binary(random, 0)}}


def context(random: Random) -> dict:
    made = {name: random.choice(VALUES) for name in NAMES[:5] if random.random() < 0.8}
    if random.random() < 0.8:
        made["targetingKey"] = random.choice(("jack", "ü", "😀", "", f"user-{random.randint(0, 10**6)}"))
    if random.random() < 0.3:
        made["deep"] = {"er": {"est": random.choice(VALUES)}}
    return made


def named(random: Random, depth: int) -> object:
    """Something that most often names a variant"""
    form = random.random()
    if form < 0.5:
        return fractional(random, depth)
    if form < 0.85 and depth:
        return {"if": [logic(random, depth - 1), named(random, depth - 1), named(random, depth - 1)]}
    return random.choice((*VARIANTS, *VARIANTS, None))


def fractional(random: Random, depth: int) -> dict:
    buckets = []
    for _ in range(random.randint(1, 4)):
        variant = random.choice((*VARIANTS, *VARIANTS, True, None, 1, {"var": "a"}))
        weight = random.choice(
            (1, 25, 50, 0, -1, 10, 2147483647, 2**30, 1.0, 0.5, "1", None, {"+": [1, 2]}, {"var": "n"})
        )
        buckets.append(
            [variant]
            if random.random() < 0.2
            else [variant, weight if random.random() < 0.3 else random.randint(1, 100)]
        )
    form = random.random()
    if form < 0.4:
        return {"fractional": buckets}
    if form < 0.7:
        return {"fractional": [{"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}, *buckets]}
    return {"fractional": [random.choice(({"var": random.choice(PATHS)}, logic(random, min(depth, 1)))), *buckets]}


def logic(random: Random, depth: int) -> object:
    (form,) = random.choices(list(FORMS), list(FORMS.values()))
    return form(random, depth - 1) if depth else random.choice((literal, variable))(random, 0)


def literal(random: Random, _depth: int) -> object:
    return random.choice([value for value in VALUES if not isinstance(value, dict)])


def binary(random: Random, depth: int) -> dict:
    return {random.choice(BINARY): [logic(random, depth) for _ in range(random.choice((2, 2, 2, 3)))]}


def many(random: Random, depth: int) -> dict:
    return {random.choice(MANY): [logic(random, depth) for _ in range(random.randint(1, 4))]}


def single(random: Random, depth: int) -> dict:
    if random.random() < 0.2:
        return {"-": [logic(random, depth)]}
    return {random.choice(("!", "!!", "log", "cat", "+", "starts_with")): logic(random, depth)}


def loop(random: Random, depth: int) -> dict:
    return {random.choice(LOOPS): [logic(random, depth), logic(random, min(depth, 1))]}


def reduce(random: Random, _depth: int) -> dict:
    return {"reduce": [{"var": "list"}, {"cat": [{"var": "accumulator"}, {"var": "current"}]}, logic(random, 0)]}


def sem_ver(random: Random, depth: int) -> dict:
    relation = random.choice(("=", "!=", "<", "<=", ">", ">=", "^", "~", "?"))
    return {"sem_ver": [logic(random, depth), relation, random.choice(("1.2.3", "1.2", "v2.0.0", 1, "x"))]}


def missing(random: Random, _depth: int) -> dict:
    if random.random() < 0.5:
        return {"missing": random.sample(NAMES, 2)}
    return {"missing_some": [random.randint(0, 3), random.sample(NAMES, 3)]}


def substring(random: Random, depth: int) -> dict:
    count = [random.randint(-4, 4)] if random.random() < 0.5 else []
    return {"substr": [logic(random, depth), random.randint(-4, 4), *count]}


def odd(random: Random, _depth: int) -> dict:
    return random.choice(({"$ref": "one"}, {"$ref": "unknown"}, {"unknown": [1]}))


def variable(random: Random, _depth: int) -> dict:
    path = random.choice(PATHS)
    return {"var": random.choice((path, path, [path], [path, random.choice(("d", 0, None))]))}


FORMS = {
    literal: 15,
    variable: 15,
    binary: 35,
    many: 15,
    single: 7,
    loop: 6,
    reduce: 3,
    sem_ver: 5,
    missing: 4,
    substring: 3,
    odd: 1,
}
