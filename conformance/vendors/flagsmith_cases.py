"""What is asked of Flagsmith's features by hand: edges of hashes, coercions, properties, quantifiers, priorities"""

from __future__ import annotations

from collections.abc import Iterator

from flagsmith import percentage

Group = tuple[str, dict, list[dict]]


def groups() -> Iterator[Group]:
    """Name, document, and what is asked: each a `flag` and a `context`"""
    yield from edges()
    yield from splits()
    yield from operators()
    yield from properties()
    yield from quantifiers()
    yield from priorities()
    yield from forms()


def document(features: list[dict], segments: list[dict] | None = None) -> dict:
    by_name = {feature["name"]: feature for feature in features}
    numbered = {f"s{9 - number}": segment for number, segment in enumerate(segments or [])}
    return {"environment": {"key": "env", "name": "Production"}, "features": by_name, "segments": numbered}


def feature(name: str, value: object = "control", enabled: bool = True, **members: object) -> dict:
    return {"key": name, "name": name, "enabled": enabled, "value": value, **members}


def variant(key: str | None, weight: float, priority: int, value: object = None) -> dict:
    made = {"value": key if value is None else value, "weight": weight, "priority": priority}
    return made if key is None else {**made, "key": key}


def who(identifier: str = "i1", **members: object) -> dict:
    return {"identity": {"identifier": identifier, **members}}


def segment(number: int, rules: list[dict], *overrides: dict) -> dict:
    return {"key": str(number), "name": f"Segment {number}", "rules": rules, "overrides": list(overrides)}


def edges() -> Iterator[Group]:
    known = [variant("bar", 30, 1), variant("baz", 30, 2)]
    keys = ("32103705", "32103813", "32103770", "32103727", "32103696", "32103704", "32103815")
    asked = [{"flag": "f", "context": who(key=key)} for key in keys]
    asked += [
        {"flag": "f", "context": context}
        for context in ({}, {"identity": None}, who("ü"), who("日本"), who("😀"), who(key=""))
    ]
    yield "percentages of the published engine", document([{**feature("f"), "key": "78986", "variants": known}]), asked
    features, asked = [], []
    for number, key in enumerate(("a", "ü", "日本", "😀", "007", "a,b")):
        for side in (0, 1):
            name = f"edge-{number}-{side}"
            # The variant ends at the percentage itself, or at the one after it.
            weight = percentage([name, key]) + side * 100 / 9998
            features.append(feature(name, variants=[variant("first", weight, 2), variant("never", 0, 1)]))
            asked.append({"flag": name, "context": who(key=key)})
    # The hash of these ids is 100 %, so that they are hashed twice.
    features.append(
        {**feature("twice"), "key": "1", "variants": [variant("first", 45.78, 1), variant("rest", 54.22, 2)]}
    )
    asked.append({"flag": "twice", "context": who(key="8931")})
    yield "edges of percentages", document(features), asked


def splits() -> Iterator[Group]:
    features, segments, asked = [], [], []
    contexts = (who("foobar"), who(key="007", traits={"n": "007", "x": True, "f": 1.5}), who(traits={"n": "1.50"}), {})
    number = 0
    for name, found in (
        ("", "env_foobar"),
        ("$.identity.key", "7"),
        ("n", "7"),
        ("n", "1.5"),
        ("x", "True"),
        ("f", "1.5"),
    ):
        for threshold in (found, None, "x"):
            number += 1
            exact = percentage([str(number), found])
            value = str(exact) if threshold == found else str(exact - 0.001) if threshold is None else threshold
            rules = [
                {"type": "ALL", "conditions": [{"property": name, "operator": "PERCENTAGE_SPLIT", "value": value}]}
            ]
            features.append(feature(f"split-{number}"))
            segments.append(segment(number, rules, feature(f"split-{number}", "in")))
            asked += [{"flag": f"split-{number}", "context": context} for context in contexts]
    yield "percentage splits", document(features, segments[:10]), [one for one in asked if int(one["flag"][6:]) <= 9]
    rest = document(features[9:], [])
    rest["segments"] = {one["key"]: one for one in segments[9:]}
    yield "percentage splits of traits", rest, [one for one in asked if int(one["flag"][6:]) > 9]


