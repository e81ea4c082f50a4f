"""The client of a Django project, and the flags of a request."""

import threading
from collections.abc import Callable
from typing import Any, cast
from weakref import ref

from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest

from flagstaff import Client, Context
from flagstaff._current import ScopedFlags
from flagstaff.contrib.django.settings import Settings, read_settings
from flagstaff.protocols import FlagClient, FlagReader


class FlagsRequest(HttpRequest):
    """The type of a request behind `FlagsMiddleware`, for annotations."""

    flags: FlagReader


class _Project:
    """The client of this process, and its settings."""

    lock = threading.Lock()
    client: FlagClient | None = None
    settings: Settings | None = None


def get_client() -> FlagClient:
    """Return the client of the setting `FLAGSTAFF`; the first call makes it, and waits until it has flags.

    It waits at most `READY_TIMEOUT` seconds; after that, flags have their defaults until the server is reached.
    """
    client = _Project.client
    if client is None:
        with _Project.lock:
            if _Project.client is None:
                _Project.client = _make_client(current_settings())
            client = _Project.client
    return client


def _make_client(settings: Settings) -> FlagClient:
    if settings.client is not None:
        client = settings.client() if callable(settings.client) else settings.client
    elif settings.url and settings.key:
        client = Client(settings.url, settings.key, **settings.options)
    else:
        message = "FLAGSTAFF needs URL and KEY (or FLAGSTAFF_URL and FLAGSTAFF_KEY in the environment), or CLIENT"
        raise ImproperlyConfigured(message)
    if isinstance(client, Client):
        client.ready(settings.ready_timeout)
    return cast("FlagClient", client)


def current_settings() -> Settings:
    """Return the settings, which are read once."""
    settings = _Project.settings
    if settings is None:
        settings = _Project.settings = read_settings()
    return settings


def _forget(*, setting: str, **_: object) -> None:
    """Let the next request use changed settings; tests change them."""
    if setting == "FLAGSTAFF":
        with _Project.lock:
            settings_client = None if _Project.settings is None else _Project.settings.client
            client, _Project.client, _Project.settings = _Project.client, None, None
        # A client that the settings name may be used elsewhere.
        if isinstance(client, Client) and client is not settings_client:
            client.close()


setting_changed.connect(_forget)


def flags_of(request: HttpRequest) -> ScopedFlags:
    """Return the flags of a request: `request.flags`, which is made if there is no middleware."""
    flags: ScopedFlags | None = getattr(request, "flags", None)
    return make_flags(request) if flags is None else flags


async def aflags_of(request: HttpRequest) -> ScopedFlags:
    """Return the flags of a request, with their context made, for asynchronous code that runs before the view."""
    flags, settings = flags_of(request), current_settings()
    if not flags.has_context:
        if settings.context is None:
            flags.set_context(await adefault_context(request))
        elif settings.context_is_async:
            flags.set_context(await settings.context(request))
    return flags


def make_flags(request: HttpRequest) -> ScopedFlags:
    """Give the request its flags. The context is made when the first flag is read."""
    # The request refers to its flags; if these referred to it, it would stay until a collection of garbage.
    flags = ScopedFlags(get_client, _context_of, ref(request))
    request.flags = flags  # type: ignore[attr-defined]
    return flags


def _context_of(reference: "ref[HttpRequest]") -> Context | None:
    request = reference()
    if request is None:
        return None
    settings = current_settings()
    context: Callable[[HttpRequest], Context | None] = settings.context or default_context
    if settings.context_is_async:
        context = async_to_sync(context)  # type: ignore[arg-type] # an async function
    return context(request)


def default_context(request: HttpRequest) -> dict[str, Any]:
    """Return the context without the setting CONTEXT: the primary key of the user, if somebody is signed in."""
    return _context_of_user(getattr(request, "user", None))


async def adefault_context(request: HttpRequest) -> dict[str, Any]:
    """Return what `default_context` returns, in an asynchronous view."""
    auser = getattr(request, "auser", None)
    return _context_of_user(None if auser is None else await auser())


def _context_of_user(user: Any) -> dict[str, Any]:
    if user is None or not user.is_authenticated:
        return {}
    return {"targetingKey": str(user.pk)}
