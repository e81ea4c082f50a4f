"""System checks of the setting `FLAGSTAFF`, for `manage.py check`."""

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from flagstaff import Client
from flagstaff.contrib.django.middleware import FlagsMiddleware
from flagstaff.contrib.django.settings import Settings, raw_settings, read_settings

MIDDLEWARE = "flagstaff.contrib.django.FlagsMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
# Keys of pages and devices, which may not read rules.
WRONG_KEYS = ("fs_client_", "fs_local_", "fs_admin_", "fs_viewer_", "fs_editor_")


def check_settings(**_: object) -> list[CheckMessage]:
    """Check that the settings can be read, and make a client."""
    try:
        found = read_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="flagstaff.E001")]
    return [] if found.client is not None else _check_connection(found)


def _check_connection(found: Settings) -> list[CheckMessage]:
    if not found.url or not found.key:
        hint = "Set FLAGSTAFF['URL'] and FLAGSTAFF['KEY'], or FLAGSTAFF_URL and FLAGSTAFF_KEY in the environment."
        return [Error("FLAGSTAFF names no server", hint=hint, id="flagstaff.E002")]
    if found.key.startswith(WRONG_KEYS):
        hint = "Create a key of kind `server` for this environment."
        return [Error("FLAGSTAFF['KEY'] is not a `server` key", hint=hint, id="flagstaff.E003")]
    try:
        # A client does nothing before it is started.
        Client(found.url, found.key, **found.options)
    except Exception as error:
        return [Error(f"FLAGSTAFF is refused: {error}", id="flagstaff.E004")]
    return []


def check_middleware(**_: object) -> list[CheckMessage]:
    """Check that the middleware is there, and after the one that sets the user."""
    middleware = [_classes(path) for path in settings.MIDDLEWARE]
    ours = next((index for index, classes in enumerate(middleware) if FlagsMiddleware in classes), None)
    if ours is None:
        hint = f"Add {MIDDLEWARE!r} to MIDDLEWARE."
        return [CheckWarning("requests have no `flags` without FlagsMiddleware", hint=hint, id="flagstaff.W001")]
    later = {f"{cls.__module__}.{cls.__name__}" for classes in middleware[ours:] for cls in classes}
    if AUTHENTICATION in later and "CONTEXT" not in raw_settings():
        hint = f"Move {MIDDLEWARE!r} below {AUTHENTICATION!r}."
        return [
            CheckWarning("FlagsMiddleware is before the middleware that sets the user", hint=hint, id="flagstaff.W002")
        ]
    return []


def _classes(path: str) -> tuple[type, ...]:
    """The class of a middleware, and those that it inherits from; none for a function."""
    try:
        return tuple(getattr(import_string(path), "__mro__", ()))
    except Exception:
        return ()