def operators() -> Iterator[Group]:
    tests = (
        ("EQUAL", "5", [5, "5", "05", 5.5, "5.0", True, None, "x"]),
        ("EQUAL", "5.50", [5.5, "5.5", 5]),
        ("EQUAL", "false", [False, True, "false", "False"]),
        ("EQUAL", "ü", ["ü", "u"]),
        ("EQUAL", "1.2.3:semver", ["1.2.3", "1.2.3+x", "1.2", "v1.2.3", 1]),
        ("NOT_EQUAL", "5", [6, 5, 5.5, "x", True]),
        ("NOT_EQUAL", "x", [5, "x", "y"]),
        ("GREATER_THAN", "5", [6, "10", 5, 4.9, "x", "a5"]),
        ("GREATER_THAN_INCLUSIVE", "1.9.0:semver", ["1.10.0", "1.9.0-rc", "1.9.0", "2"]),
        ("LESS_THAN", "b", ["a", "c", 1]),
        ("LESS_THAN_INCLUSIVE", "-7", [-7, "-7", -6.9]),
        ("CONTAINS", "ro", ["pro", "Pro", "x", 5]),
        ("NOT_CONTAINS", "ro", ["pro", "x", 5, True]),
        ("IN", "a,5,True", ["a", 5, "5", "05", True, "True", 5.5]),
        ("IN", '["a,b", 5.5, null]', ["a,b", 5.5, "None", "a"]),
        ("IN", ["日本", "5"], ["日本", 5]),
        ("REGEX", "[0-9]\\.5$", [1.5, "1.50", "x1.5", True]),
        ("REGEX", "^True", [True, "True!", "xTrue"]),
        ("MODULO", "4|1", [5, "9", 4, True, 1.0, "x", -3]),
        ("MODULO", "-3|-1", [5, 2]),
        ("MODULO", "0|0", [4]),
        ("IS_SET", "", ["", False, None]),
        ("IS_NOT_SET", "", [0, None]),
        ("UNKNOWN", "x", ["x"]),
    )
    for number, (operator, literal, values) in enumerate(tests):
        rules = [{"type": "ALL", "conditions": [{"property": "p", "operator": operator, "value": literal}]}]
        whole = document([feature("f", "out")], [segment(1, rules, feature("f", "in"))])
        asked = [{"flag": "f", "context": who(traits={"p": value})} for value in values]
        yield (
            f"operator {operator}, {number}",
            whole,
            [*asked, {"flag": "f", "context": who()}, {"flag": "f", "context": {}}],
        )


def properties() -> Iterator[Group]:
    tests = (
        ("$.identity.identifier", "i1"),
        ("$.identity.key", "env_i1"),
        ("$.environment.key", "env"),
        ("$.environment.name", "Production"),
        ("$.identity.traits.plan", "pro"),
        ("$.identity.traits['a b']", "x"),
        ('$.identity.traits["a b"]', "x"),
        ("$.identity.traits.a b", "x"),
        ("a b", "x"),
        ("$.identity.traits", "x"),
    )
    features = [feature(f"f{number}", "out") for number in range(len(tests))]
    segments = [
        segment(
            number,
            [{"type": "ALL", "conditions": [{"property": name, "operator": "EQUAL", "value": literal}]}],
            feature(f"f{number}", "in"),
        )
        for number, (name, literal) in enumerate(tests)
    ]
    contexts = (who(traits={"plan": "pro", "a b": "x"}), who("i2", key="k", traits={"$.environment.key": "other"}), {})
    asked = [{"flag": one["name"], "context": context} for context in contexts for one in features]
    yield "properties", document(features, segments), asked


