"""Views that exist only while a flag is on."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from flagstaff.contrib.django.client import aflags_of, flags_of

_View = TypeVar("_View", bound=Callable[..., Any])

_NOT_FOUND, _FORBIDDEN = 404, 403
_MESSAGE = "Feature not available"


def flag_required(flag: str, status: int = _NOT_FOUND, message: str = _MESSAGE) -> Callable[[_View], _View]:
    """Let a view, sync or async, answer only while a boolean flag is on for the request.

    Otherwise the response is the project's page for 404 or 403, or `message` with another status.
    """

    def decorate(view: _View) -> _View:
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def call_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                flags = await aflags_of(request)
                return await view(request, *args, **kwargs) if flags[flag] else refuse(status, message)

            return cast("_View", call_async)

        @functools.wraps(view)
        def call(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return view(request, *args, **kwargs) if flags_of(request)[flag] else refuse(status, message)

        return cast("_View", call)

    return decorate


class FlagRequiredMixin:
    """Lets a class-based view answer only while the flag `flag_required` is on for the request; put it first."""

    flag_required: str | None = None
    flag_status: int = _NOT_FOUND
    flag_message: str = _MESSAGE

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer the request, or refuse it."""
        if self.flag_required is None:
            message = f"{type(self).__name__} needs `flag_required`, the key of a flag"
            raise ImproperlyConfigured(message)
        if not flags_of(request)[self.flag_required]:
            return refuse(self.flag_status, self.flag_message)
        parent = cast("Any", super())
        return cast("HttpResponseBase | Awaitable[HttpResponseBase]", parent.dispatch(request, *args, **kwargs))


def refuse(status: int, message: str) -> HttpResponse:
    """Raise Django's own exception for the status, or return a response with the message."""
    if status == _NOT_FOUND:
        raise Http404(message)
    if status == _FORBIDDEN:
        raise PermissionDenied(message)
    return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
