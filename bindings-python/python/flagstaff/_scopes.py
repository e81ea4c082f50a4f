"""Contexts and overrides of a part of a program, by contextvars: of a request, a task or a test."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar, cast

from flagstaff._native import InvalidContextError, PreparedContext, use_scopes
from flagstaff._types import Context

_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])

_TEST = "test"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_context: ContextVar[Mapping[str, Any]] = ContextVar("flagstaff_context", default=_NOTHING)
# By the id of a client; `None` for all clients.
_Overrides = Mapping[int | None, Mapping[str, Any]]
_overrides: ContextVar[_Overrides] = ContextVar("flagstaff_overrides", default=MappingProxyType({}))


class Scope:
    """Something that holds within `with`, `async with` or a decorated function."""

    def __init__(self, enter: Callable[[], Callable[[], None]]) -> None:
        self._enter = enter
        self._exits: list[Callable[[], None]] = []

    def __enter__(self) -> None:
        """Begin."""
        use_scopes()
        self._exits.append(self._enter())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End."""
        self._exits.pop()()

    async def __aenter__(self) -> None:
        """Begin."""
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End."""
        self.__exit__(kind, error, traceback)

    def __call__(self, function: _F) -> _F:
        """Decorate a function or a coroutine function, each of whose calls has a scope of its own; or a class of tests.

        Of a class, the methods that begin with `test` are decorated, as by `unittest.mock.patch`.
        """
        if isinstance(function, type):
            return cast("_F", self._decorated_tests(function))
        # Here, since the import takes as long as all others together.
        from inspect import iscoroutinefunction  # noqa: PLC0415

        if iscoroutinefunction(function):

            @wraps(function)
            async def in_async_scope(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - those of the function
                with Scope(self._enter):
                    return await function(*arguments, **keywords)

            return in_async_scope  # type: ignore[return-value]

        @wraps(function)
        def in_scope(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - those of the function
            with Scope(self._enter):
                return function(*arguments, **keywords)

        return in_scope  # type: ignore[return-value]

    def _decorated_tests(self, tests: type) -> type:
        names = [name for name in dir(tests) if name.startswith(_TEST) and callable(getattr(tests, name))]
        if not names:
            message = f"`{tests.__name__}` has no methods that begin with `{_TEST}`: decorate functions instead"
            raise TypeError(message)
        for name in names:
            setattr(tests, name, self(getattr(tests, name)))
        return tests


def _scope(variable: ContextVar[_T], merged: Callable[[_T], _T]) -> Scope:
    def enter() -> Callable[[], None]:
        token = variable.set(merged(variable.get()))
        return lambda: variable.reset(token)

    return Scope(enter)


def context(context: Context) -> Scope:
    """Attributes for every evaluation within, of every client: `with flagstaff.context({"targetingKey": "u1"}):`.

    Also `async with`, and a decorator. An inner one adds to an outer one; the argument of a getter adds to both.
    """
    added = as_dict(context)
    return _scope(_context, lambda outer: {**outer, **added})


def current_context() -> dict[str, Any] | None:
    """The attributes that `context` has set here; `None` outside of every `context`."""
    current = _context.get()
    return None if current is _NOTHING else dict(current)


def override(values: Mapping[str, Any], client: int | None = None) -> Scope:
    """Values of flags for every evaluation within, of every client: `with flagstaff.override({"new-nav": True}):`.

    Also `async with`, and a decorator of functions and of test classes. For tests: they apply only within the same
    thread or task, so that tests that run in parallel do not affect each other. `client.override` is for one client.
    """
    added = dict(values)

    def merged(outer: _Overrides) -> _Overrides:
        return {**outer, client: {**outer.get(client, _NOTHING), **added}}

    return _scope(_overrides, merged)


def as_dict(context: Context) -> dict[str, Any]:
    """A context as a new dict; raises `InvalidContextError` if it is none."""
    if isinstance(context, Mapping):
        return dict(context)
    if not isinstance(context, PreparedContext):
        message = f"expected a mapping or a `PreparedContext`, got `{type(context).__name__}`"
        raise InvalidContextError(message)
    key = {} if context.targeting_key is None else {"targetingKey": context.targeting_key}
    return {**context.attributes, **key}


def effective_context(default: dict[str, Any] | None, context: object) -> object:
    """The context of a getter: its argument, over the current context, over the default one of its client."""
    current = _context.get()
    if not current and not default:
        return context
    merged = {**(default or _NOTHING), **current}
    if context is None:
        return merged
    if isinstance(context, (Mapping, PreparedContext)):
        return {**merged, **as_dict(context)}
    return context


def effective_overrides(client: int) -> dict[str, Any] | None:
    """The overrides for a client; `None` if there are none."""
    overrides = _overrides.get()
    if not overrides:
        return None
    return {**overrides.get(None, _NOTHING), **overrides.get(client, _NOTHING)}