def quantifiers() -> Iterator[Group]:
    def is_plan(plan: str) -> dict:
        return {"property": "plan", "operator": "EQUAL", "value": plan}

    pro, free = is_plan("pro"), is_plan("free")
    made = (
        [],
        [{"type": "ALL", "conditions": []}],
        [{"type": "NONE", "conditions": []}],
        [{"type": "ANY", "conditions": [pro, free]}],
        [{"type": "ALL", "conditions": [pro, free]}],
        [{"type": "NONE", "conditions": [pro, free]}],
        [{"type": "ALL", "rules": [{"type": "ANY", "conditions": [pro]}, {"type": "NONE", "conditions": [free]}]}],
        [{"type": "NONE", "conditions": [free], "rules": [{"type": "ALL", "conditions": [pro]}]}],
        [
            {
                "type": "ANY",
                "conditions": [pro],
                "rules": [{"type": "NONE", "conditions": [free]}, {"type": "ALL", "conditions": [free]}],
            }
        ],
        [{"type": "ALL", "conditions": [pro]}, {"type": "NONE", "conditions": [free]}],
    )
    features = [feature(f"f{number}", "out") for number in range(len(made))]
    segments = {str(number): segment(number, rules, feature(f"f{number}", "in")) for number, rules in enumerate(made)}
    whole = {**document(features), "segments": segments}
    contexts = (who(traits={"plan": "pro"}), who(traits={"plan": "free"}), who())
    yield "quantifiers", whole, [{"flag": one["name"], "context": context} for context in contexts for one in features]


def priorities() -> Iterator[Group]:
    always = [{"type": "ALL", "conditions": []}]
    never: list[dict] = []

    def override(name: str, value: str, *priority: float) -> dict:
        return feature(name, value, **({"priority": priority[0]} if priority else {}))

    segments = [
        segment(
            1,
            always,
            override("lowest", "first", 2),
            override("tie", "first", 1),
            override("none", "first"),
            override("one", "none"),
        ),
        segment(
            2,
            always,
            override("lowest", "second", 1),
            override("tie", "second", 1),
            override("none", "second"),
            override("one", "one", 9),
        ),
        segment(
            3, never, override("lowest", "third", 0), override("tie", "third", -1), override("unmatched", "third", 0)
        ),
        segment(
            4, always, override("twice", "first", 1), override("twice", "second", 0), override("negative", "in", -0.5)
        ),
        segment(
            5,
            always,
            {**override("split", "own"), "key": "other", "variants": [variant("a", 50, 2), variant("b", 50, 1)]},
        ),
    ]
    names = ("lowest", "tie", "none", "one", "unmatched", "twice", "negative", "split")
    whole = document([feature(name) for name in names], segments)
    asked = [{"flag": name, "context": context} for name in names for context in (who(), who("i2"), who("i7"), {})]
    yield "priorities", whole, asked


def forms() -> Iterator[Group]:
    """Values of several types, and features that are not enabled"""
    vip = [{"type": "ALL", "conditions": [{"property": "vip", "operator": "EQUAL", "value": "true"}]}]
    half = [variant("a", 50, 1, "x"), variant("b", 50, 2, "y")]
    features = [
        feature("plain", None),
        feature("off", None, False),
        feature("text", "hello"),
        feature("text-off", "hello", False),
        feature("number-on-for-vip", 1, False),
        feature("boolean-value", False),
        feature("mixed", "1"),
        feature("split-off", "z", False, variants=half),
        feature("on-for-vip", None, False),
        feature("null-for-vip", "x"),
        feature("variant-without-key", "z", variants=[variant(None, 100, 1, "w")]),
    ]
    overrides = [
        feature("number-on-for-vip", 2),
        feature("mixed", 1),
        feature("on-for-vip", None),
        feature("null-for-vip", None, False),
        feature("split-off", "z", variants=half),
    ]
    contexts = (who(traits={"vip": True}), who(), who("i2"), {})
    names = [one["name"] for one in features]
    yield (
        "forms of values",
        document(features, [segment(1, vip, *overrides)]),
        [{"flag": name, "context": context} for name in names for context in contexts],
    )
