"""Carries news from the threads of Rust to Python: log records, and changes for callbacks.

Rust's threads never attach to the interpreter. They fill a queue, and one daemon thread of this module empties it.
It is started with the first client and ended before the interpreter is, since a thread that waits in native code at
that moment would crash the process.
"""

import atexit
import logging
import os
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from flagstaff._native import Client, close_news, next_news, reset_news

_T = TypeVar("_T")

_WAIT = 60.0
_END = 1.0

_logger = logging.getLogger("flagstaff")
_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()
_on_change: dict[int, list[Callable[[list[str]], object]]] = {}
_on_status: dict[int, list[Callable[[str], object]]] = {}


class _Courier:
    """The thread, and the lock under which it is started."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None


_courier = _Courier()


def ensure() -> None:
    """Start the thread unless it runs."""
    courier = _courier
    with courier.lock:
        if courier.thread is None:
            courier.thread = threading.Thread(target=_deliver, name="flagstaff-news", daemon=True)
            courier.thread.start()


def attend(client: Client) -> None:
    """Look after a client: close it at the end of the process, revive it after a fork, carry its news."""
    if client not in _clients:
        _clients.add(client)
        # Callbacks mostly refer to their client, which must not be kept alive by them after it is gone.
        weakref.finalize(client, _forget, client._id).atexit = False
    ensure()


def on_change(client: Client, callback: Callable[[list[str]], object]) -> Callable[[], None]:
    """Register a callback for changed flags."""
    attend(client)
    return _register(_on_change.setdefault(client._id, []), callback)


def on_status(client: Client, callback: Callable[[str], object]) -> Callable[[], None]:
    """Register a callback for statuses."""
    attend(client)
    return _register(_on_status.setdefault(client._id, []), callback)


def _register(callbacks: list[_T], callback: _T) -> Callable[[], None]:
    callbacks.append(callback)

    def unregister() -> None:
        if callback in callbacks:
            callbacks.remove(callback)

    return unregister


def _forget(client_id: int) -> None:
    _on_change.pop(client_id, None)
    _on_status.pop(client_id, None)


def _deliver() -> None:
    while (news := next_news(_WAIT)) is not None:
        flags, statuses, records = news
        for level, name, message in records:
            logging.getLogger(name).log(level, message)
        for client_id, keys in flags:
            for change_callback in list(_on_change.get(client_id, ())):
                _call(partial(change_callback, list(keys)))
        for client_id, status in statuses:
            for status_callback in list(_on_status.get(client_id, ())):
                _call(partial(status_callback, status))


def _call(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:
        _logger.exception("a callback raised")


def _after_fork_in_child() -> None:
    # Neither the thread nor a lock that it held came along.
    global _courier  # noqa: PLW0603 - one per process
    _courier = _Courier()
    reset_news()
    for client in list(_clients):
        client._after_fork()


def _at_exit() -> None:
    for client in list(_clients):
        client.close()
    close_news()
    thread = _courier.thread
    if thread is not None and thread is not threading.current_thread():
        thread.join(_END)


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
