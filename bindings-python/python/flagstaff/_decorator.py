"""`@feature_flag`: a function that is called only while a flag is on."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from flagstaff._current import current_flags, effective_client
from flagstaff._types import Context
from flagstaff.protocols import FlagClient

_P = ParamSpec("_P")
_R = TypeVar("_R")


def feature_flag(
    flag: str,
    *,
    default: bool = False,
    context: Context | Callable[..., Context] | None = None,
    otherwise: Callable[..., Any] | None = None,
    client: FlagClient | None = None,
) -> Callable[[Callable[_P, _R]], Callable[_P, _R | Any]]:
    """Call a function, sync or async, only while a boolean flag is on.

    While it is off, the decorated function calls `otherwise` with the same arguments, or returns `None`. `default`
    counts if the flag cannot be evaluated.

    Without `context`, the flags are those of the current request or task (`current_flags`). `context` is a context, or
    a function that makes one from the arguments of the call; `client` then names the client, or else it is that of the
    process (`set_client`).
    """
    # It takes milliseconds to import, which programs without decorated functions do not need.
    from inspect import isawaitable, iscoroutinefunction  # noqa: PLC0415

    def is_on(*args: object, **kwargs: object) -> bool:
        if context is None and client is None:
            return current_flags().boolean(flag, default)
        made = context(*args, **kwargs) if callable(context) else context
        return effective_client(client).for_context(made).boolean(flag, default)

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R | Any]:
        if iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*args: _P.args, **kwargs: _P.kwargs) -> _R | object:
                if is_on(*args, **kwargs):
                    return cast("object", await function(*args, **kwargs))
                result = None if otherwise is None else otherwise(*args, **kwargs)
                return await result if isawaitable(result) else result

            return cast("Callable[_P, _R | Any]", call_async)

        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _R | object:
            if is_on(*args, **kwargs):
                return function(*args, **kwargs)
            return None if otherwise is None else otherwise(*args, **kwargs)

        return cast("Callable[_P, _R | Any]", call)

    return decorate
