"""Django: requests, templates, views and system checks."""

import asyncio
import sys
import weakref
from collections import Counter

import django_project
import flagstaff
import pytest
from django.contrib.auth.models import User
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.template import TemplateSyntaxError, engines
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy
from flagstaff.contrib.django import FlagsMiddleware, get_client
from sample import DOCUMENT

FLAG = {"type": "boolean", "enabled": True, "serve": "off", "overrides": {"user": {"17": "include"}}}
FLAGS = DOCUMENT["flags"] | {"new-nav": FLAG}


def offline():
    """Make the client of a project."""
    return flagstaff.Client.from_document({"schemaVersion": 1, "flags": FLAGS})


def project(**settings):
    """Change the setting, and with it the client."""
    return override_settings(FLAGSTAFF={"CLIENT": offline} | settings)


@pytest.fixture(autouse=True)
def no_calls():
    django_project.context_calls.clear()
    django_project.users_asked.clear()


def test_a_request_is_evaluated_for_its_user():
    with project():
        client = Client()
        assert client.get("/values").json() == {"nav": [False, False], "bool": False}
        assert client.get("/values", headers={"X-User": "17"}).json() == {"nav": [True, True], "bool": False}


@pytest.mark.parametrize("path", ["/values", "/async-values"])
def test_a_context_of_the_project_is_made_once_in_a_request(path):
    with project(CONTEXT="django_project.context"):
        headers = {"X-User": "17", "X-Plan": "pro"}
        assert Client().get(path, headers=headers).json() == {"nav": [True, True], "bool": True}
        assert django_project.context_calls == [path]
        Client().get("/forgotten-path")
        assert django_project.context_calls == [path]


@pytest.mark.parametrize("context", [None, "django_project.async_context", "django_project.context"])
@pytest.mark.parametrize("path", ["/values", "/async-values"])
def test_asynchronous_requests(context, path):
    async def ask():
        return (await AsyncClient().get(path, headers={"X-User": "17", "X-Plan": "pro"})).json()

    with project(**({"CONTEXT": context} if context else {})):
        assert asyncio.run(ask()) == {"nav": [True, True], "bool": context is not None}


def test_an_asynchronous_context_in_a_synchronous_request():
    with project(CONTEXT="django_project.async_context"):
        assert Client().get("/values", headers={"X-User": "17"}).json() == {"nav": [True, True], "bool": True}


def test_the_template_tag(flags):
    flags["bool"] = True
    assert Client().get("/page").content == b"old and more"
    flags.update({"new-nav": True, "bool": False})
    assert Client().get("/page").content == b"new"
    template = engines["django"].from_string(django_project.TEMPLATE)
    assert template.render({"key": "bool"}) == "new"
    for wrong in ("{% flag %}{% endflag %}", '{% flag "a" "b" %}{% endflag %}', '{% flag "a" %}'):
        with pytest.raises(TemplateSyntaxError):
            engines["django"].from_string("{% load flagstaff %}" + wrong)


def test_a_page_has_its_flags_for_the_browser(flags):
    flags["new-nav"] = True
    template = engines["django"].from_string("{% load flagstaff %}{% flags_bootstrap nonce='n' %}")
    request = RequestFactory().get("/")
    request.user = django_project.User(pk=17)
    page = template.render({}, request)
    assert page.startswith(
        '<script type="application/json" id="flagstaff-bootstrap" nonce="n">{"flags":[{"key":"new-nav"'
    )
    assert '"context":{"targetingKey":"17"}' in page


def test_tags_of_a_template_without_its_request_have_the_flags_of_the_current_one(flags):
    flags["new-nav"] = True
    page = Client().get("/page-without-request").text
    assert page.startswith('new and <script type="application/json"')
    assert '"key":"new-nav"' in page
    # Nor outside of a request.
    assert "new-nav" in engines["django"].from_string("{% load flagstaff %}{% flags_bootstrap %}").render({})


@pytest.mark.parametrize("path", ["/gated", "/gated-class", "/async-gated-class"])
def test_a_gated_view_is_not_found_while_its_flag_is_off(flags, path):
    assert Client().get(path).status_code == 404
    flags["new-nav"] = True
    assert Client().get(path).content == b"open"


def test_other_statuses_of_a_gated_view(flags):
    refused = Client().get("/gated-with-message")
    assert (refused.status_code, refused.content) == (503, b"Back soon")
    assert Client().get("/async-gated").status_code == 403
    assert asyncio.run(AsyncClient().get("/async-gated")).status_code == 403
    flags["new-nav"] = True
    assert asyncio.run(AsyncClient().get("/async-gated")).content == b"open"


def test_an_asynchronous_class_is_gated_by_the_decorator_too(flags):
    answer = asyncio.run(AsyncClient().get("/decorated-async-class"))
    assert (answer.status_code, Client().get("/decorated-async-class").status_code) == (404, 404)
    flags["new-nav"] = True
    assert asyncio.run(AsyncClient().get("/decorated-async-class")).content == b"open"
    assert Client().get("/decorated-async-class").content == b"open"


@override_settings(MIDDLEWARE=["django_project.user_of_header"])
def test_gated_views_need_no_middleware():
    with project():
        assert Client().get("/gated", headers={"X-User": "17"}).content == b"open"
        assert Client().get("/gated").status_code == 404
        answer = asyncio.run(AsyncClient().get("/async-gated", headers={"X-User": "17"}))
        assert answer.content == b"open"


@pytest.mark.parametrize("path", ["/silent", "/no-such-page"])
def test_an_asynchronous_request_that_reads_no_flag_does_not_ask_for_its_user(path):
    # Asking would cost queries, and let no page be cached for several visitors.
    with project():
        asyncio.run(AsyncClient().get(path))
        assert django_project.users_asked == []
        asyncio.run(AsyncClient().get("/async-values"))
        assert django_project.users_asked == ["/async-values"]


