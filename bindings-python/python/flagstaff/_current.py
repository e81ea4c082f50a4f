"""The client and the flags for code that gets neither as an argument: of the process, and of the current request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias, TypeVar, cast

from flagstaff._native import ConfigurationError, EvaluationDetails
from flagstaff._scopes import as_dict, current_context
from flagstaff._types import Context
from flagstaff.protocols import FlagClient, FlagReader

_T = TypeVar("_T")
# `object` is a method of the class below.
_Any: TypeAlias = object
_Json: TypeAlias = dict[str, Any] | list[Any]
ClientSource: TypeAlias = FlagClient | Callable[[], FlagClient] | None

_flags: ContextVar[FlagReader | None] = ContextVar("flagstaff_flags", default=None)


class _Process:
    """The client that was set for this process, and the one that replaces every client in a test."""

    def __init__(self) -> None:
        self.client: ClientSource = None
        self.replacement: FlagClient | None = None


_process = _Process()


def set_client(client: ClientSource) -> None:
    """Make a client, or what a function returns, the one of this process, for `current_flags` and `feature_flag`."""
    _process.client = client


def effective_client(source: ClientSource = None) -> FlagClient:
    """Return the client that an integration uses: that of a test, or the given one, or that of the process."""
    if _process.replacement is not None:
        return _process.replacement
    given: Any = _process.client if source is None else source
    if given is None:
        message = "no client: call `flagstaff.set_client(client)` when the program starts"
        raise ConfigurationError(message)
    return cast("FlagClient", given() if callable(given) else given)


def current_flags() -> FlagReader:
    """Return the flags of the current request or task; outside of both, those of the client of the process."""
    flags = _flags.get()
    return effective_client().for_context() if flags is None else flags


def scoped_context() -> dict[str, Any] | None:
    """Return the context of the current request or task, and what `flagstaff.context` adds, or else `None`."""
    flags, added = _flags.get(), current_context()
    if not isinstance(flags, ScopedFlags):
        return added
    return {**(added or {}), **as_dict(flags.context)}


@contextmanager
def flags_in_use(flags: FlagReader) -> Iterator[None]:
    """Make these flags the ones that `current_flags` returns."""
    token = _flags.set(flags)
    try:
        yield
    finally:
        _flags.reset(token)


@contextmanager
def replaced_client(client: FlagClient) -> Iterator[None]:
    """Let every integration in this process use `client`, for a test."""
    before, _process.replacement = _process.replacement, client
    try:
        yield
    finally:
        _process.replacement = before


def _no_context() -> None:
    return None


class ScopedFlags:
    """The flags of one request or task: their context is made when the first one is read, and all are of one revision.

    It is what `request.flags` is.
    """

    __slots__ = ("_client", "_context", "_flags", "_make_context", "_subject")

    def __init__(self, client: ClientSource, make_context: Callable[..., Context | None], *subject: object) -> None:
        """`make_context` is called with the subject, which is one object, such as the request, or nothing."""
        self._client = client
        self._make_context = make_context
        self._subject = subject
        self._context: Context | None = None
        self._flags: FlagReader | None = None

    @property
    def context(self) -> Context:
        """The context by which the flags are evaluated."""
        context = self._context
        if context is None:
            context = self._context = self._make_context(*self._subject) or {}
        return context

    @property
    def has_context(self) -> bool:
        """Whether the context is made already."""
        return self._context is not None

    def set_context(self, context: Context | None) -> None:
        """Set a context that was made elsewhere, for example by a coroutine."""
        self._context = context or {}

    def end(self) -> None:
        """Forget what makes the context: it may refer to the request, which refers to these flags."""
        self._make_context = _no_context
        self._subject = ()

    @property
    def evaluated(self) -> FlagReader:
        """The flags themselves."""
        flags = self._flags
        if flags is None:
            flags = self._flags = effective_client(self._client).for_context(self.context)
        return flags

    def __getitem__(self, flag: str, /) -> bool:
        """Whether a boolean flag is on; false also if there is no such flag."""
        flags = self._flags
        return (self.evaluated if flags is None else flags)[flag]

    def __contains__(self, flag: object, /) -> bool:
        """Whether there is such a flag."""
        return flag in self.evaluated

    def boolean(self, flag: str, /, default: _T) -> bool | _T:
        """Return a boolean flag's value, or the default."""
        return self.evaluated.boolean(flag, default)

    def string(self, flag: str, /, default: _T) -> str | _T:
        """Return a string flag's value, or the default."""
        return self.evaluated.string(flag, default)

    def integer(self, flag: str, /, default: _T) -> int | _T:
        """Return the value of a number flag that is an integer, or the default."""
        return self.evaluated.integer(flag, default)

    def float(self, flag: str, /, default: _T) -> float | _T:
        """Return a number flag's value as a float, or the default."""
        return self.evaluated.float(flag, default)

    def object(self, flag: str, /, default: _T) -> _Json | _T:
        """Return an object flag's value, or the default."""
        return self.evaluated.object(flag, default)

    def details(self, flag: str, /, default: _Any) -> EvaluationDetails[Any]:
        """Return a flag's value, or the default, and the reason for it."""
        return self.evaluated.details(flag, default)
