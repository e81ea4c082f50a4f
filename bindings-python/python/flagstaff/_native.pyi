import builtins
from collections.abc import AsyncIterator, Callable, Mapping
from os import PathLike
from types import GenericAlias, TracebackType
from typing import Any, Generic, Literal, NoReturn, TypeAlias, TypeVar, final, overload
from uuid import UUID

from flagstaff._bootstrap import Bootstrap
from flagstaff._scopes import Scope
from flagstaff._types import Context, ErrorCode, Issue, Readiness, Reason, Status, Timing

__all__ = [
    "Client",
    "ConfigurationError",
    "DocumentError",
    "EvaluationDetails",
    "Flags",
    "FlagstaffError",
    "InvalidContextError",
    "PreparedContext",
    "Snapshot",
    "__version__",
    "close_events",
    "deliver_in_getters",
    "next_events",
    "reset_events",
    "use_scopes",
]

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)

_Json: TypeAlias = dict[str, Any] | list[Any]
__version__: str
"""The version of this package."""

_Key: TypeAlias = str | int | UUID
_Expected: TypeAlias = Literal["boolean", "string", "number", "integer", "object"]

class FlagstaffError(Exception):
    """The base of this package's exceptions."""

class ConfigurationError(FlagstaffError):
    """A client cannot be made: its URL or its SDK key is not valid."""

class InvalidContextError(FlagstaffError):
    """A `PreparedContext` cannot be made: its key or an attribute has a type that a context cannot have."""

class DocumentError(FlagstaffError):
    """A document is refused as a whole."""

@final
class PreparedContext:
    """A context that is converted once, for code that evaluates many flags for one context.

    Immutable; later changes of its dict have no effect. A key is text, an `int` or a `UUID`. Raises
    `InvalidContextError` for a value that a context cannot have.
    """

    def __new__(
        cls, targeting_key: _Key | None = None, attributes: Mapping[str, Any] | None = None
    ) -> PreparedContext: ...
    @property
    def targeting_key(self) -> str | None:
        """Who is evaluated: the key of a user, a device or whatever flags are rolled out to."""

    @property
    def attributes(self) -> dict[str, Any]:
        """The other attributes: a new dict."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs__(self) -> tuple[str | None, dict[str, Any]]: ...
    def _sign(self, secret: str, key: str, expires: int) -> str: ...

@final
class EvaluationDetails(Generic[_T_co]):
    """A value and the reason for it: OpenFeature's evaluation details. They are neither true nor false."""

    @property
    def flag_key(self) -> str:
        """The key of the flag."""

    @property
    def value(self) -> _T_co:
        """The flag's value, or the caller's default if there is an error or the flag serves nothing."""

    @property
    def variant(self) -> str | None:
        """The variant served; `None` if there is an error, or if the flag serves nothing."""

    @property
    def reason(self) -> Reason:
        """The reason for the value."""

    @property
    def error_code(self) -> ErrorCode | None:
        """Why the value is the caller's default; `None` if it is the flag's, or if the flag serves nothing."""

    @property
    def error_message(self) -> str | None:
        """A sentence that explains the error code."""

    @property
    def flag_metadata(self) -> dict[str, Any]:
        """The flag's metadata: a new dict."""

    @property
    def enabled(self) -> bool:
        """Whether a variant other than the off variant was served."""

    @property
    def in_experiment(self) -> bool:
        """Whether the split of an experiment decided."""

    @property
    def detail(self) -> dict[str, Any]:
        """Which part of the flag decided, as `{"step": "rule", "index": 0}`."""

    @property
    def sources(self) -> dict[str, str]:
        """For an object, the source of each leaf, by JSON pointer."""

    def __bool__(self) -> NoReturn: ...
    def __class_getitem__(cls, _item: object) -> GenericAlias: ...

@final
class Flags:
    """The flags of one context: each is evaluated once, when it is first read, and all in the same revision.

    `client.for_context(context)` makes one, for one request or one task.
    """

    def __getitem__(self, flag: str, /) -> bool:
        """Whether a boolean flag is on; false also if there is no such flag."""

    def __contains__(self, flag: builtins.object, /) -> bool:
        """Whether there is such a flag."""

    def boolean(self, flag: str, default: _T) -> bool | _T:
        """A boolean flag's value, or `default`."""

    def string(self, flag: str, default: _T) -> str | _T:
        """A string flag's value, or `default`."""

    def integer(self, flag: str, default: _T) -> int | _T:
        """The value of a number flag that is an integer, or `default`."""

    def float(self, flag: str, default: _T) -> builtins.float | _T:
        """A number flag's value, or `default`."""

    def object(self, flag: str, default: _T) -> _Json | _T:
        """An object flag's value, a new copy at each call, or `default`."""

    @overload
    def details(self, flag: str, default: bool) -> EvaluationDetails[bool]: ...
    @overload
    def details(self, flag: str, default: str) -> EvaluationDetails[str]: ...
    @overload
    def details(self, flag: str, default: int) -> EvaluationDetails[int]: ...
    @overload
    def details(self, flag: str, default: builtins.float) -> EvaluationDetails[builtins.float]: ...
    @overload
    def details(self, flag: str, default: _T) -> EvaluationDetails[Any | _T]:
        """A flag's value, or `default`, and the reason for it.

        The flag must have the type of the default; with `None` it may have any.
        """

    @property
    def revision(self) -> int:
        """The revision of the flags."""

