"""Starts and ends clients, also in the child process of a fork and at the end of the process."""

import atexit
import os
import sys
import time
import weakref
from collections.abc import Callable
from importlib import import_module

from flagstaff import _events
from flagstaff._native import Client, reset_events
from flagstaff._types import Readiness
from flagstaff._waiting import wait

_EXIT_S = 2.0

_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()
_on_close: dict[int, list[Callable[[], object]]] = {}


def register(client: Client) -> None:
    """Close a client at the end of the process, restart it after a fork, and deliver its events."""
    if client not in _clients:
        if not _clients:
            _prepare_process()
        _hook_into_uwsgi()
        _clients.add(client)
        _events.prepare(client)
        weakref.finalize(client, _on_close.pop, client._id, None).atexit = False
    ensure_thread()


def _prepare_process() -> None:
    # Not on the thread of events: a fork in the middle of an import would leave its lock in the child process.
    import_module("flagstaff._logging")
    # After `logging` has registered its end, so that ours comes first and its records are written.
    atexit.unregister(_close_all)
    atexit.register(_close_all)


def start(client: Client) -> None:
    """Start a client."""
    register(client)
    client._start()


def ensure_thread() -> None:
    """Start the thread that delivers events, unless it runs."""
    _events.ensure_thread()
    _close_with_worker()


def ready(client: Client, timeout: float) -> Readiness:
    """Wait until the client is ready."""
    start(client)
    return Readiness(wait(client._ready, timeout))


def flush(client: Client, timeout: float) -> bool:
    """Send the counts of evaluations."""
    return wait(client._flush, timeout)


def close(client: Client, timeout: float) -> None:
    """Stop the client, and send the last counts."""
    wait(client._close, timeout)
    for callback in _on_close.pop(client._id, []):
        callback()


def on_close(client: Client, callback: Callable[[], object]) -> None:
    """Call a function when the client is closed."""
    _on_close.setdefault(client._id, []).append(callback)


def _after_fork_in_child() -> None:
    _events.forget_thread()
    reset_events()
    for client in list(_clients):
        client._after_fork()


def _hook_into_uwsgi() -> None:
    """Let uWSGI, which forks without Python's hooks, call ours."""
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is None or "uwsgi" in _worker:
        return
    _worker["uwsgi"] = os.getpid()
    try:
        import_module("uwsgidecorators").postfork(_after_fork_in_child)
    except ImportError:
        earlier = getattr(uwsgi, "post_fork_hook", None)

        def hook() -> None:
            _after_fork_in_child()
            if earlier is not None:
                earlier()

        uwsgi.post_fork_hook = hook  # type: ignore[attr-defined]


def _close_all() -> None:
    until = time.monotonic() + _EXIT_S
    clients = list(_clients)
    # First all at once, so that they send their counts at the same time.
    for client in clients:
        client._close(0.0)
    for client in clients:
        close(client, max(0.0, until - time.monotonic()))
    _events.end_thread()


def _close_with_worker() -> None:
    """Close clients also where a worker process of multiprocessing, or of Celery's billiard, ends without `atexit`."""
    for name in ("multiprocessing", "billiard"):
        process, util = sys.modules.get(f"{name}.process"), sys.modules.get(f"{name}.util")
        if process is None or util is None:
            continue
        if process.current_process().name != "MainProcess" and _worker.get(name) != os.getpid():
            _worker[name] = os.getpid()
            util.Finalize(None, _close_all, exitpriority=0)


# The process in which we are registered with each of these.
_worker: dict[str, int] = {}

os.register_at_fork(after_in_child=_after_fork_in_child)
