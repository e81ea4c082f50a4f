"""What type checkers see; mypy reads it, and nothing runs it."""

from collections.abc import Callable
from typing import Any, Literal

from flagstaff import Client, EvaluationContext, FlagDetails, Snapshot
from typing_extensions import assert_type


def getters(client: Client) -> None:
    """Infer from the default."""
    assert_type(client.get_boolean_value("a", False), bool)
    assert_type(client.get_boolean_value("a", None), bool | None)
    assert_type(client.get_string_value("a", "b", {"targetingKey": "u1", "n": 1}), str)
    assert_type(client.get_integer_value("a", 1, EvaluationContext("u1")), int)
    assert_type(client.get_float_value("a", 1.0), float)
    assert_type(client.get_boolean_details("a", False), FlagDetails[bool])
    assert_type(client.get_string_details("a", "b").value, str)
    assert_type(client.evaluate_all(), dict[str, FlagDetails[Any]])


def life() -> None:
    """Begin and end."""
    with Client("http://localhost", "k", timing={"read_timeout": 1.0}) as client:
        assert_type(client.ready(), Literal["READY", "STALE", "TIMED_OUT", "FAILED"])
        assert_type(client.status, Literal["NOT_READY", "READY", "STALE", "FAILED"])
        assert_type(client.on_change(print), Callable[[], None])


def wrong(client: Client) -> None:
    """Refuse what would not work."""
    client.get_boolean_value(1, False)  # type: ignore[arg-type]
    client.get_boolean_value("a", False, [1])  # type: ignore[arg-type]
    Client("http://localhost", "k", timing={"patience": 1})  # type: ignore[arg-type]


def snapshot(text: str) -> None:
    """Evaluate without a client."""
    assert_type(Snapshot.from_json(text).evaluate("a", "boolean", False, None, 0), str)
