"""The middleware that gives every request its flags."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from flagstaff._current import _flags, effective_client
from flagstaff.contrib.django.client import aflags_of, get_client, make_flags


class FlagsMiddleware:
    """Sets `request.flags`; each flag is evaluated once in a request, and all by the same revision.

    Put it after `AuthenticationMiddleware` if the context has the user. It creates the client when the server starts.
    The context is created when the first flag is read, or before an asynchronous view if that needs `await`.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
            # Django calls it before the view, if it is there.
            self.process_view = _before_view
        effective_client(get_client)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Handle a request."""
        if self._is_async:
            return self._handle_async(request)
        # Not `flags_in_use`, which would take as long as the rest of this function.
        token = _flags.set(make_flags(request))
        try:
            return self.get_response(request)
        finally:
            _flags.reset(token)

    async def _handle_async(self, request: HttpRequest) -> HttpResponseBase:
        token = _flags.set(make_flags(request))
        try:
            return await self.get_response(request)  # type: ignore[misc,no-any-return] # an async `get_response`
        finally:
            _flags.reset(token)


async def _before_view(request: HttpRequest, view: Callable[..., Any], *_: object) -> None:
    # Others run on a thread, where a context can be made when it is needed.
    if iscoroutinefunction(view):
        await aflags_of(request)