def test_asynchronous_code_before_the_view_has_flags(flags):
    flags["new-nav"] = True
    with override_settings(MIDDLEWARE=[*django_project.MIDDLEWARE, "django_project.maintenance"]):
        assert asyncio.run(AsyncClient().get("/values")).content == b"closed"


def test_a_mixin_without_a_flag_says_so(flags):
    with pytest.raises(ImproperlyConfigured, match="Forgotten needs `flag_required`"):
        Client().get("/forgotten")


def test_a_client_of_the_settings_follows_their_server(server):
    with override_settings(
        FLAGSTAFF={"URL": server.url, "KEY": "fs_server_test", "READY_TIMEOUT": 20, "OPTIONS": {"usage": False}}
    ):
        server.set("a", FLAGS["on"])
        client = get_client()
        assert get_client() is client
        assert flagstaff.current_flags()["a"] is True
    with pytest.raises(ImproperlyConfigured, match="needs URL and KEY"):
        get_client()
    assert client.status != "NOT_READY"


def test_values_of_django_are_read():
    users = User.objects.none()
    context = {"lazy": SimpleLazyObject(lambda: "pro"), "text": gettext_lazy("Yes"), "users": users.values_list("pk")}
    context["user"] = {"key": SimpleLazyObject(lambda: 5)}
    expected = {"lazy": "pro", "text": "Yes", "users": [], "user": {"key": 5}}
    assert flagstaff.PreparedContext(SimpleLazyObject(lambda: "u1"), context).attributes == expected


def test_code_outside_of_a_request_has_the_client_of_the_settings():
    template = engines["django"].from_string(django_project.TEMPLATE)
    with project():
        assert flagstaff.current_flags()["on"] is True
        assert template.render({"key": "on"}) == "old and more"


def test_a_request_is_freed_when_it_has_ended(flags, no_garbage_collection):
    request = RequestFactory().get("/")
    FlagsMiddleware(lambda request: request.flags["new-nav"])(request)
    reference = weakref.ref(request)
    del request
    assert reference() is None


def test_a_request_with_flags_makes_few_calls():
    # What the middleware adds to a request is the time of these calls, and of as many evaluations as flags are read.
    keys = ["bool", "on", "off", "new-nav", "string"]

    def calls(view):
        middleware, request, names = FlagsMiddleware(view), RequestFactory().get("/"), []

        def note(frame, event, _argument):
            module = frame.f_globals["__name__"]
            # Overrides, which other tests of this process have used, are looked up in every evaluation from then on.
            if event == "call" and module.startswith("flagstaff.") and module != "flagstaff._scopes":
                names.append(frame.f_code.co_name)

        sys.setprofile(note)
        try:
            middleware(request)
        finally:
            sys.setprofile(None)
        return Counter(names)

    with project(CONTEXT=lambda _request: {"targetingKey": "u1"}):
        # What is logged once, is.
        get_client().get_boolean_value("string", False)
        without = calls(lambda _request: None)
        first = calls(lambda request: [request.flags[key] for key in keys])
        again = calls(lambda request: [request.flags[key] for key in keys * 2])
    assert without == Counter(["__call__", "make_flags", "__init__"])
    made = ["evaluated", "effective_client", "get_client", "context", "_context_of", "current_settings"]
    assert first - without == Counter([*made, *["__getitem__"] * 5])
    assert again - first == Counter(["__getitem__"] * 5)


def test_a_client_in_memory_is_named_by_its_path():
    with project(CLIENT="flagstaff.testing.InMemoryClient"):
        assert Client().get("/gated").status_code == 404
        get_client()["new-nav"] = True
        assert Client().get("/gated").content == b"open"


def messages(**settings):
    with override_settings(**settings):
        return {message.id for message in checks.run_checks() if message.id.startswith("flagstaff.")}


def test_checks_of_the_settings(monkeypatch):
    def ids(**flagstaff_setting):
        return messages(FLAGSTAFF=flagstaff_setting)

    assert ids(CLIENT=offline) == set()
    assert ids(URL="http://127.0.0.1:8080", KEY="fs_server_x") == set()
    assert ids(ADDRESS="x") == ids(CONTEXT="no.such.function") == ids(CONTEXT=5) == {"flagstaff.E001"}
    assert ids(URL="http://127.0.0.1:8080") == {"flagstaff.E002"}
    assert ids(URL="http://127.0.0.1:8080", KEY="fs_client_x") == {"flagstaff.E003"}
    assert ids(URL="gopher://x", KEY="fs_server_x") == {"flagstaff.E004"}
    assert ids(URL="http://x", KEY="fs_server_x", OPTIONS={"patience": 1}) == {"flagstaff.E004"}
    monkeypatch.setenv("FLAGSTAFF_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("FLAGSTAFF_KEY", "fs_server_x")
    assert ids() == set()


def test_checks_of_the_middleware():
    ours, theirs = "flagstaff.contrib.django.FlagsMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"

    def ids(*middleware, **setting):
        return messages(MIDDLEWARE=list(middleware), FLAGSTAFF={"CLIENT": offline} | setting)

    assert ids(theirs, ours) == set()
    assert ids(theirs) == {"flagstaff.W001"}
    assert ids(ours, theirs) == {"flagstaff.W002"}
    assert ids(ours, theirs, CONTEXT="django_project.context") == set()
    # By another path, and a class that inherits from it; those that cannot be imported are no matter of ours.
    assert ids("flagstaff.contrib.django.middleware.FlagsMiddleware") == set()
    assert ids("no.such.Middleware", "django_project.OwnMiddleware") == set()
    assert ids("django_project.OwnMiddleware", theirs) == {"flagstaff.W002"}
