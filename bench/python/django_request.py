"""What the middleware and five flags add to a request of Django, in microseconds.

    .venv/bin/python bench/python/django_request.py

It needs an optimised wheel in .venv (`make build`). The request goes through Django's handler, without a web server.
"""

import gc
import sys
import time

import django
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path
from flagstaff import Client

KEYS = [f"flag-{number}" for number in range(5)]
RULE = {"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}
FLAG = {"type": "boolean", "enabled": True, "salt": "s", "rules": [RULE], "serve": {"variant": "on", "rollout": 50}}
REQUESTS = 2_000
ROUNDS = 15


def make_client() -> Client:
    """Make the client of the settings."""
    return Client.from_document({"schemaVersion": 1, "flags": dict.fromkeys(KEYS, FLAG)})


def context(_request: HttpRequest) -> dict[str, str]:
    """Make the context of the settings."""
    return {"targetingKey": "user-1", "plan": "free", "country": "se"}


def with_flags(request: HttpRequest) -> HttpResponse:
    """Read each flag once."""
    for key in KEYS:
        request.flags[key]  # type: ignore[attr-defined]
    return HttpResponse("a page")


def without_flags(_request: HttpRequest) -> HttpResponse:
    """Read none."""
    return HttpResponse("a page")


urlpatterns = [path("with", with_flags), path("without", without_flags)]


def handler(*middleware: str) -> BaseHandler:
    """Make Django's handler with this middleware."""
    made = BaseHandler()
    with override_settings(MIDDLEWARE=middleware):
        made.load_middleware()
    return made


def microseconds(asked: BaseHandler, address: str) -> float:
    """Measure a request."""
    requests = [RequestFactory().get(address) for _ in range(REQUESTS)]
    gc.collect()
    started = time.perf_counter()
    for request in requests:
        asked.get_response(request)
    return (time.perf_counter() - started) / REQUESTS * 1e6


def main() -> None:
    """Measure in turns, so that a slow minute is slow for both; the lowest value counts, since noise only adds."""
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        FLAGSTAFF={"CLIENT": make_client, "CONTEXT": context},
        INSTALLED_APPS=["flagstaff.contrib.django"],
        ROOT_URLCONF=__name__,
    )
    django.setup()
    ours, plain = handler("flagstaff.contrib.django.FlagsMiddleware"), handler()
    rounds = [(microseconds(ours, "/with"), microseconds(plain, "/without")) for _ in range(ROUNDS)]
    with_us, without_us = (min(values) for values in zip(*rounds, strict=True))
    sys.stdout.write(f"with {with_us:.1f} us, without {without_us:.1f} us, added {with_us - without_us:.1f} us\n")


if __name__ == "__main__":
    main()
