"""Flagstaff for every ASGI framework: Starlette, FastAPI, Litestar, Quart and others.

    from flagstaff.contrib.asgi import FlagsMiddleware

    app = FlagsMiddleware(app, client, context=lambda scope: {"country": country_of(scope)})

It needs no other package. Starlette has the flags as `request.state.flags`; everywhere else they are
`flagstaff.current_flags()`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

from flagstaff import Context
from flagstaff._current import ClientSource, ScopedFlags, _flags, effective_client

__all__ = ["FlagsMiddleware", "flags_lifespan"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_WITH_FLAGS = ("http", "websocket")


def _no_context(_scope: Scope) -> Context | None:
    return None


class FlagsMiddleware:
    """Gives every request and websocket its flags, each evaluated once and all by the same revision.

    `client` is a client or a function that returns one; without it, it is the client of the process (`set_client`).
    `context` makes the context of a connection from ASGI's scope, when the first flag is read.
    """

    def __init__(
        self, app: App, client: ClientSource = None, context: Callable[[Scope], Context | None] = _no_context
    ) -> None:
        self.app = app
        self._client = client
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection."""
        if scope["type"] not in _WITH_FLAGS:
            await self.app(scope, receive, send)
            return
        flags = ScopedFlags(self._client, self._context, scope)
        scope.setdefault("state", {})["flags"] = flags
        token = _flags.set(flags)
        try:
            await self.app(scope, receive, send)
        finally:
            _flags.reset(token)
            flags.end()


def flags_lifespan(
    client: ClientSource = None, timeout: float = 5.0
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return a lifespan for Starlette and FastAPI: it waits for flags before the first request, and closes the client.

    After `timeout` seconds the application starts anyway, and flags have their defaults until the server is reached.
    """

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        started = effective_client(client)
        await asyncio.to_thread(started.ready, timeout)
        try:
            yield
        finally:
            await asyncio.to_thread(started.close)

    return lifespan
