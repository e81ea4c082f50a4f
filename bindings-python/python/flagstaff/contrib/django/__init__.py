"""Flagstaff for Django: `request.flags`, a template tag, a decorator and a mixin for views, and system checks.

    INSTALLED_APPS = [..., "flagstaff.contrib.django"]
    MIDDLEWARE = [..., "flagstaff.contrib.django.FlagsMiddleware"]
    FLAGSTAFF = {"URL": "http://127.0.0.1:8080", "KEY": "fs_server_…", "CONTEXT": "shop.flags.context"}

docs/python/django.md lists the settings.
"""

from flagstaff.contrib.django.client import (
    FlagsRequest,
    adefault_context,
    aflags_of,
    default_context,
    flags_of,
    get_client,
)
from flagstaff.contrib.django.middleware import FlagsMiddleware
from flagstaff.contrib.django.views import FlagRequiredMixin, flag_required

__all__ = [
    "FlagRequiredMixin",
    "FlagsMiddleware",
    "FlagsRequest",
    "adefault_context",
    "aflags_of",
    "default_context",
    "flag_required",
    "flags_of",
    "get_client",
]
