"""How the caller's own objects are read."""

import copy
import datetime
import decimal
import enum
import fractions
import json
import pickle
import re
import types
import typing
import uuid

import pytest
from flagstaff import Client, FlagstaffError, InvalidContextError, PreparedContext, Snapshot


def ask(when, context):
    """Tell whether a condition holds for a context, asked both ways in which a context can be given."""
    snapshot = conditional(when)
    plain = json.loads(snapshot.evaluate("f", "boolean", False, context, 0))
    prepared = json.loads(snapshot.evaluate("f", "boolean", False, PreparedContext("u1", context), 0))
    assert plain["value"] == prepared["value"]
    return plain["value"]


def conditional(when):
    """Make a flag that is on if a condition holds."""
    flag = {"type": "boolean", "enabled": True, "salt": "s", "serve": "off", "rules": [{"when": when, "serve": "on"}]}
    snapshot = Snapshot.from_json(json.dumps({"schemaVersion": 1, "flags": {"f": flag}}))
    assert snapshot.issues == []
    return snapshot


def equals(value, attribute="x"):
    """Make a condition."""
    return {"attribute": attribute, "op": "equals", "value": value}


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


class Plan(enum.Enum):
    PRO = "pro"
    LEVEL = 3


class Organization(typing.TypedDict):
    key: str


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (True, True),
        (False, False),
        (1, 1),
        (1.0, 1),
        (-0.0, 0),
        (2**53 + 1, 2**53),
        (10**300, 1e300),
        (Number.ONE, 1),
        ("ä🚩", "ä🚩"),
        ("nul\0", "nul\0"),
        (Text("text"), "text"),
        (None, None),
    ],
)
def test_a_value_that_json_has_is_read(value, literal):
    assert ask(equals(literal), {"x": value})


def test_true_is_no_number():
    assert not ask(equals(1), {"x": True})
    assert not ask(equals(True), {"x": 1})


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (Plan.PRO, "pro"),
        (Plan.LEVEL, 3),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), "2026-01-02T03:04:05+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (decimal.Decimal("1.5"), 1.5),
        (fractions.Fraction(1, 2), 0.5),
    ],
)
def test_a_value_that_json_does_not_have_is_converted(value, literal):
    assert ask(equals(literal), {"x": value})
    assert PreparedContext("u1", {"x": value}).attributes == {"x": literal}


def test_sets_sequences_and_mappings_are_read():
    prepared = PreparedContext(
        attributes={
            "set": {"b", "c", "a"},
            "mixed": frozenset({1, "a"}),
            "range": range(3),
            "keys": {"k": 1}.keys(),
            "mapping": types.MappingProxyType({"inner": types.MappingProxyType({"deep": Plan.PRO})}),
        }
    )
    assert prepared.attributes == {
        "set": ["a", "b", "c"],
        "mixed": ["a", 1],
        "range": [0, 1, 2],
        "keys": ["k"],
        "mapping": {"inner": {"deep": "pro"}},
    }
    assert ask(equals("b"), {"x": {"a", "b"}})
    assert ask(equals("pro", "/x/inner/deep"), {"x": types.MappingProxyType({"inner": {"deep": Plan.PRO}})})


class Proxy:
    """Stands for another object, as the proxies of Django and of Werkzeug do."""

    def __init__(self, value):
        self.value = value

    __class__ = property(lambda self: type(self.value))
    __str__ = property(lambda self: self.value.__str__)
    __bool__ = property(lambda self: self.value.__bool__)
    __iter__ = property(lambda self: self.value.__iter__)
    __len__ = property(lambda self: self.value.__len__)
    __getitem__ = property(lambda self: self.value.__getitem__)
    keys = property(lambda self: self.value.keys)


@pytest.mark.parametrize("value", ["pro", True, False, 5, 1.5, None, {"a": "b"}, ["a"]])
def test_a_proxy_is_what_it_stands_for(value):
    assert PreparedContext("u1", {"x": Proxy(value)}).attributes == {"x": value}
    if not isinstance(value, dict | list):
        assert ask(equals(value), {"x": Proxy(value)})
    assert not ask(equals("p"), {"x": Proxy(value)})


@pytest.mark.parametrize("key", ["u1", 5])
def test_a_targeting_key_may_be_a_proxy(key):
    assert PreparedContext(Proxy(key)).targeting_key == str(key)


REFUSED = {
    "nan": (float("nan"), "NaN, infinity and an `int` of more than 309 digits are not numbers of JSON"),
    "infinity": (float("inf"), "NaN, infinity and"),
    "a long int": (10**400, "NaN, infinity and"),
    "a lone surrogate": ("\ud800", "a `str` has a lone surrogate"),
    "bytes": (b"bytes", "`bytes` is not a type of a context's values"),
    "decimal nan": (decimal.Decimal("nan"), "`NaN` is not a number of JSON"),
    "naive datetime": (datetime.datetime(2026, 1, 1), "a `datetime` needs a time zone"),
    "time": (datetime.time(1), "`datetime.time` is not a type of a context's values"),
    "object": (object(), "`object` is not a type of a context's values"),
    "complex": (1j, "`complex` is not a type of a context's values"),
    "a key": ({5: "five"}, "a key is not a `str`"),
    "inside": (["a", {"b": b"bytes"}], "`bytes` is not"),
}


