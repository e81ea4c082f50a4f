"""Random flags and subjects of Eppo, most of which are near an edge"""

from __future__ import annotations

from random import Random

from dialects.eppo import shard_of

SUBJECTS = ("s1", "s2", "ü", "日本", "😀", "a b", "", "alice", "7")
NAMES = ("email", "age", "version", "country", "vip", "id", "gone")
VALUES = (
    None,
    True,
    False,
    0,
    5,
    5.5,
    -1,
    1e21,
    1e-7,
    18,
    "",
    " 5",
    "5",
    "5.0",
    "0x5",
    "1e1",
    "inf",
    "NaN",
    "true",
    "alice",
    "Alice",
    "x@a.com",
    "ünï",
    "日本",
    "1.2.3",
    "v1.2.3",
    "1.2",
    "1.2.3-beta.2",
    "1.2.3-beta.10",
    "1.2.3-01",
    "1.2.3+a",
    "1.2.3+b.1",
    "1.2.3+01",
    "2.0.0",
    "18446744073709551616.0.0",
)
LIMITS = (5, 18, 5.5, -1, "5", "1e1", "1.2.3", "1.2.3+b", "1.2.3-beta.3", "x", True, None)
PATTERNS = ("^a", "@a\\.com$", "[0-9]+", "", "(?i)ALICE", "ü", "(", "true|5")
INSTANTS = (
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:00.0001Z",
    "2026-01-01T01:00:00.001+01:00",
    "2027-01-01T00:00:00Z",
)
POOLS = {
    "STRING": ("a", "", "ü", "5", 5),
    "INTEGER": (1, 0, -7, 1.0, 1.5, "1"),
    "NUMERIC": (1, 2.5, 0, 1e300, "1", None),
    "BOOLEAN": (True, False, "true"),
    "JSON": ('{"a": [1, null]}', "[]", {"a": 1}, "{", None),
}


def document(random: Random) -> dict:
    names = [
        f"flag ü {number}" if random.random() < 0.1 else f"flag-{number}" for number in range(random.randint(1, 4))
    ]
    flags = {name: flag(random, name) for name in names}
    return {"createdAt": INSTANTS[0], "format": "SERVER", "environment": {"name": "test"}, "flags": flags}


def flag(random: Random, key: str) -> dict:
    kind = random.choice(list(POOLS))
    names = random.sample(("on", "off", "a", "ü", ""), random.randint(1, 4))
    variations = {}
    for name in names:
        variations[name] = {"key": name, "value": random.choice(POOLS[kind][: random.choice((2, 3, 6))])}
    total = random.choice((10_000, 10_000, 10, 1, 2**32 - 1))
    return {
        "key": key,
        "enabled": random.random() < 0.9,
        "variationType": kind,
        "variations": variations,
        "totalShards": total,
        "allocations": [allocation(random, f"allocation-{n}", names, total) for n in range(random.randint(0, 4))],
    }


def allocation(random: Random, key: str, names: list[str], total: int) -> dict:
    made: dict = {"key": key, "doLog": True}
    for end in ("startAt", "endAt"):
        if random.random() < 0.15:
            made[end] = random.choice(INSTANTS)
    if random.random() < 0.6:
        made["rules"] = [
            {"conditions": [condition(random) for _ in range(random.randint(0, 3))]}
            for _ in range(random.randint(0, 3))
        ]
    made["splits"] = [
        {
            "variationKey": random.choice(names) if random.random() < 0.97 else "missing",
            "shards": [shard(random, total) for _ in range(random.choice((0, 1, 1, 2)))],
        }
        for _ in range(random.choice((0, 1, 1, 2, 3)))
    ]
    return made


def shard(random: Random, total: int) -> dict:
    """Ranges that begin or end at a subject"""
    salt = random.choice(("salt", "traffic-ü", ""))
    at = shard_of(salt, random.choice(SUBJECTS), total)
    ranges = [(0, total), (0, at), (at, total), (at, at + 1), (0, at + 1), (at + 1, total), (0, total // 2), (5, 5)]
    chosen = random.sample(ranges, random.choice((0, 1, 1, 2)))
    return {"salt": salt, "ranges": [{"start": start, "end": min(end, 2**32 - 1)} for start, end in chosen]}


def split(random: Random, count: int) -> tuple[dict, list[int]]:
    """Parameters and weights of a serve with so many arms"""
    total = random.choice((10_000, 10, 1, 2**32 - 1))
    splits = [[shard(random, total) for _ in range(random.choice((0, 1, 1, 2)))] for _ in range(count)]
    return {"totalShards": total, "splits": splits}, [random.randint(0, 100) for _ in range(count)]


def condition(random: Random) -> dict:
    operator = random.choice(
        ("ONE_OF", "ONE_OF", "NOT_ONE_OF", "MATCHES", "NOT_MATCHES", "IS_NULL", "LT", "LTE", "GT", "GTE", "GTE")
    )
    made: dict = {"attribute": random.choice(NAMES), "operator": operator}
    if operator.endswith("ONE_OF"):
        texts = [value for value in VALUES if isinstance(value, str)]
        made["value"] = random.sample((*texts, "1000000000000000000000", "0.0000001", "18"), random.randint(0, 4))
    elif operator.endswith("MATCHES"):
        made["value"] = random.choice(PATTERNS)
    elif operator == "IS_NULL":
        made["value"] = random.random() < 0.5
    else:
        made["value"] = random.choice(LIMITS)
    if random.random() < 0.02:
        made |= random.choice(({"operator": "UNKNOWN"}, {"value": 5}, {"value": [5]}))
    return made


def context(random: Random) -> dict:
    subject = random.choice(SUBJECTS) if random.random() < 0.6 else f"subject-{random.randint(0, 10**6)}"
    attributes = {name: random.choice(VALUES) for name in NAMES[:-1] if random.random() < 0.6}
    if random.random() < 0.1:
        return {"targetingKey": subject, **attributes}
    return {"subjectKey": subject, "subjectAttributes": attributes}
