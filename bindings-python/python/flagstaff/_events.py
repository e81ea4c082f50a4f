"""Delivers events from Rust's background threads to Python: log records, and changes for callbacks.

Rust's threads never attach to the interpreter. They put events into a queue, and one daemon thread of this module
fetches them. It is started with the first client and ends before the interpreter does, since a thread that waits in
native code at that moment would crash the process. Under gevent it is a greenlet, and only its waiting is a thread;
in uWSGI without `--enable-threads`, where threads of Python's do not run, and in its master process, getters deliver.
"""

import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import TypeAlias, TypeVar

from flagstaff._native import Client, close_events, deliver_in_getters, next_events
from flagstaff._waiting import has_threads, waiter

_T = TypeVar("_T")
Events: TypeAlias = tuple[list[tuple[int, list[str]]], list[tuple[int, str]], list[tuple[int, str, str]]]

_WAIT_S = 60.0
_JOIN_S = 1.0

_on_change: dict[int, list[Callable[[list[str]], object]]] = {}
_on_status: dict[int, list[Callable[[str], object]]] = {}


class _EventThread:
    """The thread, and the lock under which it is started."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None


_event_thread = _EventThread()


def ensure_thread() -> None:
    """Start the thread unless it runs."""
    is_without_thread = not has_threads()
    deliver_in_getters(is_without_thread)
    if is_without_thread:
        return
    event_thread = _event_thread
    with event_thread.lock:
        if event_thread.thread is None:
            event_thread.thread = threading.Thread(target=_run, name="flagstaff-events", daemon=True)
            event_thread.thread.start()


def forget_thread() -> None:
    """In the child process of a fork: there is neither the thread nor a lock that is released."""
    global _event_thread  # noqa: PLW0603 - one per process
    _event_thread = _EventThread()


def end_thread() -> None:
    """Deliver what has arrived and end the thread."""
    close_events()
    thread = _event_thread.thread
    if thread is not None and thread is not threading.current_thread():
        thread.join(_JOIN_S)


def prepare(client: Client) -> None:
    """Remove the callbacks of a client together with it."""
    # Callbacks often refer to their client, and must not keep it alive.
    weakref.finalize(client, _remove_callbacks, client._id).atexit = False


def on_change(client: Client, callback: Callable[[list[str]], object], flags: tuple[str, ...]) -> Callable[[], None]:
    """Register a callback for changed flags: those named, or all."""
    wanted = frozenset(flags)

    def call_if_wanted(keys: list[str]) -> None:
        if found := [key for key in keys if key in wanted]:
            callback(found)

    return _register(_on_change.setdefault(client._id, []), call_if_wanted if wanted else callback)


def on_status(client: Client, callback: Callable[[str], object]) -> Callable[[], None]:
    """Register a callback for statuses."""
    return _register(_on_status.setdefault(client._id, []), callback)


def _register(callbacks: list[_T], callback: _T) -> Callable[[], None]:
    callbacks.append(callback)

    def unregister() -> None:
        if callback in callbacks:
            callbacks.remove(callback)

    return unregister


def _remove_callbacks(client_id: int) -> None:
    _on_change.pop(client_id, None)
    _on_status.pop(client_id, None)


def _run() -> None:
    wait = waiter()
    while (events := wait(next_events, _WAIT_S)) is not None:
        _deliver(events)


def deliver() -> None:
    """Deliver what has arrived, in a process without the thread; getters call this."""
    if (events := next_events(0.0)) is not None:
        _deliver(events)


def _deliver(events: Events) -> None:
    from flagstaff._logging import get_logger  # noqa: PLC0415 - see there

    flags, statuses, records = events
    for level, name, message in records:
        get_logger(name).log(level, message)
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
        from flagstaff._logging import get_logger  # noqa: PLC0415 - see there

        get_logger("flagstaff").exception("a callback raised")
