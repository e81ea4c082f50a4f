"""What is asked of LaunchDarkly's flags by hand: edges of hashes, coercions, targets, prerequisites, segments"""

from __future__ import annotations

from collections.abc import Iterator

from launchdarkly import bucket

Group = tuple[str, dict, list[dict]]

USER = {"kind": "user", "key": "u1"}


def groups() -> Iterator[Group]:
    """Name, document, and what is asked: each a `flag` and a `context`"""
    yield from edges()
    yield from attributes()
    yield from operators()
    yield from references()
    yield from targets()
    yield from prerequisites()
    yield from segments()
    yield from experiments()
    yield from malformed()
    yield from contexts()


def flag(key: str, **members: object) -> dict:
    plain = {"key": key, "version": 1, "on": True, "salt": "saltyA", "variations": ["a", "b", "c"], "offVariation": 2}
    return {**plain, "fallthrough": {"variation": 1}, **members}


def document(*flags: dict, segments: tuple[dict, ...] = ()) -> dict:
    return {"flags": {one["key"]: one for one in flags}, "segments": {one["key"]: one for one in segments}}


def split(first: int, **members: object) -> dict:
    arms = [{"variation": 0, "weight": first}, {"variation": 1, "weight": 100000 - first}]
    return {"rollout": {"variations": arms, **members}}


def edges() -> Iterator[Group]:
    """The two weights between which a context changes its arm"""
    keys = ("userKeyA", "userKeyB", "userKeyC", "33333", "ü", "日本", "😀", "a.b c")
    for seed in (None, 0, 61, -1):
        flags, asked = [], []
        for number, key in enumerate(keys):
            for more in (0, 1):
                name = f"edge-{number}-{more}"
                members = {"seed": seed} if seed is not None else {}
                found = bucket(members, "contextKind", name, "saltyA", {"user": {"key": key}}, True)
                flags.append(flag(name, fallthrough=split(int(found * 100000) + more, **members)))
                asked.append({"flag": name, "context": {"kind": "user", "key": key}})
        yield f"edges of buckets, seed {seed}", document(*flags), asked


def attributes() -> Iterator[Group]:
    """What is hashed of an attribute"""
    known = {"hashKey": 54771, "n33333": 0}
    flags = [
        flag("hashKey", fallthrough=split(known["hashKey"], bucketBy="n")),
        flag("literal", fallthrough=split(50000, bucketBy="/a/b")),
        flag("path", fallthrough=split(50000, bucketBy="/a/b", contextKind="user")),
        flag("none", fallthrough=split(0, bucketBy="n")),
        flag(
            "short",
            fallthrough={"rollout": {"variations": [{"variation": 0, "weight": 1}, {"variation": 2, "weight": 2}]}},
        ),
    ]
    values = (33333, 33333.0, "33333", 1.5, True, None, [33333], {"n": 1}, -1, 1e20, "", 0)
    asked = [{"flag": name, "context": {**USER, "n": value}} for value in values for name in ("hashKey", "none")]
    for nested in ({"a": {"b": "x"}}, {"/a/b": "x"}, {"a": {"b": 7}, "/a/b": 8}, {"a": "x"}):
        asked += [{"flag": name, "context": {**USER, **nested}} for name in ("literal", "path")]
    asked += [{"flag": "short", "context": {"kind": "user", "key": f"u{n}"}} for n in range(3)]
    yield "what is hashed of an attribute", document(*flags), asked


