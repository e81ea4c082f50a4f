"""Values and details of an offline client."""

import math

import pytest
from flagstaff import Client, EvaluationDetails, PreparedContext

PRO = {"targetingKey": "u1", "plan": "pro"}


def test_each_getter_answers_its_flag(client):
    assert client.get_boolean_value("bool", False, PRO) is True
    assert client.get_boolean_value("bool", True, {}) is False
    assert client.get_string_value("string", "x") == "ä🚩"
    assert client.get_integer_value("integer", 1) == 42
    assert client.get_float_value("fraction", 0.0) == 1.5
    assert client.get_object_value("object", {}) == {"list": [1, 2.5, None, {"deep": True}]}


def test_falsy_values_are_values(client):
    assert client.get_string_value("empty", "default") == ""
    assert client.get_boolean_value("off", True) is False


def test_numbers_have_the_getters_type(client):
    assert type(client.get_integer_value("integer", 1)) is int
    assert type(client.get_float_value("integer", 1.0)) is float
    assert client.get_integer_value("fraction", 7) == 7
    assert client.get_integer_details("huge", 7).error_code == "TYPE_MISMATCH"
    assert client.get_float_value("huge", 0.0) == float(2**60)


def test_minus_zero_is_zero(client):
    assert client.get_integer_value("minus-zero", 1) == 0
    assert math.copysign(1.0, client.get_float_value("minus-zero", 1.0)) == 1.0


@pytest.mark.parametrize(
    ("flag", "code"), [("missing", "FLAG_NOT_FOUND"), ("broken", "PARSE_ERROR"), ("integer", "TYPE_MISMATCH")]
)
def test_an_error_answers_the_default_and_its_code(client, flag, code):
    details = client.get_string_details(flag, "default", PRO)
    assert (details.value, details.error_code, details.reason) == ("default", code, "ERROR")
    assert details.variant is None
    assert details.error_message
    assert not details.enabled


def test_a_default_comes_back_as_the_same_object(client):
    default = object()
    for getter in ("boolean", "string", "integer", "float", "object"):
        assert getattr(client, f"get_{getter}_value")("missing", default) is default
        assert getattr(client, f"get_{getter}_details")("missing", default).value is default
    assert client.get_integer_value("missing", None) is None


@pytest.mark.parametrize("key", [None, 5, b"bool", "\ud800", ["bool"]])
def test_a_key_that_no_flag_can_have_finds_none(client, key):
    assert client.get_boolean_value(key, True) is True
    assert client.get_boolean_details(key, True).error_code == "FLAG_NOT_FOUND"


def test_details_say_why(client):
    details = client.get_boolean_details("bool", False, PRO)
    assert (details.flag_key, details.value, details.variant, details.reason) == ("bool", True, "on", "TARGETING_MATCH")
    assert (details.error_code, details.error_message, details.enabled) == (None, None, True)
    assert details.flag_metadata == {"team": "web", "since": 3}
    assert client.get_boolean_details("on", False).reason == "STATIC"
    assert client.get_boolean_details("off", True).reason == "DISABLED"


def test_details_are_neither_true_nor_false_and_do_not_change(client):
    details = client.get_boolean_details("bool", False)
    with pytest.raises(TypeError, match="value"):
        bool(details)
    with pytest.raises(AttributeError):
        details.value = True
    details.flag_metadata["team"] = "other"
    assert details.flag_metadata["team"] == "web"
    assert repr(details) == (
        "EvaluationDetails(flag_key='bool', value=False, variant='off', reason='DEFAULT', "
        "error_code=None, enabled=False)"
    )
    assert EvaluationDetails[bool] is EvaluationDetails


def test_objects_are_copies_that_cannot_poison_the_next_answer(client):
    client.get_object_value("object", {})["list"].clear()
    client.get_object_details("object", {}).value["list"].clear()
    client.evaluate_all()["object"].value["list"].clear()
    assert client.get_object_value("object", {}) == {"list": [1, 2.5, None, {"deep": True}]}


def test_a_value_that_is_made_when_it_is_looked_at_is_made_once(client):
    details = client.evaluate_all(PRO)["object"]
    assert details.value is details.value
    assert client.evaluate_all(PRO)["object"].value is not details.value
    assert client.evaluate_all(PRO)["string"].value == "ä🚩"


def test_all_flags_are_evaluated_at_once_by_key(client):
    everything = client.evaluate_all(PRO)
    assert list(everything) == sorted(everything)
    assert everything["bool"].value is True
    assert type(everything["integer"].value) is int
    assert (everything["broken"].value, everything["broken"].error_code) == (None, "PARSE_ERROR")


@pytest.mark.parametrize("context", [[], "text", 5, {"targetingKey": True}, {"targetingKey": ["u1"]}])
def test_what_is_no_context_answers_the_default(client, context):
    details = client.get_boolean_details("on", False, context)
    assert (details.value, details.error_code) == (False, "INVALID_CONTEXT")
    assert client.get_boolean_value("on", False, context) is False
    assert client.evaluate_all(context)["on"].error_code == "INVALID_CONTEXT"


@pytest.mark.parametrize("context", [None, {}, {"targetingKey": None}, {"targetingKey": ""}, PreparedContext()])
def test_a_context_needs_nothing(client, context):
    assert client.get_boolean_value("on", False, context) is True


def test_getters_are_the_same_for_subclasses_of_dict(client):
    class Context(dict):
        pass

    assert client.get_boolean_value("bool", False, Context(plan="pro")) is True


def test_a_client_of_a_file_needs_no_server(tmp_path):
    path = tmp_path / "flags.json"
    path.write_text(
        '{"schemaVersion": 1, "flags": {"on": {"type": "boolean", "enabled": true, "serve": "on"}, "x": {}}}'
    )
    for client in (Client.from_file(path), Client.from_file(str(path))):
        assert client.get_boolean_value("on", False) is True
        assert {issue["flag"] for issue in client.issues} == {"x"}