@pytest.mark.parametrize(("value", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_any_other_value_is_an_exception_of_a_prepared_context(value, reason):
    with pytest.raises(InvalidContextError, match=re.escape(f"attribute `x`: {reason}")) as caught:
        PreparedContext("u1", {"y": 1, "x": value})
    assert isinstance(caught.value, FlagstaffError)


def test_a_getter_logs_once_which_attribute_it_does_not_read(caplog):
    flag = {
        "type": "boolean",
        "enabled": True,
        "serve": "off",
        "rules": [{"when": {"attribute": "x", "op": "equals", "value": "a"}, "serve": "on"}],
    }
    client = Client.from_document({"schemaVersion": 1, "flags": {"f": flag, "g": flag}})
    for key in ("f", "f", "g"):
        assert client.get_boolean_value(key, True, {"x": b"a"}) is False
        assert client.get_boolean_details(key, True, {"x": b"a"}).reason == "DEFAULT"
        assert client.for_context({"x": b"a"})[key] is False
        # Attributes that the flag does not refer to are not read.
        assert client.get_boolean_value(key, True, {"y": b"a"}) is False
    problem = "attribute `x`: `bytes` is not a type of a context's values"
    assert [record.getMessage() for record in caplog.records] == [
        f"flag `{key}` is evaluated as if an attribute were missing: {problem}" for key in ("f", "g")
    ]
    assert {(record.name, record.levelname) for record in caplog.records} == {("flagstaff.evaluation", "WARNING")}


def test_lists_and_tuples_are_arrays_without_the_elements_that_json_does_not_have():
    for array in (["a", object(), "b"], ("a", float("nan"), "b")):
        for literal, expected in (("b", True), ("c", False)):
            outcome = conditional(equals(literal)).evaluate("f", "boolean", False, {"x": array}, 0)
            assert json.loads(outcome)["value"] is expected


def test_paths_lead_through_dicts():
    context = {"app": {"version": {"major": 2}}, "a/b": {"~": "tilde"}}
    assert ask(equals(2, "/app/version/major"), context)
    assert ask(equals("tilde", "/a~1b/~0"), context)
    assert not ask(equals(2, "/app/missing/major"), context)
    assert not ask(equals(2, "/app/version/major/deeper"), context)
    assert not ask(equals(None, "/app"), context)


def test_a_cycle_is_read_to_an_end():
    cycle = []
    cycle.append(cycle)
    members = {}
    members["self"] = members
    for when, context in (
        (equals("b"), {"x": cycle}),
        (equals("b", "/x/self/self/y"), {"x": members}),
    ):
        assert json.loads(conditional(when).evaluate("f", "boolean", True, context, 0))["value"] is False
        with pytest.raises(InvalidContextError, match="more than 64 containers inside one another"):
            PreparedContext("u1", context)


def test_a_key_whose_comparison_raises_is_not_there():
    class Angry:
        def __hash__(self):
            return hash("x")

        def __eq__(self, other):
            raise RuntimeError

    assert json.loads(conditional(equals(1)).evaluate("f", "boolean", True, {Angry(): 1}, 0))["value"] is False


def test_a_context_is_not_converted_whole():
    """A hundred thousand attributes cost nothing that shows: only the one that the flag refers to is read."""

    class Spy(dict):
        def __iter__(self):
            raise AssertionError

        def items(self):
            raise AssertionError

    snapshot = Snapshot.from_json(
        json.dumps({"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": True, "serve": "on"}}})
    )
    assert json.loads(snapshot.evaluate("f", None, False, Spy(x=1), 0))["value"] is True


def test_an_evaluation_context_is_frozen_and_keeps_no_hold_of_the_dict():
    attributes = {"plan": "pro", "tags": ["a"]}
    context = PreparedContext("u1", attributes)
    attributes["plan"] = "free"
    attributes["tags"].append("b")
    assert (context.targeting_key, context.attributes) == ("u1", {"plan": "pro", "tags": ["a"]})
    with pytest.raises(AttributeError):
        context.targeting_key = "u2"
    context.attributes["plan"] = "free"
    assert context.attributes["plan"] == "pro"


def test_evaluation_contexts_compare_copy_and_pickle():
    context = PreparedContext("u1", {"organization": {"key": "acme"}})
    assert context == PreparedContext("u1", {"organization": {"key": "acme"}})
    assert context != PreparedContext("u2", {"organization": {"key": "acme"}})
    assert pickle.loads(pickle.dumps(context)) == context  # noqa: S301 - our own bytes
    assert copy.deepcopy(context) == context
    assert repr(context) == "PreparedContext('u1', {'organization': {'key': 'acme'}})"


def test_the_key_argument_wins_over_the_attribute():
    assert PreparedContext("u1", {"targetingKey": "u2"}).targeting_key == "u1"
    assert PreparedContext(attributes={"targetingKey": "u2"}).targeting_key == "u2"


