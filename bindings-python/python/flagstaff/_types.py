"""The types of this package that are not classes of the native module."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, NoReturn, TypeAlias, TypedDict

from flagstaff._native import PreparedContext

Status: TypeAlias = Literal["NOT_READY", "READY", "STALE", "FAILED"]
"""How current a client's flags are."""

Reason: TypeAlias = Literal["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "ERROR"]
"""Why a value was served."""

ErrorCode: TypeAlias = Literal[
    "PROVIDER_NOT_READY", "FLAG_NOT_FOUND", "PARSE_ERROR", "TYPE_MISMATCH", "INVALID_CONTEXT"
]
"""Why a getter returned the caller's default."""

Context: TypeAlias = Mapping[str, Any] | PreparedContext
"""A context: a dict, another mapping, a `TypedDict`, or a `PreparedContext`."""


class Readiness(str, Enum):
    """How waiting for a client ended; in each case the client keeps trying, and getters work.

    A member equals its name, as in `client.ready() == "READY"`. It is neither true nor false: ask `usable`.
    """

    READY = "READY"
    """The flags are up to date."""
    STALE = "STALE"
    """The flags are those of a bootstrap document, of the cache, or of an earlier connection."""
    TIMED_OUT = "TIMED_OUT"
    """Nothing was received in time."""
    FAILED = "FAILED"
    """Nothing was received, and the server refuses the SDK key or the URL."""

    @property
    def usable(self) -> bool:
        """Whether there are flags, up to date or not."""
        return self in (Readiness.READY, Readiness.STALE)

    def __str__(self) -> str:
        """The name alone, also in f-strings."""
        return self.value

    def __bool__(self) -> NoReturn:
        """Raises `TypeError`: `if client.ready():` would not be a question about the flags."""
        message = "a readiness is neither true nor false: compare it, or read its `usable`"
        raise TypeError(message)


class Timing(TypedDict, total=False):
    """Delays of a client that differ from the defaults of docs/sdk.md; in seconds, except `poll_after_failures`."""

    reconnect_base: float
    reconnect_max: float
    healthy_after: float
    refused_retry: float
    poll_after_failures: int
    poll_interval: float
    read_timeout: float
    connect_timeout: float
    usage_interval: float


class Issue(TypedDict):
    """Why a flag, or an object that flags use, is broken."""

    flag: str | None
    pointer: str
    message: str
