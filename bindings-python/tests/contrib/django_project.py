"""A Django project in one module: settings, views and templates of the tests."""

import django
from django.conf import settings
from flagstaff.contrib.django import FlagRequiredMixin, FlagsMiddleware, aflags_of, default_context, flag_required

TEMPLATE = (
    """{% load flagstaff %}{% flag "new-nav" %}new{% else %}old{% endflag %}{% flag key %} and more{% endflag %}"""
)

MIDDLEWARE = ["django_project.user_of_header", "flagstaff.contrib.django.FlagsMiddleware"]

settings.configure(
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    ROOT_URLCONF="django_project",
    SECRET_KEY="secret of the tests",  # noqa: S106 - no secret
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "flagstaff.contrib.django"],
    MIDDLEWARE=MIDDLEWARE,
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
)
django.setup()

from asgiref.sync import iscoroutinefunction  # noqa: E402 - after the settings
from django.contrib.auth.models import AnonymousUser, User  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.decorators import sync_and_async_middleware  # noqa: E402
from django.views import View  # noqa: E402
from flagstaff import current_flags  # noqa: E402

context_calls = []
users_asked = []


@sync_and_async_middleware
def user_of_header(get_response):
    """Take the signed-in user from a header."""

    def set_user(request):
        key = request.headers.get("X-User")
        request.user = User(pk=int(key)) if key else AnonymousUser()

        async def auser():
            users_asked.append(request.path)
            return request.user

        request.auser = auser

    async def handle_async(request):
        set_user(request)
        return await get_response(request)

    def handle(request):
        set_user(request)
        return get_response(request)

    return handle_async if iscoroutinefunction(get_response) else handle


def context(request):
    """Make the context, and count the calls."""
    context_calls.append(request.path)
    return default_context(request) | {"plan": request.headers.get("X-Plan")}


async def async_context(request):
    """Make a context with `await`."""
    user = await request.auser()
    return {"targetingKey": str(user.pk), "plan": "pro"}


@sync_and_async_middleware
def maintenance(get_response):
    """Answer itself while a flag is on."""

    async def handle_async(request):
        flags = await aflags_of(request)
        return HttpResponse("closed") if flags["new-nav"] else await get_response(request)

    return handle_async if iscoroutinefunction(get_response) else get_response


class OwnMiddleware(FlagsMiddleware):
    """A project's own."""


def values(request):
    """Show two flags, each read twice."""
    return JsonResponse({"nav": [request.flags["new-nav"], current_flags()["new-nav"]], "bool": request.flags["bool"]})


async def async_values(request):
    """Show the same, asynchronously."""
    return values(request)


def page(request):
    """Render a template."""
    template = engines["django"].from_string(TEMPLATE)
    return HttpResponse(template.render({"key": "bool"}, request))


def page_without_request(_request):
    """Render a template that has no request."""
    text = "{% load flagstaff %}{% flag 'new-nav' %}new{% endflag %} and {% flags_bootstrap %}"
    return HttpResponse(engines["django"].from_string(text).render({}))


def silent(_request):
    """Read no flag."""
    return HttpResponse("silent")


@flag_required("new-nav")
def gated(request):
    """Answer while the flag is on."""
    return HttpResponse("open")


@flag_required("new-nav", status=403)
async def async_gated(request):
    """Answer while the flag is on."""
    return HttpResponse("open")


@flag_required("new-nav", status=503, message="Back soon")
def gated_with_message(request):
    """Answer while the flag is on."""
    return HttpResponse("open")


class Gated(FlagRequiredMixin, View):
    """Answers while the flag is on."""

    flag_required = "new-nav"

    def get(self, request):
        """Answer."""
        return HttpResponse("open")


class AsyncGated(FlagRequiredMixin, View):
    """Answers while the flag is on."""

    flag_required = "new-nav"

    async def get(self, request):
        """Answer."""
        return HttpResponse("open")


class UngatedAsync(View):
    """A class for the decorator."""

    async def get(self, request):
        """Answer."""
        return HttpResponse("open")


class Forgotten(FlagRequiredMixin, View):
    """Names no flag."""


urlpatterns = [
    path("values", values),
    path("async-values", async_values),
    path("page", page),
    path("page-without-request", page_without_request),
    path("silent", silent),
    path("gated", gated),
    path("async-gated", async_gated),
    path("gated-with-message", gated_with_message),
    path("gated-class", Gated.as_view()),
    path("async-gated-class", AsyncGated.as_view()),
    path("decorated-async-class", flag_required("new-nav")(UngatedAsync.as_view())),
    path("forgotten", Forgotten.as_view()),
]