def operators() -> Iterator[Group]:
    tests = (
        ("in", ["x", 5, True, None], ["x", "X", 5, 5.0, "5", True, 1, None, ["y", "x"], [None], []]),
        ("startsWith", ["ab", 5], ["abc", "xab", 5, ["x", "ab"]]),
        ("endsWith", ["ß", ""], ["groß", "x", 1]),
        ("contains", ["本"], ["日本語", "日"]),
        ("matches", ["^a.c$", "[0-9]{3}"], ["abc", "abbc", "x123y", 123, ["12", "345"]]),
        ("lessThan", [5, "7"], [4, 5, "4", True]),
        ("lessThanOrEqual", [5], [5, 5.1]),
        ("greaterThan", [-1.5], [-1, -2]),
        ("greaterThanOrEqual", [5], [5, 4.9, [1, 9]]),
        (
            "before",
            ["2020-01-01T00:00:00Z"],
            [
                "2019-12-31T23:59:59.999Z",
                "2020-01-01T00:30:00+01:00",
                1577836799999,
                1577836800000,
                "2019",
                "1577836799999",
            ],
        ),
        (
            "after",
            [1577836800000],
            ["2020-01-01T00:00:00.001Z", "2020-01-01T00:00:00Z", 1577836800000.5, "2020-13-01T00:00:00Z"],
        ),
        ("semVerEqual", ["2.0.0"], ["2", "2.0", "2.0.0+b", "02.0.0", "v2.0.0", "2.0.0-rc", 2]),
        ("semVerLessThan", ["2.0.0-rc.2"], ["2.0.0-rc.1", "2.0.0-rc.10", "2.0.0-alpha", "2", "1.99", "2-rc.1"]),
        ("semVerGreaterThan", ["1.9"], ["1.10.0", "1.9.0", "1.9.0-x", "1.2.3-01"]),
        ("unknownOperator", ["x"], ["x"]),
    )
    for operator, literals, values in tests:
        both = [
            flag(
                name,
                rules=[{"id": "r", "variation": 0, "clauses": [clause("attr", operator, *literals, negate=negate)]}],
            )
            for name, negate in (("plain", False), ("negated", True))
        ]
        contexts = [{**USER, "attr": value} for value in values]
        contexts.append({"kind": "org", "key": "o", "attr": values[0]})
        asked = [{"flag": name, "context": context} for context in contexts for name in ("plain", "negated")]
        yield f"operator {operator}", document(*both), asked


def clause(attribute: str, operator: str, *literals: object, **members: object) -> dict:
    return {"attribute": attribute, "op": operator, "values": list(literals), **members}


def references() -> Iterator[Group]:
    made = (
        ("city", clause("/address/city", "in", "Oslo", contextKind="user")),
        ("literal", clause("/address/city", "in", "Oslo")),
        ("escaped", clause("/a~1b/c~0d", "in", 1, contextKind="user")),
        ("plain", clause("a/b", "in", 2, contextKind="user")),
        ("kind", clause("kind", "in", "org")),
        ("not-kind", clause("/kind", "startsWith", "o", contextKind="org", negate=True)),
        ("anonymous", clause("anonymous", "in", False)),
        ("of-org", clause("name", "in", "Acme", contextKind="org")),
        ("key", clause("key", "in", "u1")),
        ("deep", clause("/address/city/name", "in", "Oslo", contextKind="user")),
    )
    flags = [flag(name, rules=[{"id": "r", "variation": 0, "clauses": [one]}]) for name, one in made]
    contexts = (
        {**USER, "address": {"city": "Oslo"}, "a/b": 2},
        {**USER, "/address/city": "Oslo", "a/b": {"c~d": 1}, "anonymous": True},
        {"kind": "multi", "user": {"key": "u1", "anonymous": False}, "org": {"key": "o1", "name": "Acme"}},
        {"kind": "org", "key": "u1", "name": "Acme"},
        {"key": "u1", "custom": {"address": {"city": "Oslo"}}},
    )
    yield (
        "references",
        document(*flags),
        [{"flag": name, "context": context} for context in contexts for name, _ in made],
    )


