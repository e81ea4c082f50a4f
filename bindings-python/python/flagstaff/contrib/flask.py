"""Flagstaff for Flask: `flags` in views and templates, and a decorator for views.

from flagstaff.contrib.flask import Flagstaff, flag_required, flags

app = Flask(__name__)
Flagstaff(app, client, context=lambda: {"targetingKey": session.get("user")})

@app.get("/")
def home():
return "new" if flags["new-nav"] else "old"
"""

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar, cast

from flask import Flask, abort, current_app, g, has_request_context
from werkzeug.local import LocalProxy

from flagstaff import Context
from flagstaff._current import ClientSource, ScopedFlags, _flags
from flagstaff.protocols import FlagReader

__all__ = ["Flagstaff", "flag_required", "flags"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_KEY = "flagstaff_flags"


class Flagstaff:
    """The extension: gives every request its flags, each evaluated once and all by the same revision.

    `client` is a client or a function that returns one; without it, it is the client of the process (`set_client`).
    `context` is called in the request, when the first flag is read. Templates have `flags`.
    """

    def __init__(
        self,
        app: Flask | None = None,
        client: ClientSource = None,
        context: Callable[[], Context | None] = lambda: None,
    ) -> None:
        self._client = client
        self._context = context
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Add the flags to an application."""
        app.extensions["flagstaff"] = self
        app.before_request(self.begin)
        app.teardown_request(self._end)
        app.context_processor(lambda: {"flags": flags})

    def begin(self) -> None:
        """Give the request its flags, unless it has them."""
        if _KEY not in g:
            scoped = ScopedFlags(self._client, self._context)
            setattr(g, _KEY, scoped)
            g.flagstaff_token = _flags.set(scoped)

    def _end(self, _error: BaseException | None) -> None:
        # Tests have several requests in one application context, whose `g` they share.
        g.pop(_KEY, None)
        # There is none if an earlier function of `before_request` ended the request.
        token = g.pop("flagstaff_token", None)
        if token is not None:
            # A streamed response may end in another context, where there is nothing to reset.
            with suppress(ValueError):
                _flags.reset(token)


def _flags_of_request() -> FlagReader:
    extension = current_app.extensions.get("flagstaff") if has_request_context() else None
    if extension is None:
        message = "no flags: they exist in a request of an application with `Flagstaff(app)`"
        raise RuntimeError(message)
    # An earlier function of `before_request` asks, or a `test_request_context`, which calls none of them.
    extension.begin()
    return cast("FlagReader", getattr(g, _KEY))


flags = cast("FlagReader", LocalProxy(_flags_of_request))
"""The flags of the current request."""


def flag_required(
    flag: str, status: int = 404, message: str = "Feature not available"
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Let a view answer only while a boolean flag is on for the request; otherwise call `abort(status, message)`."""

    def decorate(view: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(view)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if not flags[flag]:
                abort(status, message)
            return view(*args, **kwargs)

        return call

    return decorate
