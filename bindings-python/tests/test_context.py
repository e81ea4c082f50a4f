"""How the caller's own objects are read."""

import copy
import datetime
import decimal
import enum
import json
import pickle
import uuid

import pytest
from flagstaff import EvaluationContext, Snapshot


def ask(when, context):
    """Tell whether a condition holds for a context, asked both ways in which a context can be given."""
    flag = {"type": "boolean", "enabled": True, "salt": "s", "serve": "off", "rules": [{"when": when, "serve": "on"}]}
    snapshot = Snapshot.from_json(json.dumps({"schemaVersion": 1, "flags": {"f": flag}}))
    assert snapshot.issues == []
    plain = json.loads(snapshot.evaluate("f", "boolean", False, context, 0))
    prepared = json.loads(snapshot.evaluate("f", "boolean", False, EvaluationContext("u1", context), 0))
    assert plain["value"] == prepared["value"]
    return plain["value"]


def equals(value, attribute="x"):
    """Make a condition."""
    return {"attribute": attribute, "op": "equals", "value": value}


def is_missing(value):
    """Tell whether a value reads as missing: it is neither equal to anything JSON has, nor is it null."""
    literals = [0, 1, True, False, "", "nan", None]
    return not any(ask(equals(literal), {"x": value}) for literal in literals)


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


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
    "value",
    [
        float("nan"),
        float("inf"),
        10**400,
        "\ud800",
        b"bytes",
        decimal.Decimal(1),
        datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
        uuid.UUID(int=1),
        {1},
        object(),
        1j,
    ],
)
def test_a_value_that_json_does_not_have_is_missing(value):
    assert is_missing(value)


def test_lists_and_tuples_are_arrays_without_their_foreign_elements():
    for array in (["a", object(), "b"], ("a", float("nan"), "b")):
        assert ask(equals("b"), {"x": array})
        assert not ask(equals("c"), {"x": array})


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
    assert not ask(equals("b"), {"x": cycle})
    members = {}
    members["self"] = members
    assert not ask(equals("b", "/x/self/self/y"), {"x": members})


def test_a_key_whose_comparison_raises_is_not_there():
    class Angry:
        def __hash__(self):
            return hash("x")

        def __eq__(self, other):
            raise RuntimeError

    assert not ask(equals(1), {Angry(): 1})


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
    context = EvaluationContext("u1", attributes)
    attributes["plan"] = "free"
    attributes["tags"].append("b")
    assert (context.targeting_key, context.attributes) == ("u1", {"plan": "pro", "tags": ["a"]})
    with pytest.raises(AttributeError):
        context.targeting_key = "u2"
    context.attributes["plan"] = "free"
    assert context.attributes["plan"] == "pro"


def test_evaluation_contexts_compare_copy_and_pickle():
    context = EvaluationContext("u1", {"organization": {"key": "acme"}})
    assert context == EvaluationContext("u1", {"organization": {"key": "acme"}})
    assert context != EvaluationContext("u2", {"organization": {"key": "acme"}})
    assert pickle.loads(pickle.dumps(context)) == context  # noqa: S301 - our own bytes
    assert copy.deepcopy(context) == context
    assert repr(context) == "EvaluationContext('u1', {'organization': {'key': 'acme'}})"


def test_the_key_argument_wins_over_the_attribute():
    assert EvaluationContext("u1", {"targetingKey": "u2"}).targeting_key == "u1"
    assert EvaluationContext(attributes={"targetingKey": "u2"}).targeting_key == "u2"


def test_a_targeting_key_of_another_type_is_an_invalid_context():
    document = {"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": True, "serve": "on"}}}
    snapshot = Snapshot.from_json(json.dumps(document))
    for context in (
        {"targetingKey": 5},
        EvaluationContext(attributes={"targetingKey": 5}),
        [],
        "[1]",
        "{",
        '{"targetingKey": 5}',
    ):
        outcome = json.loads(snapshot.evaluate("f", "boolean", "default", context, 0))
        assert (outcome["value"], outcome["errorCode"]) == ("default", "INVALID_CONTEXT")
    with pytest.raises(TypeError):
        EvaluationContext(5)


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


@pytest.mark.parametrize("prepare", [lambda context: context, lambda context: EvaluationContext(attributes=context)])
def test_a_context_has_at_most_1000_attributes_whatever_they_are(prepare):
    flag = {"type": "boolean", "enabled": True, "serve": "on"}
    snapshot = Snapshot.from_json(json.dumps({"schemaVersion": 1, "flags": {"f": flag}}))

    def error_of(context):
        return json.loads(snapshot.evaluate("f", "boolean", False, prepare(context), 0))["errorCode"]

    full = {f"a{number}": number for number in range(998)} | {"foreign": object(), "targetingKey": "u1"}
    assert error_of(full) is None
    assert error_of(full | {"more": object()}) == "INVALID_CONTEXT"


def test_a_targeting_key_of_its_own_is_an_attribute_too():
    attributes = {f"a{number}": number for number in range(1000)}
    flag = {"type": "boolean", "enabled": True, "serve": "on"}
    snapshot = Snapshot.from_json(json.dumps({"schemaVersion": 1, "flags": {"f": flag}}))
    context = EvaluationContext("u1", attributes)
    assert json.loads(snapshot.evaluate("f", None, None, context, 0))["errorCode"] == "INVALID_CONTEXT"


def test_contexts_of_the_same_attributes_are_equal_in_whatever_order_these_came():
    names = [f"a{number}" for number in range(200)]
    one = EvaluationContext("u1", dict.fromkeys(names, 1))
    other = EvaluationContext("u1", dict.fromkeys([*names[::3], *names[1::3], *names[2::3]], 1))
    assert one == other
