"""What is asked of flagd's flags by hand: edges of hashes, coercions, operators, versions, reasons and errors"""

from __future__ import annotations

from collections.abc import Iterator

Group = tuple[str, dict, list[dict]]
SUITS = ("clubs", "diamonds", "hearts", "spades")
IDS = ("jack", "queen", "ten", "nine", "3", "ü", "日本", "😀", "é", "a" * 300)
# Texts whose hash is 0, 1, and the numbers around the middle and the end of what a hash can be.
EDGES = ("ejOoVL", "bY9fO-", "SI7p-", "6LvT0", "ceQdGm")


def groups() -> Iterator[Group]:
    """Name, flag file, and what is asked: each a `flag`, a `context`, and perhaps `fractional`, `now` and `type`"""
    yield from fractions()
    yield from units()
    yield from weights()
    yield from operators()
    yield from versions()
    yield from reasons()


def flag(targeting: object = None, variants: dict | None = None, **members: object) -> dict:
    made = {
        "state": "ENABLED",
        "variants": variants or {"yes": "yes", "no": "no", "true": "t", "false": "f"},
        "defaultVariant": "no",
        **members,
    }
    return made if targeting is None else {**made, "targeting": targeting}


def both(name: str, context: dict, **members: object) -> list[dict]:
    return [{"flag": name, "context": context, "fractional": version, **members} for version in (2, 3)]


