"""The methods of a client for asyncio. Nothing of it is imported before one of them is called."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from flagstaff import _events, _lifecycle
from flagstaff._native import Client
from flagstaff._types import Readiness

_STEP_S = 0.02


async def ready(client: Client, timeout: float) -> Readiness:
    """Wait until the client is ready; needs no thread, so that a cancelled wait leaves none behind."""
    _lifecycle.start(client)
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    while client._readiness() is None and (left := until - loop.time()) > 0:
        await asyncio.sleep(min(_STEP_S, left))
    return Readiness(client._ready(0.0))


async def flush(client: Client, timeout: float) -> bool:
    """Send the counts of evaluations."""
    return await asyncio.to_thread(client._flush, timeout)


async def close(client: Client, timeout: float) -> None:
    """Stop the client, and send the last counts."""
    await asyncio.to_thread(_lifecycle.close, client, timeout)


async def enter(client: Client) -> Client:
    """Begin `async with`."""
    _lifecycle.start(client)
    return client


async def changes(client: Client, flags: tuple[str, ...]) -> AsyncIterator[list[str]]:
    """Yield the keys of changed flags until the client is closed."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[list[str] | None] = asyncio.Queue()

    def put(keys: list[str] | None) -> None:
        with suppress(RuntimeError):  # The loop is closed.
            loop.call_soon_threadsafe(queue.put_nowait, keys)

    _lifecycle.start(client)
    remove = _events.on_change(client, put, flags)
    _lifecycle.on_close(client, lambda: put(None))
    try:
        if client.closed:
            return
        while (keys := await queue.get()) is not None:
            yield keys
    finally:
        remove()
