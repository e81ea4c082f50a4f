"""Flagstaff for FastAPI and Starlette: a middleware, flags as a dependency, and routes that need a flag.

    from flagstaff.contrib.fastapi import CurrentFlags, FlagsMiddleware, flags_lifespan, require_flag

    app = FastAPI(lifespan=flags_lifespan(client))
    app.add_middleware(FlagsMiddleware, client=client, context=lambda scope: {"country": country_of(scope)})

    @app.get("/")
    def home(flags: CurrentFlags): ...

    @app.get("/search", dependencies=[require_flag("new-search")])
    def search(): ...

Where the context comes from a dependency, such as the signed-in user, use `flags_dependency` instead of the middleware.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection

from flagstaff import Context
from flagstaff._current import ClientSource, ScopedFlags, _flags
from flagstaff.contrib.asgi import FlagsMiddleware, flags_lifespan
from flagstaff.protocols import FlagReader

__all__ = ["CurrentFlags", "FlagsMiddleware", "flags_dependency", "flags_lifespan", "get_flags", "require_flag"]


def get_flags(connection: HTTPConnection) -> FlagReader:
    """Return the flags of a request or websocket behind `FlagsMiddleware`."""
    flags: FlagReader | None = getattr(connection.state, "flags", None)
    if flags is None:
        message = "no flags: add `FlagsMiddleware` to the application"
        raise RuntimeError(message)
    return flags


CurrentFlags: TypeAlias = Annotated[FlagReader, Depends(get_flags)]
"""The type of a parameter that gets the flags of the request."""


def flags_dependency(client: ClientSource, context: Callable[..., Any]) -> Callable[..., Any]:
    """Make a dependency that returns the flags of a context, which is a dependency itself.

    FastAPI calls it once for a request, so each flag is evaluated once and all by the same revision.
    """

    # A coroutine, since FastAPI runs others in a thread with a copy of the context variables.
    async def dependency(made: Annotated[Context | None, Depends(context)]) -> FlagReader:
        flags = ScopedFlags(client, lambda: made)
        _flags.set(flags)
        return flags

    return dependency


def require_flag(
    flag: str,
    status_code: int = 404,
    detail: str = "Feature not available",
    flags: Callable[..., Any] = get_flags,
) -> Any:
    """Return a dependency that ends a request with an `HTTPException` unless a boolean flag is on.

    `flags` is what `flags_dependency` returned, if there is no middleware.
    """

    async def dependency(found: Annotated[FlagReader, Depends(flags)]) -> None:
        if not found[flag]:
            raise HTTPException(status_code, detail)

    return Depends(dependency)