KEYS = [
    (5, "5"),
    (-(10**30), "-1000000000000000000000000000000"),
    (Number.ONE, "1"),
    (Plan.PRO, "pro"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
]


@pytest.mark.parametrize(("key", "text"), KEYS)
def test_a_targeting_key_of_another_type_is_text(key, text):
    assert PreparedContext(key).targeting_key == text
    assert PreparedContext(attributes={"targetingKey": key}).targeting_key == text
    snapshot = conditional(equals(text, "targetingKey"))
    everything = json.loads(snapshot.evaluate_all({"targetingKey": key}, 0))["flags"]
    assert everything["f"] == json.loads(snapshot.evaluate("f", "boolean", False, {"targetingKey": key}, 0))
    assert everything["f"]["value"] is True


def test_a_key_that_is_none_is_an_invalid_context(caplog):
    client = Client.from_document(
        {"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": True, "serve": "on"}}}
    )
    snapshot = conditional(equals(1))
    for key in (True, 1.5, ["u1"], {"id": 1}, b"u1"):
        outcome = json.loads(snapshot.evaluate("f", "boolean", "default", {"targetingKey": key}, 0))
        assert (outcome["value"], outcome["errorCode"]) == ("default", "INVALID_CONTEXT")
        for make in (PreparedContext, lambda key: PreparedContext(None, {"targetingKey": key})):
            with pytest.raises(InvalidContextError, match="`targetingKey` is not a string"):
                make(key)
        assert client.get_boolean_value("f", False, {"targetingKey": key}) is False
    for context in ([], "[1]", "{", '{"targetingKey": 5}'):
        outcome = json.loads(snapshot.evaluate("f", "boolean", "default", context, 0))
        assert (outcome["value"], outcome["errorCode"]) == ("default", "INVALID_CONTEXT")
    assert [record.getMessage() for record in caplog.records] == [
        "flag `f` cannot be evaluated for its context, so the default is served: `targetingKey` is not a string"
    ]


def test_mappings_and_typed_dicts_are_contexts():
    client = Client.from_document(
        {
            "schemaVersion": 1,
            "flags": {
                "f": {
                    "type": "boolean",
                    "enabled": True,
                    "serve": "off",
                    "rules": [{"when": equals("acme", "key"), "serve": "on"}],
                }
            },
        }
    )
    for context in (types.MappingProxyType({"key": "acme"}), Organization(key="acme")):
        assert client.get_boolean_value("f", False, context) is True
        assert client.get_boolean_details("f", False, context).value is True
        assert client.for_context(context)["f"] is True
        assert client.evaluate_all(context)["f"].value is True
        assert PreparedContext("u1", context).attributes == {"key": "acme"}


def test_each_of_many_names_and_texts_is_read():
    # More than are held in place, and more than a thread keeps the names of.
    context = {f"name-{number}": f"text-{number}" for number in range(600)}
    conditions = [equals(text, name) for name, text in context.items()]
    for _ in range(2):
        assert all(ask(condition, context) for condition in conditions)
    # Twelve texts for one flag.
    assert ask({"all": conditions[:12]}, context)
    assert not ask({"all": [*conditions[:12], equals("another", "name-0")]}, context)


def test_a_text_may_be_changed_while_it_is_read():
    class Key(str):
        """A key that changes the dict when it is compared."""

        __slots__ = ()

        def __eq__(self, other):
            context["a"] = "b"
            return False

        def __hash__(self):
            return hash("second")

    context = {"a": "a"}
    context[Key("x")] = 1
    flag = {
        "type": "boolean",
        "enabled": True,
        "serve": "off",
        "rules": [
            {"when": {"all": [equals("a", "a"), {"not": equals(1, "second")}, equals("b", "a")]}, "serve": "on"},
        ],
    }
    snapshot = Snapshot.from_json(json.dumps({"schemaVersion": 1, "flags": {"f": flag}}))
    assert json.loads(snapshot.evaluate("f", "boolean", False, context, 0))["value"] is True


def test_a_context_has_at_most_1000_attributes_whatever_they_are():
    snapshot = conditional(equals(1))
    full = {f"a{number}": number for number in range(999)}
    for context, is_valid in (
        ({**full, "targetingKey": "u1"}, True),
        # Also values that are not read count.
        ({**full, "more": object()}, True),
        ({**full, "targetingKey": "u1", "more": object()}, False),
    ):
        outcome = json.loads(snapshot.evaluate("f", "boolean", False, context, 0))
        assert outcome["errorCode"] == (None if is_valid else "INVALID_CONTEXT")
    assert len(PreparedContext("u1", full).attributes) == 999
    for context in ({**full, "more": 1}, {**full, "targetingKey": "u2", "more": 1}):
        with pytest.raises(InvalidContextError, match="a context has at most 1000 attributes"):
            PreparedContext("u1", context)


def test_contexts_of_the_same_attributes_are_equal_in_whatever_order_these_came():
    names = [f"a{number}" for number in range(200)]
    one = PreparedContext("u1", dict.fromkeys(names, 1))
    other = PreparedContext("u1", dict.fromkeys([*names[::3], *names[1::3], *names[2::3]], 1))
    assert one == other
