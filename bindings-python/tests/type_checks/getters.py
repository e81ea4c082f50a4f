"""What type checkers see; mypy reads it, and nothing runs it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypedDict
from uuid import UUID

import flagstaff
from flagstaff import (
    Client,
    Context,
    ErrorCode,
    EvaluationDetails,
    Flags,
    PreparedContext,
    Readiness,
    Reason,
    Snapshot,
    Status,
    Timing,
)
from typing_extensions import assert_type


def getters(client: Client) -> None:
    """Infer from the default."""
    assert_type(client.get_boolean_value("a", False), bool)
    assert_type(client.get_boolean_value("a", None), bool | None)
    assert_type(client.get_string_value("a", "b", {"targetingKey": "u1", "n": 1}), str)
    assert_type(client.get_integer_value("a", 1, PreparedContext("u1")), int)
    assert_type(client.get_float_value("a", 1.0), float)
    assert_type(client.get_boolean_details("a", False), EvaluationDetails[bool])
    assert_type(client.get_string_details("a", "b").value, str)
    assert_type(client.evaluate_all(), dict[str, EvaluationDetails[Any]])
    details = client.get_boolean_details("a", False)
    reason: Reason = details.reason
    code: ErrorCode | None = details.error_code
    assert_type(details.detail, dict[str, Any])
    print(reason, code, details.in_experiment, details.sources)


def flags(flags: Flags) -> None:
    """Infer from the default."""
    assert_type(flags["a"], bool)
    assert_type(flags.boolean("a", False), bool)
    assert_type(flags.string("a", "b"), str)
    assert_type(flags.integer("a", 1), int)
    assert_type(flags.float("a", 1.0), float)
    assert_type(flags.details("a", False), EvaluationDetails[bool])
    assert_type(flags.details("a", "b").value, str)
    assert_type(flags.details("a", 1).value, int)
    assert_type(flags.details("a", 1.0).value, float)


class User(TypedDict):
    """A context of a program."""

    targetingKey: str
    plan: str


def contexts(client: Client, user: User, id_of_user: UUID) -> None:
    """Take what programs have."""
    context: Context = user
    assert_type(client.for_context(context), Flags)
    assert_type(client.for_context(user)["a"], bool)
    PreparedContext(id_of_user, {"since": datetime.now().astimezone()})
    with flagstaff.context(user), flagstaff.override({"a": True}), client.override({"a": 1}):
        print(flagstaff.current_context())


@flagstaff.override({"a": True})
def decorated(number: int) -> str:
    """Keep the types of a function."""
    return str(number)


assert_type(decorated(1), str)


async def coroutines(client: Client) -> None:
    """Wait in asyncio."""
    async with client as same:
        assert_type(same, Client)
        assert_type(await client.aready(), Readiness)
        assert_type(await client.aflush(), bool)
        async for keys in client.changes("a"):
            assert_type(keys, list[str])
        async with client.context({"targetingKey": "u1"}):
            await client.aclose()


def life() -> None:
    """Begin and end."""
    timing: Timing = {"read_timeout": 1.0}
    with Client("http://localhost", "k", timing=timing) as client:
        assert_type(client.ready(), Readiness)
        if client.ready() == "READY" or client.ready() is Readiness.STALE or client.ready().usable:
            status: Status = client.status
            print(status)
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
