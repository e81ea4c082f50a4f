"""Flags for tests: set in memory, without a server and without a network.

    from flagstaff.testing import InMemoryClient

    client = InMemoryClient({"new-nav": True, "page-size": 20})
    client.get_boolean_value("new-nav", False)   # True
    client["new-nav"] = False

The pytest plugin of this package has a fixture `flags`, which is such a client; see docs/python/testing.md.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from flagstaff._native import Client, EvaluationDetails, Flags
from flagstaff._scopes import Scope, context, override
from flagstaff._types import Context, Readiness, Status
from flagstaff.protocols import FlagClient, FlagReader

if TYPE_CHECKING:
    from flagstaff._bootstrap import Bootstrap

__all__ = ["FlagClient", "FlagReader", "FlagValue", "InMemoryClient", "TrackedEvent"]

_T = TypeVar("_T")

FlagValue: TypeAlias = bool | str | int | float | dict[str, Any] | list[Any]
_Json: TypeAlias = dict[str, Any] | list[Any]
_Callback: TypeAlias = Callable[[list[str]], object]
# The class has a method `float`.
_Float: TypeAlias = float
_Any: TypeAlias = object


class TrackedEvent(NamedTuple):
    """An event that `track` was called with."""

    event: str
    context: Context | None
    value: float | None
    attributes: Mapping[str, Any] | None


class InMemoryClient:
    """A client whose flags have the values that a test sets, the same for every context.

    It is also a `FlagReader`, so it can stand for `request.flags`. The real evaluator reads its flags: a getter of
    another type returns the default, and so does a getter of a flag that was not set.
    """

    status: Status = "READY"

    def __init__(self, flags: Mapping[str, FlagValue] | None = None) -> None:
        self._values: dict[str, FlagValue] = dict(flags or {})
        self._callbacks: list[_Callback] = []
        self.tracked: list[TrackedEvent] = []
        self._client = _client_of(self._values)

    def __setitem__(self, flag: str, value: FlagValue) -> None:
        """Set a flag: true and false make a boolean flag, and so on."""
        self.update({flag: value})

    def __delitem__(self, flag: str) -> None:
        """Remove a flag: getters return their default."""
        del self._values[flag]
        self._changed([flag])

    def update(self, flags: Mapping[str, FlagValue]) -> None:
        """Set several flags."""
        self._values |= flags
        self._changed(list(flags))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys of the flags that were set."""
        return iter(list(self._values))

    def _changed(self, flags: list[str]) -> None:
        self._client = _client_of(self._values)
        for callback in list(self._callbacks):
            callback(flags)

    # The flags of a context.

    def __getitem__(self, flag: str, /) -> bool:
        """Whether a boolean flag is on; false also if it was not set."""
        return self.for_context()[flag]

    def __contains__(self, flag: object, /) -> bool:
        """Whether the flag was set."""
        return flag in self._values

    def boolean(self, flag: str, /, default: _T) -> bool | _T:
        """Return a boolean flag's value, or the default."""
        return self._client.get_boolean_value(flag, default)

    def string(self, flag: str, /, default: _T) -> str | _T:
        """Return a string flag's value, or the default."""
        return self._client.get_string_value(flag, default)

    def integer(self, flag: str, /, default: _T) -> int | _T:
        """Return the value of a number flag that is an integer, or the default."""
        return self._client.get_integer_value(flag, default)

    def float(self, flag: str, /, default: _T) -> float | _T:
        """Return a number flag's value as a float, or the default."""
        return self._client.get_float_value(flag, default)

    def object(self, flag: str, /, default: _T) -> _Json | _T:
        """Return an object flag's value, or the default."""
        return self._client.get_object_value(flag, default)

    def details(self, flag: str, /, default: _Any) -> EvaluationDetails[Any]:
        """Return a flag's value, or the default, and the reason for it."""
        return self.for_context().details(flag, default)

    # A client's methods.

    def for_context(self, context: Context | None = None) -> Flags:
        """Return the flags as they are now; the context has no effect."""
        return self._client.for_context(context)

    def get_boolean_value(self, flag: str, default: _T, context: Context | None = None) -> bool | _T:
        """Return a boolean flag's value, or the default."""
        return self._client.get_boolean_value(flag, default, context)

    def get_string_value(self, flag: str, default: _T, context: Context | None = None) -> str | _T:
        """Return a string flag's value, or the default."""
        return self._client.get_string_value(flag, default, context)

    def get_integer_value(self, flag: str, default: _T, context: Context | None = None) -> int | _T:
        """Return the value of a number flag that is an integer, or the default."""
        return self._client.get_integer_value(flag, default, context)

    def get_float_value(self, flag: str, default: _T, context: Context | None = None) -> _Float | _T:
        """Return a number flag's value as a float, or the default."""
        return self._client.get_float_value(flag, default, context)

    def get_object_value(self, flag: str, default: _T, context: Context | None = None) -> _Json | _T:
        """Return an object flag's value, or the default."""
        return self._client.get_object_value(flag, default, context)

    def get_boolean_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[bool | _T]:
        """Return a boolean flag's value, or the default, and the reason for it."""
        return self._client.get_boolean_details(flag, default, context)

    def get_string_details(self, flag: str, default: _T, context: Context | None = None) -> EvaluationDetails[str | _T]:
        """Return a string flag's value, or the default, and the reason for it."""
        return self._client.get_string_details(flag, default, context)

    def get_integer_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[int | _T]:
        """Return the value of a number flag that is an integer, or the default, and the reason for it."""
        return self._client.get_integer_details(flag, default, context)

    def get_float_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[_Float | _T]:
        """Return a number flag's value as a float, or the default, and the reason for it."""
        return self._client.get_float_details(flag, default, context)

    def get_object_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[_Json | _T]:
        """Return an object flag's value, or the default, and the reason for it."""
        return self._client.get_object_details(flag, default, context)

    def evaluate_all(
        self, context: Context | None = None, *, client_side: bool = False
    ) -> dict[str, EvaluationDetails[Any]]:
        """Return every flag's details by key; all are marked `clientSide`."""
        return self._client.evaluate_all(context, client_side=client_side)

    def bootstrap_for(self, context: Context | None = None) -> "Bootstrap":
        """Return every flag for a page; all are marked `clientSide`."""
        return self._client.bootstrap_for(context)

    def on_change(self, callback: _Callback, *flags: str) -> Callable[[], None]:
        """Call `callback` with the keys of flags that the test sets; returns a function that removes the callback.

        With `flags`, only for changes of these.
        """

        def call(changed: list[str]) -> None:
            chosen = [key for key in changed if not flags or key in flags]
            if chosen:
                callback(chosen)

        self._callbacks.append(call)

        def unregister() -> None:
            if call in self._callbacks:
                self._callbacks.remove(call)

        return unregister

    def on_status(self, callback: Callable[[str], _Any]) -> Callable[[], None]:
        """Do nothing: the status is always `READY`."""
        return lambda: None

    def track(
        self,
        event: str,
        context: Context | None = None,
        *,
        value: _Float | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an event to the list `tracked`."""
        self.tracked.append(TrackedEvent(event, context, value, attributes))

    @staticmethod
    def context(attributes: Context) -> Scope:
        """The same as `flagstaff.context`."""
        return context(attributes)

    def override(self, values: Mapping[str, FlagValue]) -> Scope:
        """The same as `flagstaff.override`."""
        return override(values)

    # The life of a client: there is nothing to wait for and nothing to end.

    def start(self) -> None:
        """Do nothing: the flags are there."""

    def ready(self, timeout: _Float = 5.0) -> Readiness:
        """Return `READY` at once."""
        return Readiness.READY

    async def aready(self, timeout: _Float = 5.0) -> Readiness:
        """Return `READY` at once."""
        return self.ready(timeout)

    def flush(self, timeout: _Float = 2.0) -> bool:
        """Do nothing: nothing is counted."""
        return True

    async def aflush(self, timeout: _Float = 2.0) -> bool:
        """Do nothing: nothing is counted."""
        return self.flush(timeout)

    def close(self, timeout: _Float = 2.0) -> None:
        """Do nothing: getters work as before, as those of a closed client do."""

    async def aclose(self, timeout: _Float = 2.0) -> None:
        """Do nothing."""

    def __enter__(self) -> "InMemoryClient":
        """Return the client."""
        return self

    def __exit__(self, *_: _Any) -> None:
        """Do nothing."""

    async def __aenter__(self) -> "InMemoryClient":
        """Return the client."""
        return self

    async def __aexit__(self, *_: _Any) -> None:
        """Do nothing."""


def _client_of(values: Mapping[str, FlagValue]) -> Client:
    return Client.from_document({"schemaVersion": 1, "flags": {key: _flag(value) for key, value in values.items()}})


def _flag(value: FlagValue) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"type": "boolean", "enabled": True, "clientSide": True, "serve": "on" if value else "off"}
    # A flag is not `enabled` while it serves its `offVariant`.
    off: FlagValue
    if isinstance(value, str):
        kind, off = "string", ""
    elif isinstance(value, int | float):
        kind, off = "number", 0
    elif isinstance(value, dict | list):
        kind, off = "object", {}
    else:
        message = f"a flag is a bool, str, int, float, dict or list, not {type(value).__name__}"
        raise TypeError(message)
    return {
        "type": kind,
        "enabled": True,
        "clientSide": True,
        "variants": {"value": value, "off": off},
        "offVariant": "off",
        "serve": "value",
    }