def targets() -> Iterator[Group]:
    of_users = [{"variation": 0, "values": ["u1", "ü"]}, {"variation": 2, "values": ["u2", "u1"]}]
    by_kind = [
        {"variation": 2, "contextKind": "org", "values": ["o1"]},
        {"variation": 2, "contextKind": "user", "values": []},
        {"variation": 0, "values": []},
    ]
    flags = [
        flag("old", targets=of_users),
        flag("new", targets=of_users, contextTargets=by_kind),
        flag("off", on=False, targets=of_users),
        flag("before-rules", targets=of_users, rules=[{"id": "r", "variation": 1, "clauses": []}]),
        flag("without-keys", targets=[{"variation": 0, "values": []}]),
    ]
    contexts = (
        USER,
        {"kind": "user", "key": "u2"},
        {"kind": "user", "key": "ü"},
        {"kind": "org", "key": "o1"},
        {"kind": "org", "key": "u1"},
        {"kind": "multi", "user": {"key": "u1"}, "org": {"key": "o1"}},
    )
    names = [one["key"] for one in flags]
    yield "targets", document(*flags), [{"flag": name, "context": context} for context in contexts for name in names]


def prerequisites() -> Iterator[Group]:
    def needs(key: str, *wanted: tuple[str, int], **members: object) -> dict:
        return flag(key, prerequisites=[{"key": other, "variation": index} for other, index in wanted], **members)

    only_u1 = [{"id": "r", "variation": 0, "clauses": [clause("key", "in", "u1")]}]
    flags = [
        flag("base", rules=only_u1),
        flag("off", on=False, offVariation=1),
        flag("like-off", offVariation=1),
        needs("unmet-like-off", ("base", 0), offVariation=1),
        needs("on-base", ("base", 0)),
        needs("two", ("base", 0), ("like-off", 1)),
        needs("of-off", ("off", 1)),
        needs("of-like-off", ("like-off", 1)),
        needs("of-unmet", ("unmet-like-off", 1)),
        needs("chain", ("two", 1)),
        needs("missing", ("nowhere", 0)),
        needs("wrong-index", ("base", 9)),
        needs("itself-off", ("base", 0), on=False),
        flag("without-off", on=False, offVariation=None),
        needs("unmet-without-off", ("base", 2), offVariation=None),
    ]
    contexts = (USER, {"kind": "user", "key": "u2"})
    names = [one["key"] for one in flags]
    yield (
        "prerequisites",
        document(*flags),
        [{"flag": name, "context": context} for context in contexts for name in names],
    )


def segments() -> Iterator[Group]:
    made = (
        {"key": "included", "included": ["u1"], "excluded": ["u1", "u2"]},
        {"key": "excluded", "excluded": ["u1"], "rules": [{"clauses": []}]},
        {
            "key": "kinds",
            "includedContexts": [{"contextKind": "org", "values": ["o1"]}],
            "excludedContexts": [{"contextKind": "org", "values": ["o2"]}],
            "rules": [{"clauses": [clause("key", "startsWith", "o", contextKind="org")]}],
        },
        {"key": "crossed", "included": ["u1"], "excludedContexts": [{"contextKind": "org", "values": ["o1"]}]},
        {"key": "segment3", "salt": "salty", "rules": [{"clauses": [], "weight": 14955}]},
        {"key": "by-attribute", "salt": "salty", "rules": [{"clauses": [], "weight": 50000, "bucketBy": "n"}]},
        {"key": "by-org", "salt": "salty", "rules": [{"clauses": [], "weight": 99999, "rolloutContextKind": "org"}]},
        {"key": "nothing", "rules": [{"clauses": [], "weight": 0}]},
        {"key": "nested", "rules": [{"clauses": [clause("", "segmentMatch", "included", "excluded")]}]},
        {"key": "empty"},
    )
    flags = [
        flag(
            f"in-{one['key']}", rules=[{"id": "r", "variation": 0, "clauses": [clause("", "segmentMatch", one["key"])]}]
        )
        for one in made
    ]
    flags.append(
        flag(
            "in-any",
            rules=[
                {"id": "r", "variation": 0, "clauses": [clause("", "segmentMatch", "nowhere", "empty", "included")]}
            ],
        )
    )
    flags.append(
        flag(
            "not-in",
            rules=[
                {"id": "r", "variation": 0, "clauses": [clause("", "segmentMatch", "nowhere", "included", negate=True)]}
            ],
        )
    )
    contexts = (
        USER,
        {"kind": "user", "key": "user-key"},
        {"kind": "user", "key": "unmatching-key", "n": 33333},
        {"kind": "org", "key": "o1"},
        {"kind": "multi", "user": {"key": "u1"}, "org": {"key": "o1"}},
    )
    names = [one["key"] for one in flags]
    yield (
        "segments",
        document(*flags, segments=made),
        [{"flag": name, "context": context} for context in contexts for name in names],
    )


