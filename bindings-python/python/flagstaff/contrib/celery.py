"""Flagstaff for Celery: a task has the flags of the request that queued it.

    from flagstaff.contrib.celery import install

    install(client)

The context of the current request or task is sent in the headers of the message. In the worker,
`flagstaff.current_flags()` evaluates with it, in the revision of the worker when the task begins. A task that was
queued without a context, for example by Celery Beat, has an empty one.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from celery import Task, signals
from celery.utils.dispatch import Signal

from flagstaff import PreparedContext, context
from flagstaff._current import ClientSource, ScopedFlags, flags_in_use, scoped_context

__all__ = ["install"]

_HEADER = "flagstaff_context"


def install(client: ClientSource = None) -> None:
    """Carry contexts in the headers of tasks, in the program that queues them and in the worker.

    `client` is a client or a function that returns one; without it, it is the client of the process (`set_client`).
    """
    running: dict[str, ExitStack] = {}

    def before_publish(headers: dict[str, Any], **_: object) -> None:
        found = scoped_context()
        if found is not None:
            headers[_HEADER] = json.dumps(_as_json(found))

    def before_run(task_id: str, task: Task[Any, Any], **_: object) -> None:
        text = getattr(task.request, _HEADER, None)
        # A task that is called in place (`task_always_eager`, `apply`) keeps the flags of its caller.
        if text is None and scoped_context() is not None:
            return
        received: dict[str, Any] = {} if text is None else json.loads(text)
        scopes = running[task_id] = ExitStack()
        scopes.enter_context(context(received))
        scopes.enter_context(flags_in_use(ScopedFlags(client, lambda: received)))

    def after_run(task_id: str, **_: object) -> None:
        scopes = running.pop(task_id, None)
        if scopes is not None:
            scopes.close()

    handlers: list[tuple[Signal, Callable[..., None]]] = [
        (signals.before_task_publish, before_publish),
        (signals.task_prerun, before_run),
        (signals.task_postrun, after_run),
    ]
    for signal, handler in handlers:
        # Not weak: nothing else refers to these functions. The identifier lets a second call replace the first.
        signal.connect(handler, weak=False, dispatch_uid="flagstaff")


def _as_json(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return a context as values of JSON, as an evaluation reads them."""
    key = attributes.pop("targetingKey", None)
    prepared = PreparedContext(key, attributes)
    return prepared.attributes if key is None else {**prepared.attributes, "targetingKey": prepared.targeting_key}
