"""The middleware that gives every request its flags."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from flagstaff._current import effective_client, flags_in_use
from flagstaff.contrib.django.client import amake_flags, get_client, make_flags


class FlagsMiddleware:
    """Sets `request.flags`; each flag is evaluated once in a request, and all by the same revision.

    It belongs after `AuthenticationMiddleware` if the context has the user. It makes the client when the server starts.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        effective_client(get_client)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Handle a request."""
        if self._is_async:
            return self._handle_async(request)
        with flags_in_use(make_flags(request)):
            return self.get_response(request)

    async def _handle_async(self, request: HttpRequest) -> HttpResponseBase:
        with flags_in_use(await amake_flags(request)):
            return await self.get_response(request)  # type: ignore[misc,no-any-return] # an async `get_response`