@final
class Client:
    """Evaluates flags in this process, and keeps them up to date.

    A client does no I/O and starts no thread before `start`, `ready` or `with`. Getters never block and never raise:
    they return `default` if a flag does not exist, is broken or has another type.
    """

    def __new__(
        cls,
        url: str | None = None,
        key: str | None = None,
        *,
        mode: Literal["stream", "poll", "offline"] = "stream",
        poll_interval: float | None = None,
        bootstrap: str | dict[str, Any] | None = None,
        cache: str | PathLike[str] | None = None,
        ca_bundle: str | PathLike[str] | None = None,
        default_context: Context | None = None,
        usage: bool = True,
        timing: Timing | None = None,
        targeting_key_attribute: str | None = None,
        on_evaluation: Callable[[EvaluationDetails[Any], Context | None], object] | None = None,
        on_track: Callable[[str, Context | None, float | None, Mapping[str, Any] | None], object] | None = None,
    ) -> Client:
        """Options are checked, and files that they name are read; nothing else happens before `start`.

        - `url`, `key`: the server, and an SDK key for it; by default `FLAGSTAFF_URL` and `FLAGSTAFF_KEY`
        - `mode`: how flags are received: by a stream; by polls every `poll_interval` seconds (30 by default); or not
          at all, so that they are those of `bootstrap` or `cache`
        - `bootstrap`: a document to evaluate until the server responds
        - `cache`: a file for the last flags, which a client that starts without its server evaluates
        - `ca_bundle`: a file of certificate authorities, in PEM, that are trusted in addition to the usual ones
        - `default_context`: attributes of every context, such as the region of this process
        - `usage`: whether evaluations are counted, and the counts sent to the server once a minute
        - `timing`: delays that differ from those of docs/sdk.md
        - `targeting_key_attribute`: the attribute that is the key of the user in contexts without a `targetingKey`: a
          name such as `userId`, or a JSON pointer
        - `on_evaluation`: called after each evaluation with its details and its context; see `track`
        - `on_track`: called by `track`
        """

    @staticmethod
    def from_file(path: str | PathLike[str], *, watch: bool = False) -> Client:
        """A client of the document in a file, without a server; `issues` lists broken flags, and the others work.

        With `watch` the file is read again within a second after it has changed; a document that is broken as a whole
        leaves the flags as they are.
        """

    @staticmethod
    def from_document(document: str | dict[str, Any]) -> Client:
        """A client of a document, without a server."""

    def start(self) -> None:
        """Starts the background thread, which receives flags; does nothing if it was started."""

    def ready(self, timeout: float = 5.0) -> Readiness:
        """Waits until the flags are up to date, at most for `timeout` seconds; starts the client first if necessary.

        The result tells how the wait ended. In each case the client keeps trying, and getters work.
        """

    async def aready(self, timeout: float = 5.0) -> Readiness:
        """As `ready`, in asyncio."""

    def flush(self, timeout: float = 2.0) -> bool:
        """Sends the counts of evaluations now; returns whether the server has them after at most `timeout` seconds."""

    async def aflush(self, timeout: float = 2.0) -> bool:
        """As `flush`, in asyncio."""

    def close(self, timeout: float = 2.0) -> None:
        """Stops the background thread for good, and sends the last counts, for at most `timeout` seconds.

        Flags keep their last values. May be called again. At the end of the process it is called for every client.
        """

    async def aclose(self, timeout: float = 2.0) -> None:
        """As `close`, in asyncio."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""

    def __enter__(self) -> Client: ...
    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None: ...
    async def __aenter__(self) -> Client: ...
    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None: ...
    @property
    def status(self) -> Status:
        """How current the flags are."""

    @property
    def issues(self) -> list[Issue]:
        """Why flags are broken."""

    @property
    def environment(self) -> str:
        """The key of the environment; empty before the first flags arrive."""

    @property
    def revision(self) -> int:
        """The revision of the flags; 0 before the first arrive."""

    def on_change(self, callback: Callable[[list[str]], object], *flags: str) -> Callable[[], None]:
        """Calls `callback` with the keys of flags that may have other values; returns a function that removes it.

        With `flags`, only changes of these. The callback runs on a daemon thread of this package. Several changes may
        be merged into one call.
        """

    def changes(self, *flags: str) -> AsyncIterator[list[str]]:
        """The keys of changed flags, as for `on_change`: `async for keys in client.changes():`. Ends with `close`."""

    def on_status(self, callback: Callable[[str], object]) -> Callable[[], None]:
        """Calls `callback` with each new status; returns a function that removes it."""

    def for_context(self, context: Context | None = None) -> Flags:
        """The flags of a context as they are now: each is evaluated once, and all in the same revision.

        For code that handles one request or one task. Later changes of a dict have no effect.
        """

    @staticmethod
    def context(context: Context) -> Scope:
        """The same as `flagstaff.context`: attributes for every evaluation within."""

    def override(self, values: Mapping[str, Any]) -> Scope:
        """As `flagstaff.override`, for this client alone: values of flags for every evaluation within."""

    def track(
        self,
        event: str,
        context: Context | None = None,
        *,
        value: float | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Calls `on_track` with an event, such as a purchase, and with its context.

        With these events and those of `on_evaluation` a program can measure the effect of flags. Nothing is sent to
        the server.
        """

    def get_boolean_value(self, flag: str, default: _T, context: Context | None = None) -> bool | _T:
        """A boolean flag's value, or `default`."""

    def get_string_value(self, flag: str, default: _T, context: Context | None = None) -> str | _T:
        """A string flag's value, or `default`."""

    def get_integer_value(self, flag: str, default: _T, context: Context | None = None) -> int | _T:
        """The value of a number flag that is an integer, or `default`."""

    def get_float_value(self, flag: str, default: _T, context: Context | None = None) -> float | _T:
        """A number flag's value, or `default`."""

    def get_object_value(self, flag: str, default: _T, context: Context | None = None) -> _Json | _T:
        """An object flag's value, a new copy at each call, or `default`."""

    def get_boolean_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[bool | _T]:
        """A boolean flag's value, or `default`, and the reason for it."""

    def get_string_details(self, flag: str, default: _T, context: Context | None = None) -> EvaluationDetails[str | _T]:
        """A string flag's value, or `default`, and the reason for it."""

    def get_integer_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[int | _T]:
        """The value of a number flag that is an integer, or `default`, and the reason for it."""

    def get_float_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[float | _T]:
        """A number flag's value, or `default`, and the reason for it."""

    def get_object_details(
        self, flag: str, default: _T, context: Context | None = None
    ) -> EvaluationDetails[_Json | _T]:
        """An object flag's value, or `default`, and the reason for it."""

    def evaluate_all(
        self, context: Context | None = None, *, client_side: bool = False
    ) -> dict[str, EvaluationDetails[Any]]:
        """Every flag's details by key, of one revision; a broken flag's value is `None`.

        With `client_side`, only the flags marked `clientSide`, which pages may see.
        """

    def bootstrap_for(self, context: Context | None = None) -> Bootstrap:
        """The flags marked `clientSide`, evaluated for a page that is about to be sent."""

    @property
    def _id(self) -> int: ...
    def _after_fork(self) -> None: ...
    def _start(self) -> None: ...
    def _ready(self, timeout: float) -> str: ...
    def _readiness(self) -> str | None: ...
    def _flush(self, timeout: float) -> bool: ...
    def _close(self, timeout: float) -> bool: ...