def fractions() -> Iterator[Group]:
    variants = {suit: suit for suit in SUITS}
    equal = [[suit, 25] for suit in SUITS]
    key = {"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}
    flags = {
        "fractional-flag": flag({"fractional": [key, *equal]}, variants, defaultVariant="clubs"),
        "shorthand": flag({"fractional": equal}, variants, defaultVariant="clubs"),
        "unweighted": flag({"fractional": [[suit] for suit in SUITS]}, variants, defaultVariant="clubs"),
        "flag ü/1": flag({"fractional": equal}, variants, defaultVariant="clubs"),
    }
    asked = [one for name in flags for unit in IDS for one in both(name, {"targetingKey": unit})]
    yield "ids of fractional", {"flags": flags}, asked
    half = [["yes", 1], ["no", 1]]
    flags = {
        "half": flag({"fractional": [{"var": "targetingKey"}, *half]}),
        "whole": flag({"fractional": [{"var": "targetingKey"}, ["yes", 2147483647]]}),
        "last": flag({"fractional": [{"var": "targetingKey"}, ["yes", 2147483646], ["no", 1]]}),
    }
    yield (
        "edges of the hash",
        {"flags": flags},
        [one for name in flags for unit in EDGES for one in both(name, {"targetingKey": unit})],
    )


def units() -> Iterator[Group]:
    variants = {suit: suit for suit in SUITS}
    flags = {
        "f": flag({"fractional": [{"var": "unit"}, *([suit, 1] for suit in SUITS)]}, variants, defaultVariant="clubs")
    }
    given = (
        "",
        "unit",
        0,
        1,
        -1,
        23,
        24,
        -24,
        -25,
        255,
        256,
        65535,
        65536,
        4294967295,
        4294967296,
        1.5,
        -0.0,
        0.1,
        1e300,
        -1e300,
        65504.5,
        5.960464477539063e-08,
        3.4028234663852886e38,
        9223372036854775808,
        -9223372036854775808,
        18446744073709551616,
        1e-320,
        True,
        False,
        None,
        {},
        {"b": 1, "aa": [None]},
        {"10": 1, "9": 2},
    )
    asked = [one for unit in given for one in both("f", {"unit": unit, "targetingKey": "jack"})]
    asked += [
        one
        for context in ({}, {"unit": [1]}, {"unit": ["clubs", 1]}, {"unit": ["clubs", 1], "targetingKey": ""})
        for one in both("f", context)
    ]
    yield "units of every type", {"flags": flags}, asked


def weights() -> Iterator[Group]:
    forms = (
        [["yes", 0]],
        [["yes", -5], ["no", 1]],
        [["yes", 0.5]],
        [["yes", 1.0]],
        [["yes", "1"]],
        [["yes", None]],
        [["yes", True]],
        [["yes", 1, 1]],
        [[]],
        ["yes"],
        [["yes", 2147483647], ["no", 1]],
        [[True, 1]],
        [[None, 1]],
        [["other", 1]],
        [[{"var": "x"}, {"var": "w"}]],
        [["yes", {"+": [1, 1]}]],
        [[["yes"], 1]],
        [{"var": "bucket"}],
        [["yes", -0.0], ["no", 3]],
        [["yes", -1e300], ["no", 3]],
        [["yes", 1e300]],
        [],
    )
    flags = {f"w{number}": flag({"fractional": ["unit", *form]}) for number, form in enumerate(forms)}
    flags["single"] = flag({"fractional": {"var": "all"}})
    flags["no list"] = flag({"fractional": "unit"})
    context = {"x": "yes", "w": 3, "bucket": ["yes", 7], "all": ["unit", ["yes", 1]]}
    yield "weights", {"flags": flags}, [one for name in flags for one in both(name, context)]


def operators() -> Iterator[Group]:
    true = (
        {"==": [{"var": "n"}, "5"]},
        {"==": [{"var": "missing"}, None]},
        {"==": [{"var": "missing"}, 0]},
        {"===": [{"var": "n"}, 5.0]},
        {"!=": [[1], "1"]},
        {"!==": [[1], [1]]},
        {"==": [True, "1"]},
        {"==": ["0x10", 16]},
        {"==": ["", 0]},
        {"==": [" \n", False]},
        {"==": ["1_0", 10]},
        {"==": ["1,2", [1, 2]]},
        {"==": [{"var": "o"}, "[object Object]"]},
        {"<": [1, {"var": "n"}, 10]},
        {"<=": [5, {"var": "n"}, 4]},
        {">": ["10", "9"]},
        {">": ["10", 9]},
        {">=": [None, 0]},
        {"<": ["\uffff", "\U00010000"]},
        {"<": [{"var": "x"}, 5]},
        {">": [3, 2, 1]},
        {"in": ["b", {"var": "list"}]},
        {"in": ["ell", "hello"]},
        {"in": [1, "a1"]},
        {"in": [5, ["5"]]},
        {"in": ["a", None]},
        {"in": [None, "null"]},
        {"starts_with": [{"var": "s"}, "hé"]},
        {"ends_with": [{"var": "s"}, ""]},
        {"starts_with": [5, "5"]},
        {"ends_with": ["a"]},
        {"starts_with": {"var": "pair"}},
        {"starts_with": "a"},
        {"cat": ["ye", "s"]},
        {"cat": [True]},
        {"cat": [["a", None], 1e21, None]},
        {"if": [{"var": "list"}, "yes"]},
        {"if": [[], "yes", "no"]},
        {"if": [0, 1, "", 2, "0", "yes"]},
        {"if": []},
        {"?:": [{"var": "o"}, "yes", "no"]},
        {"and": [1, "yes"]},
        {"and": [0, "yes"]},
        {"or": [0, "", "yes"]},
        {"or": []},
        {"!": [[]]},
        {"!": []},
        {"!!": [{}]},
        {"!!": "0"},
        {"==": [{"+": ["1", " 2x", 3]}, 6]},
        {"==": [{"+": []}, 0]},
        {"==": [{"*": ["2", "3"]}, 6]},
        {"==": [{"-": ["5"]}, -5]},
        {"==": [{"-": [5, "2"]}, 3]},
        {"==": [{"/": [1, 0]}, "Infinity"]},
        {"==": [{"%": [-7, 3]}, -1]},
        {"==": [{"%": [5.5, 2]}, 1.5]},
        {"==": [{"min": [3, "1", 2]}, 1]},
        {"==": [{"max": []}, "-Infinity"]},
        {"max": [1, "x"]},
        {"cat": [{"+": [0.1, 0.2]}]},
        {"==": [{"substr": ["jsonlogic", 4]}, "logic"]},
        {"==": [{"substr": ["jsonlogic", -5, 2]}, "lo"]},
        {"==": [{"substr": ["jsonlogic", 1, -5]}, "son"]},
        {"==": [{"substr": ["a😀b", 1, 2]}, "😀"]},
        {"substr": [12345, 1, 2]},
        {"in": ["c", {"merge": [{"var": "list"}, "c"]}]},
        {"==": [{"reduce": [{"var": "ns"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}, 6]},
        {"in": [4, {"map": [{"var": "ns"}, {"*": [{"var": ""}, 2]}]}]},
        {"in": [1, {"filter": [{"var": "ns"}, {">": [{"var": ""}, 1]}]}]},
        {"all": [{"var": "ns"}, {">": [{"var": ""}, 0]}]},
        {"all": [[], True]},
        {"none": [{"var": "missing"}, True]},
        {"some": [{"var": "rows"}, {"==": [{"var": "k"}, 2]}]},
        {"missing": ["n", "gone"]},
        {"missing": [["n"]]},
        {"missing_some": [1, ["n", "gone"]]},
        {"missing_some": [2, ["n", "gone"]]},
        {"log": "yes"},
        {"var": ["gone", "yes"]},
        {"var": "rows.1.k"},
        {"var": "rows.01.k"},
        {"var": "none"},
        {"var": ["none", "yes"]},
        {"var": "none.deeper"},
        {"var": {"cat": ["y", "n"]}},
        {"==": [{"var": "$flagd.flagKey"}, "t0"]},
        {">": [{"var": "$flagd.timestamp"}, 1600000000]},
        {"var": [""]},
        {"var": 1},
    )
    flags = {f"t{number}": flag(targeting) for number, targeting in enumerate(true)}
    context = {
        "n": 5,
        "s": "héllo",
        "list": ["a", "b"],
        "o": {},
        "ns": [1, 2, 3],
        "rows": [{"k": 1}, {"k": 2}],
        "none": None,
        "pair": ["abc", "a"],
        "yn": "yes",
        "x": "x",
        "1": "yes",
    }
    asked = [{"flag": name, "context": context, "now": 1700000000999} for name in flags]
    yield "operators of JSONLogic", {"flags": flags}, asked + [{"flag": name, "context": {}} for name in flags]


def versions() -> Iterator[Group]:
    texts = (
        "1.2.3",
        "v1.2.3",
        "V1.2.3",
        "1.2.3-beta.2",
        "1.2.3-beta.10",
        "1.2.3+b",
        "1.2",
        "1",
        "1.3.0",
        "2.0.0",
        "1.2.3.4",
        "01.2.3",
        "x",
        "",
        "1.2-a",
        "10.0.0",
    )
    relations = ("=", "!=", "<", "<=", ">", ">=", "^", "~", "==", "")
    flags = {
        f"v{number}": flag({"sem_ver": [{"var": "v"}, relation, "1.2.3"]}) for number, relation in enumerate(relations)
    }
    asked = [{"flag": name, "context": {"v": found}} for name in flags for found in (*texts, 1, 1.2, 1.5, None, True)]
    yield "versions", {"flags": flags}, asked


def reasons() -> Iterator[Group]:
    types = ("boolean", "string", "integer", "number", "object")
    flags = {
        "boolean": flag(variants={"on": True, "off": False}, defaultVariant="on"),
        "string": flag(variants={"a": "A"}, defaultVariant="a"),
        "integer": flag(variants={"a": 18.0}, defaultVariant="a"),
        "float": flag(variants={"a": 1.5}, defaultVariant="a"),
        "object": flag(variants={"a": {"x": [1, None]}}, defaultVariant="a"),
        "mixed": flag({"var": "want"}, {"a": 1, "b": "B", "c": True, "d": {"e": 1}}, defaultVariant="a"),
    }
    asked = [{"flag": name, "context": {}, "type": asked} for name in flags for asked in types]
    asked += [{"flag": "mixed", "context": {"want": want}, "type": asked} for want in "abcd" for asked in types]
    yield "types", {"flags": flags, "metadata": {"set": 1}}, asked
    flags = {
        "off": flag({"cat": "yes"}, state="DISABLED"),
        "no default": flag({"var": "want"}, defaultVariant=None),
        "empty default": flag(defaultVariant=""),
        "unknown default": flag({"var": "want"}, defaultVariant="other"),
        "empty targeting": flag({}),
        "unknown operator": flag({"if": [True, "yes", {"nope": 1}]}),
        "unknown reference": flag({"$ref": "nobody"}),
        "reference": flag({"if": [{"$ref": "staff"}, "yes", "no"]}),
        "boolean result": flag({"==": [{"var": "want"}, "yes"]}),
    }
    evaluators = {
        "staff": {"and": [{"$ref": "domain"}, True]},
        "domain": {"ends_with": [{"var": "email"}, "@example.com"]},
    }
    contexts = ({}, {"want": "yes"}, {"want": "elsewhere"}, {"want": None}, {"email": "a@example.com"}, {"want": 1.50})
    asked = [{"flag": name, "context": context} for name in [*flags, "nobody"] for context in contexts]
    yield "reasons and errors", {"flags": flags, "$evaluators": evaluators}, asked
