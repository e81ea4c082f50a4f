"""What code needs to read flags, whichever client it gets them from."""

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flagstaff._native import EvaluationDetails
from flagstaff._types import Context

if TYPE_CHECKING:
    from flagstaff._bootstrap import Bootstrap

__all__ = ["FlagClient", "FlagReader"]

_T = TypeVar("_T")
# `object` is a method of these classes.
_Any = object
_Json = dict[str, Any] | list[Any]


class FlagReader(Protocol):
    """The flags of one context.

    `client.for_context(context)`, `request.flags` of the frameworks and `flagstaff.testing.InMemoryClient` are such.
    Annotate a function with this protocol to call it with any of them.
    """

    def __getitem__(self, flag: str, /) -> bool:
        """Whether a boolean flag is on; false also if there is no such flag."""
        ...

    def __contains__(self, flag: object, /) -> bool:
        """Whether there is such a flag."""
        ...

    def boolean(self, flag: str, /, default: _T) -> bool | _T:
        """Return a boolean flag's value, or the default."""
        ...

    def string(self, flag: str, /, default: _T) -> str | _T:
        """Return a string flag's value, or the default."""
        ...

    def integer(self, flag: str, /, default: _T) -> int | _T:
        """Return the value of a number flag that is an integer, or the default."""
        ...

    def float(self, flag: str, /, default: _T) -> float | _T:
        """Return a number flag's value as a float, or the default."""
        ...

    def object(self, flag: str, /, default: _T) -> _Json | _T:
        """Return an object flag's value, or the default."""
        ...

    def details(self, flag: str, /, default: _Any) -> EvaluationDetails[Any]:
        """Return a flag's value, or the default, and the reason for it."""
        ...


class FlagClient(Protocol):
    """A client that the integrations work with: `flagstaff.Client`, or `flagstaff.testing.InMemoryClient`."""

    def for_context(self, context: Context | None = None) -> FlagReader:
        """Return the flags of a context, as they are now."""
        ...

    def bootstrap_for(self, context: Context | None = None) -> "Bootstrap":
        """Return the flags marked `clientSide`, for a page that is about to be sent."""
        ...

    def ready(self, timeout: float = 5.0) -> str:
        """Wait until the client has flags; returns how the wait ended."""
        ...

    def close(self, timeout: float = 2.0) -> None:
        """Stop the client; flags keep their last values."""
        ...
