"""The setting `FLAGSTAFF`, read and explained."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

NAMES = {"URL", "KEY", "CONTEXT", "CLIENT", "OPTIONS", "READY_TIMEOUT"}
READY_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Settings:
    """The values of the setting `FLAGSTAFF`."""

    url: str | None
    key: str | None
    context: Callable[..., Any] | None
    # Whether the function is a coroutine function.
    context_is_async: bool
    client: Any
    options: dict[str, Any]
    ready_timeout: float


def raw_settings() -> dict[str, Any]:
    """Return the setting as it was written; empty if it was not."""
    return getattr(settings, "FLAGSTAFF", {})


def read_settings() -> Settings:
    """Read the setting, or raise `ImproperlyConfigured`."""
    given = raw_settings()
    unknown = sorted(given.keys() - NAMES)
    if unknown:
        message = f"FLAGSTAFF has no setting {unknown[0]}; it has {', '.join(sorted(NAMES))}"
        raise ImproperlyConfigured(message)
    context = _imported("CONTEXT", given)
    return Settings(
        url=given.get("URL") or os.environ.get("FLAGSTAFF_URL"),
        key=given.get("KEY") or os.environ.get("FLAGSTAFF_KEY"),
        context=context,
        context_is_async=iscoroutinefunction(context),
        client=_imported("CLIENT", given),
        options=dict(given.get("OPTIONS", {})),
        ready_timeout=given.get("READY_TIMEOUT", READY_TIMEOUT_S),
    )


def _imported(name: str, given: dict[str, Any]) -> Any:
    """Return a setting that is an object, or the path of one such as `shop.flags.context`."""
    value = given.get(name)
    if isinstance(value, str):
        try:
            value = import_string(value)
        except ImportError as error:
            message = f"FLAGSTAFF[{name!r}]: {error}"
            raise ImproperlyConfigured(message) from error
    if name == "CONTEXT" and value is not None and not callable(value):
        message = "FLAGSTAFF['CONTEXT'] must be a function of the request, or its path"
        raise ImproperlyConfigured(message)
    return value
