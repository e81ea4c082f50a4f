"""The Django application."""

from django.apps import AppConfig
from django.core import checks

from flagstaff import set_client
from flagstaff.contrib.django.checks import check_middleware, check_settings
from flagstaff.contrib.django.client import get_client


class FlagstaffConfig(AppConfig):
    """Registers the system checks; it opens no connection, so management commands need no server."""

    name = "flagstaff.contrib.django"
    label = "flagstaff"

    def ready(self) -> None:
        """Register the checks, and let code outside of requests use the client of the settings."""
        set_client(get_client)
        checks.register(check_settings)
        checks.register(check_middleware)