@final
class Snapshot:
    """One environment's compiled flags: evaluation without a client, at any instant."""

    @staticmethod
    def from_json(document: str) -> Snapshot:
        """Compiles a document; `issues` lists broken flags, and the others work."""

    @property
    def environment(self) -> str:
        """The key of the environment."""

    @property
    def revision(self) -> int:
        """The revision of the document."""

    @property
    def issues(self) -> list[Issue]:
        """Why flags are broken."""

    def evaluate(
        self, flag: str, expected: _Expected | None, default: object, context: Context | str | None, now_ms: int
    ) -> str:
        """The whole outcome of one flag as canonical JSON text.

        A `context` that is a `str` is JSON text. `now_ms` is in milliseconds since 1970.
        """

    def explain(
        self, flag: str, expected: _Expected | None, default: object, context: Context | str | None, now_ms: int
    ) -> str:
        """The outcome and the steps of the evaluation, `{"outcome": …, "trace": […]}`, as canonical JSON text."""

    def evaluate_all(self, context: Context | str | None, now_ms: int) -> str:
        """The outcomes of all flags, `{"flags": {key: outcome}}`, as canonical JSON text."""

    @staticmethod
    def bucket(salt: str, unit: str, total: int) -> int:
        """The slot of a unit, from 0 to `total` - 1; the same in all SDKs."""

def next_events(
    timeout: float,
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]], list[tuple[int, str, str]]] | None:
    """Waits for events, at most for `timeout` seconds; `None` once there will be no more.

    Returns changed flags by client, statuses by client, and log records as level, logger and message.
    """

def close_events() -> None:
    """Ends the waiting, before the interpreter ends."""

def deliver_in_getters(is_on: bool) -> None:
    """Makes getters deliver events, in a process that has no thread for it."""

def reset_events() -> None:
    """Makes a new queue of events, in the child process of a fork."""

def use_scopes() -> None:
    """Makes getters look for contexts and overrides of their scope, from the first one on."""
