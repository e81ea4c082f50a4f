"""Waiting in native code without blocking other threads and greenlets."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, ParamSpec, TypeVar, cast

_P = ParamSpec("_P")
_T = TypeVar("_T")


def is_gevent() -> bool:
    """Whether gevent has replaced Python's threads by greenlets, which native code would block."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def has_threads() -> bool:
    """Whether threads of Python's may run between requests.

    They do not in uWSGI without `--enable-threads`. In its master process they must not: it forks workers at any
    moment, and one that is forked while a thread holds the interpreter's lock waits for that lock for ever.
    """
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is None:
        return True
    is_master = bool(uwsgi.opt.get("master")) and uwsgi.worker_id() == 0
    return not is_master and any(uwsgi.opt.get(name) for name in ("enable-threads", "threads"))


def wait(function: Callable[_P, _T], *arguments: _P.args, **keywords: _P.kwargs) -> _T:
    """Call a native function that waits; under gevent on a thread of the system, while other greenlets run."""
    if is_gevent():
        pool: Any = import_module("gevent").get_hub().threadpool
        return cast("_T", pool.apply(function, arguments, keywords))
    return function(*arguments, **keywords)


def waiter() -> Callable[[Callable[[float], _T], float], _T]:
    """`wait` for a loop that waits all the time, with a thread of its own."""
    if not is_gevent():
        return _call
    pool: Any = import_module("gevent.threadpool").ThreadPool(1)

    def wait_in_pool(function: Callable[[float], _T], timeout: float) -> _T:
        return cast("_T", pool.apply(function, (timeout,)))

    return wait_in_pool


def _call(function: Callable[[float], _T], timeout: float) -> _T:
    return function(timeout)
