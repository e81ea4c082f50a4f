"""The time that the middleware and five flags of each system add to a request of Django, and its ratio to ours.

    bench/python/.venv/bin/python bench/python/django_request.py

`make bench-python` makes that environment, with the peers and an optimised wheel. The request goes through Django's
handler, without a web server. A flag is on for half of the users; those of Flagstaff and GrowthBook also have a rule
that does not apply.

- GrowthBook: the middleware that its README shows
- django-waffle: its middleware, with flags from Django's cache in this process
- django-flags: flags of the settings by the path of the request; it has no middleware
"""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import django
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from flagstaff import Client

from growthbook import GrowthBook

KEYS = [f"flag-{number}" for number in range(5)]
RULE = {"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}
FLAG = {"type": "boolean", "enabled": True, "salt": "s", "rules": [RULE], "serve": {"variant": "on", "rollout": 50}}
RULES = [
    {"condition": {"plan": "pro"}, "force": True},
    {"coverage": 0.5, "hashAttribute": "id", "force": True},
]
FEATURES = {key: {"defaultValue": False, "rules": RULES} for key in KEYS}
REQUESTS = 1_000
ROUNDS = 15


def make_client() -> Client:
    """Make the client of the settings."""
    return Client.from_document({"schemaVersion": 1, "flags": dict.fromkeys(KEYS, FLAG)})


def context(_request: HttpRequest) -> dict[str, str]:
    """Make the context of the settings."""
    return {"targetingKey": "user-1", "plan": "free", "country": "se"}


def growthbook_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Make an object for the request, as GrowthBook's README says; its features are there already."""

    def middleware(request: HttpRequest) -> HttpResponse:
        attributes = {"id": "user-1", "plan": "free", "country": "se"}
        gb = request.gb = GrowthBook(attributes=attributes, features=FEATURES)  # type: ignore[attr-defined]
        response = get_response(request)
        gb.destroy()
        return response

    return middleware


def page() -> HttpResponse:
    """Make the response of every view."""
    return HttpResponse("a page")


def without(_request: HttpRequest) -> HttpResponse:
    """Read no flag."""
    return page()


def with_flagstaff(request: HttpRequest) -> HttpResponse:
    """Read each flag once."""
    for key in KEYS:
        request.flags[key]  # type: ignore[attr-defined]
    return page()


def with_growthbook(request: HttpRequest) -> HttpResponse:
    """Read each flag once."""
    for key in KEYS:
        request.gb.is_on(key)  # type: ignore[attr-defined]
    return page()


def with_waffle(request: HttpRequest) -> HttpResponse:
    """Read each flag once."""
    from waffle import flag_is_active  # noqa: PLC0415 - after the settings

    for key in KEYS:
        flag_is_active(request, key)
    return page()


def with_django_flags(request: HttpRequest) -> HttpResponse:
    """Read each flag once."""
    from flags.state import flag_enabled  # noqa: PLC0415 - after the settings

    for key in KEYS:
        flag_enabled(key, request=request)
    return page()


@dataclass
class Subject:
    """A system, and how a project uses it."""

    name: str
    view: Callable[[HttpRequest], HttpResponse]
    middleware: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The address of its view."""
        return self.name.replace(" ", "-")

    def prepare(self) -> None:
        """Load the middleware, as a server does when it starts."""
        self.handler = BaseHandler()
        with override_settings(MIDDLEWARE=self.middleware):
            self.handler.load_middleware()

    def microseconds(self) -> float:
        """Measure a request."""
        requests = [RequestFactory().get(f"/{self.address}") for _ in range(REQUESTS)]
        gc.collect()
        started = time.perf_counter()
        for request in requests:
            self.handler.get_response(request)
        return (time.perf_counter() - started) / REQUESTS * 1e6


PLAIN = Subject("without flags", without)
OURS = Subject("flagstaff", with_flagstaff, ("flagstaff.contrib.django.FlagsMiddleware",))
SUBJECTS = [
    PLAIN,
    OURS,
    Subject("growthbook", with_growthbook, (f"{__name__}.growthbook_middleware",)),
    Subject("django-waffle", with_waffle, ("waffle.middleware.WaffleMiddleware",)),
    Subject("django-flags", with_django_flags),
]
urlpatterns = [path(subject.address, subject.view) for subject in SUBJECTS]


def configure() -> None:
    """Configure a project of all systems; the flags of django-waffle are rows of a database."""
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        FLAGS={key: [{"condition": "path matches", "value": "django-flags"}] for key in KEYS},
        FLAG_SOURCES=["flags.sources.SettingsFlagsSource"],
        FLAGSTAFF={"CLIENT": make_client, "CONTEXT": context},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "flags",
            "flagstaff.contrib.django",
            "waffle",
        ],
        ROOT_URLCONF=__name__,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from waffle.models import Flag  # noqa: PLC0415 - after the settings

    for key in KEYS:
        Flag.objects.create(name=key, percent=50)


def main() -> None:
    """Measure in turns, so that a slow minute is slow for all; the lowest value counts, since noise only adds."""
    configure()
    for subject in SUBJECTS:
        subject.prepare()
    rounds = [[subject.microseconds() for subject in SUBJECTS] for _ in range(ROUNDS)]
    plain, *lowest = (min(values) for values in zip(*rounds, strict=True))
    ours = lowest[0] - plain
    sys.stdout.write(f"{PLAIN.name}: {plain:.1f} us\n")
    for subject, value in zip(SUBJECTS[1:], lowest, strict=True):
        sys.stdout.write(f"{subject.name}: adds {value - plain:.1f} us, {(value - plain) / ours:.2f} times ours\n")


if __name__ == "__main__":
    main()