def experiments() -> Iterator[Group]:
    def arms(**members: object) -> dict:
        first, second = {"variation": 0, "weight": 50000}, {"variation": 1, "weight": 50000, "untracked": True}
        return {"rollout": {"kind": "experiment", "variations": [first, second], **members}}

    flags = [
        flag("by-key", fallthrough=arms()),
        flag("ignores-attribute", fallthrough=arms(bucketBy="n")),
        flag("of-org", fallthrough=arms(contextKind="org", seed=61)),
        flag("in-rule", rules=[{"id": "r", "clauses": [], **arms(seed=61)}]),
        flag("no-experiment", fallthrough={"rollout": {**arms()["rollout"], "kind": "rollout"}}),
    ]
    contexts = (
        *({"kind": "user", "key": key, "n": 33333} for key in ("userKeyA", "userKeyB", "userKeyC")),
        {"kind": "org", "key": "userKeyA"},
    )
    names = [one["key"] for one in flags]
    yield (
        "experiments",
        document(*flags),
        [{"flag": name, "context": context} for context in contexts for name in names],
    )


def malformed() -> Iterator[Group]:
    flags = [
        flag("no-such-variation", fallthrough={"variation": 9}),
        flag("negative", fallthrough={"variation": -1}),
        flag("nothing", fallthrough={}),
        flag("no-arms", fallthrough={"rollout": {"variations": []}}),
        flag("rule", rules=[{"id": "r", "clauses": [clause("key", "in", "u1")], "variation": 9}]),
        flag("target", targets=[{"variation": 9, "values": ["u1"]}]),
        flag(
            "mixed",
            variations=[1, None, {"x": [True]}],
            rules=[{"id": "r", "clauses": [clause("key", "in", "u1")], "variation": 2}],
        ),
        flag("needs-malformed", prerequisites=[{"key": "nothing", "variation": 0}]),
    ]
    names = [one["key"] for one in flags]
    asked = [{"flag": name, "context": context} for context in (USER, {"kind": "user", "key": "u2"}) for name in names]
    yield "malformed flags", document(*flags), asked


def contexts() -> Iterator[Group]:
    """Contexts that LaunchDarkly refuses, whatever the flag, and some that it takes"""
    flags = [flag("on"), flag("off", on=False), flag("needs-off", prerequisites=[{"key": "off", "variation": 0}])]
    taken = (
        {"kind": "user", "key": "u", "name": None, "_meta": {"privateAttributes": ["a"]}},
        {"kind": "multi", "org": {"key": "o"}},
        {"key": "", "custom": {"a": 1}, "anonymous": None},
    )
    refused = (
        {},
        {"kind": "user"},
        {"kind": "user", "key": ""},
        {"kind": "user", "key": 5},
        {"kind": "", "key": "u"},
        {"kind": "kind", "key": "u"},
        {"kind": "ørg", "key": "u"},
        {"kind": 3, "key": "u"},
        {"kind": "user", "key": "u", "name": 3},
        {"kind": "user", "key": "u", "anonymous": "yes"},
        {"kind": "user", "key": "u", "_meta": {"privateAttributes": [1]}},
        {"kind": "multi"},
        {"kind": "multi", "org": {"key": "o"}, "user": 3},
        {"kind": "multi", "org": {"key": "o"}, "a b": {"key": "o"}},
        {"key": "u", "email": 3},
        {"key": "u", "custom": []},
    )
    names = [one["key"] for one in flags]
    asked = [{"flag": name, "context": context} for context in (*taken, *refused) for name in names]
    yield "contexts", document(*flags), asked
